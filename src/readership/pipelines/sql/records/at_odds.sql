-- Rows that state other values for the same thing at the same time as an earlier row: nobody can say which holds.
-- grain: n
INSERT INTO {staging:Identifier}.bad
SELECT
    decided.n,
    {key_field:String} AS field,
    concat(
        any(rows.named), ' stands in line ', toString(min(decided.first_n) + 1),
        ' already, with other values at the same time; state valid_from or received_at of each version') AS reason
FROM {staging:Identifier}.decided AS decided
INNER JOIN (SELECT n, named FROM {staging:Identifier}.rows) AS rows ON rows.n = decided.n
WHERE decided.verdict = 'conflict'
GROUP BY decided.n
