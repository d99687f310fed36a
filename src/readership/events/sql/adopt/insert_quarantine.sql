-- Rows of a table that could not be understood; one that is there already is not added again.
-- grain: source, line (a hash of the row), reason
INSERT INTO quarantine (source, line, field, reason, raw, at)
SELECT {source:String}, halfMD5(raw) AS line_number, field, bad.reason, raw, now64(3)
FROM {staging:Identifier}.bad AS bad
WHERE (line_number, bad.reason) NOT IN (SELECT line, reason FROM quarantine WHERE source = {source:String})
LIMIT 1 BY line_number, bad.reason
