"""Alert rules and silences as data: those that ship, and those of the publisher's own `alerts.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Any

from readership.errors import InputError
from readership.monitoring.measure import AMBER, RED, Measure

SEVERITIES = ("info", "warning", "critical")
STATES = {"red": (RED,), "amber": (AMBER, RED)}
"""What a condition by state holds for: amber is amber or worse."""
SHIPPED = "alerts.toml"


@dataclass(frozen=True)
class Rule:
    """When somebody is told.

    kind, measure, task, part  which measures it is about; `*` and `?` stand for anything
    state                      it is broken by a measure in this state or a worse one
    above, below               or by a value beyond these; then no `state`
    for_days                   how long it must have been so without a break; 0: the first time is enough
    severity                   info, warning or critical
    runbook                    where it says what to do
    remind_days                told again after so many days while it stands; 0: never
    escalate_days              critical once it has stood for so many days; 0: never
    """

    name: str
    kind: str
    measure: str
    task: str = "*"
    part: str = "*"
    state: str = ""
    above: float | None = None
    below: float | None = None
    for_days: float = 0
    severity: str = "warning"
    runbook: str = ""
    remind_days: float = 7
    escalate_days: float = 0
    says: str = ""

    def about(self, measure: Measure) -> bool:
        """Whether the rule is about this measure."""
        return all(
            fnmatchcase(getattr(measure, name), getattr(self, name)) for name in ("kind", "measure", "task", "part")
        )

    def broken(self, measure: Measure) -> bool:
        """Whether the measure breaks it; what was not measured breaks nothing."""
        if self.state:
            return measure.state in STATES[self.state]
        if measure.value is None:
            return False
        return (self.above is not None and measure.value > self.above) or (
            self.below is not None and measure.value < self.below
        )


@dataclass(frozen=True)
class Silence:
    """A span in which nobody is told of a rule (`*`: of any), and why."""

    rule: str
    since: datetime
    until: datetime
    why: str
    task: str = "*"

    def covers(self, rule: str, task: str, at: datetime) -> bool:
        """Whether it is about this rule and task at this time."""
        return fnmatchcase(rule, self.rule) and fnmatchcase(task, self.task) and self.since <= at < self.until


@dataclass(frozen=True)
class Rulebook:
    """All rules by name, the silences, and for each receiver the least severity it hears of."""

    rules: Mapping[str, Rule]
    silences: tuple[Silence, ...] = ()
    tell: Mapping[str, str] = field(default_factory=dict)


def read_rulebook(path: Path) -> Rulebook:
    """The rules that ship, with those of `path` in their place or beside them, and its silences.

    `[rules.NAME]` states a rule; of a name that ships, only what differs; `off = true` leaves it out. `[[silence]]`
    states `rule`, `from`, `until`, `why`; `[tell]` the least severity of each receiver.

    Raises InputError naming the file, the entry and what is wrong with it.
    """
    ours = tomllib.loads(files("readership.monitoring").joinpath(SHIPPED).read_text(encoding="utf-8"))
    own = _read(path)
    if unknown := set(own) - {"rules", "silence", "tell"}:
        raise InputError(f"{path}: there is no {sorted(unknown)[0]!r}; it holds [rules.NAME], [[silence]] and [tell]")
    shipped, told = ours["rules"], own.get("rules", {})
    merged = {name: {**shipped.get(name, {}), **told.get(name, {})} for name in [*shipped, *told]}
    rules = {name: _rule(path, name, entry) for name, entry in merged.items() if not entry.pop("off", False)}
    tell = {**ours["tell"], **own.get("tell", {})}
    if wrong := [name for name, least in tell.items() if name not in ours["tell"] or least not in SEVERITIES]:
        raise InputError(
            f"{path}: [tell] says {wrong[0]} = {tell[wrong[0]]!r}; receivers are {', '.join(ours['tell'])}, "
            f"and each hears from {', '.join(SEVERITIES)} on"
        )
    return Rulebook(rules, tuple(_silence(path, entry) for entry in own.get("silence", [])), tell)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}; nobody was told of anything") from error


def _rule(path: Path, name: str, entry: Mapping[str, Any]) -> Rule:
    where = f"{path}: rule {name!r}"
    known = {field.name: field.type for field in fields(Rule)}
    if unknown := [key for key in entry if key not in known or key == "name"]:
        raise InputError(f"{where} states {unknown[0]!r}, which no rule has; a rule has {', '.join(known)}")
    for key, value in entry.items():
        number = key in ("above", "below") or key.endswith("_days")
        if isinstance(value, bool) or not isinstance(value, int | float if number else str):
            raise InputError(f"{where}: {key} is {value!r}; it must be {'a number' if number else 'text'}")
    if missing := [key for key in ("kind", "measure") if key not in entry]:
        raise InputError(f"{where} does not say which {missing[0]} it is about")
    rule = Rule(name=name, **entry)
    if (rule.state != "") == (rule.above is not None or rule.below is not None):
        raise InputError(f"{where} needs a condition: either `state`, or `above` or `below`")
    if rule.state and rule.state not in STATES:
        raise InputError(f"{where}: state is {rule.state!r}; it can be {' or '.join(STATES)}")
    if rule.severity not in SEVERITIES:
        raise InputError(f"{where}: severity is {rule.severity!r}; it can be {', '.join(SEVERITIES)}")
    return rule


def _silence(path: Path, entry: Mapping[str, Any]) -> Silence:
    if missing := [key for key in ("rule", "from", "until", "why") if key not in entry]:
        raise InputError(f"{path}: a silence lacks {missing[0]!r}; it needs rule, from, until and why")
    since, until = (_moment(path, entry[key]) for key in ("from", "until"))
    if until <= since:
        raise InputError(f"{path}: the silence of {entry['rule']!r} ends ({until:%Y-%m-%d}) before it begins")
    return Silence(str(entry["rule"]), since, until, str(entry["why"]), str(entry.get("task", "*")))


def _moment(path: Path, value: object) -> datetime:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise InputError(f"{path}: {value!r} in a silence is no date; write it as 2026-03-01 or 2026-03-01T06:00:00Z")


def reaches(severity: str, least: str) -> bool:
    """Whether a severity is at least the other.

    >>> reaches("warning", "critical"), reaches("critical", "warning")
    (False, True)
    """
    return SEVERITIES.index(severity) >= SEVERITIES.index(least)


def span(days: float) -> timedelta:
    """Days as a span of time."""
    return timedelta(days=days)
