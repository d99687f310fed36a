-- The lines that could not be understood, as they came.
-- grain: n
INSERT INTO {staging:Identifier}.bad
SELECT reasons.n, reasons.field, reasons.reason, lines.line
FROM {staging:Identifier}.lines AS lines
INNER JOIN {staging:Identifier}.reasons AS reasons ON lines.n = reasons.n
