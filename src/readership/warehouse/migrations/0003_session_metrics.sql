-- The newest version of every session, in the columns publishers know.
-- grain: session_id
CREATE VIEW session_metrics AS
SELECT
    session_id, user_id, brand, country, city, device_type, device_os, browser, subscription_tier, user_segment,
    referrer, timezone, session_start, session_end,
    dateDiff('millisecond', session_start, session_end) / 1000 AS session_duration_sec,
    total_events, article_views, article_clicks, video_plays, newsletter_signups, ad_clicks, searches,
    pages_visited_count, unique_pages_count,
    length(arrayDistinct(categories)) AS unique_categories_count,
    toJSONString(arrayDistinct(categories)) AS categories_visited,
    toJSONString(article_ids) AS article_ids_visited,
    toJSONString(article_titles) AS article_titles_visited,
    toJSONString(page_urls) AS page_events,
    loaded_at AS created_at,
    batch_id
FROM session_versions
WHERE tombstone = 0 AND row_id NOT IN (SELECT replaces FROM session_versions WHERE replaces != 0)
