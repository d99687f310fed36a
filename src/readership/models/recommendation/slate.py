"""From a ranking to a slate: relevant, not all alike, and in about the topics that the reader reads.

The next article of a slate is the one with the largest

    (1 - λ) · (θ · relevance - (1 - θ) · largest similarity to an article chosen) - λ · KL(p ‖ q̃)

MMR (Carbonell, Goldstein 1998) with θ = 0.8, and calibration (Steck 2018) with λ = 0.1: p are the reader's own topic
shares, q those of the slate with the candidate in it, q̃ = (1 - α) · q + α · p, α = 0.01.
"""

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.candidates import CATEGORY
from readership.models.recommendation.catalogue import Catalogue

THETA, LAMBDA, ALPHA = 0.8, 0.1, 0.01
FEWEST_READS = 3
"""A reader with fewer has no shares of their own yet."""
_CATEGORY = 2**40


class Topics:
    """Shares of topics, of articles and of a reader; an article without topics has its category for one.

    shares  [k, t] of each candidate, rows add up to 1 or are zeros
    own     [t] of the reader, None where they have read too little
    """

    def __init__(self, catalogue: Catalogue, candidates: NDArray[np.int32], read: NDArray[np.int32]) -> None:
        told = _told(catalogue, np.concatenate([candidates, read]))
        shares = _shares(told)
        self.shares, own = shares[: len(candidates)], shares[len(candidates) :]
        known = int((own.sum(axis=1) > 0).sum()) >= FEWEST_READS
        self.own = own.sum(axis=0) / own.sum() if known else None


class Mix:
    """A slate while it grows: what each candidate would add to it.

    relevance  [k] in [0, 1]; vectors [k, d] directions of the texts
    """

    def __init__(self, relevance: NDArray[np.float64], vectors: NDArray[np.float32], topics: Topics) -> None:
        self._relevance = relevance
        self._vectors = vectors
        self._topics = topics
        self._similar = np.zeros(len(relevance))
        self._shares = np.zeros(topics.shares.shape[1])
        self._chosen = 0

    def add(self, chosen: int) -> None:
        """Put a candidate into the slate."""
        similar = self._vectors @ self._vectors[chosen]
        self._similar = np.maximum(self._similar, similar.astype(np.float64))
        self._shares = self._shares + self._topics.shares[chosen]
        self._chosen += 1

    def value(self) -> NDArray[np.float64]:
        """What is maximised, for each candidate [k]."""
        mmr = THETA * self._relevance - (1 - THETA) * self._similar
        if self._topics.own is None:
            return mmr
        q = (self._shares + self._topics.shares) / (self._chosen + 1)
        value: NDArray[np.float64] = (1 - LAMBDA) * mmr - LAMBDA * divergence(self._topics.own, q)
        return value


def relevance(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores laid on [0, 1]: the best is 1, the last 0; all 1 where they are equal.

    >>> relevance(np.array([4.0, 1.0, 2.5])).tolist()
    [1.0, 0.0, 0.5]
    """
    if not len(score):
        return np.zeros(0)
    least, most = score.min(), score.max()
    return (score - least) / (most - least) if most > least else np.ones(len(score))


def divergence(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """KL(p ‖ q̃) of shares p [t] from each row of q [k, t], in nats; 0 where they are the same.

    >>> divergence(np.array([0.5, 0.5]), np.array([[0.5, 0.5]])).tolist()
    [0.0]
    """
    held = p > 0
    mixed = (1 - ALPHA) * q[:, held] + ALPHA * p[held]
    found: NDArray[np.float64] = (p[held] * np.log(p[held] / mixed)).sum(axis=1)
    return found


def _told(catalogue: Catalogue, places: NDArray[np.int32]) -> NDArray[np.int64]:
    """Numbers of the topics of each article, or of its category, which count from `_CATEGORY` on; -1 is none."""
    told = catalogue.topics[places].astype(np.int64)
    category = catalogue.codes[places, CATEGORY]
    plain = (told < 0).all(axis=1) & (category >= 0)
    told[plain, 0] = category[plain].astype(np.int64) + _CATEGORY
    return told


def _shares(told: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each article's topics as shares, one column a topic."""
    rows, _ = held = np.nonzero(told >= 0)
    topics, columns = np.unique(told[held], return_inverse=True)
    shares = np.zeros((len(told), len(topics)))
    np.add.at(shares, (rows, columns), 1.0)
    return shares / np.maximum(shares.sum(axis=1, keepdims=True), 1.0)
