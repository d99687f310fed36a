"""Every feature of one reader from their visits, one small loop at a time."""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from readership.evaluation.brute_force.recent import recent_of
from readership.evaluation.brute_force.values import Value
from readership.evaluation.brute_force.visits import Visit

DAY = timedelta(days=1)
WINDOWS = (1, 3, 7, 14, 28, 56, 90)
ARRIVALS = {
    "newsletter": ("newsletter", "email", "mail."),
    "search": ("search", "google.", "bing.", "duckduckgo", "ecosia", "baidu", "yandex"),
    "social": (
        "social", "facebook", "instagram", "twitter", "//t.co", "//x.com", "linkedin", "reddit", "tiktok", "youtube",
        "whatsapp", "telegram",
    ),
}  # fmt: skip


def features_of(visits: Sequence[Visit], as_of: datetime) -> dict[str, Value]:
    """Features by name of a reader with these visits, all of which ended before `as_of`; None is missing."""
    recent = [visit for visit in visits if visit.end >= as_of - 90 * DAY]
    values: dict[str, Value] = {}
    for part in (_activity, _reading, _ads_search, _trend, _rhythm):
        values |= part(recent, as_of)
    for part in (_tenure, _subscription, _newsletter, recent_of):
        values |= part(visits, as_of)
    return values | _arrival(recent) | _diversity(recent) | _habit(recent) | _profile(visits)


def _activity(visits: Sequence[Visit], as_of: datetime) -> dict[str, Value]:
    days = _days_ago(visits, as_of)
    values: dict[str, Value] = {}
    for width in WINDOWS:
        inside = _within(visits, as_of, width)
        values[f"sessions_{width}d"] = len(inside)
        values[f"active_days_{width}d"] = sum(1 for day in days if day <= width)
        values[f"events_{width}d"] = sum(visit.events for visit in inside)
        values[f"article_views_{width}d"] = _sum(inside, "article_view")
        values[f"article_clicks_{width}d"] = _sum(inside, "article_click")
        values[f"articles_completed_{width}d"] = _sum(inside, "article_complete")
        timed = any(visit.timed_events for visit in inside)
        values[f"engaged_seconds_{width}d"] = (
            None if inside and not timed else sum(visit.engaged_ms for visit in inside) / 1000
        )
    values["days_since_last_article_view"] = _days_since(visits, as_of, lambda visit: visit.counts["article_view"] > 0)
    values["days_since_last_completion"] = _days_since(visits, as_of, lambda v: v.counts["article_complete"] > 0)
    return values


def _reading(visits: Sequence[Visit], as_of: datetime) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for width in (28, 90):
        inside = _within(visits, as_of, width)
        timed = [visit for visit in inside if visit.timed_events]
        engaged = sum(visit.engaged_ms for visit in timed) / 1000
        views = _sum(inside, "article_view")
        lengths = [(visit.end - visit.start) / timedelta(minutes=1) for visit in inside]
        values |= {
            f"engaged_seconds_per_session_{width}d": _ratio(engaged, len(timed)),
            f"engaged_seconds_per_article_{width}d": _ratio(engaged, _sum(timed, "article_view")),
            f"completion_rate_{width}d": _ratio(_sum(inside, "article_complete"), views),
            f"scroll_depth_percent_{width}d": _ratio(
                sum(visit.scroll_percents for visit in inside), sum(visit.scroll_events for visit in inside)
            ),
            f"article_views_per_session_{width}d": _ratio(views, len(inside)),
            f"session_minutes_{width}d": _ratio(sum(lengths), len(inside)),
            f"single_event_session_share_{width}d": _ratio(sum(v.events == 1 for v in inside), len(inside)),
            f"article_click_rate_{width}d": _ratio(_sum(inside, "article_click"), _sum(inside, "article_impression")),
            f"unique_page_share_{width}d": _ratio(
                sum(len(set(visit.pages)) for visit in inside), sum(len(visit.pages) for visit in inside)
            ),
            f"video_plays_{width}d": _sum(inside, "video_play"),
        }
    return values


def _ads_search(visits: Sequence[Visit], as_of: datetime) -> dict[str, Value]:
    counted = {"ad_impressions": "ad_impression", "ad_clicks": "ad_click", "searches": "search"}
    values: dict[str, Value] = {
        f"{name}_{width}d": _sum(_within(visits, as_of, width), kind)
        for name, kind in counted.items()
        for width in (7, 28, 90)
        if (name, width) != ("ad_clicks", 7)
    }
    values["ad_click_rate_90d"] = _ratio(_sum(visits, "ad_click"), _sum(visits, "ad_impression"))
    values["ad_revenue_eur_90d"] = sum(visit.ad_revenue_micros for visit in visits) / 1_000_000
    values["days_since_last_search"] = _days_since(visits, as_of, lambda visit: visit.counts["search"] > 0)
    return values


def _trend(visits: Sequence[Visit], as_of: datetime) -> dict[str, Value]:
    measures: dict[str, Callable[[Visit], int]] = {
        "sessions": lambda visit: 1,
        "article_views": lambda visit: visit.counts["article_view"],
        "engaged": lambda visit: visit.engaged_ms,
    }
    values: dict[str, Value] = {}
    for name, measure in measures.items():
        for width in (7, 14, 28):
            now = sum(map(measure, _within(visits, as_of, width)))
            before = sum(map(measure, _within(visits, as_of, 2 * width))) - now
            values[f"{name}_change_{width}d"] = _ratio(now - before, now + before)
    for name in ("sessions", "article_views"):
        weeks = [0.0] * 12
        for visit in _within(visits, as_of, 84):
            weeks[_age_days(visit, as_of) // 7] += measures[name](visit)
        values[f"{name}_slope_12w"] = sum((5.5 - week) * count for week, count in enumerate(weeks)) / 143
    return values


def _rhythm(visits: Sequence[Visit], as_of: datetime) -> dict[str, Value]:
    days = [day for day in _days_ago(visits, as_of) if day <= 90]
    gaps = [later - earlier for earlier, later in pairwise(days)]
    streaks: list[int] = []
    for place, day in enumerate(days):
        if place and day == days[place - 1] + 1:
            streaks[-1] += 1
        else:
            streaks.append(1)
    usual = sorted(gaps)[len(gaps) // 2] if gaps else None
    return {
        "current_streak_days": streaks[0] if days and days[0] <= 1 else 0,
        "longest_streak_days": max(streaks, default=0),
        "active_weeks_12w": len({day // 7 for day in days if day < 84}),
        "current_gap_days": days[0] if days else None,
        "usual_gap_days": usual,
        "longest_gap_days": max(gaps) if gaps else None,
        "gap_spread_days": statistics.pstdev(gaps) if len(gaps) > 1 else None,
        "current_gap_over_usual": days[0] / usual if usual else None,
    }


def _arrival(visits: Sequence[Visit]) -> dict[str, Value]:
    kinds = [_arrival_kind(visit.referrer) for visit in _in_order(visits) if visit.referrer]
    counts = Counter(kinds)
    shares: dict[str, Value] = {
        f"{kind}_arrival_share_90d": _ratio(counts[kind], len(kinds))
        for kind in ("direct", "search", "social", "newsletter")
    }
    return shares | {"last_arrival": kinds[-1] if kinds else None}


def _diversity(visits: Sequence[Visit]) -> dict[str, Value]:
    categories = Counter(name for visit in visits for name in visit.categories if name)
    brands = Counter(visit.brand for visit in visits if visit.brand)
    devices = Counter(visit.device_type for visit in visits if visit.device_type)
    hours = Counter(visit.local_hour for visit in visits)
    favourite = min(categories, key=lambda name: (-categories[name], name), default=None)
    return {
        "distinct_categories_90d": len(categories),
        "category_entropy_90d": _entropy(categories.values()),
        "favourite_category_share_90d": _ratio(max(categories.values(), default=0), categories.total()),
        "favourite_category": favourite,
        "distinct_brands_90d": len(brands),
        "brand_entropy_90d": _entropy(brands.values()),
        "distinct_device_types_90d": len(devices),
        "device_entropy_90d": _entropy(devices.values()),
        "hour_entropy_90d": _entropy(hours.values()),
    }


def _habit(visits: Sequence[Visit]) -> dict[str, Value]:
    parts = Counter(("night", "morning", "afternoon", "evening")[visit.local_hour // 6] for visit in visits)
    weekdays = Counter(visit.local_day.weekday() for visit in visits)
    hours = Counter(visit.local_hour for visit in visits)
    total = len(visits)
    values: dict[str, Value] = {
        f"{part}_session_share_90d": _ratio(parts[part], total) for part in ("night", "morning", "afternoon", "evening")
    }
    return values | {
        "weekend_session_share_90d": _ratio(weekdays[5] + weekdays[6], total),
        "usual_weekday_share_90d": _ratio(max(weekdays.values(), default=0), total),
        "distinct_weekdays_90d": len(weekdays),
        "usual_hour_share_90d": _ratio(max(hours.values(), default=0), total),
        "sessions_per_active_day_90d": _ratio(total, len({visit.local_day for visit in visits})),
    }


def _tenure(visits: Sequence[Visit], as_of: datetime) -> dict[str, Value]:
    tenure = _days(as_of - min(visit.start for visit in visits))
    registered = [visit.end for visit in visits if visit.registered]
    first, last = min(visit.start for visit in visits), max(visit.end for visit in visits)
    gap = _ratio(_days(last - first), len(visits) - 1)
    timed = any(visit.timed_events for visit in visits)
    return {
        "tenure_days": tenure,
        "days_since_last_session": _days(as_of - last),
        "mean_gap_days_ever": gap,
        "current_gap_over_mean_ever": _days(as_of - last) / gap if gap else None,
        "engaged_seconds_ever": sum(visit.engaged_ms for visit in visits) / 1000 if timed else None,
        "sessions_ever": len(visits),
        "sessions_per_week_ever": len(visits) / max(1, tenure / 7),
        "registered": 1 if registered else 0,
        "days_since_registration": _days(as_of - min(registered)) if registered else None,
    }


def _subscription(visits: Sequence[Visit], as_of: datetime) -> dict[str, Value]:
    kinds = {
        "subscription_starts_ever": ("subscription_start", "days_since_subscription_start"),
        "subscription_renewals_ever": ("subscription_renewal", "days_since_subscription_renewal"),
        "subscription_cancels_ever": ("subscription_cancel", "days_since_subscription_cancel"),
        "payment_failures_ever": ("payment_failed", "days_since_payment_failure"),
    }
    values: dict[str, Value] = {
        f"subscription_prompts_{width}d": _sum(_within(visits, as_of, width), "subscription_prompt")
        for width in (28, 90)
    }
    for ever, (kind, since) in kinds.items():
        values[ever] = _sum(visits, kind)
        values[since] = _days_since([visit for visit in visits if visit.counts[kind]], as_of, lambda visit: True)
    return values


def _newsletter(visits: Sequence[Visit], as_of: datetime) -> dict[str, Value]:
    return {
        "newsletter_signups_ever": _sum(visits, "newsletter_signup"),
        "days_since_newsletter_signup": _days_since(visits, as_of, lambda visit: visit.counts["newsletter_signup"] > 0),
    }


def _profile(visits: Sequence[Visit]) -> dict[str, Value]:
    ordered = _in_order(visits)
    names = ("tier", "country", "device_type", "device_os", "browser", "user_segment", "brand")
    stated = {name: [getattr(visit, name) for visit in ordered if getattr(visit, name)] for name in names}
    return {name: texts[-1] if texts else None for name, texts in stated.items()}


def _within(visits: Iterable[Visit], as_of: datetime, days: int) -> list[Visit]:
    return [visit for visit in visits if visit.end >= as_of - days * DAY]


def _age_days(visit: Visit, as_of: datetime) -> int:
    """Whole days of age: 0 for the last 24 hours, exactly 24 hours included."""
    return (as_of - visit.end - timedelta(milliseconds=1)) // DAY


def _days_ago(visits: Sequence[Visit], as_of: datetime) -> list[int]:
    """Active days on the reader's own calendar, as days before as_of's own day there, the latest first."""
    if not visits:
        return []
    offset = max(visits, key=lambda visit: (visit.end, visit.utc_offset_minutes)).utc_offset_minutes
    today = (as_of + timedelta(minutes=offset)).date()
    return sorted({max(0, (today - visit.local_day).days) for visit in visits})


def _days_since(visits: Iterable[Visit], as_of: datetime, wanted: Callable[[Visit], bool]) -> float | None:
    ends = [visit.end for visit in visits if wanted(visit)]
    return _days(as_of - max(ends)) if ends else None


def _in_order(visits: Iterable[Visit]) -> list[Visit]:
    return sorted(visits, key=lambda visit: (visit.end, visit.session_id))


def _sum(visits: Iterable[Visit], kind: str) -> int:
    return sum(visit.counts[kind] for visit in visits)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _days(span: timedelta) -> float:
    return span / DAY


def _entropy(counts: Iterable[int]) -> float | None:
    """-sum p ln p, in nats."""
    total = sum(counts := list(counts))
    return -sum(count / total * math.log(count / total) for count in counts) if total else None


def _arrival_kind(referrer: str) -> str:
    if referrer in ("direct", "(direct)"):
        return "direct"
    return next((kind for kind, marks in ARRIVALS.items() if any(m in referrer.lower() for m in marks)), "other")
