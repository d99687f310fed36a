"""The words about a log's quality: each deserves a look exactly when it should."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from readership.evaluation.reports.exploration import correlations, described
from readership.evaluation.reports.quality import checks, empty_fields, filled_shares, low_days, silent_days
from readership.evaluation.reports.words import span

START = date(2026, 1, 5)


def good() -> dict[str, Any]:
    """A log without blemish: 1,000 events, 30 days."""
    fields = (
        "engaged_ms", "scroll_depth", "read_progress", "is_article_complete", "subscription_tier", "device_type",
        "device_os", "country", "category", "timezone", "referrer", "search_query", "ad_id", "ad_position",
        "ad_revenue_micros", "consent",
    )  # fmt: skip
    return {
        "overview": {"events": 1_000},
        "churn": {"fits": True, "words": "long enough"},
        "quarantined": [],
        "impossible": {"negative_price": 0},
        "repeats": {"events": None, "groups": 0},
        "busiest_readers": {"readers": 0, "events": 0, "most": 0},
        "most_events_a_day": 1_000,
        "days": [{"day": START + timedelta(days=day), "events": 100} for day in range(30)],
        "silences": [],
        "outages": [],
        "lateness": {
            "with_own_time": 1_000, "over_a_minute": 5, "over_an_hour": 2, "over_a_day": 1, "over_a_week": 0,
            "latest_seconds": 90_000,
        },
        "refused": {"readers": 0},
        "filled": [{"event_type": "article_view", "events": 1_000, **dict.fromkeys(fields, 1)}],
    }  # fmt: skip


def states(found: dict[str, Any]) -> dict[str, list[str]]:
    """Titles by state."""
    return {state: [c.title for c in checks(found) if c.state == state] for state in ("look", "fine", "missing")}


def test_a_good_log_has_nothing_to_look_at() -> None:
    assert states(good())["look"] == []
    assert states(good())["missing"] == []


@pytest.mark.parametrize(
    ("change", "title", "words"),
    [
        ({"churn": {"fits": False, "words": "60 days are missing"}}, "Too short to learn who leaves", "60 days"),
        (
            {
                "quarantined": [
                    {"field": "timestamp", "reason": "no time", "rows": 3, "first_source": "a.csv", "first_line": 1_881}
                ]
            },
            "Rows in quarantine",
            "3 rows could not be understood; the commonest reason, of 3 rows, is 'no time' in field 'timestamp' "
            "(first a.csv line 1,881)",
        ),
        ({"impossible": {"negative_price": 1}}, "Impossible values", "negative price: 1 event"),
        ({"repeats": {"events": 2, "groups": 2}}, "Events that look like another", "2 events (0.2%)"),
        (
            {"busiest_readers": {"readers": 2, "events": 9_000, "most": 5_000}},
            "Readers who may be machines",
            "2 readers had more than 1,000 events on a day, 9,000 together",
        ),
    ],
)
def test_what_deserves_a_look(change: dict[str, Any], title: str, words: str) -> None:
    found = {**good(), **change}
    assert states(found)["look"] == [title]
    assert words in next(check.words for check in checks(found) if check.title == title)


def test_gaps_in_time() -> None:
    found = good()
    days = [row for row in found["days"] if row["day"] != date(2026, 1, 14)]
    assert silent_days(days) == 1
    days[12] = {**days[12], "events": 15}
    assert [row["day"] for row in low_days(days)] == [days[12]["day"]]
    silence = {"begins": datetime(2026, 1, 13, 23, tzinfo=UTC), "silent_hours": 24}
    gaps = next(c for c in checks({**found, "days": days, "silences": [silence]}) if c.title == "Gaps in time")
    assert gaps.words.startswith("1 day without any event, 1 day with under a fifth of the usual events")
    assert "a silence of 24 hours from 2026-01-13 23:00 UTC" in gaps.words


def test_a_quiet_weekend_is_not_a_gap() -> None:
    days = [
        {"day": START + timedelta(days=day), "events": 10 if (START + timedelta(days=day)).weekday() > 4 else 100}
        for day in range(60)
    ]
    assert low_days(days) == []


def test_unknown_lateness_is_missing_and_much_of_it_deserves_a_look() -> None:
    found = good()
    assert (
        "Late arrivals unknown" in states({**found, "lateness": {**found["lateness"], "with_own_time": 0}})["missing"]
    )
    assert states({**found, "lateness": {**found["lateness"], "over_a_day": 11}})["look"] == ["Late arrivals"]


def test_what_no_event_carries_is_named_with_its_consequence() -> None:
    found = good()
    found["filled"][0]["engaged_ms"] = 0
    assert empty_fields(found) == ["engaged_ms"]
    assert states(found)["missing"] == ["No reading time"]
    assert {row["field"] for row in filled_shares(found)} == {
        name.replace("_", " ") for name in found["filled"][0] if name not in ("event_type", "events", "engaged_ms")
    }


def test_correlations_leave_out_what_says_nothing() -> None:
    """Constant, unknown and rare features have no correlation; a monotone pair has 1, a reversed one −1."""
    many = list(range(40))
    features = pl.DataFrame(
        {
            "sessions_28d": many,
            "active_days_28d": [value**3 for value in many],
            "days_since_last_session": many[::-1],
            "tenure_days": [1] * 40,
            "engaged_seconds_28d": [None] * 20 + many[:20],
        },
        schema_overrides={"engaged_seconds_28d": pl.Float32},
    )
    matrix = correlations(features)
    assert matrix is not None
    rho = {(row["one"], row["other"]): row["rho"] for row in matrix.to_dicts()}
    assert {one for one, _ in rho} == {"sessions_28d", "active_days_28d", "days_since_last_session"}
    assert rho["sessions_28d", "active_days_28d"] == 1.0
    assert rho["sessions_28d", "days_since_last_session"] == -1.0
    assert correlations(features.select("sessions_28d")) is None
    assert correlations(features.head(10)) is None


def test_distribution_of_a_feature_by_hand() -> None:
    (row,) = described(pl.DataFrame({"a": [1.0, 2.0, None, 3.0]}), {"a": "something"})
    assert row == {"name": "a", "meaning": "something", "missing": 0.25, "quantiles": [1.0, 2.0, 3.0]}
    assert described(pl.DataFrame({"a": []}, schema={"a": pl.Float32}), {"a": "something"}) == []


def test_spans_in_words() -> None:
    assert [span(s) for s in (0.6, 59, 60, 5_400, 90_000)] == ["1 second", "59 seconds", "1 minute", "2 hours", "1 day"]
