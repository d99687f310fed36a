"""One slot by lot: without it nobody could tell afterwards what else would have been read there.

The vector that is drawn from is the one whose entry is logged: propensity and choice cannot differ.
"""

import hashlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

EVENLY = 0.5
"""Share of the probability that is spread evenly; the rest follows relevance."""
_SHARPNESS = 3.0


class Draw(NamedTuple):
    """Which candidate was drawn, and with what probability."""

    chosen: int
    propensity: float


def chances(relevance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability [k] of each eligible candidate, by its relevance in [0, 1]; every one has some.

    p = ε / k + (1 - ε) · exp(s·r) / Σ exp(s·r), ε = 0.5, s = 3

    >>> chances(np.array([1.0, 1.0])).tolist()
    [0.5, 0.5]
    """
    weights = np.exp(_SHARPNESS * relevance)
    found: NDArray[np.float64] = EVENLY / len(relevance) + (1 - EVENLY) * weights / weights.sum()
    return found


def draw(decision_id: str, chance: NDArray[np.float64]) -> Draw:
    """The candidate that this decision's number falls on; the same decision draws the same.

    The number is the first 53 bits of SHA-256 of the id, as a share of 2^53.
    """
    digest = hashlib.sha256(decision_id.encode()).digest()
    number = (int.from_bytes(digest[:8], "big") >> 11) / 2**53
    bounds = np.cumsum(chance)
    chosen = min(int(np.searchsorted(bounds, number * bounds[-1], side="right")), len(chance) - 1)
    return Draw(chosen, float(chance[chosen]))
