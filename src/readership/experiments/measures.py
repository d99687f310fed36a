"""What can be counted for a unit of an experiment: a named sum over its events."""

from typing import NamedTuple

DAYS = "days"
AMOUNTS = ("count", "engaged_ms", "ad_revenue_micros")
"""What one event adds: 1, its reading time, or its revenue; the order is that of sql/unit_rows.sql."""


class Measure(NamedTuple):
    """A sum over the events of one type, or of all.

    event_type  "" where events of every type count
    amount      one of AMOUNTS, or DAYS: the number of 24-hour spans since exposure with any event
    scale       by which the sum is divided to be in `unit`
    """

    event_type: str
    amount: str
    unit: str
    scale: float = 1.0


MEASURES = {
    "active_days": Measure("", DAYS, "days"),
    "events": Measure("", "count", "events"),
    "engaged_seconds": Measure("", "engaged_ms", "seconds", 1_000.0),
    "ad_revenue": Measure("", "ad_revenue_micros", "euros", 1_000_000.0),
    "article_views": Measure("article_view", "count", "articles"),
    "article_clicks": Measure("article_click", "count", "clicks"),
    "articles_completed": Measure("article_complete", "count", "articles"),
    "article_impressions": Measure("article_impression", "count", "impressions"),
    "video_plays": Measure("video_play", "count", "plays"),
    "searches": Measure("search", "count", "searches"),
    "newsletter_signups": Measure("newsletter_signup", "count", "sign-ups"),
    "registrations": Measure("registration", "count", "registrations"),
    "subscription_prompts": Measure("subscription_prompt", "count", "prompts"),
    "subscription_starts": Measure("subscription_start", "count", "subscriptions"),
    "subscription_cancels": Measure("subscription_cancel", "count", "cancels"),
    "ad_impressions": Measure("ad_impression", "count", "impressions"),
    "ad_clicks": Measure("ad_click", "count", "clicks"),
}
"""Every measure by its name."""
