"""`readership monitor`: what is measured of every time since the last run, the page, the metrics, the alerts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from readership.errors import DeliveryError
from readership.monitoring.alerts import Notice
from readership.monitoring.exposition import exposition, told_apart
from readership.monitoring.measure import STATES, Measure
from readership.monitoring.rules import SEVERITIES, read_rulebook
from readership.monitoring.sinks import told
from readership.pipelines.brands import check_brand
from readership.pipelines.dataset import newest_load
from readership.pipelines.monitor_alerts import Told, tell
from readership.pipelines.monitor_data import watch_data
from readership.pipelines.monitor_models import Watch, watched
from readership.pipelines.monitor_page import write_pages
from readership.pipelines.monitor_store import read_measures, save_measures
from readership.pipelines.progress import Progress
from readership.settings import Settings
from readership.warehouse import Warehouse

WEEK = timedelta(days=7)
EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Watched(NamedTuple):
    """Everything that was ever measured up to `until`, and the models that are watched."""

    until: datetime
    tasks: tuple[str, ...]
    measures: list[Measure]


def monitor(warehouse: Warehouse, settings: Settings, now: datetime, days: int, progress: Progress) -> dict[str, Any]:
    """Measure, write page and metrics, tell who must be told.

    Raises InputError before anything is measured where `alerts.toml` cannot be used, and DeliveryError after everything
    is written where a receiver did not take what it was told; it is told again at the next run.
    """
    check_brand(warehouse, settings)
    book = read_rulebook(settings.path(settings.alerts))
    seen = watch(warehouse, settings, now, days, progress)
    spread = tell(seen.measures, book, settings, seen.until)
    since = seen.until - timedelta(days=days)
    within = [measure for measure in seen.measures if measure.as_of >= since]
    report = write_pages(within, spread.alerts, book, settings, seen.until, days, seen.tasks)
    metrics = _write_metrics(within, spread, settings)
    if spread.failed:
        raise DeliveryError("; ".join(f"{name}: {problem}" for name, problem in spread.failed.items()))
    return _outcome(seen, within, spread, report, metrics)


def watch(warehouse: Warehouse, settings: Settings, now: datetime, days: int, progress: Progress) -> Watched:
    """Measure what is not measured yet of the last `days` days and keep it in the table `measures`.

    What arrives is measured every day up to the last midnight (UTC), every model at that time and each week before
    it, and again when labels have become known. Measured twice, a time stands as measured last.
    """
    until = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with progress.step("what arrived, day by day"):
        save_measures(warehouse, settings, watch_data(warehouse, settings, until, days))
    times = [until - WEEK * weeks for weeks in range(days // WEEK.days + 1)]
    tasks = watched(settings)
    for task in tasks:
        with progress.step(f"{task}: what it saw, said and got right"):
            _watch_model(Watch(warehouse, settings, task, newest_load(warehouse)), times, now, progress)
    return Watched(until, tuple(tasks), read_measures(warehouse, settings, EVER, until))


def _watch_model(model: Watch, times: list[datetime], now: datetime, progress: Progress) -> None:
    stored = read_measures(model.warehouse, model.settings, times[-1], times[0])
    due = model.due(times, now, stored)
    for as_of, version in progress.each(due, model.task, total=len(due)):
        model.forget(as_of)
        save_measures(model.warehouse, model.settings, model.at(as_of, version, now))
    progress.say(f"{len(due)} of {len(times)} times were new or had new labels")


def _write_metrics(measures: list[Measure], spread: Told, settings: Settings) -> Path:
    standing = [alert.severity for alert in spread.alerts if alert.ended_at is None]
    text = exposition(
        measures,
        {severity: standing.count(severity) for severity in SEVERITIES},
        spread.undelivered,
        settings.brand or "",
        datetime.now(UTC),
    )
    path = settings.artifacts_dir / "monitoring" / "readership.prom"
    draft = path.with_suffix(".part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    return path


def _outcome(seen: Watched, within: list[Measure], spread: Told, report: Path, metrics: Path) -> dict[str, Any]:
    states = [measure.state for measure in told_apart(within)]
    return {
        "as_of": seen.until.isoformat(),
        "tasks": list(seen.tasks),
        "states": {state: states.count(state) for state in STATES},
        "alerts": [told(Notice("stands", alert)) for alert in spread.alerts if alert.ended_at is None],
        "told": [told(notice) for notice in spread.notices],
        "report": str(report),
        "metrics": str(metrics),
    }
