-- One row per session of one month of 2026: `sessions` of them, by `readers` readers with a heavy tail, in
-- their order, loaded once a day.
-- grain: row_id
INSERT INTO session_versions
(
    row_id, version, known_at, loaded_at, session_id, user_id, brand, country, device_type, subscription_tier, timezone,
    utc_offset_minutes, local_day, local_hour, registered, consent, session_start, session_end, total_events,
    article_views, article_clicks, article_completes, engaged_ms, engaged_events
)
WITH
    toDateTime64(makeDate(2026, {month:UInt8}, 1), 3, 'UTC') AS begins,
    dateDiff('millisecond', begins, begins + INTERVAL 1 MONTH) AS length_ms,
    sipHash64(number, {month:UInt8}) AS draw,
    begins + toIntervalMillisecond(draw % length_ms) AS ended,
    toUInt32(1 + bitShiftRight(draw, 40) % 9) AS views
SELECT
    sipHash64(draw) AS row_id,
    1 AS version,
    ended AS known_at,
    toStartOfDay(ended) + INTERVAL 1 DAY AS loaded_at,
    toString(draw) AS session_id,
    toUInt64(pow(number / {sessions:UInt64}, 1.5) * {readers:UInt64}) AS user_id,
    'brand' AS brand,
    'DE' AS country,
    ['desktop', 'mobile', 'app'][1 + user_id % 3] AS device_type,
    'free' AS subscription_tier,
    'Europe/Lisbon' AS timezone,
    60 AS utc_offset_minutes,
    toDate(ended + INTERVAL 1 HOUR) AS local_day,
    toHour(ended + INTERVAL 1 HOUR) AS local_hour,
    1 AS registered,
    3 AS consent,
    ended - INTERVAL 5 MINUTE AS session_start,
    ended AS session_end,
    3 * views AS total_events,
    views AS article_views,
    bitShiftRight(draw, 44) % 4 AS article_clicks,
    bitShiftRight(draw, 48) % 3 AS article_completes,
    bitShiftRight(draw, 50) % 300 * 1000 * views AS engaged_ms,
    views AS engaged_events
FROM numbers({sessions:UInt64})
SETTINGS min_insert_block_size_rows = 20000000, min_insert_block_size_bytes = 0, max_insert_threads = 1
