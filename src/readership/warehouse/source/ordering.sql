-- By what a table that is not ours is partitioned and ordered, so that parts of it can be read without the rest.
-- grain: one row
SELECT concat(partition_key, ', ', sorting_key) FROM system.tables
WHERE database = {database:String} AND name = {table:String}
