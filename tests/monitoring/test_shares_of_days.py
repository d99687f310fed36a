"""Shares a day, from the sums that the warehouse gives."""

from datetime import UTC, datetime

import numpy as np
import polars as pl

from readership.monitoring.data import FIELDS, Calendar, shares

AT = datetime(2026, 3, 1, tzinfo=UTC)
EVENTS, READERS, DAYS = 10_000, 1_000, 60


def states(empty_today: int, field: str = "city") -> list[str]:
    """Of the newest day, on which so many values are empty; 9,100 of 10,000 were on every day before."""
    rng = np.random.default_rng(0)
    counts = np.where(np.arange(DAYS) == 0, empty_today, 9_100 + rng.integers(-20, 20, DAYS))
    each = EVENTS // READERS
    rows = [
        {
            "day": day, "events": EVENTS, "readers": READERS, "events_squared": READERS * each**2,
            "repeats": 0, "repeats_squared": 0, "repeats_by_events": 0,
            "empties": [int(count)] * len(FIELDS),
            "empties_squared": [int(count**2 / READERS)] * len(FIELDS),
            "empties_by_events": [int(count) * each] * len(FIELDS),
        }
        for day, count in enumerate(counts)
    ]  # fmt: skip
    found = shares(Calendar(AT, DAYS), pl.DataFrame(rows))
    return [m.state for m in found if m.as_of == AT and m.part == field]


def test_a_field_that_has_gone_altogether_is_red_however_little_it_held() -> None:
    assert states(9_105) == ["green"]
    assert states(9_600) == ["amber"]
    assert states(10_000) == ["red"]
