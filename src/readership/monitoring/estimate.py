"""How well a model does before its labels are known, from its own calibrated probabilities (CBPE).

If p is true, a row stated p is positive with probability p; so what the order and the size of the probabilities are
worth follows from them alone. How true they were is learnt on the held-out rows of the model's own evaluation: a slope
and a shift of the log-odds, with what is not known of both.

What it cannot see: readers who look as before and act differently (concept drift). For that there is no way but to
wait for the labels.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Metric
from readership.evaluation.bootstrap import LEVEL

Floats = NDArray[np.float64]
DRAWS = 400
CHUNK_CELLS = 4_000_000
CLIP = 1e-12
STEPS = 25
RIDGE = 0.1
"""Rows' worth of belief that probabilities are as stated; it matters only where outcomes are split without overlap."""
ASSUMED_SHIFT, ASSUMED_PERIODS = 0.15, 2
"""How far one period's log-odds lie from another's, until so many periods more have said otherwise: with one cut-off
to learn from nothing is known of it, and nothing known is not nothing there."""
LEAST_INFORMATION = 1.0
"""Of a period, below which nothing can be said of its shift."""


class Truth(NamedTuple):
    """How stated log-odds must be read: truth = shift + slope · stated, with the covariance [2, 2] of the two."""

    shift: float
    slope: float
    covariance: Floats


AS_STATED = np.array([0.0, 1.0])
TAKEN_AS_STATED = Truth(0.0, 1.0, np.zeros((2, 2)))
"""Where there are no held-out rows to learn it on; the interval then holds chance alone."""


def learn_truth(label: Floats, probability: Floats, reader: NDArray[np.uint64], period: NDArray[np.generic]) -> Truth:
    """Slope and shift by logistic regression, their covariance clustered by reader and widened by that of periods.

    Periods (cut-offs) differ by more than their readers explain: the news, the season. What the shift varies between
    them beyond chance is added to its variance, and something is assumed where few of them are known.
    """
    stated = _logit(probability)
    columns = np.column_stack([np.ones_like(stated), stated])
    found, bread = _regression(columns, label)
    residual = columns * (label - _sigmoid(columns @ found))[:, None]
    _, place = np.unique(reader, return_inverse=True)
    scores = np.column_stack([np.bincount(place, part) for part in residual.T])
    covariance = bread @ (scores.T @ scores) @ bread
    covariance[0, 0] += _between(label, columns @ found, period)
    return Truth(float(found[0]), float(found[1]), covariance)


def estimate(
    probability: Floats, truth: Truth, threshold: float | None = None, draws: int = DRAWS, seed: int = 0
) -> dict[str, Metric]:
    """Expected roc_auc, log_loss and base_rate, and precision and recall at the threshold, each with its 95 % interval.

    One row a reader. Labels are drawn from the probabilities, again and again, under slopes and shifts as likely as
    they are; the interval is what the matured figure then lies within.
    """
    rng = np.random.default_rng(seed)
    stated = np.clip(probability, CLIP, 1 - CLIP)
    margin = np.sort(_logit(stated))
    settings = rng.multivariate_normal([truth.shift, truth.slope], truth.covariance, draws, method="eigh")
    flagged = None if threshold is None else np.sort(stated) >= threshold
    at_once = max(1, CHUNK_CELLS // len(margin))
    parts = [_drawn(margin, settings[s : s + at_once], flagged, rng) for s in range(0, draws, at_once)]
    return {name: _metric(np.concatenate([part[name] for part in parts])) for name in parts[0]}


def _drawn(
    margin: Floats, settings: Floats, flagged: NDArray[np.bool_] | None, rng: np.random.Generator
) -> dict[str, Floats]:
    """Each figure for one set of drawn labels a setting; margins in ascending order."""
    true = _sigmoid(settings[:, :1] + settings[:, 1:] * margin)
    label = (rng.random(true.shape) < true).astype(np.float64)
    rows, positives = len(margin), label.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        won = label @ _middle_ranks(margin) - positives * (positives + 1) / 2
        found = {
            "roc_auc": won / (positives * (rows - positives)),
            "log_loss": (np.logaddexp(0, margin).sum() - label @ margin) / rows,
            "base_rate": positives / rows,
        }
        if flagged is not None:
            hits = label @ flagged
            found |= {"precision": hits / flagged.sum(), "recall": hits / positives}
    return found


def _middle_ranks(ascending: Floats) -> Floats:
    """Ranks from 1, equal values sharing the middle of theirs.

    >>> _middle_ranks(np.array([1.0, 2.0, 2.0])).tolist()
    [1.0, 2.5, 2.5]
    """
    _, place, count = np.unique(ascending, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2)[place]


def _metric(drawn: Floats) -> Metric:
    known = drawn[np.isfinite(drawn)]
    if len(known) < len(drawn) / 2:
        return {"value": None, "ci95": [None, None]}
    low, high = np.quantile(known, LEVEL)
    return {"value": float(known.mean()), "ci95": [float(low), float(high)]}


def _regression(columns: Floats, label: Floats) -> tuple[Floats, Floats]:
    """Coefficients of a logistic regression by Newton's steps, and the inverse of its information."""
    found: Floats = AS_STATED
    for _ in range(STEPS):
        expected = _sigmoid(columns @ found)
        information = (columns * (expected * (1 - expected))[:, None]).T @ columns + RIDGE * np.eye(2)
        pull = RIDGE * (found - AS_STATED)
        step = np.linalg.solve(information, columns.T @ (label - expected) - pull)
        found = found + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-8:
            break
    return found, np.asarray(np.linalg.inv(information), np.float64)


def _between(label: Floats, margin: Floats, period: NDArray[np.generic]) -> float:
    """Variance of the shift between periods beyond that of chance; where few are known, drawn to what is assumed."""
    shifts, chances = [], []
    for one in np.unique(period):
        expected = _sigmoid(margin[period == one])
        information = float((expected * (1 - expected)).sum())
        if information < LEAST_INFORMATION:
            continue
        shifts.append(float((label[period == one] - expected).sum()) / information)
        chances.append(1 / information)
    more = max(0, len(shifts) - 1)
    seen = max(0.0, float(np.var(shifts, ddof=1)) - float(np.mean(chances))) if more else 0.0
    return (ASSUMED_PERIODS * ASSUMED_SHIFT**2 + more * seen) / (ASSUMED_PERIODS + more)


def _logit(probability: Floats) -> Floats:
    held = np.clip(probability, CLIP, 1 - CLIP)
    return np.log(held) - np.log1p(-held)


def _sigmoid(margin: Floats) -> Floats:
    return 1 / (1 + np.exp(-margin))
