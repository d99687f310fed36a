"""Articles whose text lies near what this reader read last; the only source that needs nobody to have read them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.memory import History
from readership.models.recommendation.rings import Growing
from readership.models.recommendation.text import WIDTH

LAST = 10
FADING = 0.8


class Nearest:
    """An index of the articles that can be recommended, by the direction of their text."""

    def __init__(self) -> None:
        from usearch.index import Index

        self._index: Any = Index(ndim=WIDTH, metric="ip", dtype="f32")
        self._held = Growing(np.bool_)

    def put(self, place: int, vector: NDArray[np.float32]) -> None:
        """Add or move one article; a text without a word is near nothing."""
        self._held.grow(place + 1)
        self.drop(place)
        if vector.any():
            self._index.add(place, vector, threads=1)
            self._held.values[place] = True

    def drop(self, place: int) -> None:
        """Take one article out."""
        if self._held.values[place]:
            self._index.remove(place)
            self._held.values[place] = False

    def retire(self, ended: NDArray[np.bool_]) -> None:
        """Take out the places at which `ended` is true."""
        for place in np.flatnonzero(ended & self._held.values).tolist():
            self.drop(place)

    def of(self, direction: NDArray[np.float32], most: int) -> NDArray[np.int32]:
        """Places near a direction, nearest first."""
        if not len(self._index) or not direction.any():
            return np.empty(0, dtype=np.int32)
        return np.asarray(self._index.search(direction, most, threads=1).keys, dtype=np.int32)


def taste(vectors: NDArray[np.float32], history: History) -> NDArray[np.float32]:
    """Direction of the LAST reads, each FADING as much as the one after it; zeros where they have no text."""
    last = history.place[-LAST:]
    weight = FADING ** np.arange(len(last))[::-1]
    whole = weight.astype(np.float32) @ vectors[last]
    length = float(np.linalg.norm(whole))
    return (whole / length if length > 0 else whole).astype(np.float32)
