"""`rules.toml`, read and checked: rules that cannot all be kept are refused, with the names of both."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from itertools import combinations
from typing import Any, NoReturn

from readership.errors import InputError
from readership.models.recommendation.rules import (
    ALWAYS,
    EXPLORED_SLOT,
    FIELDS,
    KINDS_OF,
    MOST_TIMES,
    Age,
    Apart,
    AtMost,
    Boost,
    Exclude,
    MustInclude,
    Pin,
    Rules,
    When,
    Which,
)

_TABLES = ("pin", "exclude", "boost", "must_include", "at_most", "age", "apart")
_SPAN = {"from", "until", "brand"}


def read_rules(text: str, source: str) -> Rules:
    """The rules of a TOML file. Raises InputError naming `source`, the rule, the key and the value that are wrong."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{source} is not TOML: {error}; correct it; the last good rules hold until then") from error
    reading = _Reading(source)
    reading.only("the file", found, {*_TABLES, "paywall", "exploration"})
    rules = Rules(
        pins=tuple(map(reading.pin, reading.tables(found, "pin"))),
        excludes=tuple(map(reading.exclude, reading.tables(found, "exclude"))),
        boosts=tuple(map(reading.boost, reading.tables(found, "boost"))),
        must_include=tuple(map(reading.must, reading.tables(found, "must_include"))),
        at_most=tuple(map(reading.most, reading.tables(found, "at_most"))),
        ages=tuple(map(reading.age, reading.tables(found, "age"))),
        apart=tuple(map(reading.kept_apart, reading.tables(found, "apart"))),
        open_to=reading.open_to(found),
        explored_slot=reading.explored(found),
    )
    _refuse_same_names(source, rules)
    for one, other, why in _contradictions(rules):
        raise InputError(
            f"{source}: the rules {one!r} and {other!r} contradict each other: {why}; change or end one of them; "
            "the last good rules hold until then"
        )
    return rules


class _Reading:
    """Turns tables into rules, and says where they are none."""

    def __init__(self, source: str) -> None:
        self.source = source

    def pin(self, table: Mapping[str, Any]) -> Pin:
        name = self.start("pin", table, {"article", "slot"})
        return Pin(name, self.text(name, table, "article"), int(self.number(name, table, "slot", 1)), self.when(table))

    def exclude(self, table: Mapping[str, Any]) -> Exclude:
        name = self.start("exclude", table, set(KINDS_OF))
        return Exclude(name, self.which(name, table), self.when(table))

    def boost(self, table: Mapping[str, Any]) -> Boost:
        name = self.start("boost", table, {*KINDS_OF, "times"})
        times = self.number(name, table, "times", 0.1)
        if times > MOST_TIMES:
            self.refuse(name, f"times is {times:g}; it can be {MOST_TIMES:g} at most: pin what must stand at the top")
        return Boost(name, self.which(name, table), times, self.when(table))

    def must(self, table: Mapping[str, Any]) -> MustInclude:
        name = self.start("must_include", table, {"article"})
        if "until" not in table:
            self.refuse(name, "until is missing; breaking news needs an end, e.g. until = 2026-10-01T18:00:00Z")
        return MustInclude(name, self.text(name, table, "article"), self.when(table))

    def most(self, table: Mapping[str, Any]) -> AtMost:
        name = self.start("at_most", table, {"of", "number", "value"})
        value = self.text(name, table, "value") if "value" in table else ""
        return AtMost(name, self.of(name, table), int(self.number(name, table, "number", 1)), value, self.when(table))

    def age(self, table: Mapping[str, Any]) -> Age:
        name = self.start("age", table, {*KINDS_OF, "hours"})
        return Age(name, self.which(name, table, any_is=True), self.number(name, table, "hours", 0.1), self.when(table))

    def kept_apart(self, table: Mapping[str, Any]) -> Apart:
        name = self.start("apart", table, {"of", "these"})
        these = table.get("these")
        if not isinstance(these, list) or len(set(map(str, these))) < 2:
            self.refuse(name, f"these is {these!r}; it must be a list of two or more different texts")
        return Apart(name, self.of(name, table), tuple(map(str, these)), self.when(table))

    def open_to(self, found: Mapping[str, Any]) -> frozenset[str] | None:
        table = found.get("paywall")
        if table is None:
            return None
        self.only("[paywall]", table, {"open_to"})
        tiers = table.get("open_to")
        if not isinstance(tiers, list) or not tiers or not all(isinstance(tier, str) for tier in tiers):
            self.refuse("paywall", f"open_to is {tiers!r}; it must be a list of subscription tiers")
        return frozenset(tiers)

    def explored(self, found: Mapping[str, Any]) -> int:
        table = found.get("exploration", {})
        self.only("[exploration]", table, {"slot"})
        return int(self.number("exploration", {"slot": EXPLORED_SLOT, **table}, "slot", 0))

    def tables(self, found: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        tables = found.get(key, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self.refuse(key, f"write it as [[{key}]], once for each rule")
        return tables

    def start(self, kind: str, table: Mapping[str, Any], keys: set[str]) -> str:
        name = table.get("name")
        if not isinstance(name, str) or not name.strip():
            raise InputError(
                f"{self.source}: a rule in [[{kind}]] has no name; give it one, so that reports can name it"
            )
        self.only(f"rule {name!r}", table, {"name", *keys, *_SPAN})
        return name

    def only(self, where: str, table: Any, known: Iterable[str]) -> None:
        if not isinstance(table, dict):
            raise InputError(f"{self.source}: {where} is {table!r}; it must be a table")
        for key in table:
            if key not in known:
                raise InputError(
                    f"{self.source}: {where} has the unknown key {key!r}; known are {', '.join(sorted(known))}"
                )

    def text(self, name: str, table: Mapping[str, Any], key: str) -> str:
        value = table.get(key)
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            self.refuse(name, f"{key} is {value!r}; it must be a text")
        return str(value)

    def number(self, name: str, table: Mapping[str, Any], key: str, least: float) -> float:
        value = table.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= least:
            self.refuse(name, f"{key} is {value!r}; it must be a number, {least:g} at least")
        return float(value)

    def which(self, name: str, table: Mapping[str, Any], any_is: bool = False) -> Which:
        which = Which(**{kind: self.text(name, table, kind) for kind in KINDS_OF if kind in table})
        if which == Which() and not any_is:
            self.refuse(name, f"it names none of {', '.join(KINDS_OF)}; every article would be meant")
        return which

    def of(self, name: str, table: Mapping[str, Any]) -> str:
        value = table.get("of")
        if value not in KINDS_OF:
            self.refuse(name, f"of is {value!r}; it must be one of {', '.join(KINDS_OF)}")
        return str(value)

    def when(self, table: Mapping[str, Any]) -> When:
        begin, until = (self.moment(table, key, end) for key, end in zip(("from", "until"), ALWAYS, strict=True))
        if until <= begin:
            self.refuse(table["name"], "until lies before from; the rule would never hold")
        return When(begin, until, self.text(table["name"], table, "brand") if "brand" in table else "")

    def moment(self, table: Mapping[str, Any], key: str, otherwise: int) -> int:
        value = table.get(key)
        if value is None:
            return otherwise
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                self.refuse(table["name"], f"{key} is {value!r}; it must be a time, e.g. 2026-10-01T18:00:00Z")
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)
        if not isinstance(value, datetime):
            self.refuse(table["name"], f"{key} is {value!r}; it must be a time, e.g. 2026-10-01T18:00:00Z")
        return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp() * 1000)

    def refuse(self, name: str, why: str) -> NoReturn:
        raise InputError(f"{self.source}: rule {name!r}: {why}; the last good rules hold until it is corrected")


def _refuse_same_names(source: str, rules: Rules) -> None:
    names = [rule.name for field in FIELDS for rule in getattr(rules, field)]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{source}: two rules are called {name!r}; give each a name of its own")


def _contradictions(rules: Rules) -> Iterable[tuple[str, str, str]]:
    """Pairs of rules that cannot both be kept, and why."""
    shown: list[Pin | MustInclude] = [*rules.pins, *rules.must_include]
    for pin, other in combinations(rules.pins, 2):
        if pin.when.meets(other.when) and pin.slot == other.slot and pin.article != other.article:
            yield pin.name, other.name, f"both fill slot {pin.slot}"
        if pin.when.meets(other.when) and pin.article == other.article and pin.slot != other.slot:
            yield pin.name, other.name, f"article {pin.article!r} cannot stand in slots {pin.slot} and {other.slot}"
    for rule in shown:
        for exclude in rules.excludes:
            if exclude.which == Which(article=rule.article) and rule.when.meets(exclude.when):
                yield rule.name, exclude.name, f"one shows article {rule.article!r}, the other excludes it"
    for boost in rules.boosts:
        for exclude in rules.excludes:
            if exclude.which == boost.which and boost.when.meets(exclude.when):
                yield boost.name, exclude.name, "one lifts the very articles that the other excludes"
    for one, another in combinations(shown, 2):
        for apart in rules.apart:
            together = one.article != another.article and {one.article, another.article} <= set(apart.these)
            if apart.of == "article" and together and one.when.meets(another.when) and one.when.meets(apart.when):
                yield (
                    apart.name,
                    another.name,
                    f"{one.article!r} and {another.article!r} must both be shown, and never together",
                )
    for most, less in combinations(rules.at_most, 2):
        same = (most.of, most.value) == (less.of, less.value) and most.number != less.number
        if same and most.when.meets(less.when):
            yield most.name, less.name, f"one allows {most.number} of a {most.of}, the other {less.number}"
