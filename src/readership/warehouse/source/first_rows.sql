-- Nothing of a table that is not ours: fails where it does not exist or may not be read.
-- grain: none
SELECT * FROM {database:Identifier}.{table:Identifier} LIMIT 0
