"""How far two samples lie apart, beside how far they would by chance: readers are drawn, not rows.

The distances see bins: tenths of the reference for a number, words for a category, and one bin for what is missing.
Under no change PSI is about (bins − 1)(1/n + 1/m), so small samples always look as if they had drifted. Chance is
therefore measured: each reader's deviation from the pooled shares is given a random sign, again and again. A reader
counts as one however many rows are theirs, and one who is in both samples counts in both at once.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TENTHS = 10
SIGNS = 200
"""Random signs behind the two moments that the level of chance is worked out from."""
Z_LEVEL = {0.95: 1.645, 0.99: 2.326, 0.999: 3.090}
"""Standard normal quantiles."""
FEWEST_ROWS = 5
"""A word that fewer rows of the smaller sample are expected to carry is counted with the other rare ones."""


class Distance(NamedTuple):
    """A distance, and what it stays below by chance alone."""

    value: float
    by_chance: float


@dataclass(frozen=True)
class Sample:
    """Bins of one column's rows and whose rows they are.

    code    bin of each row [n], from 0
    reader  position of each row's reader among all readers of both samples [n]
    """

    code: NDArray[np.intp]
    reader: NDArray[np.intp]


def psi(reference: Floats, window: Floats) -> Floats:
    """Population stability index of shares [..., bins]: Σ (w − r) · ln(w / r).

    >>> round(float(psi(np.array([0.5, 0.5]), np.array([0.6, 0.4]))), 4)   # .1 · ln 1.2 − .1 · ln .8
    0.0405
    """
    return ((window - reference) * np.log(window / reference)).sum(axis=-1)


def jensen_shannon(reference: Floats, window: Floats) -> Floats:
    """Jensen–Shannon divergence of shares [..., bins] in bits: 0 when equal, 1 when nothing is in common.

    >>> round(float(jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0]))), 4)
    1.0
    """
    middle = (reference + window) / 2
    return (_entropy(middle) - (_entropy(reference) + _entropy(window)) / 2) / np.log(2)


def kolmogorov_smirnov(reference: Floats, window: Floats) -> Floats:
    """Largest gap between the running shares [..., bins], bins in order: KS at the reference's tenths.

    >>> round(float(kolmogorov_smirnov(np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5]))), 4)
    0.3
    """
    return np.abs(np.cumsum(window - reference, axis=-1)).max(axis=-1)


DISTANCES = {"psi": psi, "js": jensen_shannon, "ks": kolmogorov_smirnov}


def number_bins(reference: Floats, window: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Both samples in the tenths of the reference, missing values in a bin of their own at the end.

    >>> both = number_bins(np.arange(100.0), np.array([-5.0, 95.0, np.nan]))
    >>> both[1].tolist()
    [0, 9, 10]
    """
    known = reference[np.isfinite(reference)]
    edges = np.unique(np.quantile(known, np.arange(1, TENTHS) / TENTHS)) if len(known) else np.empty(0)
    return _binned(reference, edges), _binned(window, edges)


def word_bins(reference: Floats, window: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Both samples by code, missing values in a bin of their own, rare words in one together."""
    codes, place = np.unique(np.nan_to_num(np.concatenate([reference, window]), nan=-1.0), return_inverse=True)
    share = np.bincount(place, minlength=len(codes)) / len(place)
    rare = share * min(len(reference), len(window)) < FEWEST_ROWS
    bins = np.where(rare, np.count_nonzero(~rare), np.cumsum(~rare) - 1)[place].astype(np.intp)
    return bins[: len(reference)], bins[len(reference) :]


def random_signs(readers: int, seed: int = 0) -> NDArray[np.float32]:
    """Signs [SIGNS, readers], the same for every column of one comparison."""
    rng = np.random.default_rng(seed)
    return (rng.integers(0, 2, (SIGNS, readers)) * 2 - 1).astype(np.float32)


def compare(reference: Sample, window: Sample, signs: NDArray[np.float32], level: float = 0.999) -> dict[str, Distance]:
    """PSI, Jensen–Shannon and KS of the window against the reference, and what chance alone keeps below at `level`.

    ValueError where either sample is empty.
    """
    rows = len(reference.code), len(window.code)
    if not all(rows):
        raise ValueError(f"{rows[0]} rows of the reference and {rows[1]} of the window cannot be compared")
    bins = int(max(reference.code.max(), window.code.max())) + 1
    there = np.bincount(reference.code, minlength=bins), np.bincount(window.code, minlength=bins)
    pooled = (there[0] + there[1]) / sum(rows)
    wild = [pooled + signs @ _deviations(s, pooled, signs.shape[1]) / len(s.code) for s in (reference, window)]
    shares = [_smooth(count / n, n) for count, n in zip(there, rows, strict=True)]
    chance = [_smooth(np.clip(drawn, 0, None), n) for drawn, n in zip(wild, rows, strict=True)]
    return {
        name: Distance(float(distance(*shares)), _quantile(distance(*chance), level))
        for name, distance in DISTANCES.items()
    }


def _binned(values: Floats, edges: Floats) -> NDArray[np.intp]:
    found = np.searchsorted(edges, values, side="right")
    return np.where(np.isfinite(values), found, len(edges) + 1).astype(np.intp)


def _deviations(sample: Sample, pooled: Floats, readers: int) -> NDArray[np.float32]:
    """Each reader's rows by bin [readers, bins], less what the pooled shares make expect of as many rows."""
    bins = len(pooled)
    held = np.bincount(sample.reader * bins + sample.code, minlength=readers * bins).reshape(readers, bins)
    return (held - held.sum(axis=1, keepdims=True) * pooled).astype(np.float32)


def _smooth(shares: Floats, rows: int) -> Floats:
    """Half a row more in every bin, so that an empty one does not make a distance endless."""
    bins = shares.shape[-1]
    whole = shares / shares.sum(axis=-1, keepdims=True)
    return (whole * rows + 0.5) / (rows + 0.5 * bins)


def _entropy(shares: Floats) -> Floats:
    return -(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=-1)


def _quantile(drawn: Floats, level: float) -> float:
    """Quantile of a scaled chi-square with the mean and variance of these draws (Wilson and Hilferty's form)."""
    mean, variance = float(drawn.mean()), float(drawn.var())
    if mean <= 0 or variance <= 0:
        return mean
    freedom = 2 * mean**2 / variance
    return float(mean * (1 - 2 / (9 * freedom) + Z_LEVEL[level] * np.sqrt(2 / (9 * freedom))) ** 3)
