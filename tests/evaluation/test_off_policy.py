"""Estimators by hand on four rows; they find a known truth, their intervals hold it, thin logs are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readership.errors import InputError
from readership.evaluation.off_policy.estimators import Terms, dm, dr, ipw, snipw, switch_dr
from readership.evaluation.off_policy.evaluate import evaluate
from readership.evaluation.off_policy.logged import Logged
from readership.evaluation.off_policy.overlap import Overlap, ThinOverlap
from readership.evaluation.off_policy.reward_model import fitted, fold_of, sums

FOUR = Terms(
    weight=np.array([2.0, 0.5, 1.0, 20.0]),
    reward=np.array([1.0, 1.0, 0.0, 0.0]),
    predicted=np.array([0.5, 0.5, 0.25, 0.25]),
    expected=np.array([0.5, 0.4, 0.3, 0.2]),
    times=np.ones(4),
)


def log(rows: int, seed: int = 0, propensity: float = 0.5, each: int = 1) -> Logged:
    """Two actions drawn by a coin; the second is clicked at 30 %, the first at 10 %."""
    rng = np.random.default_rng(seed)
    action = (rng.random(rows) < 1 - propensity).astype(int)
    chance = np.where(action == 1, 1 - propensity, propensity)
    clicked = (rng.random(rows) < np.where(action == 1, 0.3, 0.1)).astype(float)
    return Logged(np.zeros(rows, int), action, clicked, chance, np.arange(rows) // each)


def test_estimators_on_four_rows() -> None:
    assert ipw(FOUR) == pytest.approx((2 * 1 + 0.5 * 1) / 4)
    assert snipw(FOUR) == pytest.approx((2 * 1 + 0.5 * 1) / (2 + 0.5 + 1 + 20))
    assert dm(FOUR) == pytest.approx((0.5 + 0.4 + 0.3 + 0.2) / 4)
    assert dr(FOUR) == pytest.approx((1.4 + 2 * 0.5 + 0.5 * 0.5 - 1 * 0.25 - 20 * 0.25) / 4)
    assert switch_dr(FOUR) == pytest.approx((1.4 + 2 * 0.5 + 0.5 * 0.5 - 1 * 0.25) / 4)
    twice = FOUR._replace(times=np.array([2.0, 0, 1, 1]))
    assert ipw(twice) == pytest.approx(2 * 2 / 4)
    assert snipw(twice) == pytest.approx(4 / (2 * 2 + 1 + 20))


def test_whole_way_on_four_rows() -> None:
    """Logged 0.5 each, asked about 0.8 / 0.2: weights 1.6, 0.4, 1.6, 0.4; clicks on the first and the last."""
    found = evaluate(
        Logged(np.zeros(4, int), np.array([0, 1, 0, 1]), np.array([1.0, 0, 0, 1]), np.full(4, 0.5), np.arange(4)),
        np.array([[0.8, 0.2]]),
        least_ess=1, most_share=1, replicates=5,
    )  # fmt: skip
    assert found.estimates["ipw"]["value"] == pytest.approx((1.6 + 0.4) / 4)
    assert found.estimates["snipw"]["value"] == pytest.approx(2 / 4)
    assert found.overlap == (4, pytest.approx(16 / (2 * 1.6**2 + 2 * 0.4**2)), pytest.approx(0.4), pytest.approx(1))


def test_truth_is_found_by_every_estimator() -> None:
    found = evaluate(log(100_000, propensity=0.7), np.array([[0.2, 0.8]]), replicates=20)
    for name, one in found.estimates.items():
        assert one["value"] == pytest.approx(0.2 * 0.1 + 0.8 * 0.3, rel=0.03), name
        assert one["ci95"][0] < one["value"] < one["ci95"][1]


def test_intervals_hold_the_truth_and_by_unit_they_are_wider() -> None:
    target, covered = np.array([[0.2, 0.8]]), 0
    for seed in range(60):
        low, high = evaluate(log(800, seed), target, replicates=150, seed=seed).estimates["dr"]["ci95"]
        covered += low <= 0.26 <= high
    assert covered >= 52
    rng = np.random.default_rng(0)
    action, clicked = (np.repeat(column, 10) for column in (rng.integers(0, 2, 100), (rng.random(100) < 0.3) * 1.0))
    units = (np.repeat(np.arange(100), 10), np.arange(1000))
    readers, rows = (Logged(np.zeros(1000, int), action, clicked, np.full(1000, 0.5), unit) for unit in units)
    spans = [np.ptp(evaluate(one, target, least_ess=1).estimates["ipw"]["ci95"]) for one in (readers, rows)]
    assert spans[0] > 2 * spans[1]


def test_doubly_robust_where_the_propensities_are_wrong() -> None:
    """Propensities logged twice too high in one context: weighting alone is off, the reward model repairs it."""
    rng = np.random.default_rng(1)
    context, action = rng.integers(0, 2, 40_000), rng.integers(0, 2, 40_000)
    clicked = (rng.random(40_000) < np.array([[0.1, 0.3], [0.2, 0.5]])[context, action]).astype(float)
    said = np.where(context == 1, 1.0, 0.5)
    found = evaluate(
        Logged(context, action, clicked, said, np.arange(40_000)), np.array([[0.0, 1.0], [0.0, 1.0]]), replicates=20
    )
    assert found.estimates["dr"]["value"] == pytest.approx(0.4, rel=0.03)
    assert found.estimates["ipw"]["value"] < 0.3
    assert found.overlap.mean_weight < 0.8


def test_too_little_overlap_is_refused_with_its_numbers() -> None:
    thin = log(10_000, propensity=0.999)
    with pytest.raises(
        ThinOverlap, match=r"of 10,000 logged decisions, only as much as \d+ speaks .* \(at least 100"
    ) as error:
        evaluate(thin, np.array([[0.0, 1.0]]))
    assert error.value.code == "thin_overlap"
    assert "% of the weight" in str(error.value)
    assert evaluate(thin, np.array([[1.0, 0.0]]), replicates=10).overlap.ess > 9_000
    assert Overlap.of(np.zeros(3)) == (3, 0.0, 0.0, 0.0)
    with pytest.raises(ThinOverlap):
        Overlap.of(np.zeros(3)).refuse_if_thin()


def test_clipped_weights_are_calmer() -> None:
    some = log(5_000, propensity=0.95)
    wild, calm = (evaluate(some, np.array([[0.2, 0.8]]), clip=clip, replicates=50) for clip in (None, 3.0))
    assert calm.overlap.ess > 3 * wild.overlap.ess
    assert np.ptp(calm.estimates["ipw"]["ci95"]) < np.ptp(wild.estimates["ipw"]["ci95"])
    assert calm.estimates["ipw"]["value"] < 0.15
    with pytest.raises(InputError, match="clipped at 0"):
        evaluate(some, np.array([[0.2, 0.8]]), clip=0.0)


def test_a_row_does_not_speak_for_its_own_unit() -> None:
    some = log(300, each=3)
    fold = fold_of(some, 3, seed=0)
    assert all(len(set(fold[some.unit == unit])) == 1 for unit in range(100))
    model = fitted(sums(fold * 2 + some.action, some.reward, np.ones(300), (3, 1, 2)))
    rewarded = some.reward + (fold == 1)
    again = fitted(sums(fold * 2 + some.action, rewarded, np.ones(300), (3, 1, 2)))
    assert again[1].tolist() == model[1].tolist()
    assert (again[0] > model[0]).all()


def test_slates_are_their_positions() -> None:
    found = Logged.of_slates(np.array([[4, 2], [1, 4]]), np.array([[1, 0], [0, 1]]), np.full((2, 2), 0.25))
    assert found.context.tolist() == [0, 1, 0, 1]
    assert found.action.tolist() == [4, 2, 1, 4]
    assert found.unit.tolist() == [0, 0, 1, 1]


def test_logs_and_policies_that_cannot_be_are_refused() -> None:
    some = log(10)
    with pytest.raises(InputError, match=r"1 of 10 logged propensities are not in \(0, 1\] \(first: row 3, 0\.0\)"):
        Logged(some.context, some.action, some.reward, np.where(np.arange(10) == 3, 0.0, 0.5), some.unit)
    with pytest.raises(InputError, match="needs rows"):
        Logged(*(np.zeros(0),) * 5)
    with pytest.raises(InputError, match=r"sum to between 0\.900000"):
        evaluate(some, np.array([[0.5, 0.4]]))
    with pytest.raises(InputError, match="actions to 1, the policy asked about chances for 1 contexts and 1 actions"):
        evaluate(some, np.array([[1.0]]))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.01, 50), min_size=1, max_size=30))
def test_effective_sample_size_is_between_one_and_the_rows(weights: list[float]) -> None:
    found = Overlap.of(np.array(weights))
    assert 1 - 1e-9 <= found.ess <= len(weights) + 1e-9
    assert found.ess * found.heaviest >= 1 - 1e-9
    assert Overlap.of(np.ones(len(weights))).ess == pytest.approx(len(weights))
