"""Matrix factorisation and its like, fitted anew each day: iALS, NMF (a floor) and EASE. Single sources, compared.

On a log of news they come far behind the fast sources, since an article has hardly any readers when it matters; the
hybrid goes without them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

WIDTH = 32
EASE_ARTICLES = 4000
"""EASE inverts a matrix of articles by articles: beyond that many it is left out."""


class Reads(NamedTuple):
    """Who read what: rows of readers and places of articles [n], each pair once."""

    reader: NDArray[np.int64]
    place: NDArray[np.int64]
    readers: int
    articles: int


Scores = Callable[[int, NDArray[np.int32]], NDArray[np.float64]]
"""Row of a reader and the places they read, to a score of every article that was there at the fit."""


def fit_als(reads: Reads, seed: int = 0) -> Scores:
    """Implicit alternating least squares; a reader's factors are those of the fit."""
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    settings = {"factors": WIDTH, "regularization": 0.1, "alpha": 10.0, "iterations": 10}
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(**settings, num_threads=1, random_state=seed)
        model.fit(_table(reads), show_progress=False)
    users, articles = np.asarray(model.user_factors), np.asarray(model.item_factors)
    return lambda reader, read: _known(users, articles, reader)


def fit_nmf(reads: Reads, seed: int = 0) -> Scores:
    """Non-negative factors of the matrix of reads."""
    from sklearn.decomposition import NMF

    model = NMF(n_components=WIDTH, init="random", max_iter=40, tol=0, random_state=seed)
    users = model.fit_transform(_table(reads))
    return lambda reader, read: _known(users, model.components_.T, reader)


def fit_ease(reads: Reads, penalty: float = 200.0) -> Scores:
    """Each article's reads explained by those of all others (Steck 2019): B = I − P / diag(P), P = (XᵀX + λI)⁻¹.

    ValueError where there are more than EASE_ARTICLES articles.
    """
    if reads.articles > EASE_ARTICLES:
        raise ValueError(f"EASE inverts {reads.articles} x {reads.articles} numbers; {EASE_ARTICLES} is the most")
    table = _table(reads)
    gram = np.asarray((table.T @ table).todense(), dtype=np.float32)
    gram[np.diag_indices_from(gram)] += penalty
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    weights[np.diag_indices_from(weights)] = 0
    return lambda reader, read: weights[read[read < reads.articles]].sum(axis=0)


FITS = {"als": fit_als, "nmf": fit_nmf, "ease": fit_ease}


def _table(reads: Reads) -> Any:
    from scipy.sparse import csr_matrix

    ones = np.ones(len(reads.reader), dtype=np.float32)
    return csr_matrix((ones, (reads.reader, reads.place)), shape=(reads.readers, reads.articles))


def _known(users: NDArray[np.floating], articles: NDArray[np.floating], reader: int) -> NDArray[np.float64]:
    if not 0 <= reader < len(users):
        return np.zeros(len(articles))
    return (articles @ users[reader]).astype(np.float64)
