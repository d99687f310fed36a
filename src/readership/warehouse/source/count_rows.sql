-- How many rows a table that is not ours has.
-- grain: one row
SELECT count() FROM {database:Identifier}.{table:Identifier}
