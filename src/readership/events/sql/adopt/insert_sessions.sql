-- The new versions, on the reader's own clock.
-- grain: row_id
INSERT INTO session_versions
    (row_id, replaces, version, tombstone, known_at, loaded_at, batch_id, session_id, user_id, brand, country, city,
     device_type, device_os, browser, subscription_tier, user_segment, referrer, timezone, utc_offset_minutes, local_day,
     local_hour, registered, consent, session_start, session_end, total_events, article_views, article_clicks,
     article_completes, video_plays, newsletter_signups, ad_clicks, searches, subscription_starts, subscription_cancels,
     pages_visited_count, unique_pages_count, categories, article_ids, article_titles, page_urls, origin)
SETTINGS max_partitions_per_insert_block = 0
SELECT
    fresh.row_id, fresh.replaces, fresh.version, 0, fromUnixTimestamp64Milli(fresh.known_ms, 'UTC'), now64(3),
    {batch:String}, sessions.session_id, sessions.user_id, sessions.brand, country, city, device_type, device_os, browser,
    subscription_tier, user_segment, referrer, sessions.timezone, zone.utc_offset_minutes,
    toDate(addMinutes(begins_at, zone.utc_offset_minutes)), toHour(addMinutes(begins_at, zone.utc_offset_minutes)),
    registered, consent, begins_at, fromUnixTimestamp64Milli(end_ms, 'UTC'), total_events, article_views,
    article_clicks, article_completes, video_plays, newsletter_signups, ad_clicks, searches, fresh.starts, fresh.cancels,
    pages_visited_count, unique_pages_count, categories, article_ids, article_titles, page_urls, {origin:String}
FROM {staging:Identifier}.fresh AS fresh
INNER JOIN (SELECT *, fromUnixTimestamp64Milli(start_ms, 'UTC') AS begins_at FROM {staging:Identifier}.sessions) AS sessions
    ON sessions.n = fresh.n
ASOF LEFT JOIN (SELECT timezone, starts_at, utc_offset_minutes FROM zone_offsets FINAL) AS zone
    ON zone.timezone = sessions.timezone AND zone.starts_at <= sessions.begins_at
