"""From sums to what the variants did: differences from the control group, with their intervals.

Two intervals stand beside each other. The fixed one (tea-tasting: Welch's t-test, ratios by the delta method, less
what the arms differed in beforehand by CUPED) is right once, when the experiment is complete. The always-valid one
(`anytime.py`) is right at every look, and wider.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import polars as pl

from readership.experiments.aggregates import Layout, Moments, Parts, Sums, parts_of
from readership.experiments.anytime import band
from readership.experiments.definition import Experiment, Metric
from readership.experiments.multiplicity import benjamini_hochberg, holm

UNSEEN = "not known"
"""The segment of units of which nothing was seen before: they may read little, so of any effect there is little."""
FEWEST = 2
"""Units with a complete outcome below which an arm has no variance."""


class Effect(NamedTuple):
    """One metric of one variant beside the control group.

    control, treatment  the metric in both arms, as seen
    difference          of the two, less what they differed in beforehand, with its 95 % interval at a fixed horizon
    relative            the same as a share of the control group's value
    p, p_adjusted       of no difference; adjusted for all metrics and variants of the experiment (Holm)
    variance_cut        share of the variance that knowing the time before took away
    always_low, …       the interval and p that stay valid at every look; None with fewer than 100 units in an arm
    unknown             why there is no difference to tell, or "" where there is one
    """

    metric: str
    variant: str
    units_control: int
    units_treatment: int
    control: float | None = None
    treatment: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    relative: float | None = None
    relative_low: float | None = None
    relative_high: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    variance_cut: float | None = None
    always_low: float | None = None
    always_high: float | None = None
    always_p: float | None = None
    unknown: str = ""


class Look(NamedTuple):
    """The first metric so many days after the start, as it was then."""

    day: int
    variant: str
    units: int
    difference: float | None
    low: float | None
    high: float | None
    always_low: float | None
    always_high: float | None


class Part(NamedTuple):
    """The first metric among the units of one segment."""

    segment: str
    value: str
    effect: Effect


class Heterogeneity(NamedTuple):
    """Does an attribute change the effect? Cochran's Q over its segments, p adjusted over attributes and variants."""

    segment: str
    variant: str
    q: float
    p: float
    p_adjusted: float


def effects(experiment: Experiment, sums: Sums) -> list[Effect]:
    """Every metric and guard-rail of every variant beside the control group, p-values adjusted together."""
    control = sums.moments(1)
    found = [
        effect(experiment, metric, variant, sums.layout, control, sums.moments(place))
        for metric in experiment.judged
        for place, variant in enumerate(experiment.variants[1:], start=2)
    ]
    told = [one for one in found if one.p is not None]
    adjusted = dict(zip(map(id, told), holm([one.p for one in told if one.p is not None]), strict=True))
    return [one._replace(p_adjusted=adjusted.get(id(one))) for one in found]


def over_time(experiment: Experiment, sums: Sums) -> Iterator[Look]:
    """The first metric at the end of every day on which outcomes became complete."""
    for place, variant in enumerate(experiment.variants[1:], start=2):
        for day in sums.days:
            control, treatment = sums.moments(1, day), sums.moments(place, day)
            e = effect(experiment, experiment.metrics[0], variant, sums.layout, control, treatment)
            units = control.units + treatment.units
            yield Look(day, variant, units, e.difference, e.low, e.high, e.always_low, e.always_high)


def by_segment(experiment: Experiment, name: str, sums: Sums) -> list[Part]:
    """The first metric in every segment of an attribute that both arms have units of, the largest first."""
    sizes = (
        sums.rows.group_by("segment").agg(pl.col("units").sum()).sort(["units", "segment"], descending=[True, False])
    )
    return [
        Part(name, value or UNSEEN, effect(
            experiment, experiment.metrics[0], variant, sums.layout,
            sums.moments(1, segment=value), sums.moments(place, segment=value),
        ))
        for place, variant in enumerate(experiment.variants[1:], start=2)
        for value in sizes["segment"].to_list()
    ]  # fmt: skip


def heterogeneity(parts: Sequence[Part]) -> list[Heterogeneity]:
    """Whether the effect differs between the segments of each attribute, beyond chance (Benjamini–Hochberg).

    Q = Σ (d - mean)² / se², the mean weighted by 1/se², with segments - 1 degrees of freedom. Units whose
    segment is not known are of none.
    """
    from scipy import stats

    found = []
    for name, variant in dict.fromkeys((part.segment, part.effect.variant) for part in parts):
        own = [p for p in parts if (p.segment, p.effect.variant) == (name, variant) and p.value != UNSEEN]
        told = [p.effect for p in own if not p.effect.unknown]
        if len(told) < 2:
            continue
        weights = [1 / _error(e) ** 2 for e in told]
        differences = [e.difference or 0.0 for e in told]
        middle = sum(w * d for w, d in zip(weights, differences, strict=True)) / sum(weights)
        q = sum(w * (d - middle) ** 2 for w, d in zip(weights, differences, strict=True))
        found.append(Heterogeneity(name, variant, q, float(stats.chi2.sf(q, len(told) - 1)), 1.0))
    adjusted = benjamini_hochberg([one.p for one in found])
    return [one._replace(p_adjusted=p) for one, p in zip(found, adjusted, strict=True)]


def effect(
    experiment: Experiment, metric: Metric, variant: str, layout: Layout, control: Moments, treatment: Moments
) -> Effect:
    """One metric of one variant beside the control group, or why it cannot be told."""
    from tea_tasting.metrics import RatioOfMeans

    nothing = Effect(metric.name, variant, control.units, treatment.units)
    parts = parts_of(metric, experiment.unit)
    if min(control.units, treatment.units) < FEWEST:
        return nothing._replace(unknown="too few outcomes are complete")
    if parts.per and not min(arm.sums[layout.columns.index(parts.per)] for arm in (control, treatment)) > 0:
        return nothing._replace(unknown=f"an arm has no {metric.per}")
    spread = _variances(layout, parts, control, treatment)
    if not spread.plain > 0:
        return nothing._replace(unknown="every unit has the same value")
    if spread.before == 0:
        parts = Parts(parts.value, parts.per, None, None)
    if not spread.adjusted > spread.plain * 1e-9:
        return nothing._replace(unknown="what units did before tells their value entirely")
    arms = [layout.aggregates(arm, parts.present) for arm in (control, treatment)]
    found = RatioOfMeans(*(layout.name(column) for column in parts), use_t=True).analyze_aggregates(*arms)
    held = band(
        found.effect_size, math.sqrt(spread.adjusted), control.units, treatment.units, experiment.expected_units
    )
    base, other = (arm.mean(layout.name(parts.value)) / arm.mean(layout.name(parts.per)) for arm in arms)
    return nothing._replace(
        control=base, treatment=other,
        difference=found.effect_size, low=found.effect_size_ci_lower, high=found.effect_size_ci_upper,
        relative=found.effect_size / base if base > 0 else None,
        relative_low=found.effect_size_ci_lower / base if base > 0 else None,
        relative_high=found.effect_size_ci_upper / base if base > 0 else None,
        p=found.pvalue, variance_cut=1 - spread.adjusted / spread.plain if parts.before else None,
        always_low=held.low, always_high=held.high, always_p=held.p,
    )  # fmt: skip


class _Spread(NamedTuple):
    """Variance of the difference as it is and adjusted, and variance of the covariate."""

    plain: float
    adjusted: float
    before: float


def _variances(layout: Layout, parts: Parts, control: Moments, treatment: Moments) -> _Spread:
    """Delta method: of a ratio of means R = Y/D, var(y - R d) / D²; less theta times the same of what was before."""
    arms = [layout.aggregates(arm, parts.present) for arm in (control, treatment)]
    value, per, before, per_before = (layout.name(column) for column in parts)
    plain = sum(arm.ratio_var(value, per) / arm.count() for arm in arms)
    if before is None or not all(arm.mean(per_before) > 0 for arm in arms):
        return _Spread(plain, plain, 0.0)
    together = arms[0] + arms[1]
    width = together.ratio_var(before, per_before)
    if not width > 0:
        return _Spread(plain, plain, 0.0)
    theta = together.ratio_cov(value, per, before, per_before) / width
    adjusted = sum(
        (
            arm.ratio_var(value, per)
            + theta * theta * arm.ratio_var(before, per_before)
            - 2 * theta * arm.ratio_cov(value, per, before, per_before)
        )
        / arm.count()
        for arm in arms
    )
    return _Spread(plain, adjusted, width)


def _error(found: Effect) -> float:
    assert found.low is not None
    assert found.high is not None
    return (found.high - found.low) / 2 / 1.959964
