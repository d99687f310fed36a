-- A table's rows about one reader.
-- grain: the table's
SELECT * FROM {database:Identifier}.{table:Identifier} WHERE user_id = {reader:UInt64}
