"""How many units an experiment takes, which effect it can show, and how long that lasts.

For a difference of means with n units in all and shares w of control and treatment,

    n = s² · (1/w_control + 1/w_treatment) · (z(1 - alpha/2) + z(power))² / effect²

where s² is the variance of one unit's value: of a conversion p (1 - p), of a ratio that of (y - R d) / D, and after
CUPED (1 - r²) times as much, r the correlation with the time before.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from readership.experiments.aggregates import Layout, Moments, Parts, parts_of
from readership.experiments.analysis import FEWEST
from readership.experiments.anytime import critical, rho_squared
from readership.experiments.definition import Metric

if TYPE_CHECKING:
    from tea_tasting.aggr import Aggregates

ALPHA, POWER = 0.05, 0.8


class Baseline(NamedTuple):
    """A metric as it is without an experiment: its value, the variance of one unit's, and r² with the time before."""

    value: float
    variance: float
    explained: float


class Plan(NamedTuple):
    """What one metric takes.

    effect            smallest effect to be found, in the metric's unit
    units             in all variants together, for one look at the end
    units_watched     the same, when it is watched all the time (always-valid)
    days              to reach `units`; None where the traffic does not within a year
    """

    metric: str
    baseline: Baseline
    effect: float
    units: int
    units_watched: int
    units_without_covariate: int
    days: int | None
    days_watched: int | None


def baseline(metric: Metric, unit: str, layout: Layout, moments: Moments) -> Baseline | None:
    """From the units of a past span; None where there are too few, or all have the same value."""
    parts = parts_of(metric, unit)
    if moments.units < FEWEST or (parts.per and not moments.sums[layout.columns.index(parts.per)] > 0):
        return None
    arm = layout.aggregates(moments, parts.present)
    value, per = layout.name(parts.value), layout.name(parts.per)
    variance = float(arm.ratio_var(value, per))
    mean = float(arm.mean(value) / arm.mean(per))
    return None if not variance > 0 else Baseline(mean, variance, _explained(arm, parts, layout, variance))


def units_needed(
    base: Baseline, effect: float, weights: Sequence[float], *, alpha: float = ALPHA, power: float = POWER
) -> int:
    """Units in all variants together to find `effect` in each; alpha is shared by the comparisons (Bonferroni).

    >>> units_needed(Baseline(0.1, 0.09, 0.0), 0.01, (0.5, 0.5))     # 4 · 0.09 · 2.8016² / 0.01²
    28256
    """
    z = _z(1 - alpha / (len(weights) - 1) / 2) + _z(power)
    return math.ceil(_width(base, weights) * z * z / effect**2)


def units_needed_watched(
    base: Baseline, effect: float, weights: Sequence[float], *, alpha: float = ALPHA, power: float = POWER
) -> int:
    """The same for the always-valid interval, tuned to that very number of units: z is 3.04 in place of 1.96."""
    shared = alpha / (len(weights) - 1)
    z = float(critical(rho_squared(1, shared), shared)) + _z(power)
    return math.ceil(_width(base, weights) * z * z / effect**2)


def detectable(
    base: Baseline, units: int, weights: Sequence[float], *, alpha: float = ALPHA, power: float = POWER
) -> float:
    """The smallest effect that so many units show in `power` of the cases.

    >>> round(detectable(Baseline(0.1, 0.09, 0.0), 28_256, (0.5, 0.5)), 5)
    0.01
    """
    z = _z(1 - alpha / (len(weights) - 1) / 2) + _z(power)
    return z * math.sqrt(_width(base, weights) / units)


def power_of(base: Baseline, effect: float, units: int, weights: Sequence[float], *, alpha: float = ALPHA) -> float:
    """The chance to find `effect` with so many units.

    >>> round(power_of(Baseline(0.1, 0.09, 0.0), 0.01, 28_256, (0.5, 0.5)), 3)
    0.8
    """
    from scipy import stats

    shift = abs(effect) / math.sqrt(_width(base, weights) / units)
    bound = _z(1 - alpha / (len(weights) - 1) / 2)
    return float(stats.norm.sf(bound - shift) + stats.norm.cdf(-bound - shift))


def days_needed(units: int, arrivals: Sequence[int], coverage: float = 1.0, most: int = 365) -> int | None:
    """Days until so many units have come, from new units a day in the past; after its end, as on its last days.

    `arrivals` are the units not seen before of each day, of which `coverage` take part. The mean of the last seven days
    goes on. None where it takes more than `most` days.

    >>> days_needed(250, [100, 60, 40]), days_needed(250, [100, 60, 40], coverage=0.5), days_needed(9, [0])
    (4, 8, None)
    """
    come, later = 0.0, sum(arrivals[-7:]) / len(arrivals[-7:]) if arrivals else 0.0
    for day in range(most):
        come += coverage * (arrivals[day] if day < len(arrivals) else later)
        if come >= units:
            return day + 1
    return None


def plan(
    metric: Metric,
    base: Baseline,
    effect: float,
    weights: Sequence[float],
    arrivals: Sequence[int],
    coverage: float = 1.0,
    power: float = POWER,
) -> Plan:
    """What one metric takes to find an effect."""
    units, watched = (needed(base, effect, weights, power=power) for needed in (units_needed, units_needed_watched))
    return Plan(
        metric=metric.name,
        baseline=base,
        effect=effect,
        units=units,
        units_watched=watched,
        units_without_covariate=units_needed(base._replace(explained=0.0), effect, weights, power=power),
        days=days_needed(units, arrivals, coverage),
        days_watched=days_needed(watched, arrivals, coverage),
    )


def _explained(arm: "Aggregates", parts: Parts, layout: Layout, variance: float) -> float:
    """r² of value and what was before: covariance² / (variance · variance)."""
    value, per, before, per_before = (layout.name(column) for column in parts)
    if before is None or not arm.mean(per_before) > 0 or not (width := arm.ratio_var(before, per_before)) > 0:
        return 0.0
    return float(min(1.0, arm.ratio_cov(value, per, before, per_before) ** 2 / (variance * width)))


def _width(base: Baseline, weights: Sequence[float]) -> float:
    """n times the variance of the difference between control and the smallest of the others."""
    return base.variance * (1 - base.explained) * (1 / weights[0] + 1 / min(weights[1:]))


def _z(share: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(share)
