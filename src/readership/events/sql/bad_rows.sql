-- Rows that could not be understood, and why.
-- grain: n
SELECT n, field, reason FROM {staging:Identifier}.reasons ORDER BY n
