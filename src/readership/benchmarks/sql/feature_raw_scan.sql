-- One row: how many sessions there are, after every column that features/groups/activity.sql reads was read.
-- grain: none
SELECT count() AS sessions
FROM session_versions
WHERE NOT ignore(
    user_id, session_end, known_at, loaded_at, tombstone, row_id, replaces, local_day, utc_offset_minutes,
    total_events, article_views, article_clicks, article_completes, engaged_ms, engaged_events)
