-- One row per reader with a session in the 90 days before as_of: how often and how much, over seven windows.
-- grain: user_id    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at, newest version by then
-- A window of w days is [as_of - w x 24 h, as_of) by session_end. All windows come from one pass, as sumIf(x, age_days < w).
-- Days are calendar days on the reader's own clock; as_of's own day is read with the clock of the last session.
SELECT
    user_id,
    sessions_1d, -- sessions | sessions that ended in the last day | 0 when none
    sessions_3d, -- sessions | sessions that ended in the last 3 days | 0 when none
    sessions_7d, -- sessions | sessions that ended in the last 7 days | 0 when none
    sessions_14d, -- sessions | sessions that ended in the last 14 days | 0 when none
    sessions_28d, -- sessions | sessions that ended in the last 28 days | 0 when none
    sessions_56d, -- sessions | sessions that ended in the last 56 days | 0 when none
    sessions_90d, -- sessions | sessions that ended in the last 90 days | 0 when none
    bitCount(bitAnd(day_mask, bitShiftLeft(toUInt128(1), 2) - 1)) AS active_days_1d, -- days | days with a session, today and the day before | 0 when none
    bitCount(bitAnd(day_mask, bitShiftLeft(toUInt128(1), 4) - 1)) AS active_days_3d, -- days | days with a session, today and the 3 days before | 0 when none
    bitCount(bitAnd(day_mask, bitShiftLeft(toUInt128(1), 8) - 1)) AS active_days_7d, -- days | days with a session, today and the 7 days before | 0 when none
    bitCount(bitAnd(day_mask, bitShiftLeft(toUInt128(1), 15) - 1)) AS active_days_14d, -- days | days with a session, today and the 14 days before | 0 when none
    bitCount(bitAnd(day_mask, bitShiftLeft(toUInt128(1), 29) - 1)) AS active_days_28d, -- days | days with a session, today and the 28 days before | 0 when none
    bitCount(bitAnd(day_mask, bitShiftLeft(toUInt128(1), 57) - 1)) AS active_days_56d, -- days | days with a session, today and the 56 days before | 0 when none
    bitCount(bitAnd(day_mask, bitShiftLeft(toUInt128(1), 91) - 1)) AS active_days_90d, -- days | days with a session, today and the 90 days before | 0 when none
    events_1d, -- events | events in the last day | 0 when none
    events_3d, -- events | events in the last 3 days | 0 when none
    events_7d, -- events | events in the last 7 days | 0 when none
    events_14d, -- events | events in the last 14 days | 0 when none
    events_28d, -- events | events in the last 28 days | 0 when none
    events_56d, -- events | events in the last 56 days | 0 when none
    events_90d, -- events | events in the last 90 days | 0 when none
    article_views_1d, -- article views | article views in the last day | 0 when none
    article_views_3d, -- article views | article views in the last 3 days | 0 when none
    article_views_7d, -- article views | article views in the last 7 days | 0 when none
    article_views_14d, -- article views | article views in the last 14 days | 0 when none
    article_views_28d, -- article views | article views in the last 28 days | 0 when none
    article_views_56d, -- article views | article views in the last 56 days | 0 when none
    article_views_90d, -- article views | article views in the last 90 days | 0 when none
    article_clicks_1d, -- article clicks | clicks on articles in the last day | 0 when none
    article_clicks_3d, -- article clicks | clicks on articles in the last 3 days | 0 when none
    article_clicks_7d, -- article clicks | clicks on articles in the last 7 days | 0 when none
    article_clicks_14d, -- article clicks | clicks on articles in the last 14 days | 0 when none
    article_clicks_28d, -- article clicks | clicks on articles in the last 28 days | 0 when none
    article_clicks_56d, -- article clicks | clicks on articles in the last 56 days | 0 when none
    article_clicks_90d, -- article clicks | clicks on articles in the last 90 days | 0 when none
    articles_completed_1d, -- articles | articles read to the end in the last day | 0 when none
    articles_completed_3d, -- articles | articles read to the end in the last 3 days | 0 when none
    articles_completed_7d, -- articles | articles read to the end in the last 7 days | 0 when none
    articles_completed_14d, -- articles | articles read to the end in the last 14 days | 0 when none
    articles_completed_28d, -- articles | articles read to the end in the last 28 days | 0 when none
    articles_completed_56d, -- articles | articles read to the end in the last 56 days | 0 when none
    articles_completed_90d, -- articles | articles read to the end in the last 90 days | 0 when none
    if(sessions_1d > 0 AND timed_age_days >= 1, NULL, engaged_ms_1d / 1000) AS engaged_seconds_1d, -- seconds | reading time in the last day | 0 when no sessions, missing when the sessions carry no reading time
    if(sessions_3d > 0 AND timed_age_days >= 3, NULL, engaged_ms_3d / 1000) AS engaged_seconds_3d, -- seconds | reading time in the last 3 days | 0 when no sessions, missing when the sessions carry no reading time
    if(sessions_7d > 0 AND timed_age_days >= 7, NULL, engaged_ms_7d / 1000) AS engaged_seconds_7d, -- seconds | reading time in the last 7 days | 0 when no sessions, missing when the sessions carry no reading time
    if(sessions_14d > 0 AND timed_age_days >= 14, NULL, engaged_ms_14d / 1000) AS engaged_seconds_14d, -- seconds | reading time in the last 14 days | 0 when no sessions, missing when the sessions carry no reading time
    if(sessions_28d > 0 AND timed_age_days >= 28, NULL, engaged_ms_28d / 1000) AS engaged_seconds_28d, -- seconds | reading time in the last 28 days | 0 when no sessions, missing when the sessions carry no reading time
    if(sessions_56d > 0 AND timed_age_days >= 56, NULL, engaged_ms_56d / 1000) AS engaged_seconds_56d, -- seconds | reading time in the last 56 days | 0 when no sessions, missing when the sessions carry no reading time
    if(sessions_90d > 0 AND timed_age_days >= 90, NULL, engaged_ms_90d / 1000) AS engaged_seconds_90d, -- seconds | reading time in the last 90 days | 0 when no sessions, missing when the sessions carry no reading time
    if(last_article_view_ms = 0, NULL, (as_of_ms - last_article_view_ms) / 86400000) AS days_since_last_article_view, -- days | days since the last session with an article view | missing when none in 90 days
    if(last_completion_ms = 0, NULL, (as_of_ms - last_completion_ms) / 86400000) AS days_since_last_completion -- days | days since the last session with an article read to the end | missing when none in 90 days
FROM (
    SELECT
        *,
        toUnixTimestamp64Milli({as_of:DateTime64(3,'UTC')}) AS as_of_ms,
        toDate({as_of:DateTime64(3,'UTC')}) + 1 - toDate({as_of:DateTime64(3,'UTC')} + INTERVAL last_offset_minutes MINUTE) AS days_ahead,
        bitShiftLeft(toUInt128(1), days_ahead) - 1 AS ahead,
        bitOr(bitShiftRight(days_seen, days_ahead), toUInt128(bitAnd(days_seen, ahead) != 0)) AS day_mask
    FROM (
        SELECT
            user_id,
            countIf(age_days < 1) AS sessions_1d,
            countIf(age_days < 3) AS sessions_3d,
            countIf(age_days < 7) AS sessions_7d,
            countIf(age_days < 14) AS sessions_14d,
            countIf(age_days < 28) AS sessions_28d,
            countIf(age_days < 56) AS sessions_56d,
            countIf(age_days < 90) AS sessions_90d,
            sumIf(total_events, age_days < 1) AS events_1d,
            sumIf(total_events, age_days < 3) AS events_3d,
            sumIf(total_events, age_days < 7) AS events_7d,
            sumIf(total_events, age_days < 14) AS events_14d,
            sumIf(total_events, age_days < 28) AS events_28d,
            sumIf(total_events, age_days < 56) AS events_56d,
            sumIf(total_events, age_days < 90) AS events_90d,
            sumIf(article_views, age_days < 1) AS article_views_1d,
            sumIf(article_views, age_days < 3) AS article_views_3d,
            sumIf(article_views, age_days < 7) AS article_views_7d,
            sumIf(article_views, age_days < 14) AS article_views_14d,
            sumIf(article_views, age_days < 28) AS article_views_28d,
            sumIf(article_views, age_days < 56) AS article_views_56d,
            sumIf(article_views, age_days < 90) AS article_views_90d,
            sumIf(article_clicks, age_days < 1) AS article_clicks_1d,
            sumIf(article_clicks, age_days < 3) AS article_clicks_3d,
            sumIf(article_clicks, age_days < 7) AS article_clicks_7d,
            sumIf(article_clicks, age_days < 14) AS article_clicks_14d,
            sumIf(article_clicks, age_days < 28) AS article_clicks_28d,
            sumIf(article_clicks, age_days < 56) AS article_clicks_56d,
            sumIf(article_clicks, age_days < 90) AS article_clicks_90d,
            sumIf(article_completes, age_days < 1) AS articles_completed_1d,
            sumIf(article_completes, age_days < 3) AS articles_completed_3d,
            sumIf(article_completes, age_days < 7) AS articles_completed_7d,
            sumIf(article_completes, age_days < 14) AS articles_completed_14d,
            sumIf(article_completes, age_days < 28) AS articles_completed_28d,
            sumIf(article_completes, age_days < 56) AS articles_completed_56d,
            sumIf(article_completes, age_days < 90) AS articles_completed_90d,
            sumIf(engaged_ms, age_days < 1) AS engaged_ms_1d,
            sumIf(engaged_ms, age_days < 3) AS engaged_ms_3d,
            sumIf(engaged_ms, age_days < 7) AS engaged_ms_7d,
            sumIf(engaged_ms, age_days < 14) AS engaged_ms_14d,
            sumIf(engaged_ms, age_days < 28) AS engaged_ms_28d,
            sumIf(engaged_ms, age_days < 56) AS engaged_ms_56d,
            sumIf(engaged_ms, age_days < 90) AS engaged_ms_90d,
            min(if(engaged_events > 0, age_days, 255)) AS timed_age_days,
            max(if(article_views > 0, ended_ms, 0)) AS last_article_view_ms,
            max(if(article_completes > 0, ended_ms, 0)) AS last_completion_ms,
            toInt32(max(ended_ms * 4096 + utc_offset_minutes + 2048) % 4096) - 2048 AS last_offset_minutes,
            groupBitOr(bitShiftLeft(toUInt128(1), toUInt8(greatest(0, least(127, toDate({as_of:DateTime64(3,'UTC')}) + 1 - local_day))))) AS days_seen
        FROM (
            SELECT
                *,
                toUnixTimestamp64Milli(session_end) AS ended_ms,
                toUInt8(intDiv(dateDiff('millisecond', session_end, {as_of:DateTime64(3,'UTC')}) - 1, 86400000)) AS age_days
            FROM session_versions
            WHERE known_at <= {as_of:DateTime64(3,'UTC')}
              AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')}
              AND session_end < {as_of:DateTime64(3,'UTC')}
              AND session_end >= {as_of:DateTime64(3,'UTC')} - INTERVAL 90 DAY
              AND tombstone = 0
              AND row_id NOT IN (
                  SELECT replaces FROM session_versions
                  WHERE replaces != 0 AND known_at <= {as_of:DateTime64(3,'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')})
        )
        GROUP BY user_id
    )
)
