-- What the batch holds.
-- grain: one row
SELECT
    countIf(field = '') AS good,
    countIf(field != '') AS bad,
    countIf(field = '' AND isNotNull(consent)) AS with_consent,
    countIf(field = '' AND start_ms >= {events_from_ms:Int64}) AS left_out,
    countIf(field = '' AND isNotNull(created_ms) AND created_ms < end_ms - 600000) AS created_before_end,
    minIf(start_ms, field = '') AS least_ms,
    maxIf(end_ms, field = '') AS greatest_ms
FROM {staging:Identifier}.sessions
