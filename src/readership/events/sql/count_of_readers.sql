-- How many rows in staging are about these readers.
-- grain: one row
SELECT count() FROM {staging:Identifier}.{table:Identifier} WHERE user_id IN {readers:Array(UInt64)}
