-- 1 where a truth was written.
SELECT count() FROM system.tables WHERE database = {truth:String} AND name = 'worlds'
