"""Intervals and tests that stay valid however often a running experiment is looked at, and whenever it is stopped.

The interval is an asymptotic confidence sequence with a normal mixture boundary (Waudby-Smith, Arbour, Sinha, Kennedy
and Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences", Annals of Statistics 2024; the
mixture is Robbins', Annals of Mathematical Statistics 1970). With t units in all, an estimate and its ordinary standard
error se,

    estimate ± se · sqrt( (1 + 1/v) · (log(1 + v) + 2 log(1/alpha)) ),    v = rho² t

which is the paper's boundary with its variance sigma² written as t · se². The test that belongs to it is the mixture
sequential probability ratio test of Johari, Koomen, Pekelis and Walsh (Operations Research 2022) with mixing variance
tau² = v · se²: reject once

    likelihood ratio = exp( z²/2 · v/(1 + v) ) / sqrt(1 + v)  >=  1/alpha,    z = estimate / se

**Tuning.** rho is fixed beforehand so that the interval is narrowest at the number of units expected (the paper's
approximation): rho² = (2 log(1/alpha) + log(2 log(1/alpha)) + 1) / expected. At any other number it is valid, and
wider.

**Before it holds.** It is asymptotic: with fewer than FEWEST units in either arm nothing is said, however it looks.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

ALPHA = 0.05
FEWEST = 100
"""Units in the smaller arm from which on an interval is given."""
Floats = NDArray[np.float64]


class Band(NamedTuple):
    """An interval that stays valid, and the chance that goes with it; unknown (None) while there are too few units."""

    low: float | None
    high: float | None
    p: float | None


def band(estimate: float, error: float, control: int, treatment: int, expected: int, alpha: float = ALPHA) -> Band:
    """Interval and p-value of one look: `error` is the ordinary standard error with so many units in the arms.

    The p-value is 1 over the likelihood ratio, at most 1; the smallest of all looks is valid as well.

    >>> [round(part, 3) for part in band(0.1, 0.02, 5_000, 5_000, 10_000)]
    [0.039, 0.161, 0.0]
    """
    if min(control, treatment) < FEWEST or not error > 0:
        return Band(None, None, None)
    v = rho_squared(expected, alpha) * (control + treatment)
    half = error * float(critical(v, alpha))
    ratio = 0.5 * (estimate / error) ** 2 * v / (1 + v) - 0.5 * math.log1p(v)
    return Band(estimate - half, estimate + half, math.exp(-max(ratio, 0.0)))


def critical(v: ArrayLike, alpha: float = ALPHA) -> Floats:
    """By how many standard errors an estimate must leave out 0, at v = rho² t; a fixed test asks for 1.96.

    >>> round(float(critical(8.78)), 2), round(float(critical(878)), 2), round(float(critical(0.0878)), 2)
    (3.04, 3.58, 8.68)
    """
    at = np.asarray(v, np.float64)
    found: Floats = np.sqrt((1 + 1 / at) * (np.log1p(at) + 2 * math.log(1 / alpha)))
    return found


def rho_squared(expected: int, alpha: float = ALPHA) -> float:
    """The tuning that makes the interval narrowest at `expected` units.

    >>> round(rho_squared(10_000) * 10_000, 2)
    8.78
    """
    surprise = 2 * math.log(1 / alpha)
    return (surprise + math.log(surprise) + 1) / expected
