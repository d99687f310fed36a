"""Arms, many questions at once, plans and decisions: beside scipy and tea-tasting, and by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from trial import trial

from readership.experiments.analysis import Effect
from readership.experiments.multiplicity import benjamini_hochberg, holm
from readership.experiments.planning import (
    Baseline,
    days_needed,
    detectable,
    plan,
    power_of,
    units_needed,
    units_needed_watched,
)
from readership.experiments.sample_ratio import chances, sample_ratio
from readership.experiments.verdict import findings, verdicts

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_arms_are_compared_with_their_weights() -> None:
    # expected 600, 300, 100: chi² = 20²/600 + 20²/300 + 40²/100 = 18
    found = sample_ratio([620, 320, 60], [0.6, 0.3, 0.1])
    assert found.p == pytest.approx(stats.chi2.sf(18, 2))
    assert (found.verdict, found.broken) == ("broken", True)
    even = sample_ratio([1_010, 990], [0.5, 0.5])
    assert (even.verdict, even.p) == ("as drawn", pytest.approx(stats.chisquare([1_010, 990]).pvalue))
    assert sample_ratio([7, 0], [0.5, 0.5]).verdict == "too few"
    assert sample_ratio([0, 0], [0.5, 0.5]) == ((0, 0), (0.0, 0.0), 1.0, "too few")


def test_many_splits_at_once_are_as_one_by_one() -> None:
    arms = np.array([100, 130, 70, 500, 520])
    expected = [stats.chisquare(arms[:3]).pvalue, stats.chisquare(arms[3:]).pvalue]
    np.testing.assert_allclose(chances(arms, np.array([0, 0, 0, 1, 1])), expected)


@given(P_VALUES)
def test_false_discoveries_are_scipy_s(p: list[float]) -> None:
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p))


@given(P_VALUES)
def test_holm_is_at_least_as_strict_and_keeps_the_order(p: list[float]) -> None:
    found = holm(p)
    assert all(adjusted >= min(1.0, one) for one, adjusted in zip(p, found, strict=True))
    assert all(a <= b for a, b in zip(np.array(found)[np.argsort(p)], np.array(found)[np.argsort(p)][1:], strict=False))
    assert min(found) == pytest.approx(min(1.0, len(p) * min(p)))


BASE = Baseline(2.0, 9.0, 0.0)


def test_units_are_those_of_tea_tasting() -> None:
    from tea_tasting.aggr import Aggregates
    from tea_tasting.metrics import Mean

    peer = Mean("y", effect_size=0.3, use_t=False, power=0.8, alpha=0.05)
    (found,) = peer.solve_power_from_aggregates(Aggregates(1000, {"y": 2.0}, {"y": 9.0}, {}), "n_obs")
    assert units_needed(BASE, 0.3, (0.5, 0.5)) == pytest.approx(found.n_obs, abs=2)


def test_units_by_hand() -> None:
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert units_needed(BASE, 0.3, (0.8, 0.2)) == np.ceil(9 * (1 / 0.8 + 1 / 0.2) * z**2 / 0.09)
    assert units_needed(BASE._replace(explained=0.75), 0.3, (0.5, 0.5)) == np.ceil(9 * 0.25 * 4 * z**2 / 0.09)
    shared = stats.norm.ppf(1 - 0.025 / 2) + stats.norm.ppf(0.8)
    assert units_needed(BASE, 0.3, (0.5, 0.25, 0.25)) == np.ceil(9 * (1 / 0.5 + 1 / 0.25) * shared**2 / 0.09)
    assert units_needed_watched(BASE, 0.3, (0.5, 0.5)) == pytest.approx(
        9 * 4 * (3.0356 + stats.norm.ppf(0.8)) ** 2 / 0.09, rel=1e-3
    )


def test_power_and_what_can_be_shown_undo_each_other() -> None:
    units = units_needed(BASE, 0.3, (0.5, 0.5), power=0.9)
    assert power_of(BASE, 0.3, units, (0.5, 0.5)) == pytest.approx(0.9, abs=0.001)
    assert detectable(BASE, units, (0.5, 0.5), power=0.9) == pytest.approx(0.3, rel=1e-3)
    assert power_of(BASE, 0.0, 100, (0.5, 0.5)) == pytest.approx(0.05)


def test_days_follow_the_traffic(tmp_path) -> None:
    assert days_needed(160, [100, 60]) == 2
    assert days_needed(161, [100, 60]) == 3
    assert days_needed(1, []) is None
    assert days_needed(366 * 10, [10]) is None
    metric = trial(tmp_path).metrics[0]
    found = plan(metric, BASE._replace(explained=0.5), 0.3, (0.5, 0.5), [1_000] * 10, coverage=0.5)
    assert (found.units, found.days) == (pytest.approx(units_needed(BASE, 0.3, (0.5, 0.5)) / 2, abs=1), 4)
    assert found.units_without_covariate == units_needed(BASE, 0.3, (0.5, 0.5))
    assert found.days_watched > found.days


AS_DRAWN, BROKEN = sample_ratio([500, 500], [0.5, 0.5]), sample_ratio([700, 300], [0.5, 0.5])
WIDE, ABOVE, BELOW = (-0.1, 0.2), (0.05, 0.3), (-0.3, -0.05)


def effect(metric: str, fixed: tuple[float, float], always: tuple[float, float], p: float = 0.01) -> Effect:
    middle = sum(fixed) / 2
    return Effect(
        metric, "hybrid", 500, 500, control=1.0, treatment=1 + middle, difference=middle,
        low=fixed[0], high=fixed[1], p=p, p_adjusted=p, always_low=always[0], always_high=always[1],
    )  # fmt: skip


DECISIONS = [
    # fixed, always valid, guard-rail (less is better), complete, split -> verdict of the metric, of the rail, of all
    (ABOVE, WIDE, (-0.05, 0.05), False, AS_DRAWN, "open", "safe", "wait"),
    (ABOVE, ABOVE, (-0.05, 0.05), False, AS_DRAWN, "better", "safe", "adopt"),
    (ABOVE, WIDE, (-0.05, 0.05), True, AS_DRAWN, "better", "safe", "adopt"),
    (BELOW, BELOW, (-0.05, 0.05), False, AS_DRAWN, "worse", "safe", "drop"),
    (WIDE, WIDE, (-0.05, 0.15), True, AS_DRAWN, "open", "open", "no difference"),
    (ABOVE, ABOVE, (0.01, 0.05), False, AS_DRAWN, "better", "harmed", "harm"),
    (ABOVE, ABOVE, (-0.3, -0.2), False, BROKEN, "better", "safe", "broken"),
]


@pytest.mark.parametrize(("fixed", "always", "rail", "complete", "split", "first", "guard", "verdict"), DECISIONS)
def test_intervals_become_decisions(tmp_path, fixed, always, rail, complete, split, first, guard, verdict) -> None:
    experiment = trial(tmp_path)
    experiment = replace(experiment, metrics=experiment.metrics[:1])
    found = findings(experiment, [effect("active_days", fixed, always), effect("cancelled", rail, rail)], complete)
    assert [one.verdict for one in found] == [first, guard]
    assert verdicts(experiment, found, split, complete) == [("hybrid", verdict)]


def test_at_the_end_the_adjusted_chance_counts_as_well(tmp_path) -> None:
    experiment = replace(trial(tmp_path), guardrails=())
    found = findings(experiment, [effect("active_days", ABOVE, WIDE, p=0.06)], complete=True)
    assert found[0].verdict == "open"


def test_what_cannot_be_told_decides_nothing(tmp_path) -> None:
    experiment = replace(trial(tmp_path), guardrails=())
    nothing = Effect("active_days", "hybrid", 500, 500, unknown="every unit has the same value")
    found = findings(experiment, [nothing], complete=False)
    assert found[0].verdict == "unknown"
    assert verdicts(experiment, found, AS_DRAWN, complete=False) == [("hybrid", "wait")]
