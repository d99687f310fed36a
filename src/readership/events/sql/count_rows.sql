-- What the chunk holds.
-- grain: one row
SELECT
    countIf(field = '') AS good,
    countIf(field != '') AS bad,
    uniqExactIf(event_id, field = '') AS distinct_events,
    countIf(field = '' AND event_id = toUUID('00000000-0000-0000-0000-000000000000')) AS without_id,
    countIf(field = '' AND isNotNull(consent)) AS with_consent,
    max(unexpected) AS unexpected
FROM {staging:Identifier}.{rows:Identifier}
