"""The names of an event's fields, once; their meaning is in docs/events.md."""

from typing import NamedTuple

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
    "event_type", "event_type_without_article", "brand", "category", "device_type", "country", "city", "timezone",
    "subscription_tier", "user_segment",
)  # fmt: skip
"""Fields a mapping may fill where the source says nothing; `event_type_without_article` goes before `event_type`."""

SESSION_FIELDS = (
    "session_id", "user_id", "device_id", "session_start", "session_end", "session_duration_sec", "created_at",
    "brand", "country", "city", "device_type", "device_os", "browser", "user_agent", "subscription_tier",
    "user_segment", "referrer", "timezone", "consent", "registered",
    "total_events", "article_views", "article_clicks", "article_completes", "video_plays", "newsletter_signups",
    "ad_clicks", "searches", "pages_visited_count", "unique_pages_count",
    "categories_visited", "article_ids_visited", "article_titles_visited", "page_events",
)  # fmt: skip
"""What one row of a table of sessions says; its meaning is in docs/adopt.md."""

SESSION_TIMES = ("session_start", "session_end", "created_at")

SESSION_REQUIRED = ("session_start",)
"""Every session has this, `session_end` or `session_duration_sec`, and `user_id` or `device_id`."""

SESSION_CONSTANTS = (
    "brand", "device_type", "country", "city", "timezone", "subscription_tier", "user_segment", "registered",
)  # fmt: skip


class Kind(NamedTuple):
    """What one row of a source is.

    times      fields that are times
    required   fields it must have
    either     pairs of fields of which it must have one
    constants  fields a mapping may fill where the source says nothing
    """

    fields: tuple[str, ...]
    times: tuple[str, ...]
    required: tuple[str, ...]
    either: tuple[tuple[str, str], ...]
    constants: tuple[str, ...]


_WHO = ("user_id", "device_id")

KINDS = {
    "events": Kind(FIELDS, TIME_FIELDS, REQUIRED, (_WHO,), CONSTANT_FIELDS),
    "sessions": Kind(
        SESSION_FIELDS,
        SESSION_TIMES,
        SESSION_REQUIRED,
        (_WHO, ("session_end", "session_duration_sec")),
        SESSION_CONSTANTS,
    ),
}

EVENT_TYPES = (
    "article_impression", "article_view", "article_click", "scroll", "article_complete", "video_play", "video_complete",
    "search", "navigation", "newsletter_signup", "subscription_prompt", "subscription_start", "subscription_renewal",
    "subscription_cancel", "payment_failed", "registration", "login", "article_publish", "ad_impression", "ad_click",
    "session_end",
)  # fmt: skip
"""Types that features and labels know; others are kept and counted."""
