-- The lines that could not be understood, as they came; bytes that are no text as base64.
-- grain: n
INSERT INTO {staging:Identifier}.bad
SELECT reasons.n, reasons.field, reasons.reason,
    if(isValidUTF8(lines.line), lines.line, concat('base64:', base64Encode(lines.line)))
FROM {staging:Identifier}.lines AS lines
INNER JOIN {staging:Identifier}.reasons AS reasons ON lines.n = reasons.n
