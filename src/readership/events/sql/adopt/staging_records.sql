-- One batch of a table of sessions: every field as text, times as milliseconds where the column is a time.
-- grain: n (the row's number in the batch)
CREATE TABLE {staging:Identifier}.session_records
(
    n UInt64,
    line_problem String,
    session_id String, user_id String, device_id String,
    session_start String, session_end String, session_duration_sec String, created_at String,
    brand String, country String, city String, device_type String, device_os String, browser String, user_agent String,
    subscription_tier String, user_segment String, referrer String, timezone String, consent String, registered String,
    total_events String, article_views String, article_clicks String, article_completes String, video_plays String,
    newsletter_signups String, ad_clicks String, searches String, pages_visited_count String, unique_pages_count String,
    categories_visited String, article_ids_visited String, article_titles_visited String, page_events String,
    session_start_ms Nullable(Int64), session_end_ms Nullable(Int64), created_at_ms Nullable(Int64)
)
ENGINE = Memory
