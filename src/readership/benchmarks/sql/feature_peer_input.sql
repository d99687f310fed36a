-- One row per session: what the pandas peer needs, and nothing that it would have to leave out.
-- grain: row_id
SELECT
    user_id, session_end, local_day, utc_offset_minutes, total_events, article_views, article_clicks,
    article_completes, engaged_ms
FROM session_versions
WHERE session_end >= toDateTime64('2026-01-01 00:00:00', 3, 'UTC')
