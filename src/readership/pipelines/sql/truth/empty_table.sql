-- Forget what an interrupted simulation wrote.
TRUNCATE TABLE {database:Identifier}.{table:Identifier}
