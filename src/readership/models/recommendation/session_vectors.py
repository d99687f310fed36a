"""Which articles are opened together? Vectors from sessions alone: a truncated SVD of positive mutual information.

    information(i, j) = max(0, log(together(i, j) · Σ s / (opened(i) · s(j)))),   s(j) = opened(j)^0.75

together: Σ over openings in one session of 1 / distance, up to five apart. A start for the session network.
Levy & Goldberg, Neural Word Embedding as Implicit Matrix Factorization, 2014.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.sessions import Sessions

REACH = 5
SMOOTH = 0.75
PASSES = 3
MORE = 10


def together_vectors(past: Sessions, articles: int, width: int, seed: int) -> NDArray[np.float32]:
    """[articles, width], each of length one; an article never opened beside another points anywhere."""
    rng = np.random.default_rng(seed)
    left, size = _factors(_information(past, articles), width, rng)
    vectors = (left * np.sqrt(size)).astype(np.float32)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    anywhere = rng.standard_normal((articles, width)).astype(np.float32)
    vectors = np.where(length > 1e-6, vectors, anywhere)
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _information(past: Sessions, articles: int) -> Any:
    """Positive mutual information of articles opened together, sparse [articles, articles], 0 with itself."""
    from scipy.sparse import csr_matrix

    session, article = past.session, past.article
    together = csr_matrix((articles, articles))
    for distance in range(1, REACH + 1):
        first = np.flatnonzero(session[distance:] == session[:-distance])
        pairs = (np.full(len(first), 1 / distance), (article[first], article[first + distance]))
        together = together + csr_matrix(pairs, shape=together.shape)
    both = (together + together.T).tocoo()
    opened = np.asarray(both.sum(axis=1)).ravel()
    smooth = opened**SMOOTH
    value = np.log(both.data * smooth.sum() / (opened[both.row] * smooth[both.col]))
    kept = (value > 0) & (both.row != both.col)
    return csr_matrix((value[kept], (both.row[kept], both.col[kept])), shape=together.shape)


def _factors(matrix: Any, width: int, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    """Left singular vectors [n, width] and values [width] by power iteration from a random start.

    Halko, Martinsson & Tropp, Finding structure with randomness, 2011. Columns beyond the rank are 0.
    """
    found = min(width + MORE, matrix.shape[0])
    sample = matrix @ rng.standard_normal((matrix.shape[1], found))
    for _ in range(PASSES):
        basis, _ = np.linalg.qr(sample)
        sample = matrix @ (matrix.T @ basis)
    basis, _ = np.linalg.qr(sample)
    inner, size, _ = np.linalg.svd((matrix.T @ basis).T, full_matrices=False)
    kept = min(width, found)
    left, values = np.zeros((matrix.shape[0], width)), np.zeros(width)
    left[:, :kept], values[:kept] = (basis @ inner)[:, :kept], size[:kept]
    return left, values
