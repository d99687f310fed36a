"""What lies two steps away? From a session's articles to those opened beside them, and from there once more.

    score(q, i) = Σ over articles j of q, k: e^(−b / 1.5) · beside(j, k) · beside(k, i)
    beside(j, k) = together(j, k) / √(opened(j) · opened(k)),   the 30 largest of each row

together: weight of both opened in one session (see `sequential_rules`); opened: its sum over the row; b: openings of q
after j. The root on either side keeps popular articles from drawing every walk to them. Brought to the sum of 1.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.sessions import Sessions

NEAREST = 30
PLACE = 1.5
Sparse = Any
"""A `scipy.sparse.csr_matrix`, float32."""


class SessionWalks:
    """Walks of two steps over what was opened together."""

    def __init__(self, together: Sparse) -> None:
        """`together` [articles, articles] is symmetric; what an article has with itself does not count."""
        self._beside = largest(beside(together), NEAREST)

    def shares(self, asked: Sessions) -> Sparse:
        """[sessions, articles], each row of the sum of 1; empty where nothing was opened beside its articles."""
        from scipy.sparse import csr_matrix

        which, article, back = newest_openings(asked, self._beside.shape[0])
        weight = np.exp(-back / PLACE).astype(np.float32)
        begin = csr_matrix((weight, (which, article)), shape=(len(asked), self._beside.shape[0]))
        return shares(begin @ self._beside @ self._beside)


def beside(together: Sparse) -> Sparse:
    """Each entry over the roots of both rows' sums, nothing on the diagonal."""
    from scipy.sparse import diags

    apart = (together - diags(together.diagonal())).tocsr()
    apart.eliminate_zeros()
    opened = np.asarray(apart.sum(axis=1)).ravel()
    root = diags((1 / np.sqrt(np.where(opened > 0, opened, 1))).astype(np.float32))
    return (root @ apart @ root).tocsr()


def largest(matrix: Sparse, most: int) -> Sparse:
    """The `most` largest entries of each row."""
    from scipy.sparse import csr_matrix

    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((-matrix.data, row))
    kept = order[np.arange(len(order)) - matrix.indptr[row[order]] < most]
    return csr_matrix((matrix.data[kept], (row[kept], matrix.indices[kept])), shape=matrix.shape)


def shares(scores: Sparse) -> Sparse:
    """Each row brought to the sum of 1; an empty one stays empty."""
    from scipy.sparse import diags

    total = np.asarray(scores.sum(axis=1)).ravel()
    return diags((1 / np.where(total > 0, total, 1)).astype(np.float32)) @ scores


def newest_openings(asked: Sessions, articles: int) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Session, article and openings since, once for each article of a session; its newest opening counts.

    >>> which, article, back = newest_openings(Sessions.of([[5, 7, 5]]), articles=9)
    >>> article.tolist(), back.tolist()
    ([5, 7], [0, 1])
    """
    session = asked.session
    back = asked.start[session + 1] - 1 - np.arange(len(asked.article))
    newest = last_of_each(session * articles + asked.article)
    return session[newest], asked.article[newest], back[newest]


def last_of_each(key: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of the last of equal keys, by rising key."""
    order = np.argsort(key, kind="stable")
    return order[changes(key[order][::-1])[::-1]]


def changes(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where a value differs from the one before it; the first does."""
    return np.concatenate([[True], values[1:] != values[:-1]])[: len(values)]
