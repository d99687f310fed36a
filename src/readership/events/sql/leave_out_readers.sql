-- Drops the rows about these readers from staging.
-- grain: none
ALTER TABLE {staging:Identifier}.{table:Identifier} DELETE WHERE user_id IN {readers:Array(UInt64)}
