-- The doings that are not stored yet, as events known when their session was.
-- grain: event_id
INSERT INTO events
    (event_id, user_id, device_id, session_id, event_type, timestamp, received_at, loaded_at, brand, category, article_id,
     article_title, page_url, referrer, device_type, device_os, browser, country, city, timezone, subscription_tier,
     user_segment, consent, origin)
SETTINGS max_partitions_per_insert_block = 0, max_insert_threads = 2,
    min_insert_block_size_rows = 150000, min_insert_block_size_bytes = 0
SELECT
    doings.event_id, sessions.user_id, sessions.device_id, sessions.session_id, doings.event_type,
    fromUnixTimestamp64Milli(doings.at_ms, 'UTC'), fromUnixTimestamp64Milli(greatest(fresh.known_ms, doings.at_ms), 'UTC'), now64(3),
    sessions.brand, doings.category, doings.article_id, doings.article_title, doings.page_url, sessions.referrer,
    sessions.device_type, sessions.device_os, sessions.browser, sessions.country, sessions.city, sessions.timezone,
    sessions.subscription_tier, sessions.user_segment, sessions.consent, {origin:String}
FROM {staging:Identifier}.doings AS doings
INNER JOIN {staging:Identifier}.fresh AS fresh ON fresh.row_id = doings.row_id
INNER JOIN {staging:Identifier}.sessions AS sessions ON sessions.n = fresh.n
WHERE doings.event_id NOT IN (SELECT event_id FROM {staging:Identifier}.told)
