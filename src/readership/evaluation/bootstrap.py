"""Intervals by drawing readers, not rows, with replacement: rows of one reader are not independent.

The same draws serve every model, so that differences between models are paired.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from readership.contracts import Metric
from readership.evaluation.metrics import METRICS, Floats, Ranking

REPLICATES = 500
CHUNK_CELLS = 1_000_000
LEVEL = (0.025, 0.975)


@dataclass(frozen=True)
class Draws:
    """How often each reader was drawn in each replicate.

    counts  uint8 [replicates, readers]
    reader  position of each row's reader in `counts` [n]
    weight  weight of each row before drawing [n]
    """

    counts: NDArray[np.uint8]
    reader: NDArray[np.intp]
    weight: Floats

    @classmethod
    def of(
        cls,
        reader: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        replicates: int = REPLICATES,
        seed: int = 0,
    ) -> "Draws":
        """As many readers as there are, drawn with replacement, in each replicate."""
        names, position = np.unique(np.asarray(reader), return_inverse=True)
        rng = np.random.default_rng(seed)
        many = len(names)
        counts = np.empty((replicates, many), np.uint8)
        for row in counts:
            row[:] = np.bincount(rng.integers(0, many, many), minlength=many)
        w = np.ones(len(position)) if weight is None else np.asarray(weight, np.float64)
        return cls(counts, position, w)

    def take(self, rows: NDArray[np.bool_]) -> "Draws":
        """The same draws, for some of the rows."""
        return Draws(self.counts, self.reader[rows], self.weight[rows])

    @property
    def readers(self) -> int:
        """How many readers stand behind the rows."""
        return len(np.unique(self.reader))

    def row_weights(self, order: NDArray[np.intp]) -> Iterator[Floats]:
        """Weights of the rows in `order`, some replicates at a time so that memory stays bounded."""
        at_once = max(1, CHUNK_CELLS // max(1, len(order)))
        reader, weight = self.reader[order], self.weight[order]
        for start in range(0, len(self.counts), at_once):
            yield self.counts[start : start + at_once][:, reader] * weight

    def sums(self, values: Floats) -> Floats:
        """Weighted sums [r, k] of the columns of values [n, k] in each replicate."""
        readers = self.counts.shape[1]
        weighted = self.weight[:, None] * values
        by_reader = np.stack([np.bincount(self.reader, column, minlength=readers) for column in weighted.T], axis=1)
        at_once = max(1, CHUNK_CELLS // readers)
        starts = range(0, len(self.counts), at_once)
        return np.concatenate([self.counts[s : s + at_once].astype(np.float64) @ by_reader for s in starts])

    def sums_by_bin(self, values: Floats, place: NDArray[np.intp], bins: int) -> Floats:
        """Weighted sums [r, bins] of values [n], each row in the bin that `place` says, in each replicate."""
        order = np.argsort(place, kind="stable")
        present, starts = np.unique(place[order], return_index=True)
        found = np.zeros((len(self.counts), bins))
        row = 0
        for weights in self.row_weights(order):
            weights *= values[order]
            found[row : row + len(weights), present] = np.add.reduceat(weights, starts, axis=1)
            row += len(weights)
        return found


@dataclass(frozen=True)
class Measured:
    """Each metric's value on the rows as they are, and in every replicate."""

    values: Mapping[str, float]
    replicates: Mapping[str, Floats]

    def metrics(self) -> dict[str, Metric]:
        """`{"value", "ci95"}` of every metric."""
        return {name: metric(self.values[name], self.replicates[name], floor=_floor(name)) for name in self.values}

    def minus(self, other: "Measured") -> dict[str, Metric]:
        """Paired differences, metric by metric; both were measured on the same draws."""
        return {
            name: metric(self.values[name] - other.values[name], self.replicates[name] - other.replicates[name])
            for name in self.values
        }


def measure(label: ArrayLike, probability: ArrayLike, draws: Draws) -> Measured:
    """All of METRICS, on the rows and in every replicate."""
    ranking = Ranking.of(label, probability)
    values = ranking.metrics(draws.weight[None, ranking.order])
    parts = [ranking.metrics(weights) for weights in draws.row_weights(ranking.order)]
    return Measured(
        {name: float(values[name][0]) for name in METRICS},
        {name: np.concatenate([part[name] for part in parts]) for name in METRICS},
    )


def ratio(numerator: ArrayLike, denominator: ArrayLike, draws: Draws) -> Metric:
    """Weighted Σ numerator / Σ denominator with its interval: a share, a precision, a mean."""
    over, under = (np.asarray(values, np.float64)[:, None] for values in (numerator, denominator))
    return ratios(over, under, draws)[0]


def ratios(numerators: Floats, denominators: Floats, draws: Draws) -> list[Metric]:
    """The same for every column of [n, k]."""
    over, under = draws.weight @ numerators, draws.weight @ denominators
    with np.errstate(divide="ignore", invalid="ignore"):
        replicates = draws.sums(numerators) / draws.sums(denominators)
        values = over / under
    return [metric(float(value), column) for value, column in zip(values, replicates.T, strict=True)]


def metric(value: float, replicates: Floats, *, floor: float | None = None) -> Metric:
    """`{"value", "ci95"}` from replicates; None where it cannot be known (one class, one reader).

    The interval is the middle 95 % of the replicates. A distance from the truth (`floor` 0: the calibration error)
    is enlarged by noise, in the data and once more in every replicate: its lower bound is the upper one reflected
    around the value, less the enlargement seen, and never below the floor. Wide rather than narrow: on simulated
    readers it holds the true error in at least 95 % of the cases, 85 % where that error is exactly zero.
    """
    known = replicates[np.isfinite(replicates)]
    if not np.isfinite(value):
        return {"value": None, "ci95": [None, None]}
    if len(known) < len(replicates) / 2 or np.ptp(known) == 0:
        return {"value": round(value, 6), "ci95": [None, None]}
    low, high = (float(bound) for bound in np.quantile(known, LEVEL))
    if floor is not None:
        low = max(floor, min(2 * value - high - (float(known.mean()) - value), value))
        high = max(high, value)
    return {"value": round(value, 6), "ci95": [round(low, 6), round(high, 6)]}


def _floor(name: str) -> float | None:
    return 0.0 if name == "ece" else None
