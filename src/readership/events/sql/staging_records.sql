-- One chunk of a CSV or Parquet file: every field as text, times as milliseconds where the file's column is a time.
-- grain: n (the row's number in the chunk, from 0)
CREATE TABLE {staging:Identifier}.records
(
    n UInt64,
    line_problem String,
    event_id String, user_id String, device_id String, session_id String, event_type String,
    timestamp String, received_at String,
    brand String, category String, article_id String, article_title String, article_type String,
    page_url String, referrer String,
    device_type String, device_os String, browser String, user_agent String,
    country String, city String, timezone String, subscription_tier String, user_segment String, consent String,
    slate_id String, position String, placement String, propensity String, decision_id String,
    ad_id String, campaign_id String, plan String, price_eur String, period_end String, cancel_reason String,
    experiment String, variant String,
    scroll_depth String, time_on_page String, read_progress String, is_article_complete String,
    video_duration String, playback_position String, search_query String, results_count String,
    ad_position String, ad_category String, ad_revenue String,
    metadata String,
    timestamp_ms Nullable(Int64), received_at_ms Nullable(Int64), period_end_ms Nullable(Int64)
)
ENGINE = Memory
