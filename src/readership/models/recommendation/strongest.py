"""What speaks most for an article: the source that ranks it highest, and the article it is recommended because of."""

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.candidates import Candidates
from readership.models.recommendation.features import NAMES
from readership.models.recommendation.memory import History
from readership.models.recommendation.nouns import SOURCES
from readership.models.recommendation.ranks import ranks

NEAR = 0.3
"""Cosine from which a text counts as close to what was read."""
_SOURCES = np.array(
    [SOURCES.index(name) for name in ("together", "neighbours", "content", "popular", "fresh")], np.int8
)
_LEAST = np.array([[0.0], [0.0], [NEAR], [0.0]], dtype=np.float32)


def strongest(
    table: NDArray[np.float32],
    found: Candidates,
    rows: NDArray[np.intp],
    vectors: NDArray[np.float32],
    history: History,
) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """For each of these rows of the candidates the number of its source, and the place it is recommended because of.

    A source that gives an article nothing is not asked; of equal ranks the more personal source is named. Because of
    an article read before: the one it was read next to, or the one whose text lies nearest; -1 for other sources.
    """
    place = ranks(np.array([_of(table, name) for name in ("together", "neighbours", "content", "popular")]))
    counts = np.array([_of(table, name) for name in ("together", "likeness", "content", "popular")])
    place[counts <= _LEAST] = np.inf
    best = np.concatenate([place, [_of(table, "newest_rank")]])
    source = _SOURCES[best.argmin(axis=0)]
    because = np.where(source == SOURCES.index("together"), found.because[rows], -1)
    by_text = np.flatnonzero(source == SOURCES.index("content"))
    if by_text.size:
        likeness = vectors[found.place[rows[by_text]]] @ vectors[history.place].T
        because[by_text] = history.place[likeness.argmax(axis=1)]
    return source, because.astype(np.int32)


def _of(table: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    return table[:, NAMES.index(name)]
