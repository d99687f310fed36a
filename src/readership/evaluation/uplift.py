"""How well an effect is ranked and stated, from decisions made by lot: Qini, AUUC, effects by quantile.

Nobody is seen both contacted and left alone, so no single row is right or wrong. Groups of readers are compared:
of the readers ranked first, the weighted share with the outcome among those contacted, less that among those left
alone. Weights are 1 / propensity; intervals draw readers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Metric, Trial
from readership.evaluation.bootstrap import Draws, metric
from readership.evaluation.metrics import Floats

PER = 1_000
"""Every figure of an evaluation is so many outcomes per so many readers; curves of `Gain` are per reader."""
POINTS = 50
TOP_SHARE = 0.10
QUANTILES, FEWER_QUANTILES = 10, 5
ENOUGH_FOR_TENTHS = 2_000
METRICS = ("qini", "auuc", "ate", "effect_top_tenth", "decile_calibration_error")
HIGHER_IS_BETTER = {"qini": True, "auuc": True, "effect_top_tenth": True, "decile_calibration_error": False}


class Gain(NamedTuple):
    """What contacting the readers ranked first would bring, at each share of the readers contacted.

    share  [..., k + 1] from 0 to 1
    gain   [..., k + 1] extra outcomes for each reader of the whole population
    """

    share: Floats
    gain: Floats

    @property
    def auuc(self) -> Floats:
        """Area under the curve: the gain averaged over every share that could be contacted."""
        return np.asarray(np.trapezoid(self.gain, self.share, axis=-1))

    @property
    def ate(self) -> Floats:
        """The mean effect: the gain of contacting everybody."""
        return self.gain[..., -1]

    @property
    def qini(self) -> Floats:
        """AUUC less the area under the straight line to the mean effect, which a list drawn by lot would give."""
        return self.auuc - self.ate / 2

    def effect_of_first(self, share: float) -> Floats:
        """Mean effect on the first `share` of the readers; between two points the gain is a straight line."""
        flat = self.share.reshape(-1, self.share.shape[-1]), self.gain.reshape(-1, self.gain.shape[-1])
        found = [np.interp(share, x, y) / share for x, y in zip(*flat, strict=True)]
        return np.array(found).reshape(self.gain.shape[:-1])


def gain_curve(effect: Sequence[float], outcome: Sequence[float], treated: Sequence[bool]) -> Gain:
    """The curve of a few rows of equal weight, with a point after each distinct effect.

    gain(first k) = k / n x (share with the outcome among the contacted of the first k - the same among those alone);
    where one of the two groups is empty it is 0. Rows of equal effect are taken together, as if in random order.

    >>> curve = gain_curve([3, 3, 1, 1], [1, 0, 1, 1], [True, False, True, False])
    >>> curve.share.tolist(), curve.gain.tolist()    # first two: 2/4 x (1/1 - 0/1); all: 1 x (2/2 - 1/2)
    ([0.0, 0.5, 1.0], [0.0, 0.5, 0.5])
    >>> float(curve.auuc), float(curve.qini)         # 0.125 + 0.25; less 0.5 / 2
    (0.375, 0.125)
    """
    scores, arm = np.asarray(effect, np.float64), np.asarray(treated, bool)
    place, bins = _ranked(scores, np.ones(len(scores)), points=None)
    draws = Draws(np.ones((1, len(scores)), np.uint8), np.arange(len(scores)), np.ones(len(scores)))
    gain = _gain(np.asarray(outcome, np.float64), arm, place, bins, draws)
    return Gain(gain.share[0], gain.gain[0])


@dataclass(frozen=True)
class MeasuredUplift:
    """Metrics on the rows as they are, and in every replicate; the curve of the rows, and of the replicates."""

    values: dict[str, float]
    replicates: dict[str, Floats]
    curve: Gain
    curves: Gain

    def metrics(self) -> dict[str, Metric]:
        """`{"value", "ci95"}` of every metric."""
        return {
            name: metric(self.values[name], self.replicates[name], floor=0.0 if name == METRICS[-1] else None)
            for name in self.values
        }

    def minus(self, other: "MeasuredUplift", names: Sequence[str] = ("qini", "effect_top_tenth")) -> dict[str, Metric]:
        """Paired differences; both were measured on the same draws."""
        return {
            name: metric(self.values[name] - other.values[name], self.replicates[name] - other.replicates[name])
            for name in names
        }


def measure_uplift(trial: Trial, effect: Floats, draws: Draws) -> MeasuredUplift:
    """All of METRICS per 1,000 readers, on the rows and in every replicate of `draws`."""
    place, bins = _ranked(effect, draws.weight, points=POINTS)
    itself = Draws(np.ones((1, draws.counts.shape[1]), np.uint8), draws.reader, draws.weight)
    outcome = trial.rows.label.astype(np.float64)
    plain, drawn = (_gain(outcome, trial.treated, place, bins, some) for some in (itself, draws))
    off = [PER * _calibration(trial, effect, some) for some in (itself, draws)]
    values = {**_values(plain), METRICS[-1]: off[0]}
    return MeasuredUplift(
        {name: float(found[0]) for name, found in values.items()},
        {**_values(drawn), METRICS[-1]: off[1]},
        Gain(plain.share[0], plain.gain[0]),
        drawn,
    )


def by_quantile(trial: Trial, effect: Floats, draws: Draws) -> list[dict[str, Any]]:
    """Readers in tenths by effect (fifths where rows are few), highest first: stated and observed effect per 1,000."""
    place, bins = _ranked(effect, draws.weight, points=_quantiles(trial))
    observed, mass = _observed(trial, place, bins, Draws(draws.counts[:1] * 0 + 1, draws.reader, draws.weight))
    replicates, _ = _observed(trial, place, bins, draws)
    rows = []
    for each in range(bins):
        inside = place == each
        rows.append(
            {
                "quantile": each + 1,
                "n": int(inside.sum()),
                "share": round(float(mass[0, each]), 6),
                "stated": round(PER * float(np.average(effect[inside], weights=draws.weight[inside])), 4),
                "observed": metric(PER * float(observed[0, each]), PER * replicates[:, each]),
            }
        )
    return rows


def _values(gain: Gain) -> dict[str, Floats]:
    found = (gain.qini, gain.auuc, gain.ate, gain.effect_of_first(TOP_SHARE))
    return {name: PER * values for name, values in zip(METRICS, found, strict=False)}


def _calibration(trial: Trial, effect: Floats, draws: Draws) -> Floats:
    """Mean distance between stated and observed effect over the quantiles, in each replicate."""
    place, bins = _ranked(effect, draws.weight, points=_quantiles(trial))
    observed, mass = _observed(trial, place, bins, draws)
    weight = draws.sums_by_bin(np.ones(len(effect)), place, bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        stated = draws.sums_by_bin(effect, place, bins) / weight
    return np.nansum(np.abs(stated - observed) * mass, axis=1)


def _observed(trial: Trial, place: NDArray[np.intp], bins: int, draws: Draws) -> tuple[Floats, Floats]:
    """Difference of the two groups within each bin [r, bins] (nan where one is empty), and each bin's share."""
    sums = _sums(trial.rows.label.astype(np.float64), trial.treated, place, bins, draws)
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = sums[1] / sums[0] - sums[3] / sums[2]
        mass = (sums[0] + sums[2]) / (sums[0] + sums[2]).sum(axis=1, keepdims=True)
    return difference, mass


def _gain(outcome: Floats, treated: NDArray[np.bool_], place: NDArray[np.intp], bins: int, draws: Draws) -> Gain:
    sums = [np.cumsum(part, axis=1) for part in _sums(outcome, treated, place, bins, draws)]
    mass = sums[0] + sums[2]
    share = mass / mass[:, -1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        gain = share * (sums[1] / sums[0] - sums[3] / sums[2])
    start = np.zeros((len(share), 1))
    return Gain(np.hstack([start, share]), np.hstack([start, np.where(np.isfinite(gain), gain, 0.0)]))


def _sums(
    outcome: Floats, treated: NDArray[np.bool_], place: NDArray[np.intp], bins: int, draws: Draws
) -> list[Floats]:
    """Weights and outcomes [r, bins] of the contacted, then of those left alone."""
    arms = [treated.astype(np.float64), (~treated).astype(np.float64)]
    return [draws.sums_by_bin(values, place, bins) for arm in arms for values in (arm, arm * outcome)]


def _ranked(effect: Floats, weight: Floats, points: int | None) -> tuple[NDArray[np.intp], int]:
    """Bin of each row, 0 for the highest effects, and how many: at most `points` of about equal weight; ties stay."""
    levels, level = np.unique(-np.asarray(effect, np.float64), return_inverse=True)
    if points is None or len(levels) <= 1:
        return level, len(levels)
    upto = np.cumsum(np.bincount(level, weights=weight))
    middle = (upto - np.bincount(level, weights=weight) / 2) / upto[-1]
    _, place = np.unique(np.minimum((middle * points).astype(np.intp), points - 1)[level], return_inverse=True)
    return place, int(place.max()) + 1


def _quantiles(trial: Trial) -> int:
    return QUANTILES if len(trial) >= ENOUGH_FOR_TENTHS else FEWER_QUANTILES
