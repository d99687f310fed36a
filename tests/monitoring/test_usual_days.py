"""What a day is held against: its weekday, robustly."""

import numpy as np

from readership.monitoring.usual import NOTICED, SURE, usual_days

WEEK = np.array([100.0, 110, 105, 100, 90, 40, 30])
NOISE = np.full(84, 5.0)


def days(weeks: int = 12, spread: float = 5.0, seed: int = 0) -> np.ndarray:
    return np.tile(WEEK, weeks) + np.random.default_rng(seed).normal(0, spread, 7 * weeks)


def test_a_sunday_is_held_against_sundays() -> None:
    found = usual_days(days(), NOISE)
    sunday, monday = found[83], found[77]
    assert sunday is not None
    assert monday is not None
    assert abs(sunday.expected - 30) < 6
    assert abs(monday.expected - 100) < 6
    assert sunday.away(100.0) > SURE
    assert monday.away(30.0) < -SURE


def test_days_as_ever_are_hardly_ever_noticed() -> None:
    noticed = 0
    for seed in range(40):
        values = days(seed=seed)
        held = zip(values, usual_days(values, NOISE), strict=True)
        noticed += sum(abs(usual.away(value)) > NOTICED for value, usual in held if usual is not None)
    assert noticed <= 4  # of 1,960 days


def test_one_broken_day_does_not_excuse_the_next() -> None:
    values = days()
    values[[62, 69, 76]] = 0.0  # three Sundays of eight
    usual = usual_days(values, NOISE)[83]
    assert usual is not None
    assert usual.away(0.0) < -NOTICED


def test_few_readers_make_a_wide_band_however_steady_the_days_were() -> None:
    values = np.tile(WEEK, 12)
    narrow, wide = (usual_days(values, np.full(84, noise))[83] for noise in (0.1, 20.0))
    assert narrow is not None
    assert wide is not None
    assert (narrow.away(24.0) < -SURE, wide.away(24.0) > -1) == (True, True)


def test_the_first_five_weeks_and_gaps_are_not_judged() -> None:
    found = usual_days(days(), NOISE)
    assert found[:35] == [None] * 35
    assert None not in found[35:]
    values = days()
    values[:70] = np.nan
    assert usual_days(values, np.where(np.isnan(values), np.nan, 5.0)) == [None] * 84
