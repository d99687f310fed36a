-- The world this warehouse holds: no row, or one. All columns, since those of an older version are fewer.
-- grain: none
SELECT * FROM {truth:Identifier}.worlds ORDER BY at DESC LIMIT 1
