"""Each arm as often as it is the best, as far as is known (Thompson 1933; Chapelle and Li 2011 of advertising).

The chance of winning is the share of draws from the posterior Beta(a + clicks, b + misses) in which an arm is worth
most. A decision is drawn from these shares, so that what is logged is the chance of the policy executed.

Of a test whose length is known, the last impressions have nothing left to learn for. `narrowing` draws within
`width` · (what is left of the test) of the posterior's own spread around its mean: at the start nearly Thompson, in the
end the best so far.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.errors import InputError
from readership.models.bandits.evidence import Evidence, Floats
from readership.models.bandits.prior import Prior

DRAWS = 1000
CHUNK_CELLS = 2_000_000
"""Numbers drawn at once, so that memory stays bounded."""


class Posterior(NamedTuple):
    """Beta(clicks, misses) of each arm [cells, arms]."""

    clicks: Floats
    misses: Floats

    @property
    def rate(self) -> Floats:
        """The mean: the click rate to be expected."""
        return self.clicks / (self.clicks + self.misses)


def posterior(prior: Prior, evidence: Evidence) -> Posterior:
    """What is believed of each arm, and what it did itself.

    Beta(1, 1) and 3 clicks in 10 impressions make Beta(4, 8): 4 / 12 = 1 / 3.
    """
    rate, strength = prior.believed(evidence)
    return Posterior(rate * strength + evidence.clicked, (1 - rate) * strength + evidence.missed)


@dataclass(frozen=True)
class Thompson:
    """Chances of winning under the posterior.

    draws      from which the chances are counted
    width      of the posterior's spread: 1 is Thompson, less explores less
    narrowing  whether the width falls to 0 with what is left of a test of known length (`Evidence.gone`)
    """

    prior: Prior
    draws: int = DRAWS
    width: float = 1.0
    narrowing: bool = False
    name: str = "thompson"

    def __post_init__(self) -> None:
        if self.draws < 1 or self.width <= 0:
            raise InputError(f"{self.draws} draws and width {self.width} share out nothing; give numbers above 0")

    def chances(self, evidence: Evidence, rng: np.random.Generator) -> Floats:
        """Shares of the draws in which each arm is worth most."""
        row, column = np.nonzero(evidence.present)
        if not len(row):
            return np.zeros(evidence.shown.shape)
        known = posterior(self.prior, evidence)
        clicks, misses = known.clicks[row, column], known.misses[row, column]
        first = np.flatnonzero(np.diff(row, prepend=-1))
        width = self.width * (np.maximum(1 - evidence.gone[row], 0.0) if self.narrowing else 1.0)
        show, click = evidence.per_show[row, column], evidence.per_click[row, column]
        wins = np.zeros(len(row))
        for many in _parts(self.draws, len(row)):
            rate = rng.beta(clicks, misses, (many, len(row)))
            mean = clicks / (clicks + misses)
            worth = show + (mean + width * (rate - mean)) * click
            wins += _won(worth, first, row)
        found = np.zeros(evidence.shown.shape)
        found[row, column] = wins / self.draws
        return found


def _won(worth: Floats, first: NDArray[np.intp], row: NDArray[np.intp]) -> Floats:
    """How often each arm is the best of its cell; equals share a draw."""
    of_cell = np.cumsum(np.isin(np.arange(len(row)), first)) - 1
    highest = worth == np.maximum.reduceat(worth, first, axis=1)[:, of_cell]
    shared = np.add.reduceat(highest, first, axis=1)[:, of_cell]
    return (highest / shared).sum(axis=0)


def _parts(draws: int, arms: int) -> Iterator[int]:
    at_once = max(1, CHUNK_CELLS // arms)
    while draws > 0:
        yield min(at_once, draws)
        draws -= at_once
