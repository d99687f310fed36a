-- Rows that could not be understood, and why.
-- grain: n
SELECT n, toString(field) AS field, reason FROM {staging:Identifier}.rows WHERE field != '' ORDER BY n
