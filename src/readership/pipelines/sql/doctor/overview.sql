-- How much there is, since when, and what rows say of themselves. Reads `source`.
-- grain: one row
SELECT
    count() AS rows,
    uniqExact(reader) AS readers,
    min(at) AS first,
    max(at) AS last,
    uniqExact(toDate(at, 'UTC')) AS days,
    rows - uniqExact(content) AS repeats,
    countIf(received_at != at) AS received_rows,
    countIf(received_at > at + toIntervalDay(1)) AS late_rows,
    count(consent) AS consent_rows,
    countIf(timezone != '') AS zone_rows
FROM source
