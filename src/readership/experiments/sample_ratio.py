"""Are the arms as large as they were drawn? If not, whatever made them so may have made the effect as well."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SUSPICIOUS = 0.001
"""Chance of arms as uneven as these below which the split counts as broken."""
FEWEST = 5
"""Units expected in an arm below which the test is not done."""


class SampleRatio(NamedTuple):
    """The units of each arm, those that its weight made expect, and the chance of arms as uneven as these."""

    units: tuple[int, ...]
    expected: tuple[float, ...]
    p: float
    verdict: str

    @property
    def broken(self) -> bool:
        """Whether nothing is to be concluded from these arms."""
        return self.verdict == "broken"


def sample_ratio(units: Sequence[int], weights: Sequence[float]) -> SampleRatio:
    """Pearson's chi-square test of the arms' sizes against their weights: `as drawn`, `broken` or `too few`.

    chi² = Σ (units - expected)² / expected, with arms - 1 degrees of freedom.

    >>> found = sample_ratio([5_100, 4_900], [0.5, 0.5])      # chi² = 2 · 100² / 5,000 = 4
    >>> round(found.p, 4), found.verdict
    (0.0455, 'as drawn')
    """
    from scipy import stats

    total = sum(units)
    expected = tuple(total * weight / sum(weights) for weight in weights)
    if min(expected) < FEWEST:
        return SampleRatio(tuple(units), expected, 1.0, "too few")
    chi2 = sum((seen - due) ** 2 / due for seen, due in zip(units, expected, strict=True))
    p = float(stats.chi2.sf(chi2, len(units) - 1))
    return SampleRatio(tuple(units), expected, p, "broken" if p < SUSPICIOUS else "as drawn")


def chances(units: np.ndarray, tests: np.ndarray) -> np.ndarray:
    """p of an even split for many tests at once: arms' sizes [n] and the place of each arm's test [n] -> [tests].

    >>> import numpy as np
    >>> chances(np.array([5_100, 4_900, 10, 10]), np.array([0, 0, 1, 1])).round(4).tolist()
    [0.0455, 1.0]
    """
    from scipy import stats

    arms = np.bincount(tests)
    due = (np.bincount(tests, units) / arms)[tests]
    chi2 = np.bincount(tests, (units - due) ** 2 / due)
    found: np.ndarray = stats.chi2.sf(chi2, arms - 1)
    return found
