"""What is believed of an arm before it was shown: by all there is, by its placement and context, by itself elsewhere.

A prior is a Beta distribution, given as its mean rate and its strength: how many impressions it counts as. An arm with
little to its own name is believed to be like its neighbours; the more it was shown, the less they matter.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from readership.errors import InputError
from readership.models.bandits.evidence import Evidence, Floats

HIGHEST_RATE = 0.5
HIGHEST_STRENGTH = 1e9


class Believed(NamedTuple):
    """Beta(rate · strength, (1 − rate) · strength) of each arm [cells, arms]."""

    rate: Floats
    strength: Floats


class Prior(Protocol):
    """Believes something of every arm."""

    def believed(self, evidence: Evidence) -> Believed:
        """Of each arm in each cell, by everything but its own impressions in that cell."""


class Flat(NamedTuple):
    """The same for every arm: Beta(clicks, misses).

    >>> Flat(1, 1).rate, Flat(2, 98).strength
    (0.5, 100)
    """

    clicks: float
    misses: float

    @property
    def rate(self) -> float:
        """The mean."""
        return self.clicks / self.strength

    @property
    def strength(self) -> float:
        """Impressions it counts as."""
        return self.clicks + self.misses

    def believed(self, evidence: Evidence) -> Believed:
        """The same for every arm."""
        shape = evidence.shown.shape
        return Believed(np.full(shape, self.rate), np.full(shape, self.strength))


class Shrinkage(NamedTuple):
    """How alike things were in earlier campaigns, each as a number of impressions (`ad`: of expected clicks).

    rate       clicks of an impression, of the whole
    placement  how closely placements follow the whole
    context    how closely a context follows its placement
    ad         how closely an ad follows what its cells lead to expect, over all cells: a factor around 1
    cell       how closely an ad in a cell follows the cell's rate times its own factor

    Infinite is "exactly": that level then tells nothing of its own.
    """

    rate: float
    placement: float
    context: float
    ad: float
    cell: float


class Hierarchy:
    """Each arm in each cell, by others: the cell's rate (shrunk to its placement, and that to the whole) times how the
    ad does elsewhere.

    What an arm did in a cell is left out of what it is believed there, or it would count twice. Strengths of levels
    add as variances do: 1 / strength = 1 / cell + 1 / what stands behind the cell's rate + rate / the ad's clicks.
    """

    def __init__(self, shrinkage: Shrinkage, placement_of: NDArray[np.integer]) -> None:
        """placement_of: the number of each cell's placement [cells]; InputError on a shrinkage out of range."""
        if not 0 < shrinkage.rate < 1 or not all(level > 0 for level in shrinkage[1:]):
            raise InputError(f"{shrinkage} is no shrinkage; the rate lies between 0 and 1, the strengths above 0")
        self.shrinkage = shrinkage
        self.placement_of = np.asarray(placement_of)

    def believed(self, evidence: Evidence) -> Believed:
        """Of each arm in each cell, by everything but its own impressions in that cell."""
        if len(self.placement_of) != len(evidence.shown):
            raise InputError(f"{len(evidence.shown)} cells, but placements of {len(self.placement_of)} are known")
        of_cell = self._of_cell(evidence)
        factor, support = self._of_ad(evidence, of_cell.rate)
        rate = np.clip(of_cell.rate * factor, 1e-9, HIGHEST_RATE)
        spread = 1 / self.shrinkage.cell + 1 / of_cell.strength + rate / support
        return Believed(rate, 1 / np.maximum(spread, 1 / HIGHEST_STRENGTH))

    def _of_cell(self, evidence: Evidence) -> Believed:
        """The cell's rate by its other arms, its placement's other cells, and the whole."""
        level, groups = self.shrinkage, int(self.placement_of.max()) + 1
        shown, clicked = (told * _weight(evidence.shown, level.cell) for told in (evidence.shown, evidence.clicked))
        cells = [of.sum(axis=1) for of in (shown, clicked)]
        weight = _weight(cells[0], level.context)
        beside = [
            np.bincount(self.placement_of, of, groups)[self.placement_of] - of for of in (weight * c for c in cells)
        ]
        strength = level.placement + np.maximum(beside[0], 0)
        rate = (level.placement * level.rate + np.maximum(beside[1], 0)) / strength
        behind = (1 / (1 / level.context + 1 / strength))[:, None]
        others, clicks = (np.maximum(cell[:, None] - of, 0) for cell, of in zip(cells, (shown, clicked), strict=True))
        return Believed((behind * rate[:, None] + clicks) / (behind + others), behind + others)

    def _of_ad(self, evidence: Evidence, rate: Floats) -> tuple[Floats, Floats]:
        """How much better than its cells lead to expect the ad does elsewhere, and the clicks behind that."""
        if np.isinf(self.shrinkage.ad):
            return np.ones(rate.shape), np.full(rate.shape, np.inf)
        weight = _weight(evidence.shown, self.shrinkage.cell)
        expected, clicked = weight * evidence.shown * rate, weight * evidence.clicked
        elsewhere = np.maximum(expected.sum(axis=0) - expected, 0)
        support = self.shrinkage.ad + elsewhere
        return (self.shrinkage.ad + np.maximum(clicked.sum(axis=0) - clicked, 0)) / support, support


def _weight(shown: Floats, strength: float) -> Floats:
    """What an impression says of the level above: all of it from a part shown little, ever less from one shown much.

    shown · strength / (strength + shown): a part of 1,000,000 impressions is one part, not the whole.
    """
    return np.ones(shown.shape) if np.isinf(strength) else strength / (strength + shown)
