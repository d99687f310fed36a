-- The rows of the load that could not be understood, whole; one that is there already is not added again.
-- grain: source, line, reason
-- By its text: the rows of a table elsewhere have no lasting place.
INSERT INTO quarantine (source, line, field, reason, raw, at)
SELECT {source:String}, bad.n + 1, bad.field, bad.reason, toJSONString(sources.columns) AS whole, now64(3)
FROM {staging:Identifier}.bad AS bad
INNER JOIN {staging:Identifier}.sources AS sources ON sources.n = bad.n
WHERE (whole, bad.field) NOT IN (SELECT raw, field FROM quarantine WHERE source = {source:String})
