"""Features of one reader worked out the slow way, straight from their meaning; shares no code with the SQL."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import log
from statistics import pstdev
from typing import Any

WINDOWS = (1, 3, 7, 14, 28, 56, 90)
Rows = list[dict[str, Any]]
Values = dict[str, float | str | None]


def counted(rows: Rows, as_of: datetime, snapshot_at: datetime) -> Rows:
    """The versions that count at as_of."""
    known = [row for row in rows if row["known_at"] <= as_of and row["loaded_at"] <= snapshot_at]
    replaced = {row["replaces"] for row in known}
    return [
        row for row in known if row["session_end"] < as_of and not row["tombstone"] and row["row_id"] not in replaced
    ]


def features(rows: Rows, as_of: datetime) -> Values:
    """Every feature of a reader with these counted sessions."""
    recent = within(rows, as_of, 90)
    values = tenure(rows, as_of) | last_sessions(rows, as_of)
    for group in (activity, rhythm, trend, habit, diversity, reading, ads_search):
        values |= group(recent, as_of)
    return values


def within(rows: Rows, as_of: datetime, days: float) -> Rows:
    return [row for row in rows if as_of - timedelta(days=days) <= row["session_end"] < as_of]


def days_since(moment: datetime | None, as_of: datetime) -> float | None:
    return None if moment is None else (as_of - moment) / timedelta(days=1)


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def total(rows: Rows, column: str) -> int:
    return sum(row[column] for row in rows)


def newest(rows: Rows) -> datetime | None:
    return max((row["session_end"] for row in rows), default=None)


def days_ago(rows: Rows, as_of: datetime) -> list[int]:
    """Active days, counted back from as_of's day on the clock of the last session; today is 0."""
    last = max(rows, key=lambda row: (row["session_end"], row["utc_offset_minutes"]))
    today = (as_of.astimezone(UTC) + timedelta(minutes=last["utc_offset_minutes"])).date()
    return sorted({max(0, (today - row["local_day"]).days) for row in rows})


def activity(rows: Rows, as_of: datetime) -> Values:
    values: Values = {}
    for w in WINDOWS:
        inside = within(rows, as_of, w)
        values[f"sessions_{w}d"] = len(inside)
        values[f"active_days_{w}d"] = sum(day <= w for day in days_ago(rows, as_of)) if rows else 0
        values[f"events_{w}d"] = total(inside, "total_events")
        values[f"article_views_{w}d"] = total(inside, "article_views")
        values[f"article_clicks_{w}d"] = total(inside, "article_clicks")
        values[f"articles_completed_{w}d"] = total(inside, "article_completes")
        timed = any(row["engaged_events"] for row in inside)
        values[f"engaged_seconds_{w}d"] = total(inside, "engaged_ms") / 1000 if timed or not inside else None
    values["days_since_last_article_view"] = days_since(newest([r for r in rows if r["article_views"]]), as_of)
    values["days_since_last_completion"] = days_since(newest([r for r in rows if r["article_completes"]]), as_of)
    return values


def rhythm(rows: Rows, as_of: datetime) -> Values:
    days = [day for day in days_ago(rows, as_of) if day <= 90] if rows else []
    gaps = [later - earlier for earlier, later in pairwise(days)]
    runs: list[list[int]] = []
    for day in days:
        if runs and day - runs[-1][-1] == 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    usual = sorted(gaps)[len(gaps) // 2] if gaps else None
    return {
        "current_streak_days": len(runs[0]) if runs and days[0] <= 1 else 0,
        "longest_streak_days": max((len(run) for run in runs), default=0),
        "active_weeks_12w": len({day // 7 for day in days if day < 84}),
        "current_gap_days": days[0] if days else None,
        "usual_gap_days": usual,
        "longest_gap_days": max(gaps, default=None),
        "gap_spread_days": pstdev(gaps) if len(gaps) > 1 else None,
        "current_gap_over_usual": days[0] / usual if usual else None,
    }


def trend(rows: Rows, as_of: datetime) -> Values:
    values: Values = {}
    for w in (7, 14, 28):
        new, both = within(rows, as_of, w), within(rows, as_of, 2 * w)
        for name, column in (("article_views", "article_views"), ("engaged", "engaged_ms")):
            a, ab = total(new, column), total(both, column)
            values[f"{name}_change_{w}d"] = share(a - (ab - a), ab)
        values[f"sessions_change_{w}d"] = share(len(new) - (len(both) - len(new)), len(both))
    weeks = [
        [row for row in within(rows, as_of, 7 * (k + 1)) if row not in within(rows, as_of, 7 * k)] for k in range(12)
    ]
    values["sessions_slope_12w"] = slope([len(week) for week in weeks])
    values["article_views_slope_12w"] = slope([total(week, "article_views") for week in weeks])
    return values


def slope(newest_first: list[int]) -> float:
    """Least squares over weeks in time order."""
    counts = newest_first[::-1]
    middle, mean = (len(counts) - 1) / 2, sum(counts) / len(counts)
    above = sum((week - middle) * (count - mean) for week, count in enumerate(counts))
    return above / sum((week - middle) ** 2 for week in range(len(counts)))


def tenure(rows: Rows, as_of: datetime) -> Values:
    first = min(row["session_start"] for row in rows)
    days = (as_of - first) / timedelta(days=1)
    registered = [row["session_end"] for row in rows if row["registered"]]
    since = days_since(newest(rows), as_of)
    gap = share((max(row["session_end"] for row in rows) - first) / timedelta(days=1), len(rows) - 1)
    return {
        "tenure_days": days,
        "days_since_last_session": days_since(newest(rows), as_of),
        "sessions_ever": len(rows),
        "sessions_per_week_ever": len(rows) / max(1, days / 7),
        "mean_gap_days_ever": gap,
        "current_gap_over_mean_ever": since / gap if gap else None,
        "engaged_seconds_ever": total(rows, "engaged_ms") / 1000 if total(rows, "engaged_events") else None,
        "registered": int(bool(registered)),
        "days_since_registration": days_since(min(registered, default=None), as_of),
    }


def score(row: dict[str, Any]) -> float:
    """Points earned over points that could be, by what this row carries; rounded to thousandths."""
    read = len(set(row["article_ids"])) if row["article_ids"] else row["article_views"]
    nothing = row["article_views"] == 0
    minutes = (row["session_end"] - row["session_start"]) / timedelta(minutes=1)
    measured = row["engaged_events"] or row["scroll_events"] or row["article_completes"]
    depth = row["scroll_depth_sum"] / row["scroll_events"] / 100 if row["scroll_events"] else 0
    parts = [
        (40, row["engaged_ms"] / (row["engaged_ms"] + 60_000), nothing or row["engaged_events"]),
        (20, min(1, row["article_completes"] / max(1, read)), nothing or measured),
        (15, depth, nothing or row["scroll_events"]),
        (15, read / (read + 2), True),
        (10, minutes / (minutes + 3), True),
    ]
    earned = sum(points * part for points, part, _ in parts)
    return round(100 * earned / sum(points for points, _, known in parts if known), 3)


def last_sessions(rows: Rows, as_of: datetime) -> Values:
    def articles(row: dict[str, Any]) -> int:
        return len(set(row["article_ids"])) if row["article_ids"] else row["article_views"]

    newest = sorted(rows, key=lambda r: (r["session_end"], r["session_start"], -score(r), -articles(r)), reverse=True)
    scores = [score(row) for row in newest]
    begins = [as_of, *(row["session_start"] for row in newest)]
    values: Values = dict.fromkeys(
        f"{name}_lag_{k}" for name in ("score", "silence_days", "articles") for k in range(1, 31)
    )
    for k, row in enumerate(newest[:30], start=1):
        values[f"score_lag_{k}"] = scores[k - 1]
        values[f"silence_days_lag_{k}"] = max(0.0, (begins[k - 1] - row["session_end"]) / timedelta(days=1))
        values[f"articles_lag_{k}"] = articles(row)
    values |= {f"score_mean_{k}": sum(scores[:k]) / len(scores[:k]) for k in (3, 5, 10, 30)}
    line = scores[:10][::-1]
    middle, mean = (len(line) - 1) / 2, sum(line) / len(line)
    above = sum((place - middle) * (value - mean) for place, value in enumerate(line))
    return values | {
        "score_mean_ever": sum(scores) / len(scores),
        "score_spread_10": pstdev(line) if len(scores) > 1 else None,
        "score_slope_10": above / sum((n - middle) ** 2 for n in range(len(line))) if len(scores) > 2 else None,
    }


def habit(rows: Rows, as_of: datetime) -> Values:
    names = ("night", "morning", "afternoon", "evening")
    weekdays = [local(row).isoweekday() for row in rows]
    hours = [row["local_hour"] for row in rows]
    values: Values = {
        f"{name}_session_share_90d": share(sum(hour // 6 == k for hour in hours), len(rows))
        for k, name in enumerate(names)
    }
    return values | {
        "weekend_session_share_90d": share(sum(day >= 6 for day in weekdays), len(rows)),
        "usual_weekday_share_90d": share(max(map(weekdays.count, weekdays), default=0), len(rows)),
        "distinct_weekdays_90d": len(set(weekdays)),
        "usual_hour_share_90d": share(max(map(hours.count, hours), default=0), len(rows)),
        "sessions_per_active_day_90d": share(len(rows), len({local(row) for row in rows})),
    }


def local(row: dict[str, Any]) -> date:
    day: date = row["local_day"]
    return day


def entropy(words: list[Any]) -> float | None:
    shares = [words.count(word) / len(words) for word in set(words)]
    return -sum(p * log(p) for p in shares) if words else None


def diversity(rows: Rows, as_of: datetime) -> Values:
    categories = [name for row in rows for name in row["categories"] if name]
    brands = [row["brand"] for row in rows if row["brand"]]
    devices = [row["device_type"] for row in rows if row["device_type"]]
    favourite = min(categories, key=lambda name: (-categories.count(name), name)) if categories else None
    return {
        "distinct_categories_90d": len(set(categories)),
        "category_entropy_90d": entropy(categories),
        "favourite_category_share_90d": share(categories.count(favourite), len(categories)),
        "favourite_category": favourite,
        "distinct_brands_90d": len(set(brands)),
        "brand_entropy_90d": entropy(brands),
        "distinct_device_types_90d": len(set(devices)),
        "device_entropy_90d": entropy(devices),
        "hour_entropy_90d": entropy([row["local_hour"] for row in rows]),
    }


def reading(rows: Rows, as_of: datetime) -> Values:
    values: Values = {}
    for w in (28, 90):
        inside = within(rows, as_of, w)
        timed = [row for row in inside if row["engaged_events"]]
        seconds = total(inside, "engaged_ms") / 1000
        lengths = [(row["session_end"] - row["session_start"]) / timedelta(minutes=1) for row in inside]
        values |= {
            f"engaged_seconds_per_session_{w}d": share(seconds, len(timed)),
            f"engaged_seconds_per_article_{w}d": share(seconds, total(timed, "article_views")),
            f"completion_rate_{w}d": share(total(inside, "article_completes"), total(inside, "article_views")),
            f"scroll_depth_percent_{w}d": share(total(inside, "scroll_depth_sum"), total(inside, "scroll_events")),
            f"article_views_per_session_{w}d": share(total(inside, "article_views"), len(inside)),
            f"session_minutes_{w}d": share(sum(lengths), len(inside)),
            f"single_event_session_share_{w}d": share(sum(r["total_events"] == 1 for r in inside), len(inside)),
            f"article_click_rate_{w}d": share(total(inside, "article_clicks"), total(inside, "article_impressions")),
            f"unique_page_share_{w}d": share(total(inside, "unique_pages_count"), total(inside, "pages_visited_count")),
            f"video_plays_{w}d": total(inside, "video_plays"),
        }
    return values


def ads_search(rows: Rows, as_of: datetime) -> Values:
    month = within(rows, as_of, 28)
    week = within(rows, as_of, 7)
    return {
        "ad_impressions_7d": total(week, "ad_impressions"),
        "ad_impressions_28d": total(month, "ad_impressions"),
        "ad_impressions_90d": total(rows, "ad_impressions"),
        "ad_clicks_28d": total(month, "ad_clicks"),
        "ad_clicks_90d": total(rows, "ad_clicks"),
        "ad_click_rate_90d": share(total(rows, "ad_clicks"), total(rows, "ad_impressions")),
        "ad_revenue_eur_90d": total(rows, "ad_revenue_micros") / 1_000_000,
        "searches_7d": total(week, "searches"),
        "searches_28d": total(month, "searches"),
        "searches_90d": total(rows, "searches"),
        "days_since_last_search": days_since(newest([row for row in rows if row["searches"]]), as_of),
    }
