-- How many rows of the load are about an article that an event names.
-- grain: one row
SELECT count()
FROM {staging:Identifier}.sources
WHERE columns[{key_column:String}] IN (SELECT key FROM {staging:Identifier}.seen)
