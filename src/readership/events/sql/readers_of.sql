-- The readers of rows in staging, understood or not.
-- grain: user_id
SELECT DISTINCT user_id FROM {staging:Identifier}.{table:Identifier}
