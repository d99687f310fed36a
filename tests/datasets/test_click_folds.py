"""Days of a click model: in order, closed, within the log."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readership.datasets.clicks.folds import DAY, FEWEST_DAYS, plan_days
from readership.errors import NotEnoughData

START = datetime(2026, 1, 1, 5, tzinfo=UTC)


@given(st.integers(FEWEST_DAYS * 24 + 24, 24 * 500), st.integers(0, 23))
def test_every_day_belongs_to_one_fold_and_lies_in_the_log(hours: int, earlier: int) -> None:
    first, now = START - timedelta(hours=earlier), START + timedelta(hours=hours)
    folds = plan_days(first, now)
    days = [*folds.train, *folds.valid, *folds.calibration, *folds.test]
    assert days == sorted(set(days))
    assert all(later - day == DAY for day, later in pairwise(days)), "no day between is lost"
    assert days[0] - DAY >= first, "some day is history alone"
    assert now - DAY < days[-1] + DAY <= now
    assert list(folds.refit) == [*folds.train, *folds.valid, *folds.calibration]


def test_a_short_log_is_refused_with_what_it_needs() -> None:
    with pytest.raises(NotEnoughData, match=r"the log holds 5 whole days .* clicks need 6"):
        plan_days(START, START + timedelta(days=6))
