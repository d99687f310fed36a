-- The chunk's new events.
-- grain: event_id
INSERT INTO events
    (event_id, user_id, device_id, session_id, event_type, timestamp, received_at, loaded_at, brand, category,
     article_id, article_title, article_type, page_url, referrer, device_type, device_os, browser, country, city,
     timezone, subscription_tier, user_segment, consent, engaged_ms, scroll_depth, read_progress, is_article_complete,
     video_duration, playback_position, search_query, results_count, ad_position, ad_category, ad_revenue_micros,
     slate_id, position, placement, propensity, decision_id, ad_id, campaign_id, plan, price_eur, period_end,
     cancel_reason, experiment, variant, metadata)
SETTINGS max_partitions_per_insert_block = 0, max_insert_threads = 2,
    min_insert_block_size_rows = 150000, min_insert_block_size_bytes = 0
SELECT
    event_id, user_id, device_id, session_id, event_type, timestamp, received_at, now64(3), brand, category,
    article_id, article_title, article_type, page_url, referrer, device_type, device_os, browser, country, city,
    timezone, subscription_tier, user_segment, consent, engaged_ms, scroll_depth, read_progress, is_article_complete,
    video_duration, playback_position, search_query, results_count, ad_position, ad_category, ad_revenue_micros,
    slate_id, position, placement, propensity, decision_id, ad_id, campaign_id, plan, price_eur, period_end,
    cancel_reason, experiment, variant, metadata
FROM {staging:Identifier}.{rows:Identifier}
WHERE field = '' AND n NOT IN (SELECT n FROM {staging:Identifier}.skip)
