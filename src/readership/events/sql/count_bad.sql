-- How many reasons there are to put rows of the chunk into quarantine.
-- grain: one row
SELECT count() FROM {staging:Identifier}.bad
