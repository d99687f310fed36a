-- Our tables, and those of a simulated world, whose rows are about one reader each.
-- grain: table
SELECT columns.database AS database, columns.table AS table
FROM system.columns AS columns
INNER JOIN system.tables AS tables ON tables.database = columns.database AND tables.name = columns.table
WHERE columns.name = 'user_id' AND columns.type = 'UInt64' AND tables.engine LIKE '%MergeTree'
    AND (columns.database = currentDatabase() OR columns.database = {truth:String})
ORDER BY database, table
