"""The linear form of Thompson against the exact posterior."""

import numpy as np
import pytest
from scipy.stats import norm

from readership.errors import InputError
from readership.models.bandits.linear import Brought, LinearThompson, fit_linear
from readership.models.bandits.logistic import Properties

RNG = np.random.default_rng(0)


def brought(shown: list[float], total: list[float]) -> Brought:
    """One cell, all arms present."""
    return Brought(np.array([shown], float), np.array([total], float), np.ones((1, len(shown)), bool))


def own(arms: int, spread: float = 1.0) -> Properties:
    """Each arm has a weight of its own."""
    return Properties.of([(np.arange(arms)[None, :], spread)])


def test_one_arm_by_hand() -> None:
    found = fit_linear(brought([3], [6]), own(1), level=0.0, noise=1.0)
    assert found.mean.tolist() == [1.5]
    assert found.factor.tolist() == [[2.0]]


def test_weights_shared_by_arms_have_the_exact_posterior() -> None:
    """Row by row: X of every impression, precision XᵀX / noise² + I / spread², as a textbook says."""
    properties = Properties.of(
        [(np.array([[0, 0, 0]]), 2.0), (np.array([[0, 1, 0]]), 0.5), (np.array([[0, 1, 2]]), 1.0)]
    )
    shown, noise, level = [4, 2, 7], 0.7, 0.3
    rows = np.zeros((13, len(properties.spread)))
    for row, arm in enumerate(np.repeat([0, 1, 2], shown)):
        rows[row, properties.codes[0, arm]] = 1
    values = RNG.normal(1.0, 1.0, 13)
    totals = np.add.reduceat(values, [0, 4, 6])
    precision = rows.T @ rows / noise**2 + np.diag(1 / properties.spread**2)
    mean = np.linalg.solve(precision, rows.T @ (values - level) / noise**2)
    found = fit_linear(brought(shown, totals.tolist()), properties, level, noise)
    assert found.mean == pytest.approx(mean)
    assert found.factor @ found.factor.T == pytest.approx(precision)
    policy = LinearThompson(properties, level, noise)
    expected = policy.expected(brought(shown, totals.tolist()))[0]
    assert expected[1] == pytest.approx(level + mean[properties.codes[0, 1]].sum())


def test_the_chance_of_winning_is_the_closed_form() -> None:
    """N(8/5, 1/5) against N(2/3, 1/3): P(first > second) = Φ((8/5 − 2/3) / √(1/5 + 1/3))."""
    policy = LinearThompson(own(2), level=0.0, noise=1.0, draws=20_000)
    first = policy.chances(brought([4, 2], [8, 2]), np.random.default_rng(1))[0, 0]
    assert first == pytest.approx(norm.cdf((8 / 5 - 2 / 3) / np.sqrt(1 / 5 + 1 / 3)), abs=0.01)


def test_nothing_shown_one_arm_and_what_cannot_be() -> None:
    even = LinearThompson(own(2), 1.0, 1.0, draws=4_000).chances(brought([0, 0], [0, 0]), np.random.default_rng(2))
    assert even == pytest.approx(np.full((1, 2), 0.5), abs=0.03)
    assert LinearThompson(own(1), 1.0, 1.0).chances(brought([0], [0]), RNG).tolist() == [[1.0]]
    absent = Brought(np.zeros((1, 2)), np.zeros((1, 2)), np.array([[False, True]]))
    assert LinearThompson(own(2), 1.0, 1.0).chances(absent, RNG).tolist() == [[0.0, 1.0]]
    with pytest.raises(InputError, match="counted from 0 on"):
        brought([-1], [0])
    with pytest.raises(InputError, match=r"noise is 0\.0"):
        fit_linear(brought([1], [1]), own(1), 0.0, 0.0)
    with pytest.raises(InputError, match=r"properties of \(1, 3\) arms"):
        LinearThompson(own(3), 0.0, 1.0).chances(brought([1], [1]), RNG)
