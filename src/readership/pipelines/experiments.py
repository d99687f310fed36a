"""`readership experiment list | analyze`: the definitions in the home, and what came of them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from readership.errors import InputError, NotEnoughData
from readership.evaluation.reports.experiment import write_experiment_report
from readership.events.consent import bits
from readership.experiments import analysis
from readership.experiments.aggregates import View, read_exposures, read_sums
from readership.experiments.definition import Experiment
from readership.experiments.measures import MEASURES
from readership.experiments.reading import FOLDER, read_experiments
from readership.experiments.sample_ratio import sample_ratio
from readership.experiments.started import remember_started
from readership.experiments.verdict import findings, verdicts
from readership.pipelines.campaign_files import write_json
from readership.pipelines.clock import resolve_now
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

QUIET = timedelta(days=1)
"""A log whose newest event is no older than this holds all that happened."""


def definitions(settings: Settings, now: datetime) -> dict[str, Experiment]:
    """Every experiment of the home by its key; those that have started by now are remembered as they are.

    Raises InputError where a definition cannot be used, two of them overlap, or one was changed after its start.
    """
    folder = settings.root / FOLDER
    found = read_experiments(folder)
    remember_started(folder, found, now)
    return found


def now_of(warehouse: Warehouse, settings: Settings, as_of: datetime | None) -> datetime:
    """The moment for commands that need no events: the clock on the wall while there are none."""
    try:
        return resolve_now(warehouse, settings, as_of).at
    except NotEnoughData:
        return as_of or settings.now or datetime.now(UTC)


def list_experiments(settings: Settings, now: datetime) -> list[dict[str, Any]]:
    """Key, state (planned, running, closing while outcomes mature, complete), times, unit and variants of each."""
    return [
        {
            "key": key,
            "state": state_of(experiment, now),
            "start": experiment.start.isoformat(),
            "end": experiment.end.isoformat(),
            "unit": experiment.unit,
            "variants": dict(zip(experiment.variants, experiment.weights, strict=True)),
            "hypothesis": experiment.hypothesis,
        }
        for key, experiment in definitions(settings, now).items()
    ]


def state_of(experiment: Experiment, now: datetime) -> str:
    """Where an experiment is in its life."""
    if now < experiment.start:
        return "planned"
    return "running" if now < experiment.end else "closing" if now < experiment.complete_at else "complete"


def analyze_experiment(
    warehouse: Warehouse, settings: Settings, now: datetime, key: str
) -> tuple[dict[str, Any], Path]:
    """Write `artifacts/experiments/<key>.json` and its page; returns both.

    Raises NotEnoughData while nobody is exposed, InputError naming the experiments there are.
    """
    experiment = named(definitions(settings, now), key, settings)
    view = view_of(warehouse, settings, now)
    sums = read_sums(warehouse, experiment, view)
    exposed = [sums.exposed(place) for place in range(1, len(experiment.variants) + 1)]
    seen = read_exposures(warehouse, experiment, view)
    if not sum(exposed):
        raise NotEnoughData(
            f"experiment {key!r}: nobody was exposed from {experiment.start:%Y-%m-%d} to "
            f"{min(experiment.end, view.now):%Y-%m-%d}; {_instead(seen.rows(named=True), experiment)}; "
            "nothing was measured"
        )
    complete = view.now >= experiment.complete_at
    split = sample_ratio(exposed, experiment.weights)
    effects = analysis.effects(experiment, sums)
    found = findings(experiment, effects, complete)
    parts = [
        part
        for name in experiment.segments
        for part in analysis.by_segment(experiment, name, read_sums(warehouse, experiment, view, name))
    ]
    measured = {
        "experiment": key,
        "hypothesis": experiment.hypothesis,
        "definition": experiment.content(),
        "definition_sha256": experiment.content_hash(),
        "as_of": view.now.isoformat(),
        "complete_at": experiment.complete_at.isoformat(),
        "state": state_of(experiment, view.now),
        "complete": complete,
        "variants": dict(zip(experiment.variants, exposed, strict=True)),
        "outcomes_open": sum(exposed) - sum(sums.moments(p + 1).units for p in range(len(exposed))),
        "moved": sums.moved,
        "exposures_left_out": _left_out(seen.rows(named=True), experiment),
        "split": split._asdict() | {"broken": split.broken},
        "units_of": {metric.name: unit_of(metric.kind, metric.measure, metric.per) for metric in experiment.judged},
        "findings": [
            finding.effect._asdict() | {"guardrail": finding.is_guardrail, "verdict": finding.verdict}
            for finding in found
        ],
        "verdicts": {one.variant: one.verdict for one in verdicts(experiment, found, split, complete)},
        "over_time": [look._asdict() for look in analysis.over_time(experiment, sums)],
        "segments": [{"segment": p.segment, "value": p.value} | p.effect._asdict() for p in parts],
        "heterogeneity": [one._asdict() for one in analysis.heterogeneity(parts)],
    }
    folder = settings.artifacts_dir / "experiments"
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / f"{key}.json", measured)
    return measured, write_experiment_report(measured, settings.artifacts_dir / "reports")


def unit_of(kind: str, measure: str, per: str | None) -> str:
    """The unit of a metric, for people.

    >>> unit_of("mean", "engaged_seconds", None), unit_of("ratio", "engaged_seconds", "article_views")
    ('seconds', 'seconds per article')
    """
    if kind == "conversion":
        return "share"
    unit = MEASURES[measure].unit
    return unit if per is None else f"{unit} per {MEASURES[per].unit.removesuffix('s')}"


def view_of(warehouse: Warehouse, settings: Settings, now: datetime) -> View:
    """Now, but not long after the log's end: of what nobody has loaded, nothing is known."""
    ((_, newest),) = warehouse.rows(read_sql("readership.pipelines.sql", "newest_event"))
    known = now if newest + QUIET >= now else newest
    return View(known, datetime.now(UTC), bits(settings.default_consent))


def named(found: Mapping[str, Experiment], key: str, settings: Settings) -> Experiment:
    if key not in found:
        raise InputError(
            f"there is no experiment {key!r} in {settings.root / FOLDER}; there are: {', '.join(found) or 'none'}"
        )
    return found[key]


def _left_out(rows: list[dict[str, Any]], experiment: Experiment) -> dict[str, int]:
    """Exposures that count nowhere, by reason."""
    return {
        "unknown variant": sum(row["within"] for row in rows if row["variant"] not in experiment.variants),
        "outside its time": sum(row["outside"] for row in rows),
    }


def _instead(rows: list[dict[str, Any]], experiment: Experiment) -> str:
    if not rows:
        return (
            "no exposure of that name is in the warehouse: events must carry `experiment` and `variant`, or come to "
            "the table `exposures`"
        )
    left = ", ".join(f"{count:,}: {reason}" for reason, count in _left_out(rows, experiment).items() if count)
    return f"there are exposures ({left or 'of no unit'}); its variants are {', '.join(experiment.variants)}"
