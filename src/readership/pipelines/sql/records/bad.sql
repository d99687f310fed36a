-- The rows of a chunk that cannot be understood.
-- grain: n
INSERT INTO {staging:Identifier}.bad
SELECT n, field, reason FROM {staging:Identifier}.checked WHERE field != ''
