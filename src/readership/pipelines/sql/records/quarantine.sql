-- The rows of the load that could not be understood, whole; one that is there already is not added again.
-- grain: source, line, reason
INSERT INTO quarantine (source, line, field, reason, raw, at)
SELECT {source:String}, bad.n + 1 AS line_number, bad.field, bad.reason, toJSONString(sources.columns), now64(3)
FROM {staging:Identifier}.bad AS bad
INNER JOIN {staging:Identifier}.sources AS sources ON sources.n = bad.n
WHERE (line_number, bad.reason) NOT IN (SELECT line, reason FROM quarantine WHERE source = {source:String})
