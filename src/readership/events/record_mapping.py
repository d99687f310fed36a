"""A mapping of subscriptions, articles or ads: which column of a source is which field. A small TOML file.

Without one, fields are read under their own names, and whatever a source does not have stays empty.
"""

import re
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from readership.errors import InputError
from readership.events.mapping import Mapping, shipped_in
from readership.events.mapping_file import check_time, expect_keys, flag_of, read_toml, table_of, text_of, texts_of
from readership.events.records import RecordTable
from readership.events.text_form import PLAIN, TextForm, form_of

NATIVE = "native"
_KEYS = {"table", "columns", "constants", "values", "time", "file", "optional_columns", "only_with", "first_seen"}


@dataclass(frozen=True)
class RecordMapping:
    """How one source states the rows of a table.

    columns      field -> column of the source; others are read under their own names
    constants    value of a field where the source has none
    values       field -> the source's value -> ours; others are kept as they are
    time_format  auto (epoch seconds or milliseconds, or ISO 8601), epoch_seconds, epoch_milliseconds,
                 or a strptime pattern
    zone         zone of times that state none, or ""
    form         how its files of delimited text are written
    optional     whether a column that [columns] names may be absent
    only_with    column without which a row is about something else, and left out; "" where every row counts
    first_seen   field that is the time of an article's first event where the source states none, or ""
    """

    name: str
    columns: Dictionary[str, str] = field(default_factory=dict)
    constants: Dictionary[str, str] = field(default_factory=dict)
    values: Dictionary[str, Dictionary[str, str]] = field(default_factory=dict)
    time_format: str = "auto"
    zone: str = "UTC"
    form: TextForm = PLAIN
    optional: bool = False
    only_with: str = ""
    first_seen: str = ""

    def column(self, name: str) -> str:
        """The source's column of a field."""
        return self.columns.get(name, name)

    def time_pattern(self) -> str:
        """The time format in the engine's spelling; "" unless it is a strptime pattern."""
        return Mapping(self.name, {}, time_format=self.time_format).time_pattern()

    def check_columns(self, source: str, names: Sequence[str], table: RecordTable) -> None:
        """Raise InputError where the source lacks a column that is required or that the mapping names.

        The message says which columns there are, and what to write in the mapping.
        """
        said = {*self.constants, self.first_seen}
        asked = (*table.required,) if self.optional else (*self.columns, *table.required)
        wanted = {name: self.column(name) for name in asked if name not in said}
        if self.only_with:
            wanted["only_with"] = self.only_with
        for name, column in wanted.items():
            if column not in names and column.split(".")[0] not in names:
                near = _nearest(name, names)
                hint = f'{name} = "{near}"' if near else f'{name} = "…"'
                raise InputError(
                    f"{source}: mapping {self.name!r} reads {name!r} of {table.name} from column {column!r}, which the "
                    f"source does not have; its columns are {', '.join(names)}; nothing was loaded; write a TOML file "
                    f"with [columns] {hint} and give it as --mapping"
                )


def load_record_mapping(source: str | Path, table: RecordTable) -> RecordMapping:
    """The mapping that ships under this name, or the one in this TOML file; `native` reads fields by their own names.

    Raises InputError naming the file, the key and the value that cannot be used.
    """
    if str(source) == NATIVE:
        return RecordMapping(NATIVE)
    shipped = shipped_in("record_mappings")
    if str(source) in shipped:
        return _read(str(source), shipped[str(source)], table)
    path = Path(source)
    if not path.is_file():
        raise InputError(
            f"mapping {str(source)!r} of {table.name} is neither one that ships ({', '.join(sorted(shipped))}) nor "
            "a file; give the path of a TOML file, or leave --mapping out where the columns are "
            f"{', '.join(table.fields)}"
        )
    return _read(path.name, path, table)


def _read(name: str, file: Traversable | Path, table: RecordTable) -> RecordMapping:
    found = read_toml(name, file)
    expect_keys(name, "top level", found, _KEYS)
    if found.get("table", table.name) != table.name:
        raise InputError(f"mapping {name} is for table {found['table']!r}, not {table.name}; nothing was loaded")
    time = table_of(name, found, "time")
    expect_keys(name, "[time]", time, {"format", "zone"})
    values = table_of(name, found, "values")
    mapping = RecordMapping(
        name=name,
        columns=texts_of(name, found, "columns"),
        constants=texts_of(name, found, "constants"),
        values={of: texts_of(name, values, of) for of in values},
        time_format=str(time.get("format", "auto")),
        zone=str(time.get("zone", "")),
        form=form_of(name, found),
        optional=flag_of(name, "top level:", found, "optional_columns", otherwise=False),
        only_with=text_of(name, "top level:", found, "only_with"),
        first_seen=text_of(name, "top level:", found, "first_seen"),
    )
    _check(mapping, values, table)
    return mapping


def _check(mapping: RecordMapping, values: Dictionary[str, Any], table: RecordTable) -> None:
    name = mapping.name
    for where, named in (("[columns]", mapping.columns), ("[constants]", mapping.constants), ("[values]", values)):
        expect_keys(name, where, named, set(table.fields))
    check_time(name, mapping.time_format, *([mapping.zone] if mapping.zone else []))
    if mapping.first_seen and (table.key != ("article_id",) or mapping.first_seen not in table.all_times):
        raise InputError(
            f"mapping {name}: first_seen is {mapping.first_seen!r} of {table.name}; it can be a time of articles, "
            "such as 'published_at'"
        )


def _nearest(name: str, columns: Sequence[str]) -> str:
    """The column that shares most words with a field's name; "" where none shares any."""
    words = set(name.split("_"))

    def shared(column: str) -> int:
        return len(words & set(re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).lower())))

    best = max(columns, key=shared, default="")
    return best if best and shared(best) else ""
