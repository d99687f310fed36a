"""The newest of every measure as Prometheus text, for the textfile collector of node_exporter."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from readership.monitoring.measure import AMBER, GREEN, GREY, RED, Measure

PREFIX = "readership_monitor"
STATE_NUMBERS = {GREEN: 0, AMBER: 1, RED: 2, GREY: -1}
HELP = {
    "value": "What was measured; absent where nothing was.",
    "state": "0 green, 1 amber, 2 red, -1 grey (not measured, or not judged).",
    "as_of_timestamp_seconds": "The time that the newest measure of each task is about.",
    "alerts": "Alerts that stand, by severity.",
    "undelivered": "Notices that no receiver has taken yet.",
    "last_run_timestamp_seconds": "When the monitor last ended.",
}


SAID_BY_PSI = ("js", "ks")
"""Distances that say much the same as PSI: kept and exported, and not shown beside it."""


def told_apart(measures: Iterable[Measure]) -> list[Measure]:
    """The newest of everything that says something of its own."""
    return [measure for measure in newest(measures) if measure.measure not in SAID_BY_PSI]


def newest(measures: Iterable[Measure]) -> list[Measure]:
    """The newest of each task's measures: of all that was measured at the newest time of its kind.

    A performance that is not known yet does not hide the newest that is.
    """
    found: dict[tuple[str, str, str, str], Measure] = {}
    for measure in sorted(measures, key=lambda m: m.as_of):
        key = measure.task, measure.kind, measure.measure, measure.part
        if measure.value is not None or key not in found or measure.kind != "performance":
            found[key] = measure
    return sorted(found.values(), key=lambda m: (m.task, m.kind, m.measure, m.part))


def exposition(
    measures: Sequence[Measure], alerts: dict[str, int], undelivered: int, brand: str, ended_at: datetime
) -> str:
    """Metrics in Prometheus' text format, one sample a line."""
    return "\n".join(_lines(newest(measures), alerts, undelivered, brand, ended_at)) + "\n"


def _lines(
    measures: Sequence[Measure], alerts: dict[str, int], undelivered: int, brand: str, ended_at: datetime
) -> Iterator[str]:
    yield from _head("value")
    for m in measures:
        if m.value is not None:
            yield _sample("value", m.value, **_labels(m, brand))
    yield from _head("state")
    for m in measures:
        yield _sample("state", STATE_NUMBERS[m.state], **_labels(m, brand))
    yield from _head("as_of_timestamp_seconds")
    for task in sorted({m.task for m in measures}):
        moment = max(m.as_of for m in measures if m.task == task)
        yield _sample("as_of_timestamp_seconds", moment.timestamp(), brand=brand, task=task)
    yield from _head("alerts")
    for severity, count in alerts.items():
        yield _sample("alerts", count, brand=brand, severity=severity)
    yield from _head("undelivered")
    yield _sample("undelivered", undelivered, brand=brand)
    yield from _head("last_run_timestamp_seconds")
    yield _sample("last_run_timestamp_seconds", ended_at.timestamp(), brand=brand)


def _head(name: str) -> Iterator[str]:
    yield f"# HELP {PREFIX}_{name} {HELP[name]}"
    yield f"# TYPE {PREFIX}_{name} gauge"


def _labels(measure: Measure, brand: str) -> dict[str, str]:
    return {
        "brand": brand,
        "task": measure.task,
        "kind": measure.kind,
        "measure": measure.measure,
        "part": measure.part,
    }


def _sample(name: str, value: float, **labels: str) -> str:
    """One line of the format.

    >>> _sample("alerts", 2, severity='a "b"')
    'readership_monitor_alerts{severity="a \\\\"b\\\\""} 2'
    """
    told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{PREFIX}_{name}{{{told}}} {value:.10g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
