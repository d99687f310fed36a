"""Several questions asked at once: chances adjusted so that one of many does not count as one."""

from collections.abc import Sequence

import numpy as np


def holm(chances: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values: the chance of any false claim among those below alpha is at most alpha.

    The k-th smallest of m is multiplied by m - k + 1, and is never below those before it.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(chances, kind="stable")
    factors = len(chances) - np.arange(len(chances))
    return _in_place(order, np.minimum(1.0, np.maximum.accumulate(np.asarray(chances)[order] * factors)))


def benjamini_hochberg(chances: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's: of the claims below alpha, a share of at most alpha is expected to be false.

    The k-th smallest of m is multiplied by m / k, and is never above those after it.

    >>> [round(p, 3) for p in benjamini_hochberg([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]
    """
    order = np.argsort(chances, kind="stable")
    scaled = np.asarray(chances)[order] * len(chances) / (1 + np.arange(len(chances)))
    return _in_place(order, np.minimum.accumulate(np.minimum(1.0, scaled)[::-1])[::-1])


def _in_place(order: np.ndarray, values: np.ndarray) -> list[float]:
    found = np.empty(len(order))
    found[order] = values
    return [float(value) for value in found]
