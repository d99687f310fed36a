"""Intervals that may be watched: by hand, beside the mixture test, and by watching thousands of experiments."""

import math

import numpy as np
import pytest
from scipy import stats

from readership.benchmarks.experiment_peeking import FIXED, OUTCOMES, peek, plain, scores, subscribed
from readership.experiments.anytime import FEWEST, band, critical, rho_squared

RUNS = 2_000


def test_the_interval_by_hand() -> None:
    # rho² t = 8.78 at the number expected: half = se · sqrt((1 + 1/8.7818) (log 9.7818 + 2 log 20))
    v = 2 * math.log(20) + math.log(2 * math.log(20)) + 1
    assert rho_squared(4_000) * 4_000 == pytest.approx(v) == pytest.approx(8.7818, abs=1e-4)
    half = 0.05 * math.sqrt((1 + 1 / v) * (math.log(1 + v) + 2 * math.log(20)))
    found = band(0.2, 0.05, 2_000, 2_000, 4_000)
    assert (found.low, found.high) == pytest.approx((0.2 - half, 0.2 + half))
    assert half / 0.05 == pytest.approx(3.0354, abs=1e-4)


@pytest.mark.parametrize("units", [400, 4_000, 40_000])
def test_it_leaves_out_zero_just_where_the_mixture_test_rejects(units: int) -> None:
    v = rho_squared(4_000) * units
    edge = 0.01 * float(critical(v))
    # likelihood ratio of a normal mixture with variance tau² = v se², straight from the two densities
    ratio = stats.norm.pdf(edge, 0, 0.01 * math.sqrt(1 + v)) / stats.norm.pdf(edge, 0, 0.01)
    assert ratio == pytest.approx(20)
    found = band(edge, 0.01, units // 2, units // 2, 4_000)
    assert (found.low, found.p) == pytest.approx((0.0, 0.05), abs=1e-9)


def test_it_is_narrowest_where_it_was_tuned() -> None:
    expected = 10_000
    widths = {
        units: float(critical(rho_squared(expected) * units)) / math.sqrt(units) for units in range(2_000, 40_000, 500)
    }
    others = [
        float(critical(rho_squared(tuned) * expected))
        for tuned in (expected // 8, expected // 2, expected * 2, expected * 8)
    ]
    assert all(float(critical(rho_squared(expected) * expected)) < other for other in others)
    assert list(widths.values()) == sorted(widths.values(), reverse=True)


def test_a_chance_is_never_above_one_and_few_units_say_nothing() -> None:
    assert band(0.0, 0.1, 1_000, 1_000, 4_000).p == 1.0
    assert band(5.0, 0.1, FEWEST - 1, 1_000, 4_000) == (None, None, None)
    assert band(5.0, 0.0, 1_000, 1_000, 4_000) == (None, None, None)


def test_scores_are_those_of_the_units_so_far() -> None:
    rng = np.random.default_rng(3)
    control, treatment = rng.normal(0, 1, (2, 150)), rng.normal(0.2, 2, (2, 150))
    found = scores(control, treatment)
    assert found.shape == (2, 51)
    expected = stats.ttest_ind(treatment[1, :120], control[1, :120], equal_var=False).statistic
    assert found[1, 20] == pytest.approx(expected)


@pytest.mark.parametrize("outcome", list(OUTCOMES))
def test_watched_without_an_effect_it_is_wrong_in_one_of_twenty_at_most(outcome: str) -> None:
    found = peek(OUTCOMES[outcome], RUNS, 1_000)
    assert found.always <= 0.05
    assert found.fixed_peeking > 0.2
    assert found.fixed_at_end == pytest.approx(0.05, abs=0.02)


def test_an_effect_is_found_while_it_is_watched() -> None:
    # 0.16 standard deviations with 1,000 units in each arm, z = 3.6 at the end
    found = peek(subscribed, 400, 1_000, effect_sd=0.16)
    assert found.always >= 0.6
    assert found.fixed_at_end == pytest.approx(stats.norm.sf(FIXED - 0.16 * math.sqrt(500)), abs=0.04)


def test_it_holds_at_an_unexpected_number_of_units_too() -> None:
    rng = np.random.default_rng(8)
    z = np.abs(scores(plain(rng, 1_000, 600), plain(rng, 1_000, 600)))
    pairs = np.arange(FEWEST, 601)
    for expected in (200, 100_000):
        assert (z > critical(rho_squared(expected) * 2 * pairs)).any(axis=1).mean() <= 0.05
