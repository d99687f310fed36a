"""Reasons and drivers: exact about what adds up, and readable."""

from typing import NamedTuple

import numpy as np
from tabular_world import odd, parts, world

from readership.contracts import ModelSpec
from readership.models._reasons import drivers, reasons
from readership.models._tabular import build

NAN = float("nan")


class Entry(NamedTuple):
    meaning: str
    unit: str
    null_rule: str


DESCRIBED = {
    "sessions_7d": Entry("sessions that ended in the last 7 days", "sessions", "0 when none"),
    "sessions_28d": Entry("sessions that ended in the last 28 days", "sessions", "0 when none"),
    "days_since_last_session": Entry("days since the last session ended", "days", "never missing"),
    "usual_gap_days": Entry("middle value of the gaps between active days", "days", "missing when fewer than 2"),
    "current_gap_over_usual": Entry("the current gap as a multiple of the usual gap", "ratio", "missing when fewer"),
    "engaged_seconds_28d": Entry(
        "reading time in the last 28 days", "seconds", "0 when no sessions, missing when none carries reading time"
    ),
    "completion_share_90d": Entry("share of articles read to the end in the last 90 days", "share", "missing when no"),
    "registered": Entry("1 when the reader is known to be registered", "0 or 1", "0 when none"),
    "tier": Entry("subscription tier last stated", "category", "missing when no tier was ever stated"),
}


def told(values: dict[str, float], given: dict[str, float], top: int = 3, categories=None) -> list[str]:
    names = tuple(values)
    contributions = np.array([[*(given.get(name, 0.0) for name in names), 5.0]])
    features = np.array([list(values.values())], dtype=np.float32)
    return reasons(names, contributions, features, DESCRIBED, categories or {}, top)[0]


def test_value_and_direction_largest_first() -> None:
    words = told(
        {"sessions_7d": 0, "completion_share_90d": 0.42, "registered": 1, "engaged_seconds_28d": 1234.5},
        {"sessions_7d": 0.2, "completion_share_90d": -0.9, "registered": -0.1, "engaged_seconds_28d": 0.05},
        top=4,
    )
    assert words == [
        "share of articles read to the end in the last 90 days: 42% (lowers the risk)",
        "sessions that ended in the last 7 days: 0 (raises the risk)",
        "1 when the reader is known to be registered: yes (lowers the risk)",
        "reading time in the last 28 days: 1,234 seconds (raises the risk)",
    ]


def test_windows_and_ways_to_count_visits_are_one_reason() -> None:
    # 0.5 - 0.7 - 0.1 adds up to -0.3: the 28-day window leads, and the risk falls
    values = {"sessions_7d": 1, "sessions_28d": 9, "active_days_28d": 4, "registered": 1}
    words = told(values, {"sessions_7d": 0.5, "sessions_28d": -0.7, "active_days_28d": -0.1})
    assert words == ["sessions that ended in the last 28 days: 9 (lowers the risk)"]


def test_absence_is_told_beside_what_is_usual() -> None:
    values = {"days_since_last_session": 12.6, "usual_gap_days": 2, "current_gap_over_usual": 6}
    given = {"days_since_last_session": 0.3, "current_gap_over_usual": 0.4}
    assert told(values, given) == ["no visit for 12 days (usually every 2 days) (raises the risk)"]
    assert told(values | {"usual_gap_days": 1}, given) == ["no visit for 12 days (usually every day) (raises the risk)"]
    assert told(values | {"usual_gap_days": NAN}, given) == ["no visit for 12 days (raises the risk)"]
    assert told(values | {"days_since_last_session": 0.2}, given)[0].startswith("no visit for less than a day")


def test_missing_and_words_and_unseen_words() -> None:
    tiers = {"tier": ("free", "premium")}
    assert told({"tier": 1}, {"tier": -1}, categories=tiers) == [
        "subscription tier last stated: premium (lowers the risk)"
    ]
    assert "one not seen in training" in told({"tier": 2}, {"tier": -1}, categories=tiers)[0]
    assert told({"tier": NAN}, {"tier": 1}, categories=tiers) == [
        "subscription tier last stated: no tier was ever stated (raises the risk)"
    ]
    assert told({"engaged_seconds_28d": NAN}, {"engaged_seconds_28d": 1}) == [
        "reading time in the last 28 days: none carries reading time (raises the risk)"
    ]
    assert told({"not_in_the_catalogue": 3}, {"not_in_the_catalogue": 1}) == [
        "not in the catalogue: 3 (raises the risk)"
    ]


def test_nothing_contributes_nothing_is_told() -> None:
    assert told({"sessions_7d": 1}, {}) == []


def test_drivers_name_their_direction() -> None:
    train, valid, later = parts(world())
    model = build(ModelSpec("logistic_regression")).fit(train, valid)
    rows = odd(later)
    contributions = model.contributions(rows.features)
    found = {d.feature: d for d in drivers(rows.names, contributions, rows.features, DESCRIBED, rows.categories)}
    assert found["days_since_last_session"].direction == "rises with it"
    assert found["sessions_28d"].direction == "falls with it"
    assert found["device_type"].direction.startswith("highest for mobile")
    assert found["tier"].direction == "highest for free, lowest for premium"
    assert "never_known" not in found
    strengths = [driver.strength for driver in found.values()]
    assert strengths == sorted(strengths, reverse=True)
    words = reasons(rows.names, contributions, rows.features, DESCRIBED, rows.categories)
    assert len(words) == len(rows)
    assert all(len(row) == 3 for row in words)
