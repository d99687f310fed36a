"""`readership monitor`: what is measured of every time since the last run, the page, the metrics, the alerts."""

from datetime import datetime, timedelta
from typing import NamedTuple

from readership.monitoring.measure import Measure
from readership.pipelines.dataset import newest_load
from readership.pipelines.monitor_data import watch_data
from readership.pipelines.monitor_models import Watch, watched
from readership.pipelines.monitor_store import read_measures, save_measures
from readership.pipelines.progress import Progress
from readership.settings import Settings
from readership.warehouse import Warehouse

WEEK = timedelta(days=7)


class Watched(NamedTuple):
    """Everything known of a span of time that ends at `until`."""

    until: datetime
    days: int
    tasks: tuple[str, ...]
    measures: list[Measure]


def watch(warehouse: Warehouse, settings: Settings, now: datetime, days: int, progress: Progress) -> Watched:
    """Measure what is not measured yet of the last `days` days and keep it in the table `measures`.

    What arrives is measured every day up to the last midnight (UTC), every model at that time and each week before
    it, and again when labels have become known. Measured twice, a time stands as measured last.
    """
    until = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = until - timedelta(days=days)
    with progress.step("what arrived, day by day"):
        save_measures(warehouse, settings, watch_data(warehouse, settings, until, days))
    times = [until - WEEK * weeks for weeks in range(days // WEEK.days + 1)]
    tasks = watched(settings)
    for task in tasks:
        with progress.step(f"{task}: what it saw, said and got right"):
            _watch_model(
                Watch(warehouse, settings, task, newest_load(warehouse)), warehouse, settings, times, now, progress
            )
    return Watched(until, days, tuple(tasks), read_measures(warehouse, settings, since, until))


def _watch_model(
    model: Watch, warehouse: Warehouse, settings: Settings, times: list[datetime], now: datetime, progress: Progress
) -> None:
    stored = read_measures(warehouse, settings, times[-1], times[0])
    due = model.due(times, now, stored)
    for as_of, version in progress.each(due, model.task, total=len(due)):
        model.forget(as_of)
        save_measures(warehouse, settings, model.at(as_of, version, now))
    progress.say(
        f"{len(due)} times measured, {len(times) - len(due)} known already" if due else "nothing new to measure"
    )
