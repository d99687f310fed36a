"""Metrics of a probability against what happened, for one set of row weights or for many at once.

Every metric has the same call: `label` (0 or 1) [n], `probability` [n], `weight` [n] (1 when left out).
Rows with the same probability are one step of a curve, so the order of rows never matters.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
METRICS = ("roc_auc", "average_precision", "log_loss", "brier", "ece", "lift_top_decile")
"""The metrics of every binary evaluation, in the order they are shown."""
HIGHER_IS_BETTER = {
    "roc_auc": True,
    "average_precision": True,
    "log_loss": False,
    "brier": False,
    "ece": False,
    "lift_top_decile": True,
}
CLIP = 1e-15
BINS = 10
TOP_SHARE = 0.10


def roc_auc(label: ArrayLike, probability: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Chance that a random positive row is scored above a random negative one; a tie counts half.

    roc_auc = Σ wᵢwⱼ (1[pᵢ > pⱼ] + ½·1[pᵢ = pⱼ]) / Σ wᵢwⱼ over positives i and negatives j; nan with one class.

    >>> roc_auc([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8])   # 3 pairs won, 1 tie, of 4
    0.875
    """
    return _single("roc_auc", label, probability, weight)


def average_precision(label: ArrayLike, probability: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Precision averaged over recall, without interpolation; a useless score gives the base rate.

    average_precision = Σ (recallₖ − recallₖ₋₁) · precisionₖ down the distinct scores; nan without positives.

    >>> average_precision([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1])   # 1/2 · 1/1 + 1/2 · 2/3
    0.8333333333333333
    """
    return _single("average_precision", label, probability, weight)


def log_loss(label: ArrayLike, probability: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Mean surprise in nats; the score that is best only for the true probabilities.

    log_loss = −mean(y·ln p + (1 − y)·ln(1 − p)), p held within [1e-15, 1 − 1e-15].

    >>> round(log_loss([1, 0], [0.5, 0.5]), 4)   # ln 2
    0.6931
    """
    return _single("log_loss", label, probability, weight)


def brier(label: ArrayLike, probability: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Mean squared distance between probability and outcome.

    brier = mean((p − y)²).

    >>> brier([1, 0], [0.5, 0.0])   # (1/4 + 0) / 2
    0.125
    """
    return _single("brier", label, probability, weight)


def ece(label: ArrayLike, probability: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Expected calibration error: how far stated probabilities lie from observed shares, bin by bin.

    Ten bins of equal width, [0, .1), [.1, .2) … [.9, 1]: ece = Σ (wₖ / w) · |mean pₖ − mean yₖ|.
    Noise alone makes it positive: a perfectly calibrated model shows about 0.01 to 0.02 on 2,000 rows.

    >>> round(ece([1, 0, 1, 1], [0.25, 0.25, 0.95, 0.95]), 4)   # 2/4 · |.25 − .5| + 2/4 · |.95 − 1|
    0.15
    """
    return _single("ece", label, probability, weight)


def lift_top_decile(label: ArrayLike, probability: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Share of positives in the tenth of rows scored highest, over the share of positives in all.

    When rows with equal scores straddle the border they count by the part that fits, so ties cannot be lucky.

    >>> lift_top_decile([1] * 2 + [0] * 8, [0.9, 0.8] + [0.1] * 8)   # 1 / .2
    5.0
    """
    return _single("lift_top_decile", label, probability, weight)


def precision_recall(label: ArrayLike, flagged: ArrayLike, weight: ArrayLike | None = None) -> tuple[float, float]:
    """Precision (flagged rows that were positive) and recall (positive rows that were flagged).

    nan where nothing is flagged, or nothing is positive.

    >>> precision_recall([1, 1, 0, 0], [True, False, True, False])
    (0.5, 0.5)
    """
    y, chosen = np.asarray(label, np.float64), np.asarray(flagged, np.float64)
    w = np.ones_like(y) if weight is None else np.asarray(weight, np.float64)
    hit = float(w @ (y * chosen))
    return _share(hit, float(w @ chosen)), _share(hit, float(w @ y))


@dataclass(frozen=True)
class Ranking:
    """Rows in ascending order of probability, ready to be measured under many sets of weights.

    order   positions of the rows in ascending order of probability
    ends    last place of each run of equal probabilities; None where all differ
    starts  first place of each probability bin that holds rows
    """

    order: NDArray[np.intp]
    label: Floats
    probability: Floats
    ends: NDArray[np.intp] | None
    starts: NDArray[np.intp]
    surprise: Floats

    @classmethod
    def of(cls, label: ArrayLike, probability: ArrayLike) -> "Ranking":
        """Sort once; every set of weights afterwards costs a few passes over the rows."""
        y, p = _checked(label, probability)
        order = np.argsort(p, kind="stable")
        y, p = y[order], p[order]
        ends = np.flatnonzero(np.append(np.diff(p) > 0, True))
        held = np.clip(p, CLIP, 1 - CLIP)
        surprise = -(y * np.log(held) + (1 - y) * np.log1p(-held))
        _, starts = np.unique(bins(p), return_index=True)
        return cls(order, y, p, None if len(ends) == len(p) else ends, starts, surprise)

    def metrics(self, weights: Floats) -> dict[str, Floats]:
        """Each metric [r] under weights [r, n], whose columns are in `order`."""
        total = weights.sum(axis=1)
        positive = weights * self.label
        with np.errstate(divide="ignore", invalid="ignore"):
            return {
                **self._ranked(np.cumsum(weights, axis=1), np.cumsum(positive, axis=1)),
                "log_loss": weights @ self.surprise / total,
                "brier": weights @ (self.probability - self.label) ** 2 / total,
                "ece": self._gap(weights, positive) / total,
            }

    def _ranked(self, below: Floats, hits_below: Floats) -> dict[str, Floats]:
        """Metrics of the order alone, from running sums of weight and of positive weight."""
        below, hits_below = self._steps(below), self._steps(hits_below)
        total, hits = below[:, -1], hits_below[:, -1]
        step = np.diff(hits_below, axis=1)
        misses_below = below - hits_below
        wins = np.einsum("rn,rn->r", step, misses_below[:, 1:] + misses_below[:, :-1]) / 2
        flagged = total[:, None] - below[:, :-1]
        found = hits[:, None] - hits_below[:, :-1]
        precision = np.divide(found, flagged, out=np.zeros_like(flagged), where=flagged > 0)
        rest = [np.interp((1 - TOP_SHARE) * t, x, y) for t, x, y in zip(total, below, hits_below, strict=True)]
        return {
            "roc_auc": wins / (hits * (total - hits)),
            "average_precision": np.einsum("rn,rn->r", step, precision) / hits,
            "lift_top_decile": (hits - rest) / (TOP_SHARE * hits),
        }

    def _steps(self, running: Floats) -> Floats:
        """Running sums at the end of each run of equal probabilities, from zero."""
        ends = running if self.ends is None else running[:, self.ends]
        return np.concatenate([np.zeros((len(ends), 1)), ends], axis=1)

    def _gap(self, weights: Floats, positive: Floats) -> Floats:
        stated = np.add.reduceat(weights * self.probability, self.starts, axis=1)
        return np.abs(stated - np.add.reduceat(positive, self.starts, axis=1)).sum(axis=1)


def bins(probability: Floats) -> NDArray[np.intp]:
    """Bin 0 … 9 of each probability; 1.0 belongs to the last."""
    edges = np.arange(1, BINS) / BINS
    return np.searchsorted(edges, probability, side="right")


def binary_metrics(label: ArrayLike, probability: ArrayLike, weight: ArrayLike | None = None) -> dict[str, float]:
    """All of METRICS at once."""
    ranking = Ranking.of(label, probability)
    w = np.ones(len(ranking.order)) if weight is None else np.asarray(weight, np.float64)
    values = ranking.metrics(w[None, ranking.order])
    return {name: float(values[name][0]) for name in METRICS}


def _single(name: str, label: ArrayLike, probability: ArrayLike, weight: ArrayLike | None) -> float:
    return binary_metrics(label, probability, weight)[name]


def _checked(label: ArrayLike, probability: ArrayLike) -> tuple[Floats, Floats]:
    y, p = np.asarray(label, np.float64), np.asarray(probability, np.float64)
    if y.shape != p.shape or y.ndim != 1 or not len(y):
        raise ValueError(f"label {y.shape} and probability {p.shape} must be two vectors of the same length")
    if not np.isin(y, (0, 1)).all():
        raise ValueError(f"a label is 0 or 1, not {_first(y, ~np.isin(y, (0, 1)))}")
    outside = ~((p >= 0) & (p <= 1))
    if outside.any():
        raise ValueError(f"a probability lies within [0, 1], not {_first(p, outside)}")
    return y, p


def _first(values: NDArray[Any], where: NDArray[np.bool_]) -> float:
    return float(values[where][0])


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
