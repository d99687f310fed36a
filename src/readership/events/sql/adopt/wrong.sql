-- Rows of the batch that could not be understood, and why.
-- grain: n
SELECT n, toString(field) AS field, reason FROM {staging:Identifier}.sessions WHERE field != '' ORDER BY n
