-- The readers that a table has rows of.
-- grain: user_id
SELECT DISTINCT user_id FROM {database:Identifier}.{table:Identifier}
