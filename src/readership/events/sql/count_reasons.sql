-- Why rows of the chunk were not understood, the most frequent first.
-- grain: field, kind of reason
SELECT field, count() AS rows, min(n) AS first, argMin(reason, n) AS example
FROM {staging:Identifier}.bad
GROUP BY field
ORDER BY rows DESC, field
