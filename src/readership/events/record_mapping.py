"""A mapping of subscriptions, articles or ads: which column of a source is which field. A small TOML file.

Without one, fields are read under their own names, and whatever a source does not have stays empty.
"""

import re
import tomllib
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from readership.errors import InputError
from readership.events.mapping import TIME_FORMATS, Mapping, check_zone, expect_keys, table_of, texts_of
from readership.events.records import RecordTable

NATIVE = "native"
_KEYS = {"table", "columns", "constants", "values", "time"}


@dataclass(frozen=True)
class RecordMapping:
    """How one source states the rows of a table.

    columns      field -> column of the source; others are read under their own names
    constants    value of a field where the source has none
    values       field -> the source's value -> ours; others are kept as they are
    time_format  auto (epoch seconds or milliseconds, or ISO 8601), epoch_seconds, epoch_milliseconds,
                 or a strptime pattern
    zone         zone of times that state none, or ""
    """

    name: str
    columns: Dictionary[str, str] = field(default_factory=dict)
    constants: Dictionary[str, str] = field(default_factory=dict)
    values: Dictionary[str, Dictionary[str, str]] = field(default_factory=dict)
    time_format: str = "auto"
    zone: str = "UTC"

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
        wanted = {name: self.column(name) for name in (*self.columns, *table.required) if name not in self.constants}
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
    """The mapping in this TOML file; `native` reads every field under its own name.

    Raises InputError naming the file, the key and the value that cannot be used.
    """
    if str(source) == NATIVE:
        return RecordMapping(NATIVE)
    path = Path(source)
    if not path.is_file():
        raise InputError(
            f"mapping {str(source)!r} of {table.name} is not a file; give the path of a TOML file, "
            f"or leave --mapping out where the columns are {', '.join(table.fields)}"
        )
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"mapping {path.name} is not TOML: {error}; correct the file and run the same command"
        ) from error
    return _read(path.name, found, table)


def _read(name: str, found: Dictionary[str, object], table: RecordTable) -> RecordMapping:
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
    )
    for where, named in (("[columns]", mapping.columns), ("[constants]", mapping.constants), ("[values]", values)):
        expect_keys(name, where, named, set(table.fields))
    if mapping.time_format not in TIME_FORMATS and "%" not in mapping.time_format:
        raise InputError(
            f"mapping {name}: [time] format is {mapping.time_format!r}; "
            f"choose among {', '.join(TIME_FORMATS)}, or a pattern such as '%d/%m/%Y %H:%M:%S'"
        )
    if mapping.zone:
        check_zone(name, mapping.zone)
    return mapping


def _nearest(name: str, columns: Sequence[str]) -> str:
    """The column that shares most words with a field's name; "" where none shares any."""
    words = set(name.split("_"))

    def shared(column: str) -> int:
        return len(words & set(re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).lower())))

    best = max(columns, key=shared, default="")
    return best if best and shared(best) else ""
