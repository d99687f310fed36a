"""Folds are laid backwards from now and never let one fold's label reach into the next."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readership.datasets.folds import longest_horizon, plan_folds
from readership.errors import NotEnoughData

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)

logs = st.tuples(
    st.datetimes(datetime(2020, 1, 1), datetime(2024, 1, 1), timezones=st.just(UTC)),
    st.floats(0.5, 900),
    st.integers(1, 60),
    st.integers(1, 90),
)


@given(logs)
def test_every_label_window_closes_before_the_next_fold_and_before_now(log) -> None:
    first, days, horizon_days, lookback_days = log
    now, horizon, lookback = first + timedelta(days=days), horizon_days * DAY, lookback_days * DAY
    try:
        folds = plan_folds(first, now, horizon=horizon, lookback=lookback)
    except NotEnoughData:
        assert longest_horizon(first, now, lookback) < horizon
        return
    blocks = [folds.train, folds.valid, folds.calibration, folds.test]
    assert all(blocks)
    for earlier, later in pairwise(blocks):
        assert max(earlier) + horizon <= min(later)
    assert max(folds.refit) + horizon <= min(folds.test)
    assert {*folds.train, *folds.valid, *folds.calibration} <= {*folds.refit}
    assert max(folds.test) + horizon <= now
    assert now - (max(folds.test) + horizon) < DAY
    assert min(folds.all()) - lookback >= first
    assert all(later - earlier == horizon for earlier, later in pairwise(folds.test))
    assert all(cutoff.time().isoformat() == "00:00:00" for cutoff in folds.all())
    assert all(list(block) == sorted(set(block)) for block in (*blocks, folds.refit))


@given(logs)
def test_the_longest_horizon_named_in_a_refusal_fits(log) -> None:
    first, days, _, lookback_days = log
    now, lookback = first + timedelta(days=days), lookback_days * DAY
    fits = longest_horizon(first, now, lookback)
    if fits >= DAY:
        assert plan_folds(first, now, horizon=fits, lookback=lookback).test
    with pytest.raises(NotEnoughData):
        plan_folds(first, now, horizon=max(fits, 0 * DAY) + DAY, lookback=lookback)


def test_a_demo_of_270_days() -> None:
    folds = plan_folds(START, START + 270 * DAY, horizon=28 * DAY, lookback=56 * DAY)
    days = {
        name: [(cutoff - START).days for cutoff in getattr(folds, name)] for name in ("valid", "calibration", "test")
    }
    assert days == {"valid": [130, 144], "calibration": [172, 186], "test": [214, 242]}
    assert [(cutoff - START).days for cutoff in folds.train] == [60, 67, 74, 81, 88, 95, 102]
    assert [(cutoff - START).days for cutoff in folds.refit] == list(range(60, 187, 7))


def test_a_short_horizon_is_judged_and_chosen_on_more_cutoffs() -> None:
    folds = plan_folds(START, START + 270 * DAY, horizon=14 * DAY, lookback=28 * DAY)
    days = {
        name: [(cutoff - START).days for cutoff in getattr(folds, name)] for name in ("valid", "calibration", "test")
    }
    assert days == {
        "valid": [102, 109, 116, 123, 130],
        "calibration": [144, 151, 158, 165, 172],
        "test": [186, 200, 214, 228, 242, 256],
    }
    daily = plan_folds(START, START + 270 * DAY, horizon=DAY, lookback=28 * DAY)
    assert (len(daily.test), len(daily.valid), len(daily.calibration)) == (6, 1, 1)


def test_deskdrop_has_three_test_cutoffs() -> None:
    first, now = datetime(2016, 3, 14, 13, 54, tzinfo=UTC), datetime(2017, 2, 28, 19, 21, tzinfo=UTC)
    folds = plan_folds(first, now, horizon=28 * DAY, lookback=56 * DAY)
    assert [f"{cutoff:%m-%d}" for cutoff in folds.test] == ["12-06", "01-03", "01-31"]
    assert len(folds.train) >= 10


def test_a_long_log_is_sampled_fortnightly() -> None:
    folds = plan_folds(START, START + 800 * DAY, horizon=28 * DAY, lookback=56 * DAY)
    assert folds.train[1] - folds.train[0] == 14 * DAY


def test_a_step_can_be_asked_for() -> None:
    folds = plan_folds(START, START + 400 * DAY, horizon=28 * DAY, lookback=56 * DAY, step=14 * DAY)
    assert folds.train[1] - folds.train[0] == 14 * DAY


def test_a_short_log_is_refused_with_the_longest_horizon_that_fits() -> None:
    with pytest.raises(NotEnoughData) as error:
        plan_folds(START, START + 100 * DAY, horizon=28 * DAY, lookback=56 * DAY)
    assert str(error.value) == (
        "the log holds 100 days (2026-01-01 to 2026-04-11), but a horizon of 28 days after a lookback of 56 needs 168 "
        "for training, validation, calibration and test; the longest horizon that fits is 11 days "
        "(READERSHIP_CHURN_HORIZON_DAYS=11 for churn); or bring more history"
    )


def test_a_log_shorter_than_the_lookback_says_so() -> None:
    with pytest.raises(NotEnoughData, match="no horizon fits after a lookback of 56 days"):
        plan_folds(START, START + 40 * DAY, horizon=28 * DAY, lookback=56 * DAY)
