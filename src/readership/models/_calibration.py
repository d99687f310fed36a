"""From raw log-odds to probability: none, shift, Platt or isotonic, in float64 NumPy, offline and served alike.

A calibrator is fitted on cut-offs later than training and must beat *none* on later ones still, by more than
noise: recalibrating on the newest readers helps while a trend lasts and hurts when it turns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NAMES = ("none", "shift", "platt", "isotonic")
ARRAYS = {"none": (), "shift": ("shift",), "platt": ("slope", "shift"), "isotonic": ("margin", "probability")}
"""The arrays each calibrator is stored as."""
NOISE = 2.0
"""Standard errors by which a calibrator must beat *none*."""
SETTLED = 0.25
"""Share of the mean error that a calibrator may leave on later rows."""
A_POINT = 0.01
"""A mean error too small to matter."""


@dataclass(frozen=True)
class Calibrator:
    """A monotone map from log-odds to probability; call it.

    none      1 / (1 + exp(-margin))
    shift     1 / (1 + exp(-(margin + shift)))
    platt     1 / (1 + exp(-(slope * margin + shift)))
    isotonic  `probability` at each `margin`, straight lines between, flat outside

    >>> Calibrator("shift", {"shift": np.array([1.0])})(np.array([-1.0])).tolist()
    [0.5]
    """

    name: str
    arrays: Mapping[str, Floats] = field(default_factory=dict)

    @classmethod
    def from_arrays(cls, name: str, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """The calibrator stored as these arrays; ValueError where the name or an array does not fit."""
        if name not in ARRAYS:
            raise ValueError(f"there is no calibrator {name!r}; there are {', '.join(NAMES)}")
        if set(arrays) != set(ARRAYS[name]):
            raise ValueError(f"calibrator {name!r} needs arrays {list(ARRAYS[name])}, got {sorted(arrays)}")
        numbers = {key: np.atleast_1d(np.asarray(value, dtype=np.float64)) for key, value in arrays.items()}
        if not all(np.isfinite(value).all() for value in numbers.values()):
            raise ValueError(f"calibrator {name!r} holds numbers that are not finite")
        if name == "isotonic":
            margin, probability = numbers["margin"], numbers["probability"]
            if margin.ndim != 1 or margin.shape != probability.shape or not margin.size or (np.diff(margin) <= 0).any():
                raise ValueError("calibrator 'isotonic' needs as many probabilities as margins, margins rising")
        elif any(value.size != 1 for value in numbers.values()):
            raise ValueError(f"calibrator {name!r} needs one number in each array")
        return cls(name, numbers)

    def to_arrays(self) -> dict[str, Floats]:
        """What to store; `from_arrays` gives the calibrator back."""
        return dict(self.arrays)

    def __call__(self, margin: Floats) -> Floats:
        margin = np.asarray(margin, dtype=np.float64)
        if self.name == "isotonic":
            return np.interp(margin, self.arrays["margin"], self.arrays["probability"])
        if self.name == "none":
            return sigmoid(margin)
        slope = self.arrays["slope"][0] if self.name == "platt" else 1.0
        return sigmoid(slope * margin + self.arrays["shift"][0])


class Rows(NamedTuple):
    """Log-odds a model gave, what happened, the reader, and the weight of each row."""

    margin: Floats
    label: NDArray[np.float32]
    reader: NDArray[np.uint64]
    weight: Floats


def sigmoid(margin: Floats) -> Floats:
    """1 / (1 + exp(-margin)), without overflow.

    >>> sigmoid(np.array([0.0, -1000.0])).tolist()
    [0.5, 0.0]
    """
    return np.exp(-np.logaddexp(0.0, -margin))


def fit(name: str, rows: Rows) -> Calibrator:
    """The calibrator of this name fitted on these rows by log loss (isotonic: by weighted squares)."""
    if name == "none":
        return Calibrator("none")
    if name == "isotonic":
        return _isotonic(rows)
    if name == "shift":
        _, shift = _logistic(rows, free_slope=False)
        return Calibrator("shift", {"shift": np.array([shift])})
    slope, shift = _logistic(rows, free_slope=True)
    if slope <= 0:
        return Calibrator("none")
    return Calibrator("platt", {"slope": np.array([slope]), "shift": np.array([shift])})


def choose(fitted_on: Rows, checked_on: Rows, uncalibrated: Rows) -> str:
    """The kind of calibrator to use, chosen on rows later than those it is fitted on.

    `uncalibrated` are the rows of `checked_on` with the margins that stand when no calibrator is used. From the
    simplest on, one takes the place of another only if its log loss is lower by more than `NOISE` standard errors
    (clustered by reader), and if it settles the level: what is left of the mean error must lie within noise, within
    `SETTLED` of the error before, or within a point. A level that still moves is a trend, and nobody knows when a
    trend turns; *none* stands until beaten.
    """
    chosen, losses = "none", _losses(Calibrator("none"), uncalibrated)
    before, _ = _mean_error(Calibrator("none"), checked_on)
    for name in NAMES[1:]:
        calibrator = fit(name, fitted_on)
        trial = _losses(calibrator, checked_on)
        gain, error = clustered_mean(losses - trial, checked_on.reader, checked_on.weight)
        left, noise = _mean_error(calibrator, checked_on)
        if gain > NOISE * error and abs(left) <= max(NOISE * noise, SETTLED * abs(before), A_POINT):
            chosen, losses = name, trial
    return chosen


def clustered_mean(values: Floats, reader: NDArray[np.uint64], weight: Floats) -> tuple[float, float]:
    """Weighted mean, and its standard error where rows of one reader count as one observation.

    Linearised ratio: sum over readers of (sum of weight * (value - mean))², over (sum of weights)².

    >>> clustered_mean(np.array([1.0, 1.0, 3.0, 3.0]), np.array([7, 7, 9, 9], dtype=np.uint64), np.ones(4))[0]
    2.0
    """
    mean = float(np.average(values, weights=weight))
    _, group = np.unique(reader, return_inverse=True)
    totals = np.bincount(group, weights=weight * (values - mean))
    readers = len(totals)
    correction = readers / max(readers - 1, 1)
    return mean, float(np.sqrt(correction * np.sum(totals**2)) / weight.sum())


def _mean_error(calibrator: Calibrator, rows: Rows) -> tuple[float, float]:
    """Mean of outcome minus probability, and its standard error."""
    return clustered_mean(rows.label - calibrator(rows.margin), rows.reader, rows.weight)


def _losses(calibrator: Calibrator, rows: Rows) -> Floats:
    given = np.clip(calibrator(rows.margin), 1e-12, 1 - 1e-12)
    return -np.where(rows.label > 0.5, np.log(given), np.log1p(-given))


def _logistic(rows: Rows, *, free_slope: bool) -> tuple[float, float]:
    """Slope and shift of least log loss, by damped Newton steps; a slope held at 1 unless it is free."""
    slope, shift = 1.0, 0.0
    scale = rows.weight.sum()
    for _ in range(100):
        given = sigmoid(slope * rows.margin + shift)
        excess, spread = rows.weight * (given - rows.label), rows.weight * given * (1 - given)
        gradient = np.array([excess @ rows.margin if free_slope else 0.0, excess.sum()]) / scale
        mixed = spread @ rows.margin if free_slope else 0.0
        first = spread @ rows.margin**2 if free_slope else scale
        curvature = np.array([[first, mixed], [mixed, spread.sum()]]) / scale + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-12))
        slope, shift = slope - float(step[0]), shift - float(step[1])
        if np.abs(step).max() < 1e-10:
            break
    return slope, shift


def _isotonic(rows: Rows) -> Calibrator:
    """Rising steps by pooling neighbours, then straight lines between the steps' centres, never quite 0 or 1."""
    order = np.argsort(rows.margin, kind="stable")
    blocks: list[tuple[float, float, float]] = []
    for margin, label, weight in zip(rows.margin[order], rows.label[order], rows.weight[order], strict=True):
        blocks.append((float(margin) * weight, float(label) * weight, float(weight)))
        while len(blocks) > 1 and _falls(blocks[-2], blocks[-1]):
            last, before = blocks.pop(), blocks.pop()
            blocks.append((last[0] + before[0], last[1] + before[1], last[2] + before[2]))
    margins, labels, weights = (np.array(column) for column in zip(*blocks, strict=True))
    limit = 1 / (2 + len(order))
    return Calibrator(
        "isotonic",
        {"margin": margins / weights, "probability": np.clip(labels / weights, limit, 1 - limit)},
    )


def _falls(before: tuple[float, float, float], after: tuple[float, float, float]) -> bool:
    """Whether the later block's mean label is no higher, or both stand at one margin."""
    return before[1] * after[2] >= after[1] * before[2] or before[0] * after[2] >= after[0] * before[2]
