-- Columns of a table that is not ours.
-- grain: column
SELECT name, type FROM system.columns
WHERE database = {database:String} AND table = {table:String} AND default_kind NOT IN ('EPHEMERAL', 'ALIAS')
ORDER BY position
