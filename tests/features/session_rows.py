"""Rows of `session_versions` for tests: every column has a plain value unless a test says otherwise."""

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from readership.warehouse import Warehouse

AS_OF = datetime(2026, 4, 1, tzinfo=UTC)
LOADED = AS_OF - timedelta(hours=1)
DAY = timedelta(days=1)
TICK = timedelta(milliseconds=1)

_row_ids = itertools.count(1)
_COUNTS = [
    "article_clicks",
    "article_completes",
    "article_impressions",
    "video_plays",
    "newsletter_signups",
    "ad_impressions",
    "ad_clicks",
    "ad_revenue_micros",
    "searches",
    "subscription_prompts",
    "subscription_starts",
    "subscription_renewals",
    "subscription_cancels",
    "payment_failures",
    "engaged_ms",
    "engaged_events",
    "scroll_depth_sum",
    "scroll_events",
    "pages_visited_count",
    "unique_pages_count",
]
_TEXTS = [
    "brand",
    "country",
    "city",
    "device_type",
    "device_os",
    "browser",
    "subscription_tier",
    "user_segment",
    "referrer",
    "timezone",
]
_LISTS = ["categories", "article_ids", "article_titles", "page_urls"]
_TIME = pa.timestamp("ms", tz="UTC")
_TYPES = {
    **dict.fromkeys(("row_id", "replaces", "user_id", "engaged_ms", "scroll_depth_sum"), pa.uint64()),
    **dict.fromkeys(("known_at", "loaded_at", "session_start", "session_end"), _TIME),
    **dict.fromkeys(("tombstone", "local_hour", "registered", "consent"), pa.uint8()),
    **dict.fromkeys(_LISTS, pa.list_(pa.string())),
    "utc_offset_minutes": pa.int16(),
    "local_day": pa.date32(),
    "ad_revenue_micros": pa.int64(),
}


def session(user_id: int, ended: datetime, *, minutes: float = 5, timezone: str = "", **columns: Any) -> dict[str, Any]:
    """One session that ended at `ended`, known at once; its local day and hour are those of `timezone`."""
    started = ended - timedelta(minutes=minutes)
    local = started.astimezone(ZoneInfo(timezone or "UTC"))
    offset = local.utcoffset()
    assert offset is not None
    row_id = next(_row_ids)
    return {
        "row_id": row_id,
        "replaces": 0,
        "version": 1,
        "tombstone": 0,
        "known_at": ended,
        "loaded_at": LOADED,
        "batch_id": "",
        "session_id": str(row_id),
        "user_id": user_id,
        **dict.fromkeys(_TEXTS, ""),
        "timezone": timezone,
        "utc_offset_minutes": int(offset.total_seconds() // 60),
        "local_day": local.date(),
        "local_hour": local.hour,
        "registered": 0,
        "consent": 3,
        "session_start": started,
        "session_end": ended,
        "total_events": 1,
        "article_views": 1,
        **dict.fromkeys(_COUNTS, 0),
        **{name: [] for name in _LISTS},
        **columns,
    }


def rich(user_id: int, ended: datetime, **columns: Any) -> dict[str, Any]:
    """A session in which everything happened, so that every feature group would notice it."""
    texts = {name: f"{name}-x" for name in _TEXTS if name != "timezone"}
    return session(
        user_id,
        ended,
        **{
            **dict.fromkeys(_COUNTS, 7),
            **texts,
            "total_events": 50,
            "article_views": 9,
            "registered": 1,
            "categories": ["politics", "sport"],
            **columns,
        },
    )


def insert(warehouse: Warehouse, rows: Iterable[dict[str, Any]]) -> None:
    """Append rows to `session_versions`."""
    listed = list(rows)
    columns = {name: pa.array([row[name] for row in listed], type=_TYPES.get(name)) for name in listed[0]}
    warehouse.insert("session_versions", pa.table(columns))
