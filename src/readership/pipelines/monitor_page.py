"""What was measured as the page shows it: the newest of everything, alerts in sentences, rows of the timelines."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from readership.evaluation.files import read_evaluations
from readership.evaluation.reports.index import write_index
from readership.evaluation.reports.monitoring import write_monitoring
from readership.monitoring.alerts import Alert
from readership.monitoring.exposition import told_apart
from readership.monitoring.measure import GREEN, KINDS, STATES, Measure
from readership.monitoring.rules import Rulebook
from readership.monitoring.words import number, sentence
from readership.settings import Settings

FEWEST_TOGETHER = 3
"""Parts of one measure in the same state that are told in one line."""
MOST_LINES = 4
"""Parts of one measure in one state that have a line each, where they ask to be looked at."""


def write_pages(
    measures: Sequence[Measure],
    alerts: Sequence[Alert],
    book: Rulebook,
    settings: Settings,
    until: datetime,
    days: int,
    tasks: Sequence[str],
) -> Path:
    """Write `monitoring.html`, and the index anew so that it names it; returns the first."""
    folder = settings.artifacts_dir / "reports"
    since = until - timedelta(days=days)
    page = {
        "until": until.isoformat(),
        "days": days,
        "tasks": list(tasks),
        "rows": [_row(m) for m in measures if not m.part],
        "groups": list(groups(measures)),
        "standing": [_told(a, book, until) for a in alerts if a.ended_at is None],
        "past": [_told(a, book, until) for a in reversed(alerts) if a.ended_at is not None and a.ended_at >= since],
        "has_index": True,
    }
    path = write_monitoring(page, folder)
    write_index(read_evaluations(settings.artifacts_dir / "evaluation"), folder)
    return path


def groups(measures: Sequence[Measure]) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """The newest of each task and kind as lines; quiet parts of one measure together."""
    found = sorted(told_apart(measures), key=lambda m: (m.task, KINDS.index(m.kind)))
    for (task, kind), those in groupby(found, key=lambda m: (m.task, m.kind)):
        lines = [line for _, same in groupby(those, key=lambda m: m.measure) for line in _lines(list(same))]
        yield task, kind, lines


def _lines(same: Sequence[Measure]) -> Iterator[dict[str, Any]]:
    """The parts that ask most to be looked at, a line each, then the others of their state, then the quiet ones."""
    by_state = sorted(same, key=lambda m: (-STATES.index(m.state), -(m.value or 0.0), m.part))
    for state, those in groupby(by_state, key=lambda m: m.state):
        parts = list(those)
        shown = parts if len(parts) < FEWEST_TOGETHER else parts[: MOST_LINES if state not in STATES[:2] else 0]
        rest = parts[len(shown) :]
        yield from map(_line, shown)
        yield from (
            [_together(rest, "others" if len(rest) < len(same) else "in all")] if len(rest) > 1 else map(_line, rest)
        )


def _line(measure: Measure) -> dict[str, Any]:
    return {
        "measure": measure.measure,
        "part": measure.part,
        "state": measure.state,
        "value": _value(measure),
        "usual": _usual(measure),
        "reason": measure.reason,
        "count": 1,
    }


def _together(parts: Sequence[Measure], which: str) -> dict[str, Any]:
    reasons = {m.reason for m in parts}
    return {
        "measure": parts[0].measure,
        "part": ", ".join(m.part for m in parts) if len(parts) <= 2 * FEWEST_TOGETHER else f"{len(parts)} {which}",
        "state": parts[0].state,
        "value": "–",
        "usual": "–",
        "reason": reasons.pop() if len(reasons) == 1 and parts[0].state != GREEN else "",
        "count": len(parts),
    }


def _value(measure: Measure) -> str:
    if measure.value is None:
        return "–"
    said = number(measure.measure, measure.value)
    if measure.low is None or measure.high is None:
        return said
    return f"{said} [{number(measure.measure, measure.low)} to {number(measure.measure, measure.high)}]"


def _usual(measure: Measure) -> str:
    low, high = measure.usual_low, measure.usual_high
    if low is None and high is None:
        return "–"
    if low is None:
        return f"at most {number(measure.measure, high or 0.0)}"
    if high is None:
        return f"at least {number(measure.measure, low)}"
    return f"{number(measure.measure, low)} to {number(measure.measure, high)}"


def _row(measure: Measure) -> dict[str, Any]:
    numbers = {
        n: v if v is None else round(v, 6) for n, v in asdict(measure).items() if isinstance(v, float) or v is None
    }
    return {**asdict(measure), **numbers, "as_of": measure.as_of.isoformat(), "day": measure.as_of.isoformat()}


def _told(alert: Alert, book: Rulebook, until: datetime) -> dict[str, Any]:
    about = f" of {alert.task}" if alert.task else ""
    return {
        "name": f"{alert.rule.name}{about}",
        "severity": alert.severity,
        "says": sentence(alert),
        "runbook": alert.rule.runbook,
        "since": alert.since.isoformat(),
        "ended_at": alert.ended_at.isoformat() if alert.ended_at else None,
        "silent": any(silence.covers(alert.rule.name, alert.task, until) for silence in book.silences),
    }
