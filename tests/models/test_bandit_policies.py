"""Policies share out what is there, by numbers that can be worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readership.errors import InputError, NotEnoughData
from readership.models.bandits.chances import best, drawn, evenly, mixed, restricted
from readership.models.bandits.epsilon_greedy import EpsilonGreedy
from readership.models.bandits.evidence import Evidence
from readership.models.bandits.explore_then_commit import ExploreThenCommit
from readership.models.bandits.logistic import LogisticThompson, Properties
from readership.models.bandits.policy import Policy
from readership.models.bandits.prior import Flat, Hierarchy, Shrinkage
from readership.models.bandits.prior_fitting import fit_flat, fit_shrinkage
from readership.models.bandits.thompson import Thompson, posterior
from readership.models.bandits.ucb1 import Ucb1
from readership.models.bandits.uniform import Uniform

RNG = np.random.default_rng(0)


def evidence(shown: list[float], clicked: list[float], **more: object) -> Evidence:
    """One cell."""
    return Evidence.of(np.array([shown], float), np.array([clicked], float), **more)  # type: ignore[arg-type]


def policies(cells: int, arms: int) -> list[Policy]:
    """Every policy, for so many cells and arms."""
    codes = np.broadcast_to(np.arange(arms), (cells, arms))
    whole = Shrinkage(0.02, 100, 100, 10, 100)
    return [
        Uniform(),
        ExploreThenCommit(5),
        EpsilonGreedy(0.1),
        Ucb1(),
        Thompson(Flat(1, 1), 50),
        Thompson(Flat(1, 1), 50, width=0.5, narrowing=True),
        Thompson(Hierarchy(whole, np.zeros(cells, int)), 50),
        LogisticThompson(Properties.of([(codes, 1.0)]), -3.0, 20),
    ]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 2**16))
def test_chances_sum_to_one_where_there_is_an_arm(cells: int, arms: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shown = rng.integers(0, 30, (cells, arms)).astype(float)
    known = Evidence.of(shown, np.floor(shown * rng.random((cells, arms))), present=rng.random((cells, arms)) < 0.7)
    for policy in policies(cells, arms):
        found = policy.chances(known, rng)
        assert found.shape == shown.shape
        assert (found[~known.present] == 0).all()
        assert found.sum(axis=1) == pytest.approx(known.present.any(axis=1).astype(float))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.integers(0, 255), st.floats(0, 0.999))
def test_restricting_renormalises_and_draws_only_the_eligible(chances: list[float], mask: int, lot: float) -> None:
    vector = np.array(chances) / max(sum(chances), 1e-9)
    eligible = np.array([mask >> place & 1 == 1 for place in range(len(chances))])
    found = restricted(vector, eligible)
    if not eligible.any():
        assert not found.any()
        return
    assert found.sum() == pytest.approx(1)
    assert eligible[drawn(found, lot)]
    kept = eligible & (vector > 1e-6)
    if kept.sum() > 1:
        one, other = np.flatnonzero(kept)[:2]
        assert found[one] / found[other] == pytest.approx(vector[one] / vector[other])


def test_an_arm_present_always_keeps_its_even_share() -> None:
    present = np.array([[True, True, True, False]])
    assert mixed(best(np.array([[3.0, 1.0, 2.0, 9.0]]), present), present, 0.3).tolist() == [
        [pytest.approx(0.8), pytest.approx(0.1), pytest.approx(0.1), 0.0]
    ]
    assert evenly(np.zeros((1, 2), bool)).tolist() == [[0.0, 0.0]]


def test_policies_by_hand() -> None:
    known = evidence([10, 100, 0], [2, 10, 0])
    assert Uniform().chances(known, RNG).round(4).tolist() == [[0.3333, 0.3333, 0.3333]]
    assert ExploreThenCommit(10).chances(known, RNG).tolist() == [[0, 0, 1]]
    assert ExploreThenCommit(50).chances(known, RNG).tolist() == [[0.5, 0, 0.5]]
    assert EpsilonGreedy(0.3).chances(known, RNG).round(4).tolist() == [[0.1, 0.1, 0.8]]
    tried = evidence([10, 100, 50], [2, 10, 1])
    assert ExploreThenCommit(10).chances(tried, RNG).tolist() == [[1, 0, 0]]
    assert EpsilonGreedy(0.3).chances(tried, RNG).round(4).tolist() == [[0.8, 0.1, 0.1]]
    # 0.2 + sqrt(2 ln 160 / 10) = 1.21; 0.1 + sqrt(2 ln 160 / 100) = 0.42; 0.02 + sqrt(2 ln 160 / 50) = 0.47
    assert Ucb1().chances(tried, RNG).tolist() == [[1, 0, 0]]
    # a click on the second is worth 20 of the first: 0.2 against 2
    assert EpsilonGreedy(0).chances(replace(tried, per_click=np.array([[1.0, 20.0, 1.0]])), RNG).tolist() == [[0, 1, 0]]


def test_posterior_is_prior_plus_what_was_seen() -> None:
    found = posterior(Flat(1, 1), evidence([10, 0], [3, 0]))
    assert found.clicks.tolist() == [[4, 1]]
    assert found.misses.tolist() == [[8, 1]]
    assert found.rate.tolist() == [[pytest.approx(1 / 3), 0.5]]


def test_chance_of_winning_is_the_closed_form() -> None:
    """P(X > Y), X ~ Beta(2, 1), Y ~ Beta(1, 1): ∫ 2x · x dx = 2/3; of Beta(1, 2) it is 1 - 2/3 = 1/3."""
    found = Thompson(Flat(1, 1), 40_000).chances(evidence([1, 0], [1, 0]), np.random.default_rng(1))
    assert found[0] == pytest.approx([2 / 3, 1 / 3], abs=0.01)
    found = Thompson(Flat(1, 1), 40_000).chances(evidence([1, 0], [0, 0]), np.random.default_rng(1))
    assert found[0] == pytest.approx([1 / 3, 2 / 3], abs=0.01)


def test_nothing_shown_one_arm_and_no_arm() -> None:
    assert Thompson(Flat(1, 1), 9_000).chances(evidence([0, 0], [0, 0]), RNG)[0] == pytest.approx([0.5, 0.5], abs=0.03)
    assert Thompson(Flat(1, 1)).chances(evidence([5], [1]), RNG).tolist() == [[1.0]]
    none = Evidence.of(np.zeros((2, 1)), np.zeros((2, 1)), present=np.array([[False], [True]]))
    assert Thompson(Flat(1, 1)).chances(none, RNG).tolist() == [[0.0], [1.0]]
    assert Thompson(Flat(1, 1)).chances(Evidence.of(np.zeros((1, 0)), np.zeros((1, 0))), RNG).shape == (1, 0)


def test_at_its_end_a_test_shows_the_best_so_far_alone() -> None:
    known = evidence([100, 100], [6, 5], gone=np.array([1.0]))
    assert Thompson(Flat(1, 1), 100, narrowing=True).chances(known, RNG).tolist() == [[1, 0]]
    begun = Thompson(Flat(1, 1), 4_000, narrowing=True).chances(replace(known, gone=np.zeros(1)), RNG)
    assert begun[0] == pytest.approx(Thompson(Flat(1, 1), 4_000).chances(known, RNG)[0], abs=0.04)


def test_counts_and_prices_that_cannot_be_are_refused() -> None:
    with pytest.raises(InputError, match=r"clicked of a bandit holds -1\.0"):
        evidence([1, 1], [-1, 0])
    with pytest.raises(InputError, match="per_click"):
        evidence([1], [0], per_click=-2.0)
    with pytest.raises(InputError, match="epsilon is 1"):
        EpsilonGreedy(1.5)
    assert evidence([0], [1]).missed.tolist() == [[0.0]]  # a click that came before its impression


def test_a_flat_prior_is_found_again() -> None:
    rng = np.random.default_rng(2)
    shown = rng.integers(200, 2_000, 3_000).astype(float)
    found = fit_flat(shown, rng.binomial(shown.astype(int), rng.beta(2, 98, 3_000)).astype(float))
    assert found.rate == pytest.approx(0.02, rel=0.03)
    assert found.strength == pytest.approx(100, rel=0.1)
    with pytest.raises(NotEnoughData, match="2 arms with 20 impressions and 3 clicks"):
        fit_flat(np.array([10.0, 10.0, 0.0]), np.array([1.0, 2.0, 0.0]))


def test_an_unseen_ad_is_believed_by_its_cell_and_by_itself_elsewhere() -> None:
    """Two placements of two contexts; with these strengths everything but the ad's factor is as good as exact."""
    shown, clicked = np.zeros((4, 3)), np.zeros((4, 3))
    shown[0, :2], clicked[0, :2] = 1e7, (1e5, 3e5)
    hierarchy = Hierarchy(Shrinkage(0.02, 1e6, 1e6, 1e-3, 1e12), np.array([0, 0, 1, 1]))
    found = hierarchy.believed(Evidence.of(shown, clicked))
    # an unseen ad in the cell seen: the others' clicks of their impressions, 400,000 of 20,000,000, as believed before
    assert found.rate[0, 2] == pytest.approx(0.02, rel=1e-3)
    # the first had half of what cell 0 leads to expect of it (the second's 0.03 and the prior's 0.02 behind it)
    assert found.rate[2, 0] / found.rate[2, 2] == pytest.approx(0.01 / 0.03, rel=0.06)
    assert found.strength[2, 0] > found.strength[2, 2]


def test_what_an_ad_did_in_a_cell_is_not_believed_of_it_there_twice() -> None:
    prior = Hierarchy(Shrinkage(0.02, 100, 100, 5, 200), np.array([0, 1]))
    shown, clicked = np.full((2, 2), 50.0), np.full((2, 2), 1.0)
    before = prior.believed(Evidence.of(shown, clicked))
    shown[0, 0], clicked[0, 0] = 5000.0, 2500.0
    after = prior.believed(Evidence.of(shown, clicked))
    assert after.rate[0, 0] == pytest.approx(before.rate[0, 0], rel=1e-9)
    assert after.rate[1, 0] > before.rate[1, 0]


def test_levels_are_found_again() -> None:
    rng = np.random.default_rng(3)
    placement = np.repeat(np.arange(40), 5)
    of_placement = rng.beta(0.02 * 500, 0.98 * 500, 40)
    of_cell = rng.beta(of_placement[placement] * 2000, (1 - of_placement[placement]) * 2000)
    factor = rng.gamma(10, 1 / 10, 30)
    mean = of_cell[:, None] * factor
    rate = rng.beta(mean * 1000, (1 - mean) * 1000)
    shown = np.full(rate.shape, 2_000.0)
    found = fit_shrinkage(Evidence.of(shown, rng.binomial(2_000, rate).astype(float)), placement)
    assert found.rate == pytest.approx(0.02, rel=0.1)
    assert 200 < found.placement < 1200
    assert 800 < found.context < 5000
    assert 5 < found.ad < 20
    assert 700 < found.cell < 1500


def test_what_is_learnt_of_one_arm_tells_of_its_like() -> None:
    """Arms 0 and 1 share a property that is clicked much; arm 1 was never shown."""
    kind, arm = np.array([[0, 0, 1]]), np.array([[0, 1, 2]])
    policy = LogisticThompson(Properties.of([(kind, 1.0), (arm, 0.3)]), -3.0)
    known = evidence([2_000, 0, 2_000], [200, 0, 60])
    rate = policy.rate(known)[0]
    assert rate[[0, 2]] == pytest.approx([0.1, 0.03], rel=0.1)
    assert rate[1] > 0.08
    assert policy.chances(known, np.random.default_rng(0))[0, 2] == 0
