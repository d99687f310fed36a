-- How many rows of a table are about readers who are erased.
-- grain: one row
SELECT count() FROM {database:Identifier}.{table:Identifier}
WHERE user_id IN (SELECT user_id FROM {staging:Identifier}.gone)
