"""`readership experiment plan`: what an experiment takes, judged by its audience of the last weeks."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from readership.errors import InputError, NotEnoughData
from readership.experiments import planning
from readership.experiments.aggregates import read_baseline
from readership.experiments.definition import Experiment, Metric
from readership.pipelines.experiments import definitions, named, unit_of, view_of
from readership.settings import Settings
from readership.warehouse import Warehouse

WEEKS = 4
"""Of the past, whose readers stand for those of an experiment that is planned."""


class Wanted(NamedTuple):
    """What is asked of a plan: an effect as a share of the metric's value, found with this power."""

    effect: float = 0.05
    power: float = planning.POWER


def plan_experiment(
    warehouse: Warehouse, settings: Settings, now: datetime, key: str, wanted: Wanted
) -> dict[str, Any]:
    """What each metric takes, judged by the audience of the last weeks whose outcome is known by now."""
    if not 0 < wanted.effect <= 1 or not 0.5 <= wanted.power < 1:
        raise InputError(
            f"an effect of {wanted.effect:g} with power {wanted.power:g} cannot be planned; give an effect as a share "
            "of the metric's value (0.05 for 5 %) and a power from 0.5 to 0.99"
        )
    experiment = named(definitions(settings, now), key, settings)
    view = view_of(warehouse, settings, now)
    end = view.now - timedelta(days=experiment.window_days)
    start = end - timedelta(weeks=WEEKS)
    sums = read_baseline(warehouse, experiment, view, start, end)
    everybody = sums.moments(1)
    if everybody.units < planning.FEWEST:
        raise NotEnoughData(
            f"experiment {key!r}: the audience has {everybody.units} units from {start:%Y-%m-%d} to {end:%Y-%m-%d}, "
            "too few to plan by; widen [audience], load more of the past, or say --as-of"
        )
    arrivals = [
        int(sums.rows.filter(day=day)["units"].sum())
        for day in range(experiment.window_days + 1, experiment.window_days + 7 * WEEKS + 1)
    ]
    return {
        "experiment": key,
        "as_of": view.now.isoformat(),
        "from": start.isoformat(),
        "to": end.isoformat(),
        "units": everybody.units,
        "units_a_day": arrivals,
        "planned_days": (experiment.end - experiment.start).days,
        "effect": wanted.effect,
        "power": wanted.power,
        "metrics": [
            _planned(
                experiment, metric, planning.baseline(metric, experiment.unit, sums.layout, everybody), arrivals, wanted
            )
            for metric in experiment.judged
        ],
    }


def _planned(
    experiment: Experiment, metric: Metric, base: planning.Baseline | None, arrivals: list[int], wanted: Wanted
) -> dict[str, Any]:
    unit = unit_of(metric.kind, metric.measure, metric.per)
    if base is None or not base.value > 0:
        return {"metric": metric.name, "unit": unit, "unknown": "every unit has the same value, or none has any"}
    effect = wanted.effect * base.value
    found = planning.plan(metric, base, effect, experiment.weights, arrivals, experiment.coverage, wanted.power)
    length = (experiment.end - experiment.start).days
    come = sum(arrivals[:length]) + max(0, length - len(arrivals)) * sum(arrivals[-7:]) / 7
    by_end = int(experiment.coverage * come)
    return found._asdict() | {
        "unit": unit,
        "baseline": base._asdict(),
        "units_by_end": by_end,
        "detectable_by_end": planning.detectable(base, by_end, experiment.weights, power=wanted.power)
        if by_end
        else None,
        "power_by_end": planning.power_of(base, effect, by_end, experiment.weights) if by_end else None,
    }


def told(found: dict[str, Any]) -> list[str]:
    """A plan in sentences, a few for each metric."""
    lines = [
        f"{found['experiment']}: judged by {found['units']:,} units of its audience seen from {found['from'][:10]} to "
        f"{found['to'][:10]}; to find an effect of {found['effect']:.1%} in {found['power']:.0%} of the cases:"
    ]
    for metric in found["metrics"]:
        if "unknown" in metric:
            lines.append(f"  {metric['metric']}: cannot be planned, {metric['unknown']} in that time")
            continue
        lines.append(
            f"  {metric['metric']}: now {metric['baseline']['value']:.4g} {metric['unit']}; {metric['units']:,} units "
            f"({_days(metric['days'])}), watched all the time {metric['units_watched']:,} "
            f"({_days(metric['days_watched'])}); knowing the time before spares "
            f"{1 - metric['units'] / metric['units_without_covariate']:.0%} of them"
        )
        if metric["detectable_by_end"] is not None:
            lines.append(
                f"    as planned, {found['planned_days']} days bring {metric['units_by_end']:,} units: they show an "
                f"effect of {metric['detectable_by_end'] / metric['baseline']['value']:.1%}, and this one in "
                f"{metric['power_by_end']:.0%} of the cases"
            )
    return lines


def _days(days: int | None) -> str:
    return "more than a year" if days is None else f"{days} days"
