-- One row per reader with a session in the 90 days before as_of: how closely they read.
-- grain: user_id    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at, newest version by then
-- Reading time and scroll depth count only where the source sent them.
SELECT
    user_id,
    if(timed_sessions_28 = 0, NULL, engaged_28 / timed_sessions_28 / 1000) AS engaged_seconds_per_session_28d, -- seconds | reading time per session in the last 28 days | missing when no session carries reading time
    if(timed_views_28 = 0, NULL, engaged_28 / timed_views_28 / 1000) AS engaged_seconds_per_article_28d, -- seconds | reading time per article view in the last 28 days | missing when no article view carries reading time
    if(views_28 = 0, NULL, completes_28 / views_28) AS completion_rate_28d, -- ratio | articles read to the end per article view in the last 28 days | missing when no article views
    if(scrolls_28 = 0, NULL, scroll_28 / scrolls_28) AS scroll_depth_percent_28d, -- percent | mean scroll depth in the last 28 days | missing when no scroll depth was sent
    if(sessions_28 = 0, NULL, views_28 / sessions_28) AS article_views_per_session_28d, -- article views | article views per session in the last 28 days | missing when no sessions
    if(sessions_28 = 0, NULL, duration_28 / sessions_28 / 60000) AS session_minutes_28d, -- minutes | mean length of a session in the last 28 days | missing when no sessions
    if(sessions_28 = 0, NULL, single_28 / sessions_28) AS single_event_session_share_28d, -- share | share of sessions with a single event in the last 28 days | missing when no sessions
    if(impressions_28 = 0, NULL, clicks_28 / impressions_28) AS article_click_rate_28d, -- ratio | clicks per article shown in the last 28 days | missing when no article impressions
    if(pages_28 = 0, NULL, unique_pages_28 / pages_28) AS unique_page_share_28d, -- share | different pages per page visited within a session in the last 28 days | missing when no pages
    video_plays_28d, -- video plays | videos started in the last 28 days | 0 when none
    if(timed_sessions_90 = 0, NULL, engaged_90 / timed_sessions_90 / 1000) AS engaged_seconds_per_session_90d, -- seconds | reading time per session in the last 90 days | missing when no session carries reading time
    if(timed_views_90 = 0, NULL, engaged_90 / timed_views_90 / 1000) AS engaged_seconds_per_article_90d, -- seconds | reading time per article view in the last 90 days | missing when no article view carries reading time
    if(views_90 = 0, NULL, completes_90 / views_90) AS completion_rate_90d, -- ratio | articles read to the end per article view in the last 90 days | missing when no article views
    if(scrolls_90 = 0, NULL, scroll_90 / scrolls_90) AS scroll_depth_percent_90d, -- percent | mean scroll depth in the last 90 days | missing when no scroll depth was sent
    if(sessions_90 = 0, NULL, views_90 / sessions_90) AS article_views_per_session_90d, -- article views | article views per session in the last 90 days | missing when no sessions
    if(sessions_90 = 0, NULL, duration_90 / sessions_90 / 60000) AS session_minutes_90d, -- minutes | mean length of a session in the last 90 days | missing when no sessions
    if(sessions_90 = 0, NULL, single_90 / sessions_90) AS single_event_session_share_90d, -- share | share of sessions with a single event in the last 90 days | missing when no sessions
    if(impressions_90 = 0, NULL, clicks_90 / impressions_90) AS article_click_rate_90d, -- ratio | clicks per article shown in the last 90 days | missing when no article impressions
    if(pages_90 = 0, NULL, unique_pages_90 / pages_90) AS unique_page_share_90d, -- share | different pages per page visited within a session in the last 90 days | missing when no pages
    video_plays_90d -- video plays | videos started in the last 90 days | 0 when none
FROM (
    SELECT
        user_id,
        countIf(age_days < 28) AS sessions_28,
        sumIf(engaged_ms, age_days < 28) AS engaged_28,
        countIf(engaged_events > 0 AND age_days < 28) AS timed_sessions_28,
        sumIf(article_views, engaged_events > 0 AND age_days < 28) AS timed_views_28,
        sumIf(article_views, age_days < 28) AS views_28,
        sumIf(article_completes, age_days < 28) AS completes_28,
        sumIf(scroll_depth_sum, age_days < 28) AS scroll_28,
        sumIf(scroll_events, age_days < 28) AS scrolls_28,
        sumIf(dateDiff('millisecond', session_start, session_end), age_days < 28) AS duration_28,
        countIf(total_events = 1 AND age_days < 28) AS single_28,
        sumIf(article_clicks, age_days < 28) AS clicks_28,
        sumIf(article_impressions, age_days < 28) AS impressions_28,
        sumIf(video_plays, age_days < 28) AS video_plays_28d,
        sumIf(pages_visited_count, age_days < 28) AS pages_28,
        sumIf(unique_pages_count, age_days < 28) AS unique_pages_28,
        countIf(age_days < 90) AS sessions_90,
        sumIf(engaged_ms, age_days < 90) AS engaged_90,
        countIf(engaged_events > 0 AND age_days < 90) AS timed_sessions_90,
        sumIf(article_views, engaged_events > 0 AND age_days < 90) AS timed_views_90,
        sumIf(article_views, age_days < 90) AS views_90,
        sumIf(article_completes, age_days < 90) AS completes_90,
        sumIf(scroll_depth_sum, age_days < 90) AS scroll_90,
        sumIf(scroll_events, age_days < 90) AS scrolls_90,
        sumIf(dateDiff('millisecond', session_start, session_end), age_days < 90) AS duration_90,
        countIf(total_events = 1 AND age_days < 90) AS single_90,
        sumIf(article_clicks, age_days < 90) AS clicks_90,
        sumIf(article_impressions, age_days < 90) AS impressions_90,
        sumIf(video_plays, age_days < 90) AS video_plays_90d,
        sumIf(pages_visited_count, age_days < 90) AS pages_90,
        sumIf(unique_pages_count, age_days < 90) AS unique_pages_90
    FROM (
        SELECT *, toUInt8(intDiv(dateDiff('millisecond', session_end, {as_of:DateTime64(3,'UTC')}) - 1, 86400000)) AS age_days
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
