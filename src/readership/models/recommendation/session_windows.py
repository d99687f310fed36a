"""Sessions cut to what one pass of the session network reads, and put together in batches of like length."""

from collections.abc import Iterator
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.sessions import Sessions


class Windows(NamedTuple):
    """Stretches of sessions [w, steps + 1], −1 after the last opening, and the chance that a pass reads each [w]."""

    opened: NDArray[np.int64]
    chance: NDArray[np.float64]

    @classmethod
    def of(cls, past: Sessions, steps: int, recency: float) -> Self:
        """Of the sessions of two articles or more; stretches of long ones overlap by half.

        chance = e^(−age / recency), age: share of all sessions that began after it

        >>> Windows.of(Sessions.of([[1, 2, 3, 4, 5], [6]]), steps=2, recency=1.0).opened.tolist()
        [[1, 2, 3], [2, 3, 4], [3, 4, 5]]
        """
        several = np.flatnonzero(past.length > 1)
        half = max(steps // 2, 1)
        count = 1 + np.maximum(-((steps + 1 - past.length[several]) // half), 0)
        session = np.repeat(several, count)
        first = past.start[session] + half * (np.arange(len(session)) - np.repeat(np.cumsum(count) - count, count))
        place = first[:, None] + np.arange(steps + 1)
        there = place < past.start[session + 1][:, None]
        opened = np.where(there, past.article[np.minimum(place, len(past.article) - 1)], -1)
        return cls(opened.astype(np.int64), np.exp(-(len(past) - 1 - session) / max(len(past), 1) / recency))

    @property
    def targets(self) -> NDArray[np.int64]:
        """How many openings of each are predicted."""
        return (self.opened >= 0).sum(axis=1) - 1

    def batches_of_a_pass(self, openings: int) -> int:
        """About how many there are."""
        return max(1, round(float(self.targets @ self.chance) / openings))

    def batches(self, openings: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        """Of about as many predictions as asked, each cut to its longest window, in any order."""
        read = np.flatnonzero(rng.random(len(self.chance)) < self.chance)
        targets = self.targets[read]
        order = np.argsort(targets + 1.5 * rng.random(len(read)), kind="stable")
        batch = (np.cumsum(targets[order]) - 1) // openings
        parts = np.split(order, np.flatnonzero(np.diff(batch)) + 1)
        for part in rng.permutation(len(parts)):
            if len(parts[part]):
                yield self.opened[read[parts[part]], : 1 + targets[parts[part]].max()]
