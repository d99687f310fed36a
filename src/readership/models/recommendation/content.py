"""Articles whose text lies near what this reader read last; the only source that needs nobody to have read them."""

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.memory import History
from readership.models.recommendation.rings import Growing
from readership.models.recommendation.text import WIDTH

LAST = 10
FADING = 0.8


class Nearest:
    """The articles that can be recommended, searched by the direction of their text.

    Every one is looked at: 50,000 take about a millisecond, as long as an approximate index would take to keep up
    with what is published and withdrawn.
    """

    def __init__(self) -> None:
        self._vectors = Growing(np.float32, WIDTH)
        self._out = Growing(np.float32, fill=-np.inf)

    def put(self, place: int, vector: NDArray[np.float32]) -> None:
        """Add or move one article; a text without a word is near nothing."""
        for column in (self._vectors, self._out):
            column.grow(place + 1)
        self._vectors.values[place] = vector
        self._out.values[place] = 0.0 if vector.any() else -np.inf

    def drop(self, place: int) -> None:
        """Take one article out."""
        self._vectors.values[place] = 0
        self._out.values[place] = -np.inf

    def retire(self, ended: NDArray[np.bool_]) -> None:
        """Take out the places at which `ended` is true."""
        gone = np.flatnonzero(ended & np.isfinite(self._out.values))
        self._vectors.values[gone] = 0
        self._out.values[gone] = -np.inf

    def of(self, direction: NDArray[np.float32], most: int) -> NDArray[np.int32]:
        """Places near a direction, nearest first; of equals the one put first."""
        if not direction.any():
            return np.empty(0, dtype=np.int32)
        near = self._vectors.values @ direction
        near += self._out.values
        best = np.flatnonzero(near >= _reached(near, most))
        best = best[np.lexsort((best, -near[best]))][:most]
        return best[np.isfinite(near[best])].astype(np.int32)


def _reached(near: NDArray[np.float32], most: int) -> np.float32:
    """A value that `most` of these reach and few others: the `most`-th largest of the largest of each of several parts.

    >>> float(_reached(np.arange(100, dtype=np.float32), 2))   # parts 4, 12, 20 …; 5, 13, …; the largest are 80 … 95
    94.0
    """
    parts = 8 * most
    if len(near) < 4 * parts:
        return np.float32(-np.inf)
    largest = near[: len(near) // parts * parts].reshape(-1, parts).max(axis=0)
    reached: np.float32 = np.partition(largest, parts - most)[parts - most]
    return reached


def taste(vectors: NDArray[np.float32], history: History) -> NDArray[np.float32]:
    """Direction of the LAST reads, each FADING as much as the one after it; zeros where they have no text."""
    last = history.place[-LAST:]
    weight = FADING ** np.arange(len(last))[::-1]
    whole = weight.astype(np.float32) @ vectors[last]
    length = float(np.linalg.norm(whole))
    return (whole / length if length > 0 else whole).astype(np.float32)
