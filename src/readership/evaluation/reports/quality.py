"""The quality of a log in words: what is fine, what deserves a look, and what the log does not have."""

from collections.abc import Iterator
from datetime import timedelta
from statistics import median
from typing import Any, NamedTuple

from readership.evaluation.reports.words import plural, span

LOW_DAY = 0.2
WORTH_A_LOOK = 0.001
CONSEQUENCES = {
    "reading time": (("engaged_ms",), "features of dwell stay empty"),
    "scroll depth and progress": (("scroll_depth", "read_progress"), "how far articles are read is unknown"),
    "completed articles": (("is_article_complete",), "completion is known only from its own events"),
    "subscription tiers": (("subscription_tier",), "paying readers cannot be told from others"),
    "devices": (("device_type", "device_os"), "there is no slice by device"),
    "countries": (("country",), "there is no slice by country"),
    "categories": (("category",), "diversity of reading stays empty"),
    "timezones": (("timezone",), "day-parts are in the brand's time, or in UTC"),
    "referrers": (("referrer",), "how readers arrive is unknown"),
    "searches": (("search_query",), "features of search stay 0"),
    "ads": (("ad_id", "ad_position", "ad_revenue_micros"), "features of ads stay 0"),
    "consent": (("consent",), "the default purposes apply to everybody"),
}
"""What a log may lack: the fields that would carry it, and what follows when all are empty."""


class Check(NamedTuple):
    """One finding: fine, look (deserves a look), or missing (the log does not carry it)."""

    title: str
    state: str
    words: str


def checks(found: dict[str, Any]) -> list[Check]:
    """Every finding, what deserves a look first."""
    made = [
        _churn(found["churn"]),
        _quarantine(found),
        _impossible(found),
        _repeats(found),
        _busy(found),
        _gaps(found),
        _lateness(found),
        _consent(found),
        *_missing(found),
    ]
    order = {"look": 0, "fine": 1, "missing": 2}
    return sorted(made, key=lambda check: order[check.state])


def filled_shares(found: dict[str, Any]) -> list[dict[str, Any]]:
    """For each field and event type, the share of events that carry it; fields no event carries are left out."""
    types = found["filled"][:12]
    fields = [name for name in types[0] if name not in ("event_type", "events")] if types else []
    present = [field for field in fields if any(row[field] for row in types)]
    return [
        {"field": field.replace("_", " "), "event_type": row["event_type"], "share": row[field] / row["events"]}
        for field in present
        for row in types
    ]


def empty_fields(found: dict[str, Any]) -> list[str]:
    """Fields that no event carries."""
    rows = found["filled"]
    return [name for name in rows[0] if name != "event_type" and not any(row[name] for row in rows)] if rows else []


def silent_days(days: list[dict[str, Any]]) -> int:
    """Days between the first and the last without any event."""
    return (days[-1]["day"] - days[0]["day"]).days + 1 - len(days) if days else 0


def low_days(days: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Days with under a fifth of the median of the five same weekdays around them; the first and last are left out."""
    by_day = {row["day"]: row["events"] for row in days}
    weeks = [timedelta(days=7 * week) for week in (-2, -1, 1, 2)]
    low = []
    for row in days[1:-1]:
        around = [by_day[row["day"] + week] for week in weeks if row["day"] + week in by_day]
        usual = median(around) if len(around) >= 3 else 0
        if usual >= 20 and row["events"] < LOW_DAY * usual:
            low.append({**row, "usual": usual})
    return low


def _churn(churn: dict[str, Any]) -> Check:
    title = "Long enough to learn who leaves" if churn["fits"] else "Too short to learn who leaves"
    return Check(title, "fine" if churn["fits"] else "look", churn["words"])


def _quarantine(found: dict[str, Any]) -> Check:
    rows = sum(row["rows"] for row in found["quarantined"])
    if not rows:
        return Check("Everything was understood", "fine", "no row is in quarantine")
    first = found["quarantined"][0]
    return Check(
        "Rows in quarantine",
        "look",
        f"{plural(rows, 'row')} could not be understood; the commonest reason, of {plural(first['rows'], 'row')}, is "
        f"{first['reason']!r} in field {first['field']!r} (first {first['first_source']} line {first['first_line']:,})",
    )


def _impossible(found: dict[str, Any]) -> Check:
    odd = {name.replace("_", " "): count for name, count in found["impossible"].items() if count}
    if not odd:
        return Check("No impossible values", "fine", "times, shares, prices and reading times lie where they can")
    said = "; ".join(f"{name}: {plural(count, 'event')}" for name, count in odd.items())
    return Check("Impossible values", "look", said)


def _repeats(found: dict[str, Any]) -> Check:
    again, events = found["repeats"]["events"] or 0, found["overview"]["events"]
    if again <= WORTH_A_LOOK * events:
        return Check("No repeats to speak of", "fine", f"{plural(again, 'event')} of {events:,} look like another")
    return Check(
        "Events that look like another",
        "look",
        f"{plural(again, 'event')} ({again / events:.1%}) share reader, time, type and article with another: "
        "a tracker that fires twice, or times kept in whole seconds",
    )


def _busy(found: dict[str, Any]) -> Check:
    busy, limit = found["busiest_readers"], found["most_events_a_day"]
    if not busy["readers"]:
        return Check("No reader is a machine", "fine", f"nobody has more than {limit:,} events on a day")
    return Check(
        "Readers who may be machines",
        "look",
        f"{plural(busy['readers'], 'reader')} had more than {limit:,} events on a day, {busy['events']:,} together "
        f"(at most {busy['most']:,})",
    )


def _gaps(found: dict[str, Any]) -> Check:
    days = found["days"]
    silent, low = silent_days(days), low_days(days)
    recorded = len(found["outages"])
    outages = f"; {plural(recorded, 'outage')} recorded" if recorded else ""
    if not silent and not low:
        return Check(
            "No gap in time", "fine", f"every day from {days[0]['day']} to {days[-1]['day']} has events{outages}"
        )
    said = [f"{plural(silent, 'day')} without any event"] if silent else []
    said += [f"{plural(len(low), 'day')} with under a fifth of the usual events (first {low[0]['day']})"] if low else []
    said += [
        f"a silence of {plural(row['silent_hours'], 'hour')} from {row['begins']:%Y-%m-%d %H:%M} UTC"
        for row in found["silences"][:1]
    ]
    advice = "label windows that touch a span in the table `outages` are left out"
    return Check("Gaps in time", "look", f"{', '.join(said)}{outages}; {advice}")


def _lateness(found: dict[str, Any]) -> Check:
    late, events = found["lateness"], found["overview"]["events"]
    if not late["with_own_time"]:
        return Check(
            "Late arrivals unknown",
            "missing",
            "no event says when it was received, so each counts as known when it happened",
        )
    state = "look" if late["over_a_day"] > 0.01 * events else "fine"
    minute, hour, day = (late[name] / events for name in ("over_a_minute", "over_an_hour", "over_a_day"))
    return Check(
        "Late arrivals",
        state,
        f"{minute:.2%} of events arrived over a minute late, {hour:.2%} over an hour, {day:.2%} over a day; "
        f"the latest after {span(late['latest_seconds'])}",
    )


def _consent(found: dict[str, Any]) -> Check:
    refused = found["refused"]["readers"]
    if not refused:
        return Check("Consent to analytics", "fine", "no reader has withdrawn it")
    return Check("Consent to analytics", "fine", f"{plural(refused, 'reader')} without it are left out of this page")


def _missing(found: dict[str, Any]) -> Iterator[Check]:
    empty = set(empty_fields(found))
    for what, (fields, consequence) in CONSEQUENCES.items():
        if empty.issuperset(fields):
            yield Check(f"No {what}", "missing", consequence)
