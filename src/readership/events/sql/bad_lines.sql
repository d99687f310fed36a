-- The lines that could not be understood, whole.
-- grain: n
INSERT INTO {staging:Identifier}.bad
SELECT n, field, reason, raw FROM {staging:Identifier}.reasons
