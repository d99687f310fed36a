-- The lines that could not be understood, as they came.
-- grain: n
INSERT INTO {staging:Identifier}.bad
SELECT rows.n, rows.field, rows.reason, lines.line
FROM {staging:Identifier}.lines AS lines
INNER JOIN (SELECT n, field, reason FROM {staging:Identifier}.rows WHERE field != '') AS rows ON lines.n = rows.n
