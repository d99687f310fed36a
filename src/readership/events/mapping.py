"""A mapping says which column of a source is which field of an event or a session. It is a small TOML file."""

import re
import tomllib
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from readership.errors import InputError
from readership.events import consent
from readership.events.fields import ENGAGEMENT_FIELDS, EVENT_FIELDS, FIELDS, KINDS, REQUIRED, Kind

_KEYS = {
    "kind",
    "tiers",
    "optional_columns",
    "nested",
    "columns",
    "constants",
    "event_types",
    "time",
    "consent",
    "brand_timezones",
}
TIME_FORMATS = ("auto", "epoch_seconds", "epoch_milliseconds")
_DIRECTIVES = {"%M": "%i", "%B": "%M"}
"""Python's strptime directives that ClickHouse spells differently."""


class Shape(NamedTuple):
    """A source's JSON object as types of the engine: with the source's names, without names, with ours."""

    shape: str
    unnamed: str
    named: str


@dataclass(frozen=True)
class Mapping:
    """How one kind of source says what readers did.

    kind               what a row is: events, or sessions
    columns            field -> column of the source
    optional_columns   true: a column may be absent, and a field not listed is read under its own name
    nested             column that holds the engagement fields together, or ""
    constants          value of a field where the source has none
    event_types        the source's event type -> ours; others are kept as they are
    time_format        auto (epoch seconds or milliseconds, or ISO 8601), epoch_seconds, epoch_milliseconds,
                       or a strptime pattern
    zone               zone of times that state none, or ""
    consent            purposes every reader of this source agreed to; None: only what the events say
    brand_timezones    zone of a brand's readers where an event states none
    tiers              the source's subscription tier -> ours ("" for a reader without an account); sessions only
    """

    name: str
    columns: Dictionary[str, str]
    optional_columns: bool = False
    nested: str = ""
    constants: Dictionary[str, str] = field(default_factory=dict)
    event_types: Dictionary[str, str] = field(default_factory=dict)
    time_format: str = "auto"
    zone: str = ""
    consent: tuple[str, ...] | None = None
    brand_timezones: Dictionary[str, str] = field(default_factory=dict)
    kind: str = "events"
    tiers: Dictionary[str, str] = field(default_factory=dict)

    @property
    def row(self) -> Kind:
        """What a row of this kind of source consists of."""
        return KINDS[self.kind]

    def column(self, name: str) -> str:
        """The source's column of a field; "" where it has none."""
        return self.columns.get(name, name if self.optional_columns else "")

    def values(self) -> dict[str, Any]:
        """What the mapping says of times, constants, event types and zones, as parameters of SQL statements."""
        return {
            "time_format": self.time_format,
            "time_pattern": self.time_pattern(),
            "zone": self.zone,
            "zone_or_utc": self.zone or "UTC",
            "constant_fields": list(self.constants),
            "constant_values": list(self.constants.values()),
            "type_from": list(self.event_types),
            "type_to": list(self.event_types.values()),
            "zone_brands": list(self.brand_timezones),
            "zone_names": list(self.brand_timezones.values()),
        }

    def time_pattern(self) -> str:
        """The time format in the engine's spelling; "" unless it is a strptime pattern."""
        if self.time_format in TIME_FORMATS:
            return ""
        return re.sub("%[A-Za-z]", lambda match: _DIRECTIVES.get(match[0], match[0]), self.time_format)

    def json_names(self) -> list[str]:
        """Every name that may occur in one of the source's JSON objects and that this mapping reads."""
        names = [self.column(name) for name in FIELDS] + [self._nested_name(name) for name in ENGAGEMENT_FIELDS]
        return sorted({name for name in (*names, self.nested) if name})

    def json_shape(self, present: Set[str]) -> Shape:
        """How the engine reads a JSON object of whose names only these occur (and those every event has)."""
        top = [(self.column(name), name) for name in (*EVENT_FIELDS, *ENGAGEMENT_FIELDS) if self.column(name)]
        top = [(theirs, ours) for theirs, ours in top if theirs in present or ours in REQUIRED]
        inner = [(self._nested_name(name), name) for name in ENGAGEMENT_FIELDS if self._nested_name(name) in present]
        parts = [(f"{_quoted(theirs)} String", "String", f"{ours} String") for theirs, ours in top]
        if self.column("metadata") in present:
            kind = "Map(String, String)"
            parts.append((f"{_quoted(self.column('metadata'))} {kind}", kind, f"metadata {kind}"))
        if self.nested in present and inner:
            theirs_inner = ", ".join(f"{_quoted(theirs)} String" for theirs, _ in inner)
            ours_inner = ", ".join(f"{ours} String" for _, ours in inner)
            unnamed = ", ".join("String" for _ in inner)
            parts.append(
                (f"{_quoted(self.nested)} Tuple({theirs_inner})", f"Tuple({unnamed})", f"nested Tuple({ours_inner})")
            )
        return Shape(*(f"Tuple({', '.join(column)})" for column in zip(*parts, strict=True)))

    def _nested_name(self, name: str) -> str:
        """Name of an engagement field inside the nested column."""
        return self.columns.get(name, name).removeprefix(f"{self.nested}.")


def load_mapping(source: str | Path) -> Mapping:
    """The mapping that ships under this name (native, deskdrop), or the one in this TOML file.

    Raises InputError naming the file, the key and the value that cannot be used.
    """
    shipped = {
        file.name.removesuffix(".toml"): file for file in files("readership.events").joinpath("mappings").iterdir()
    }
    text = str(source)
    if text in shipped:
        return _parse(text, shipped[text])
    path = Path(source)
    if not path.is_file():
        raise InputError(
            f"mapping {text!r} is neither one that ships ({', '.join(sorted(shipped))}) nor a file; "
            "give the path of a TOML file"
        )
    return _parse(path.name, path)


def _parse(name: str, file: Traversable | Path) -> Mapping:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"mapping {name} is not TOML: {error}; correct the file and run the same command") from error
    expect_keys(name, "top level", values, _KEYS)
    time = table_of(name, values, "time")
    expect_keys(name, "[time]", time, {"format", "zone"})
    agreed = table_of(name, values, "consent")
    expect_keys(name, "[consent]", agreed, {"purposes"})
    mapping = Mapping(
        name=name,
        columns=texts_of(name, values, "columns"),
        optional_columns=values.get("optional_columns") is True,
        nested=str(values.get("nested", "")),
        constants=texts_of(name, values, "constants"),
        event_types=texts_of(name, values, "event_types"),
        time_format=str(time.get("format", "auto")),
        zone=str(time.get("zone", "")),
        consent=_purposes(name, agreed),
        brand_timezones=texts_of(name, values, "brand_timezones"),
        kind=_kind(name, values),
        tiers=texts_of(name, values, "tiers", may_be_empty=True),
    )
    _check(mapping)
    return mapping


def _check(mapping: Mapping) -> None:
    name = mapping.name
    one = mapping.kind.removesuffix("s")
    expect_keys(name, "[columns]", mapping.columns, set(mapping.row.fields))
    expect_keys(name, "[constants]", mapping.constants, set(mapping.row.constants))
    for required in mapping.row.required:
        if not mapping.column(required) and required not in mapping.constants:
            raise InputError(f"mapping {name}: [columns] says no column for {required!r}; every {one} needs one")
    for either, other in mapping.row.either:
        if not mapping.column(either) and not mapping.column(other):
            raise InputError(f"mapping {name}: [columns] names neither {either!r} nor {other!r}; every {one} needs one")
    if mapping.time_format not in TIME_FORMATS and "%" not in mapping.time_format:
        raise InputError(
            f"mapping {name}: [time] format is {mapping.time_format!r}; "
            f"choose among {', '.join(TIME_FORMATS)}, or a pattern such as '%d/%m/%Y %H:%M:%S'"
        )
    for zone in [*([mapping.zone] if mapping.zone else []), *mapping.brand_timezones.values()]:
        check_zone(name, zone)


def check_zone(name: str, zone: str) -> None:
    """Raise InputError where `zone` is none."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(f"mapping {name}: {zone!r} is not a time zone; write one such as 'Europe/Paris'") from error


def expect_keys(name: str, where: str, found: Dictionary[str, Any], known: set[str]) -> None:
    """Raise InputError where a part of a mapping has a key that means nothing there."""
    for key in found:
        if key not in known:
            raise InputError(
                f"mapping {name}: {where} has the unknown key {key!r}; known are {', '.join(sorted(known))}"
            )


def table_of(name: str, values: Dictionary[str, Any], key: str) -> Dictionary[str, Any]:
    """A table of a mapping's TOML; empty where there is none."""
    table = values.get(key, {})
    if not isinstance(table, dict):
        raise InputError(f"mapping {name}: {key!r} is {table!r}; it must be a table: [{key}]")
    return table


def _kind(name: str, values: Dictionary[str, Any]) -> str:
    kind = values.get("kind", "events")
    if kind not in KINDS:
        raise InputError(f"mapping {name}: kind is {kind!r}; choose among {', '.join(KINDS)}")
    return str(kind)


def texts_of(name: str, values: Dictionary[str, Any], key: str, *, may_be_empty: bool = False) -> Dictionary[str, str]:
    """A table of a mapping's TOML whose every value is a text."""
    table = table_of(name, values, key)
    for entry, value in table.items():
        if not isinstance(value, str) or not (value or may_be_empty):
            raise InputError(f"mapping {name}: [{key}] {entry} is {value!r}; it must be a text")
    return table


def _purposes(name: str, table: Dictionary[str, Any]) -> tuple[str, ...] | None:
    if "purposes" not in table:
        return None
    purposes: Sequence[Any] = table["purposes"]
    if not isinstance(purposes, list) or not all(isinstance(purpose, str) for purpose in purposes):
        raise InputError(f"mapping {name}: [consent] purposes is {purposes!r}; it must be a list of texts")
    try:
        consent.bits(purposes)
    except InputError as error:
        raise InputError(f"mapping {name}: [consent] {error}") from error
    return tuple(purposes)


def _quoted(column: str) -> str:
    return "`" + column.replace("\\", "\\\\").replace("`", "\\`") + "`"
