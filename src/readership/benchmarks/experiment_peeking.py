"""Experiments that are looked at after every unit: how often each test claims a difference, there or not."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.experiments.anytime import FEWEST, critical, rho_squared

AT_ONCE = 100
FIXED = 1.959964
Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, int], Floats]


class Peeked(NamedTuple):
    """Shares of runs in which a difference was claimed: by the always-valid test at any look, by the fixed test at any
    look, by the fixed test at its one look at the end."""

    always: float
    fixed_peeking: float
    fixed_at_end: float


def visits(rng: np.random.Generator, runs: int, units: int) -> Floats:
    """Counts with a long tail and many zeros, as readers have: Poisson with a gamma rate, mean 2, variance 6."""
    return rng.poisson(rng.gamma(1.0, 2.0, (runs, units))).astype(np.float64)


def subscribed(rng: np.random.Generator, runs: int, units: int) -> Floats:
    """One in ten."""
    return (rng.random((runs, units)) < 0.1).astype(np.float64)


def plain(rng: np.random.Generator, runs: int, units: int) -> Floats:
    """Normal, standard."""
    return rng.standard_normal((runs, units))


OUTCOMES: dict[str, Draw] = {"visits": visits, "subscribed": subscribed, "normal": plain}


def peek(draw: Draw, runs: int, units: int, *, effect_sd: float = 0.0, seed: int = 0) -> Peeked:
    """Runs of so many units in each arm, the treatment better by `effect_sd` standard deviations; a look a pair.

    The always-valid interval is tuned to all units of a run, and is silent before FEWEST in each arm, as the product's.
    """
    rng = np.random.default_rng(seed)
    spread = float(draw(rng, 1, 200_000).std())
    claimed = np.zeros(3)
    for start in range(0, runs, AT_ONCE):
        size = min(AT_ONCE, runs - start)
        z = np.abs(scores(draw(rng, size, units), draw(rng, size, units) + effect_sd * spread))
        pairs = np.arange(FEWEST, units + 1)
        bound = critical(rho_squared(2 * units) * 2 * pairs)
        claimed += [(z > bound).any(axis=1).sum(), (z > FIXED).any(axis=1).sum(), (z[:, -1] > FIXED).sum()]
    always, peeking, at_end = (float(share) for share in claimed / runs)
    return Peeked(always, peeking, at_end)


def scores(control: Floats, treatment: Floats) -> Floats:
    """Difference by its standard error after each pair from FEWEST on: [runs, units] twice -> [runs, looks]."""
    count = np.arange(FEWEST, control.shape[1] + 1)
    difference, variance = np.zeros(()), np.zeros(())
    for sign, arm in ((-1, control), (1, treatment)):
        sums, squares = (np.cumsum(part, axis=1)[:, FEWEST - 1 :] for part in (arm, arm * arm))
        difference = difference + sign * sums / count
        variance = variance + (squares - sums * sums / count) / (count - 1) / count
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.nan_to_num(difference / np.sqrt(variance))
    return found
