-- One row per session: the columns that features/groups/activity.sql reads, for the peer's own file.
-- grain: row_id
SELECT
    user_id, session_end, known_at, loaded_at, tombstone, row_id, replaces, local_day, utc_offset_minutes,
    total_events, article_views, article_clicks, article_completes, engaged_ms, engaged_events
FROM session_versions
ORDER BY user_id, session_end
