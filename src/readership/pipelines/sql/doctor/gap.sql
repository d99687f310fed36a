-- The longest span of whole UTC days without any row. Reads `source`.
-- grain: one row (none where every day has rows)
SELECT previous + 1 AS gap_from, toUInt32(day - previous - 1) AS gap_days
FROM
(
    SELECT day, lagInFrame(day) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS previous,
        row_number() OVER (ORDER BY day) AS place
    FROM (SELECT DISTINCT toDate(at, 'UTC') AS day FROM source)
)
WHERE place > 1 AND day > previous + 1
ORDER BY gap_days DESC, gap_from
LIMIT 1
