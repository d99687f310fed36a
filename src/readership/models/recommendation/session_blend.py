"""Neighbours and network together: what both say of what a session opens next.

    blend(i) = (1 − weight) · p(i)^power / Σ p^power + weight · neighbours(i)

p: the network's softmax; neighbours: shares that sum to 1. Power and weight are chosen on later sessions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.session_neighbours import SessionNeighbours
from readership.models.recommendation.session_network import SessionNetwork
from readership.models.recommendation.sessions import Sessions

CHUNK = 512
POWERS = (0.6, 0.8, 1.0)
WEIGHTS = (0.25, 0.4, 0.55, 0.7, 0.8, 0.9)
FIRST = 20


class Ranks(NamedTuple):
    """Shares of what followed: found in the first 20 places, and the mean of 1 / place there (else 0)."""

    precision: float
    reciprocal: float

    @classmethod
    def of(cls, place: NDArray[np.float64]) -> "Ranks":
        """From the place of what followed among all articles, 1 the best.

        >>> Ranks.of(np.array([1.0, 4.0, 21.0, 9.0])).precision
        0.75
        """
        found = place <= FIRST
        return cls(float(found.mean()), float(np.where(found, 1 / place, 0.0).mean()))

    @property
    def worth(self) -> float:
        """What is maximised where something is chosen: the reciprocal is about a third of the precision."""
        return self.precision + 2 * self.reciprocal


@dataclass(frozen=True)
class SessionBlend:
    """Both sources and how they are mixed."""

    neighbours: SessionNeighbours
    network: SessionNetwork
    power: float
    weight: float

    def scores(self, sessions: Sessions) -> NDArray[np.float32]:
        """Of every article [m, articles]: 0 and above, the higher the likelier it is opened next."""
        return self.with_network(self.network.scores(sessions), sessions)

    def with_network(self, scores: NDArray[np.float32], sessions: Sessions) -> NDArray[np.float32]:
        """The same where the network's scores of these sessions are at hand."""
        return mixed(softmax(scores, self.power), self.neighbours.shares(sessions).toarray(), self.weight)


def softmax(scores: NDArray[np.float32], power: float) -> NDArray[np.float32]:
    """Chances to a power, brought to the sum of 1 again: a softmax of `power` times the scores."""
    chance = np.exp(np.float32(power) * (scores - scores.max(axis=1, keepdims=True)))
    return chance / chance.sum(axis=1, keepdims=True)


def mixed(chance: NDArray[np.float32], near: NDArray[np.float32], weight: float) -> NDArray[np.float32]:
    """The blend of both."""
    return np.float32(1 - weight) * chance + np.float32(weight) * near


def place_of(scores: NDArray[np.float32], following: NDArray[np.int32]) -> NDArray[np.float64]:
    """Place of what followed among all articles: 1 + those above + half of those level with it.

    >>> place_of(np.array([[0.1, 0.5, 0.3, 0.3]], dtype=np.float32), np.array([2], dtype=np.int32)).tolist()
    [2.5]
    """
    own = scores[np.arange(len(scores)), following][:, None]
    level = (scores == own).sum(axis=1) - 1
    return 1 + (scores > own).sum(axis=1) + level / 2


def sparse_places(shares: Any, following: NDArray[np.int32]) -> NDArray[np.float64]:
    """The same as `place_of` from sparse scores above 0 [m, articles]; what has none stands amid all that have none."""
    rows = len(following)
    row = np.repeat(np.arange(rows), np.diff(shares.indptr))
    own = np.bincount(row, shares.data * (shares.indices == following[row]), minlength=rows).astype(np.float32)
    above = np.bincount(row, shares.data > own[row], minlength=rows)
    level = np.bincount(row, shares.data == own[row], minlength=rows) - 1
    silent = shares.shape[1] - np.diff(shares.indptr)
    return 1 + above + np.where(own > 0, level, silent - 1) / 2


def chosen_blend(
    neighbours: SessionNeighbours, network: SessionNetwork, later: Sessions, following: NDArray[np.int32]
) -> SessionBlend:
    """Power and weight with the highest precision plus twice the reciprocal on `later`, which neither has learnt."""
    found: dict[tuple[float, float], list[NDArray[np.float64]]] = {}
    for at, part in chunks(later):
        near, scores = neighbours.shares(part).toarray(), network.scores(part)
        for power in POWERS:
            chance = softmax(scores, power)
            for weight in WEIGHTS:
                place = place_of(mixed(chance, near, weight), following[at : at + CHUNK])
                found.setdefault((power, weight), []).append(place)
    power, weight = max(found, key=lambda key: Ranks.of(np.concatenate(found[key])).worth)
    return SessionBlend(neighbours, network, power, weight)


def chunks(sessions: Sessions) -> Iterator[tuple[int, Sessions]]:
    """Some hundred at a time, and where each part begins."""
    for at in range(0, len(sessions), CHUNK):
        yield at, sessions.between(at, min(at + CHUNK, len(sessions)))
