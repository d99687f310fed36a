"""From a ranking to a slate: relevant, not all alike, and in about the topics that the reader reads.

The next article of a slate is the one with the largest

    (1 - λ) · (θ · relevance - (1 - θ) · largest similarity to an article chosen) - λ · KL(p ‖ q̃)

MMR (Carbonell, Goldstein 1998) with θ = 0.8, and calibration (Steck 2018) with λ = 0.1: p are the reader's own topic
shares, q those of the slate with the candidate in it, q̃ = (1 - α) · q + α · p, α = 0.01.
"""

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.catalogue import Catalogue

THETA, LAMBDA, ALPHA = 0.8, 0.1, 0.01
FEWEST_READS = 3
"""A reader with fewer has no shares of their own yet."""


class Topics:
    """Shares of topics, of a reader and of articles; an article without topics has its category for one.

    own     [t] of the reader, none of them 0; None where they have read too little
    shares  [k, t] of each candidate, of the topics that the reader reads: a row adds up to 1 at most
    """

    def __init__(self, catalogue: Catalogue, candidates: NDArray[np.int32], read: NDArray[np.int32]) -> None:
        told = catalogue.subjects[read]
        topics = np.unique(told[told >= 0])
        of_each = _shares(told, topics)
        known = int((of_each.sum(axis=1) > 0).sum()) >= FEWEST_READS
        self.own = of_each.sum(axis=0) / of_each.sum() if known else None
        shown = catalogue.subjects.take(candidates, axis=0)
        self.shares = _shares(shown, topics) if known else np.zeros((len(candidates), 0))


class Mix:
    """A slate while it grows: what each candidate would add to it.

    relevance  [k] in [0, 1]; vectors [k, d] directions of the texts
    """

    def __init__(self, relevance: NDArray[np.float64], vectors: NDArray[np.float32], topics: Topics) -> None:
        self._relevant = THETA * relevance
        self._vectors = vectors
        self._topics = topics
        self._similar = np.zeros(len(relevance))
        self._shares = np.zeros(topics.shares.shape[1])
        self._chosen = 0

    def add(self, chosen: int) -> None:
        """Put a candidate into the slate."""
        np.maximum(self._similar, self._vectors @ self._vectors[chosen], out=self._similar)
        self._shares += self._topics.shares[chosen]
        self._chosen += 1

    def value(self) -> NDArray[np.float64]:
        """What is maximised, for each candidate [k]."""
        mmr = self._relevant - (1 - THETA) * self._similar
        if self._topics.own is None:
            return mmr
        q = self._topics.shares + self._shares
        q /= self._chosen + 1
        mmr *= 1 - LAMBDA
        mmr -= LAMBDA * divergence(self._topics.own, q)
        return mmr


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
    """KL(p ‖ q̃) of shares p [t], none of them 0, from each row of q [k, t], in nats; 0 where they are the same.

    What a row has beyond these topics needs no column: with p = 0 it adds nothing.

    >>> divergence(np.array([0.5, 0.5]), np.array([[0.5, 0.5]])).tolist()
    [0.0]
    """
    mixed = (1 - ALPHA) * q
    mixed += ALPHA * p
    np.divide(p, mixed, out=mixed)
    np.log(mixed, out=mixed)
    mixed *= p
    found: NDArray[np.float64] = mixed.sum(axis=1)
    return found


def _shares(told: NDArray[np.int64], topics: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each article's topics as shares of all of its own; one column for each of `topics`, which rise."""
    column = topics.searchsorted(told.ravel())
    there = np.flatnonzero(np.append(topics, -2)[column] == told.ravel())
    cell = there // told.shape[1] * len(topics) + column[there]
    counts = np.bincount(cell, minlength=len(told) * len(topics)).reshape(len(told), len(topics))
    return counts / np.maximum((told >= 0).sum(axis=1, keepdims=True), 1)
