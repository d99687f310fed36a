-- The columns of somebody's table, as far as this user may see them.
-- grain: column
SELECT name, type FROM system.columns WHERE database = {database:String} AND table = {table:String} ORDER BY position
