"""A mapping says which column of a source is which field of an event or a session. It is a small TOML file."""

import re
from collections.abc import Mapping as Dictionary
from collections.abc import Set
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

from readership.errors import InputError
from readership.events import consent
from readership.events.fields import ENGAGEMENT_FIELDS, EVENT_FIELDS, FIELDS, KINDS, REQUIRED, Kind
from readership.events.mapping_file import (
    TIME_FORMATS,
    check_time,
    expect_keys,
    list_of,
    read_toml,
    table_of,
    texts_of,
)
from readership.events.text_form import PLAIN, TextForm, form_of
from readership.events.unfolding import NO_LISTS, ListText, Unfold, list_text_of, unfolds_of

_KEYS = {
    "kind",
    "tiers",
    "optional_columns",
    "nested",
    "columns",
    "constants",
    "event_types",
    "device_types",
    "time",
    "consent",
    "brand_timezones",
    "file",
    "list",
    "unfold",
    "not_loaded",
}
_DIRECTIVES = {"%M": "%i", "%B": "%M", "%m": "%c", "%d": "%e", "%H": "%k", "%I": "%l"}
"""Python's strptime directives that the engine spells otherwise: those of its own that take one digit or two."""


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
    device_types       the source's device type, in small letters -> ours; others are kept as they are
    time_format        auto (epoch seconds or milliseconds, or ISO 8601), epoch_seconds, epoch_milliseconds,
                       or a strptime pattern
    zone               zone of times that state none, or ""
    consent            purposes every reader of this source agreed to; None: only what the events say
    brand_timezones    zone of a brand's readers where an event states none
    tiers              the source's subscription tier -> ours ("" for a reader without an account); sessions only
    form               how its files of delimited text are written
    list_text          how its texts hold lists
    unfold             the kinds of events a row becomes; empty where it is one event
    not_loaded         column that holds something which is not loaded -> why; how often is said
    """

    name: str
    columns: Dictionary[str, str]
    optional_columns: bool = False
    nested: str = ""
    constants: Dictionary[str, str] = field(default_factory=dict)
    event_types: Dictionary[str, str] = field(default_factory=dict)
    device_types: Dictionary[str, str] = field(default_factory=dict)
    time_format: str = "auto"
    zone: str = ""
    consent: tuple[str, ...] | None = None
    brand_timezones: Dictionary[str, str] = field(default_factory=dict)
    kind: str = "events"
    tiers: Dictionary[str, str] = field(default_factory=dict)
    form: TextForm = PLAIN
    list_text: ListText = NO_LISTS
    unfold: tuple[Unfold, ...] = ()
    not_loaded: Dictionary[str, str] = field(default_factory=dict)

    @property
    def row(self) -> Kind:
        """What a row of this kind of source consists of."""
        return KINDS[self.kind]

    def column(self, name: str) -> str:
        """The source's column of a field; "" where it has none."""
        return self.columns.get(name, name if self.optional_columns else "")

    @property
    def tabular(self) -> bool:
        """Whether it speaks of columns that files of JSON lines and tables elsewhere do not have."""
        return self.form.stated or bool(self.unfold or self.not_loaded)

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
            "device_from": list(self.device_types),
            "device_to": list(self.device_types.values()),
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
    shipped = shipped_in("mappings")
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


def shipped_in(folder: str) -> dict[str, Traversable]:
    """The mappings that ship in a folder beside this file, by name."""
    found = files("readership.events").joinpath(folder).iterdir()
    return {file.name.removesuffix(".toml"): file for file in found if file.name.endswith(".toml")}


def _parse(name: str, file: Traversable | Path) -> Mapping:
    values = read_toml(name, file)
    expect_keys(name, "top level", values, _KEYS)
    time = table_of(name, values, "time")
    expect_keys(name, "[time]", time, {"format", "zone"})
    agreed = table_of(name, values, "consent")
    expect_keys(name, "[consent]", agreed, {"purposes"})
    list_text = list_text_of(name, values)
    mapping = Mapping(
        name=name,
        columns=texts_of(name, values, "columns"),
        optional_columns=values.get("optional_columns") is True,
        nested=str(values.get("nested", "")),
        constants=texts_of(name, values, "constants"),
        event_types=texts_of(name, values, "event_types"),
        device_types=texts_of(name, values, "device_types", may_be_empty=True),
        time_format=str(time.get("format", "auto")),
        zone=str(time.get("zone", "")),
        consent=_purposes(name, agreed),
        brand_timezones=texts_of(name, values, "brand_timezones"),
        kind=_kind(name, values),
        tiers=texts_of(name, values, "tiers", may_be_empty=True),
        form=form_of(name, values),
        list_text=list_text,
        unfold=unfolds_of(name, values, list_text),
        not_loaded=texts_of(name, values, "not_loaded"),
    )
    _check(mapping)
    return mapping


def _check(mapping: Mapping) -> None:
    name = mapping.name
    expect_keys(name, "[columns]", mapping.columns, set(mapping.row.fields))
    expect_keys(name, "[constants]", mapping.constants, set(mapping.row.constants))
    check_time(name, mapping.time_format, *([mapping.zone] if mapping.zone else []), *mapping.brand_timezones.values())
    if mapping.kind == "sessions" and mapping.not_loaded:
        raise InputError(f"mapping {name}: [not_loaded] is about events; leave it out of a mapping of sessions")
    read = sorted(set(mapping.not_loaded) & set(mapping.columns.values()))
    if read:
        raise InputError(f"mapping {name}: column {read[0]!r} stands in [columns] and in [not_loaded]; say one of them")
    if not mapping.unfold:
        _check_fields(mapping, {name for name in mapping.row.fields if mapping.column(name)} | set(mapping.constants))
        return
    _check_unfolded(mapping)
    for unfold in mapping.unfold:
        said = {*mapping.columns, *mapping.constants, *unfold.lists, *unfold.columns, *unfold.constants}
        _check_fields(mapping, {*said, "event_type"})


def _check_fields(mapping: Mapping, said: Set[str]) -> None:
    """Raise InputError where the mapping does not say a field that every row has."""
    name, one = mapping.name, mapping.kind.removesuffix("s")
    for required in mapping.row.required:
        if required not in said:
            raise InputError(f"mapping {name}: [columns] says no column for {required!r}; every {one} needs one")
    for either, other in mapping.row.either:
        if either not in said and other not in said:
            raise InputError(f"mapping {name}: [columns] names neither {either!r} nor {other!r}; every {one} needs one")


def _check_unfolded(mapping: Mapping) -> None:
    """Raise InputError where something else contradicts [[unfold]]."""
    said = {
        "kind = 'sessions'": mapping.kind == "sessions",
        "optional_columns": mapping.optional_columns,
        "[event_types]": mapping.event_types,
        "event_type in [columns]": "event_type" in mapping.columns,
        "event_id in [columns]": "event_id" in mapping.columns,
        "event_type in [constants]": "event_type" in mapping.constants,
        "event_type_without_article in [constants]": "event_type_without_article" in mapping.constants,
    }
    for what, there in said.items():
        if there:
            raise InputError(
                f"mapping {mapping.name}: {what} and [[unfold]] contradict each other: [[unfold]] says which events a "
                "row becomes; leave one of them out"
            )


def _kind(name: str, values: Dictionary[str, Any]) -> str:
    kind = values.get("kind", "events")
    if kind not in KINDS:
        raise InputError(f"mapping {name}: kind is {kind!r}; choose among {', '.join(KINDS)}")
    return str(kind)


def _purposes(name: str, table: Dictionary[str, Any]) -> tuple[str, ...] | None:
    if "purposes" not in table:
        return None
    purposes = list_of(name, "[consent]", table, "purposes")
    try:
        consent.bits(purposes)
    except InputError as error:
        raise InputError(f"mapping {name}: [consent] {error}") from error
    return purposes


def _quoted(column: str) -> str:
    return "`" + column.replace("\\", "\\\\").replace("`", "\\`") + "`"
