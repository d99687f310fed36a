"""Which alerts stand, since when, and who must be told now: worked out from the measures alone.

The same measures and rules give the same alerts, whenever they are asked for; only what was told already is kept.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from readership.monitoring.measure import GREEN, Measure
from readership.monitoring.rules import Rule, Rulebook, span

MOST_PARTS = 5
"""Named in one alert."""


@dataclass(frozen=True)
class Alert:
    """One rule broken for one task, by one part or many: whoever is told hears of it once.

    since      the first time at which it was so
    fires_at   when it had been so for long enough
    ended_at   the first time at which it was no longer so; None while it stands
    critical   it has stood for so long that it became critical
    """

    rule: Rule
    task: str
    since: datetime
    fires_at: datetime
    last: datetime
    ended_at: datetime | None
    parts: tuple[str, ...]
    worst: Measure
    critical: bool

    @property
    def key(self) -> str:
        """The same for one alert as long as it stands."""
        return f"{self.rule.name}/{self.task}/{self.since.isoformat()}"

    @property
    def severity(self) -> str:
        """That of the rule, until it has stood for too long."""
        return "critical" if self.critical else self.rule.severity


class Notice(NamedTuple):
    """Something to tell: what became of which alert (fires, still stands, became critical, is over)."""

    what: str
    alert: Alert

    @property
    def key(self) -> str:
        """What was told already is not told again."""
        return f"{self.alert.key}/{self.what}"


def alerts_of(book: Rulebook, measures: Iterable[Measure]) -> list[Alert]:
    """Every alert of this span, in the order in which they fired.

    Each part has a streak of its own, from its first time to the first at which it is green again. Amber ends no alert
    of red, which would come and go with it, and a time at which nothing was measured ends none. Parts of one rule and
    task whose streaks overlap are one alert.
    """
    ordered = sorted(measures, key=lambda m: m.as_of)
    found = [alert for rule in book.rules.values() for alert in _of_rule(rule, ordered)]
    return sorted(found, key=lambda alert: (alert.fires_at, alert.key))


def notices(
    alerts: Sequence[Alert], book: Rulebook, told: Mapping[str, str], since: datetime, now: datetime
) -> list[Notice]:
    """What must be told now.

    told   notices delivered already, by key, with when
    since  alerts that had ended by then are history and told to nobody
    """
    found = []
    for alert in alerts:
        silent = any(silence.covers(alert.rule.name, alert.task, now) for silence in book.silences)
        known = [key for key in told if key.startswith(f"{alert.key}/")]
        for what in _due(alert, known, told, since, now):
            if not silent and f"{alert.key}/{what}" not in told:
                found.append(Notice(what, alert))
    return found


class _Streak(NamedTuple):
    since: datetime
    fires_at: datetime
    last: datetime
    ended_at: datetime | None
    part: str
    worst: Measure


def _of_rule(rule: Rule, measures: Sequence[Measure]) -> Iterator[Alert]:
    series: dict[tuple[str, str, str], list[Measure]] = {}
    for measure in measures:
        if rule.about(measure):
            series.setdefault((measure.task, measure.measure, measure.part), []).append(measure)
    for task in sorted({task for task, _, _ in series}):
        streaks = [s for key, rows in series.items() if key[0] == task for s in _streaks(rule, rows)]
        for together in _overlapping(sorted(streaks, key=lambda s: s.fires_at)):
            yield _alert(rule, task, together)


def _streaks(rule: Rule, rows: Sequence[Measure]) -> Iterator[_Streak]:
    """Unbroken runs that lasted for long enough."""
    run: list[Measure] = []
    for measure in rows:
        if rule.broken(measure):
            run.append(measure)
        elif measure.state == GREEN if rule.state else measure.value is not None:
            yield from _streak(rule, run, measure.as_of)
            run = []
    yield from _streak(rule, run, None)


def _streak(rule: Rule, run: Sequence[Measure], ended_at: datetime | None) -> Iterator[_Streak]:
    long_enough = [m.as_of for m in run if m.as_of - run[0].as_of >= span(rule.for_days)]
    if long_enough:
        furthest = max(run, key=_off)
        yield _Streak(run[0].as_of, long_enough[0], run[-1].as_of, ended_at, run[0].part, furthest)


def _overlapping(streaks: Sequence[_Streak]) -> Iterator[list[_Streak]]:
    """Streaks that stood at the same time, together."""
    together: list[_Streak] = []
    for streak in streaks:
        open_until = [s.ended_at for s in together]
        if together and None not in open_until and streak.fires_at >= max(end for end in open_until if end):
            yield together
            together = []
        together.append(streak)
    if together:
        yield together


def _alert(rule: Rule, task: str, streaks: Sequence[_Streak]) -> Alert:
    ends = [s.ended_at for s in streaks if s.ended_at is not None]
    fires_at, last = min(s.fires_at for s in streaks), max(s.last for s in streaks)
    return Alert(
        rule=rule,
        task=task,
        since=min(s.since for s in streaks),
        fires_at=fires_at,
        last=last,
        ended_at=max(ends) if len(ends) == len(streaks) else None,
        parts=tuple(dict.fromkeys(s.part for s in streaks if s.part)),
        worst=max((s.worst for s in streaks), key=_off),
        critical=bool(rule.escalate_days) and last - fires_at >= span(rule.escalate_days),
    )


def _off(measure: Measure) -> float:
    """How far the value lies outside what is usual; 0 within."""
    low, high = measure.usual_low, measure.usual_high
    above = (measure.value or 0.0) - high if high is not None else 0.0
    below = low - (measure.value or 0.0) if low is not None else 0.0
    return max(above, below, 0.0)


def _due(alert: Alert, known: Sequence[str], told: Mapping[str, str], since: datetime, now: datetime) -> Iterator[str]:
    if alert.ended_at is not None:
        if known:
            yield "is over"
        elif alert.ended_at > since:
            yield "fires"
        return
    yield "fires"
    if alert.critical and alert.rule.severity != "critical":
        yield "became critical"
    if alert.rule.remind_days and known:
        newest = max(datetime.fromisoformat(told[key]) for key in known)
        if now - newest >= span(alert.rule.remind_days):
            yield f"still stands on {now:%Y-%m-%d}"
