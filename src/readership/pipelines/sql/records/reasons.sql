-- The fields of the load that could not be understood, with how often and the first place.
-- grain: field
SELECT field, count() AS rows, min(n) + 1 AS first_line, argMin(reason, n) AS example
FROM {staging:Identifier}.bad
GROUP BY field
ORDER BY rows DESC, field
