"""Draws by name: the right distributions, no ties between keys, and the same number for the same key for ever."""

import numpy as np
import pytest

from readership.simulator.randomness import bits, key, keys, normal, pick, poisson, root, uniform

PINNED = [12580182814743820987, 7563683151899044205]
MANY = keys(key(root(7), "test"), np.arange(200_000))


def test_a_draw_is_fixed_by_its_key_and_purpose() -> None:
    some = keys(key(root(7), "visits", 12), np.array([0, 1, 5]))
    assert uniform(some, "start").round(12).tolist() == uniform(some, "start").round(12).tolist()
    assert bits(some, "start")[2] == bits(keys(key(root(7), "visits", 12), np.array([5])), "start")[0]
    assert (bits(some, "start") != bits(some, "end")).all()


def test_the_numbers_of_today_are_the_numbers_of_tomorrow() -> None:
    assert bits(keys(key(root(7), "pinned", 1), np.arange(2)), "draw").tolist() == PINNED


def test_uniform_fills_the_unit_interval_evenly() -> None:
    counts = np.histogram(uniform(MANY, "u"), bins=50, range=(0, 1))[0]
    expected = len(MANY) / 50
    chi_square = ((counts - expected) ** 2 / expected).sum()
    assert chi_square < 94  # the 0.9999 quantile with 49 degrees of freedom


def test_neighbouring_keys_days_and_purposes_are_unrelated() -> None:
    here = uniform(MANY, "u")
    for other in (np.roll(here, 1), uniform(MANY, "v"), uniform(keys(MANY, 1), "u"), uniform(keys(MANY, 2), "u")):
        assert abs(np.corrcoef(here, other)[0, 1]) < 4 / np.sqrt(len(MANY))


def test_normal_has_its_moments_and_tails() -> None:
    draws = normal(MANY, "n")
    assert abs(draws.mean()) < 0.01
    assert draws.std() == pytest.approx(1, abs=0.01)
    assert (np.abs(draws) > 1.959964).mean() == pytest.approx(0.05, abs=0.002)


@pytest.mark.parametrize("mean", [0.0, 0.03, 0.7, 6.0])
def test_poisson_has_mean_and_variance_alike(mean: float) -> None:
    counts = poisson(MANY, "p", np.full(len(MANY), mean))
    assert counts.mean() == pytest.approx(mean, abs=5 * np.sqrt(mean / len(MANY)))
    assert counts.var() == pytest.approx(mean, rel=0.03)


def test_pick_follows_weights_and_never_takes_a_weight_of_zero() -> None:
    shares = np.bincount(pick(MANY, "w", np.array([1.0, 0.0, 3.0])), minlength=3) / len(MANY)
    assert shares[1] == 0
    assert shares[2] == pytest.approx(0.75, abs=0.005)
    rows = np.tile([0.0, 1.0, 0.0], (4, 1))
    assert pick(MANY[:4], "w", rows).tolist() == [1, 1, 1, 1]
