"""Visits of one reader from raw events, as they were known at a cut-off."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Event = dict[str, Any]
GAP = timedelta(minutes=30)
BITS = {"analytics": 1, "personalisation": 2, "advertising": 4, "marketing": 8}


@dataclass(frozen=True)
class Visit:
    """One session, as far as features need it; `local_*` are on the reader's own clock at its start."""

    session_id: str
    start: datetime
    end: datetime
    events: int
    counts: Counter[str]
    brand: str
    country: str
    device_type: str
    device_os: str
    browser: str
    tier: str
    user_segment: str
    referrer: str
    utc_offset_minutes: int
    local_day: date
    local_hour: int
    registered: bool
    consent: int | None
    engaged_ms: int
    timed_events: int
    scroll_percents: int
    scroll_events: int
    ad_revenue_micros: int
    pages: tuple[str, ...]
    categories: tuple[str, ...]
    articles: tuple[str, ...]


def known_events(log: Iterable[Event], as_of: datetime) -> list[Event]:
    """Events that happened before `as_of` and had arrived by then, each id once, as first received."""
    first: dict[str, Event] = {}
    for event in sorted(log, key=lambda event: event["received_at"]):
        first.setdefault(event["event_id"], event)
    known = (event for event in first.values() if event["timestamp"] < as_of and event["received_at"] <= as_of)
    return sorted(known, key=lambda event: (event["timestamp"], event["event_id"]))


def visits_of(events: Sequence[Event], as_of: datetime) -> list[Visit]:
    """Sessions of one reader that were over at `as_of`: 30 minutes without an event.

    They go by the source's id where it has one, else they are parted where 30 minutes pass without an event.
    """
    named: dict[str, list[Event]] = {}
    unnamed: list[list[Event]] = []
    for event in events:
        if event["session_id"]:
            named.setdefault(event["session_id"], []).append(event)
        elif unnamed and event["timestamp"] - unnamed[-1][-1]["timestamp"] < GAP:
            unnamed[-1].append(event)
        else:
            unnamed.append([event])
    over = (group for group in [*named.values(), *unnamed] if group[-1]["timestamp"] + GAP <= as_of)
    return [_visit(group) for group in over]


def _visit(events: Sequence[Event]) -> Visit:
    """One session from its events in order of time."""
    start = events[0]["timestamp"]
    zone = _first(events, "timezone")
    local = start.astimezone(ZoneInfo(zone)) if zone else start
    offset = local.utcoffset() or timedelta(0)
    viewed = [event for event in events if event["event_type"] == "article_view"]
    paged = [event for event in events if event["event_type"] in ("article_view", "navigation")]
    counts = Counter(event["event_type"] for event in events)
    counts["article_complete"] = len({e["article_id"] for e in events if e["event_type"] == "article_complete"})
    timed = [event["time_on_page"] for event in events if "time_on_page" in event]
    scrolled = [event["scroll_depth"] for event in events if "scroll_depth" in event]
    consents = [event["consent"] for event in events if event["consent"] is not None]
    tiers = [event["subscription_tier"] for event in events if event["subscription_tier"]]
    segments = [event["user_segment"] for event in events if event["user_segment"]]
    return Visit(
        session_id=events[0]["session_id"],
        start=start,
        end=events[-1]["timestamp"],
        events=len(events),
        counts=counts,
        brand=_first(events, "brand"),
        country=_first(events, "country"),
        device_type=_first(events, "device_type"),
        device_os=_first(events, "device_os"),
        browser=_first(events, "browser"),
        tier=tiers[-1] if tiers else "",
        user_segment=segments[-1] if segments else "",
        referrer=_first(events, "referrer"),
        utc_offset_minutes=round(offset / timedelta(minutes=1)),
        local_day=local.date(),
        local_hour=local.hour,
        registered=bool(tiers) or counts["registration"] + counts["login"] > 0,
        consent=sum(BITS[purpose] for purpose in consents[-1]) if consents else None,
        engaged_ms=sum(round(seconds * 1000) for seconds in timed),
        timed_events=len(timed),
        scroll_percents=sum(round(percent) for percent in scrolled),
        scroll_events=len(scrolled),
        ad_revenue_micros=sum(round(event.get("ad_revenue", 0) * 1_000_000) for event in events),
        pages=tuple(event["page_url"] or event["article_id"] for event in paged),
        categories=tuple(event["category"] for event in viewed if event["category"]),
        articles=tuple(event["article_id"] for event in viewed),
    )


def _first(events: Sequence[Event], name: str) -> str:
    return next((event[name] for event in events if event[name]), "")
