"""Curves behind the plots, thinned to what a plot can show; they travel in the evaluation file."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset
from readership.evaluation.bootstrap import Draws, metric, ratio
from readership.evaluation.metrics import BINS, Floats, bins
from readership.evaluation.operating import WHOLE_PERCENTS, Steps

POINTS = 101
HISTOGRAM_BINS = 40


def reliability(test: Dataset, probability: Floats, draws: Draws) -> list[dict[str, Any]]:
    """For each of ten probability bins that holds rows: the mean stated, the share observed, how many rows."""
    place = bins(probability)
    return [
        {
            "from": number / BINS,
            "to": (number + 1) / BINS,
            "stated": ratio(inside * probability, inside, draws)["value"],
            "observed": ratio(inside * test.label, inside, draws),
            "n": int(inside.sum()),
        }
        for number in range(BINS)
        if (inside := (place == number)).any()
    ]


def roc(test: Dataset, probability: Floats, weight: Floats) -> list[dict[str, float]]:
    """False and true positive rates, from flagging nobody to flagging everyone."""
    steps = Steps.of(test.label, probability, weight)
    misses = steps.flagged - steps.hits
    false_rate = np.append(0.0, misses / (steps.total - steps.positive))
    true_rate = np.append(0.0, steps.hits / steps.positive)
    keep = _thinned(false_rate + true_rate)
    return [
        _point(false_positive_rate=f, true_positive_rate=t)
        for f, t in zip(false_rate[keep], true_rate[keep], strict=True)
    ]


def flagging(test: Dataset, probability: Floats, weight: Floats) -> list[dict[str, float]]:
    """Precision, recall and lift by the share of readers flagged, most at risk first."""
    steps = Steps.of(test.label, probability, weight)
    base = steps.positive / steps.total
    share = steps.flagged / steps.total
    keep = _thinned(share)
    return [
        _point(share=s, threshold=t, precision=p, recall=r, lift=p / base)
        for s, t, p, r in zip(
            share[keep], steps.threshold[keep], steps.precision[keep], steps.recall[keep], strict=True
        )
    ]


def by_threshold(test: Dataset, probability: Floats, draws: Draws, valid: Steps) -> list[dict[str, Any]]:
    """Share flagged and precision, with its interval, at each whole per cent, and the same on validation.

    From these a reader of the report chooses a threshold for a campaign of his own cost on validation, and sees
    what it brings on test.
    """
    place = np.searchsorted(WHOLE_PERCENTS, probability, side="right") - 1
    everyone, happened = np.ones(len(test)), test.label.astype(np.float64)
    flagged, hits = (_from(place, draws.weight * values) for values in (everyone, happened))
    flagged_again, hits_again = (
        np.cumsum(draws.sums_by_bin(values, place, len(WHOLE_PERCENTS))[:, ::-1], axis=1)[:, ::-1]
        for values in (everyone, happened)
    )
    before, hits_before = (column / valid.total for column in valid.at(WHOLE_PERCENTS))
    with np.errstate(divide="ignore", invalid="ignore"):
        precision, precision_again = hits / flagged, hits_again / flagged_again
    return [
        {
            "threshold": round(float(threshold), 2),
            "share": round(float(flagged[i] / flagged[0]), 5),
            "precision": metric(float(precision[i]), precision_again[:, i]),
            "validation": _point(share=before[i], hits=hits_before[i]),
        }
        for i, threshold in enumerate(WHOLE_PERCENTS)
    ]


def _from(place: NDArray[np.intp], weight: Floats) -> Floats:
    """Weight at or above each whole per cent."""
    held: Floats = np.bincount(place, weight, minlength=len(WHOLE_PERCENTS)).astype(np.float64)
    return np.cumsum(held[::-1])[::-1]


def histogram(test: Dataset, probability: Floats, weight: Floats) -> list[dict[str, float]]:
    """Share of all rows in each narrow bin of probability, split by what happened."""
    edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
    whole = weight.sum()
    counts = {
        outcome: np.histogram(probability[test.label == outcome], edges, weights=weight[test.label == outcome])[0]
        for outcome in (0, 1)
    }
    return [
        _point(**{"from": low, "to": high, "stayed": counts[0][i] / whole, "happened": counts[1][i] / whole})
        for i, (low, high) in enumerate(pairwise(edges))
    ]


def _thinned(along: Floats) -> NDArray[np.intp]:
    """Positions of about POINTS values spread evenly along an ascending curve, both ends included."""
    wanted = np.linspace(along[0], along[-1], POINTS)
    return np.unique(np.append(np.searchsorted(along, wanted), [0, len(along) - 1]).clip(0, len(along) - 1))


def _point(**values: float) -> dict[str, float]:
    return {name: round(float(value), 5) for name, value in values.items()}
