"""The names of an event's fields, once; their meaning is in docs/events.md."""

EVENT_FIELDS = (
    "event_id", "user_id", "device_id", "session_id", "event_type", "timestamp", "received_at",
    "brand", "category", "article_id", "article_title", "article_type", "page_url", "referrer",
    "device_type", "device_os", "browser", "user_agent", "country", "city", "timezone",
    "subscription_tier", "user_segment", "consent",
    "slate_id", "position", "placement", "propensity", "decision_id", "ad_id", "campaign_id",
    "plan", "price_eur", "period_end", "cancel_reason", "experiment", "variant",
)  # fmt: skip

ENGAGEMENT_FIELDS = (
    "scroll_depth", "time_on_page", "read_progress", "is_article_complete", "video_duration", "playback_position",
    "search_query", "results_count", "ad_position", "ad_category", "ad_revenue",
)  # fmt: skip

FIELDS = (*EVENT_FIELDS, *ENGAGEMENT_FIELDS, "metadata")

TIME_FIELDS = ("timestamp", "received_at", "period_end")

REQUIRED = ("event_type", "timestamp")
"""Every event has these, and `user_id` or `device_id`."""

CONSTANT_FIELDS = (
    "event_type", "brand", "category", "device_type", "country", "city", "timezone", "subscription_tier",
    "user_segment",
)  # fmt: skip
"""Fields a mapping may fill where the source says nothing."""

EVENT_TYPES = (
    "article_impression", "article_view", "article_click", "scroll", "article_complete", "video_play", "video_complete",
    "search", "navigation", "newsletter_signup", "subscription_prompt", "subscription_start", "subscription_renewal",
    "subscription_cancel", "payment_failed", "registration", "login", "article_publish", "ad_impression", "ad_click",
    "session_end",
)  # fmt: skip
"""Types that features and labels know; others are kept and counted."""
