-- What could not be understood, by reason, commonest first.
-- grain: field, reason
SELECT
    field, reason, count() AS rows,
    argMin(source, (source, line)) AS first_source, argMin(line, (source, line)) AS first_line
FROM quarantine
WHERE at <= {snapshot_at:DateTime64(3,'UTC')}
GROUP BY field, reason
ORDER BY rows DESC, field, reason
LIMIT 20
