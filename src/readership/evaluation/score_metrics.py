"""Metrics of a score against what happened, on the rows as they are and in every draw of readers."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from readership.evaluation.bootstrap import Draws, Measured
from readership.evaluation.metrics import Floats

SCORE_METRICS = ("rmse", "mae", "r2", "spearman")
"""The metrics of every score's evaluation, in the order they are shown."""
HIGHER_IS_BETTER = {"rmse": False, "mae": False, "r2": True, "spearman": True}


def score_metrics(label: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> dict[str, float]:
    """All of SCORE_METRICS of scores [n] against labels [n].

    rmse = √mean((y − s)²), mae = mean |y − s|, r2 = 1 − mean((y − s)²) / variance of y, spearman = correlation of the
    ranks (equal values share one); r2 and spearman are nan where y, or for spearman s, never varies.

    >>> {name: round(value, 3) for name, value in score_metrics([10, 20, 30], [10, 20, 24]).items()}
    {'rmse': 3.464, 'mae': 2.0, 'r2': 0.82, 'spearman': 1.0}
    """
    y, s = np.asarray(label, np.float64), np.asarray(score, np.float64)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64)
    found = {**_from_sums(w[None] @ _columns(y, s)), "spearman": _spearman(Ranks.of(y), Ranks.of(s), w[None])}
    return {name: float(found[name][0]) for name in SCORE_METRICS}


def measure_scores(label: ArrayLike, score: ArrayLike, draws: Draws) -> Measured:
    """All of SCORE_METRICS, on the rows and in every replicate."""
    y, s = np.asarray(label, np.float64), np.asarray(score, np.float64)
    ranks = Ranks.of(y), Ranks.of(s)
    parts = [_spearman(*ranks, weights) for weights in draws.row_weights(np.arange(len(y)))]
    replicates = {**_from_sums(draws.sums(_columns(y, s))), "spearman": np.concatenate(parts)}
    return Measured(score_metrics(y, s, draws.weight), {name: replicates[name] for name in SCORE_METRICS})


class Ranks:
    """The rows by value, ready to be ranked under many sets of weights.

    >>> Ranks.of(np.array([5.0, 7.0, 5.0])).under(np.ones((1, 3))).tolist()    # two share the middle of 0 to 2
    [[1.0, 2.5, 1.0]]
    """

    def __init__(self, order: NDArray[np.intp], starts: NDArray[np.intp], group: NDArray[np.intp]) -> None:
        self._order, self._starts, self._group = order, starts, group

    @classmethod
    def of(cls, values: Floats) -> "Ranks":
        """Sort once."""
        order = np.argsort(values, kind="stable")
        _, starts, group = np.unique(values[order], return_index=True, return_inverse=True)
        back = np.empty(len(values), dtype=np.intp)
        back[order] = group
        return cls(order, starts, back)

    def under(self, weights: Floats) -> Floats:
        """Middle rank of each row [r, n] under weights [r, n]: the weight below it and half of its equals'."""
        sums = np.add.reduceat(weights[:, self._order], self._starts, axis=1)
        return (np.cumsum(sums, axis=1) - sums / 2)[:, self._group]


def _columns(y: Floats, s: Floats) -> Floats:
    return np.stack([np.ones(len(y)), y, y * y, (y - s) ** 2, np.abs(y - s)], axis=1)


def _from_sums(sums: Floats) -> dict[str, Floats]:
    whole, y, squares, squared_error, absolute_error = sums.T
    spread = squares - y * y / whole
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = np.where(spread > 1e-9 * np.maximum(squares, 1e-9), 1 - squared_error / spread, np.nan)
    return {"rmse": np.sqrt(squared_error / whole), "mae": absolute_error / whole, "r2": r2}


def _spearman(label: Ranks, score: Ranks, weights: Floats) -> Floats:
    total = weights.sum(axis=1, keepdims=True)
    ranks = [part.under(weights) for part in (label, score)]
    a, b = (rank - (weights * rank).sum(axis=1, keepdims=True) / total for rank in ranks)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt((weights * a * a).sum(axis=1) * (weights * b * b).sum(axis=1))
        return np.where(spread > 1e-9, (weights * a * b).sum(axis=1) / spread, np.nan)
