"""A publisher's own table into the warehouse: read part by part, completed whenever it was interrupted.

A part is a day of the table, as a rule. What parts were read, with how many rows and how new, is kept in our own table
`adopted_parts`; a part is read again when it is not there, when the source has another number of rows or newer ones,
and when it is among the newest three. So rows that arrive late are found however old they are, and nothing is kept on
the source's side.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from readership.errors import InputError
from readership.events import columns as tabular
from readership.events.mapping import Mapping, load_mapping
from readership.events.proposal import Proposal, propose
from readership.events.source import Source, inspect
from readership.pipelines.adopted_book import Book
from readership.pipelines.ingest import EventRows
from readership.pipelines.progress import Progress
from readership.pipelines.session_rows import SessionRows
from readership.pipelines.sessions import build_sessions
from readership.pipelines.staging import SQL, Staging, staging
from readership.settings import Settings
from readership.warehouse import Warehouse, migrate, read_sql
from readership.warehouse.read_as import is_time, states_zone
from readership.warehouse.remote import Part, SourceTable

FIRST_ROWS = 50_000
MOST_ROWS = 400_000
LEAST_ROWS = 1000
BATCH_BYTES = 160 << 20
"""A batch has so many rows that it takes about this much memory, and never more than MOST_ROWS."""
MOST_PARTS = 60
_AXES = {"sessions": ("session_start", "session_end"), "events": ("timestamp", "received_at")}
_WRITTEN = {"sessions": "created_at", "events": "received_at"}


def propose_mapping(table: SourceTable) -> Proposal:
    """A mapping for the table, from its columns and types, and the values of its tier column."""
    proposal = propose(table.columns, zone=table.zone)
    tier = proposal.matched.get("subscription_tier")
    if not tier or proposal.kind != "sessions":
        return proposal
    return propose(table.columns, kind=proposal.kind, zone=table.zone, tiers=table.values(tier))


def write_proposal(proposal: Proposal, file: Path) -> None:
    """The proposal as a file to edit; one that is there is not overwritten."""
    if file.exists():
        raise InputError(f"{file} exists and was not overwritten; name another file with --propose, or remove it")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(proposal.toml, encoding="utf-8")


def mapping_for(table: SourceTable, given: str | None, settings: Settings) -> Mapping:
    """The mapping given, else the one that lies in `mappings/` of the project under the table's name.

    Where there is none, one is proposed there, and InputError says to check it: nothing is read by a guess.
    """
    if given is not None:
        return load_mapping(given)
    file = settings.path("mappings") / f"{table.name}.toml"
    if file.is_file():
        return load_mapping(file)
    proposal = propose_mapping(table)
    write_proposal(proposal, file)
    lacks = f"no column was found for {', '.join(proposal.missing)}; " if proposal.missing else ""
    raise InputError(
        f"{table.name}: no mapping says which column is what; {lacks}{file} proposes one: check every line, then "
        "run the same command again; nothing was loaded"
    )


def adopt(
    warehouse: Warehouse,
    table: SourceTable,
    mapping: Mapping,
    *,
    settings: Settings,
    check: bool = False,
    again: bool = False,
    consent: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Read what is new in `table`; with `check` only say what that would do; with `again` read all of it anew.

    `consent` are the purposes that readers of this table agreed to where a row says nothing.
    Raises InputError naming table, column, value and the next step. What was read before that stays.
    """
    migrate(warehouse)
    _refuse_our_own(table)
    if mapping.tabular:
        raise InputError(
            f"mapping {mapping.name!r} has [file], [[unfold]] or [not_loaded], which are about files; nothing was "
            f"loaded; use a mapping without them for {table.name}, or export the table to Parquet and load that file"
        )
    tabular.check_columns(Path(table.name), list(table.columns), mapping)
    _refuse_unzoned(table, mapping)
    axis = _axis(table, mapping)
    parts = table.parts(axis, _column(table, mapping, _WRITTEN[mapping.kind]))
    if not parts:
        raise InputError(f"{table.name} on {table.source.place} holds no rows; nothing was loaded")
    if mapping.kind == "events":
        _refuse_doubles(warehouse, table, parts[0].key if is_time(table.columns[axis]) else "")
    book = Book(warehouse, table, mapping, consent)
    book.open(again=again, check=check)
    todo = book.unread(parts, again=again)
    reader = _Reader(table, mapping, axis)
    with staging(warehouse) as stage:
        load = _load(stage, mapping, settings, origin=table.identity, label=table.name, check=check, consent=consent)
        for unit in reader.units(todo):
            load.take(reader.batches(unit))
            if not check:
                book.note(unit)
            if progress:
                progress.say(f"{table.name}: {reader.read:,} of {sum(part.rows for part in todo):,} rows read")
    if mapping.kind == "events" and not check:
        build_sessions(warehouse)
    if progress and isinstance(load, SessionRows) and load.counts.created_before_end:
        progress.say(
            f"{table.name}: {load.counts.created_before_end:,} rows were written before their session ended, by "
            f"{mapping.column('created_at')!r}: are its times of another zone? They count as known when it ended"
        )
    return _summary(warehouse, load) | {"table": table.name, "mapping": mapping.name, "rows_read": reader.read}


def ingest_session_files(
    warehouse: Warehouse,
    files: Sequence[Path],
    mapping: Mapping,
    *,
    settings: Settings,
    check: bool = False,
    consent: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Load files of sessions (CSV or Parquet) by a mapping whose kind is sessions, under the rules of a table."""
    migrate(warehouse)
    sources = [_session_file(Path(file), mapping) for file in files]
    with staging(warehouse) as stage:
        load = _load(stage, mapping, settings, origin="files", label="", check=check, consent=consent)
        for source in sources:
            load.label = source.path.name
            load.take(_checked(source, mapping))
            if progress:
                progress.say(f"{source.path.name} is read")
    return _summary(warehouse, load) | {"mapping": mapping.name}


class _Reader:
    """The parts of a table in batches that take a bounded amount of memory."""

    def __init__(self, table: SourceTable, mapping: Mapping, axis: str) -> None:
        self.table = table
        self.read = 0
        self._axis = axis
        self._zone = mapping.zone
        named = {_column(table, mapping, name) for name in mapping.row.fields}
        self._columns = sorted((named | ({mapping.nested} & set(table.columns))) - {""})
        self._spread = _column(table, mapping, "user_id") or _column(table, mapping, "device_id")
        self._most_rows = FIRST_ROWS

    def units(self, parts: Sequence[Part]) -> Iterator[list[Part]]:
        """Parts that are read together, oldest first: as many as make one batch, and at least one."""
        unit: list[Part] = []
        for part in parts:
            if unit and (sum(p.rows for p in unit) + part.rows > self._most_rows or len(unit) == MOST_PARTS):
                yield unit
                unit = []
            unit.append(part)
        if unit:
            yield unit

    def batches(self, unit: Sequence[Part]) -> Iterator[tabular.Rows]:
        """The rows of some parts."""
        shares = max(1, -(-sum(part.rows for part in unit) // self._most_rows))
        for share in range(shares):
            batch = self.table.read(
                self._columns,
                zone=self._zone,
                axis=self._axis,
                parts=[part.key for part in unit],
                spread=self._spread,
                share=(share, shares),
            )
            if not batch.num_rows:
                continue
            self.read += batch.num_rows
            bytes_a_row = max(1, batch.nbytes // batch.num_rows)
            self._most_rows = max(LEAST_ROWS, min(MOST_ROWS, BATCH_BYTES // bytes_a_row))
            yield tabular.Rows(pa.array(range(batch.num_rows), pa.uint64()), batch, [])


def _load(
    stage: Staging, mapping: Mapping, settings: Settings, *, origin: str, label: str, check: bool,
    consent: Sequence[str] | None,
) -> EventRows | SessionRows:  # fmt: skip
    if mapping.kind == "sessions":
        return SessionRows(stage, mapping, settings, origin=origin, label=label, check=check, consent=consent)
    return EventRows(stage, mapping, settings, label=label, check=check, received="file", consent=consent)


def _summary(warehouse: Warehouse, load: EventRows | SessionRows) -> dict[str, Any]:
    return load.as_dict() | {
        "sessions": warehouse.scalar("SELECT count() FROM session_metrics"),
        "readers": warehouse.scalar("SELECT uniqExact(user_id) FROM readers"),
    }


def _session_file(path: Path, mapping: Mapping) -> Source:
    source = inspect(path, delimited=mapping.form.stated)
    if source.kind == "lines":
        raise InputError(f"{path} is JSON lines; sessions are read from CSV or Parquet; convert it and load the result")
    return source


def _checked(source: Source, mapping: Mapping) -> Iterator[tabular.Rows]:
    for number, rows in enumerate(tabular.read_rows(source, mapping.form)):
        if number == 0:
            tabular.check_columns(source.path, rows.columns.column_names, mapping)
        yield rows


def _column(table: SourceTable, mapping: Mapping, name: str) -> str:
    """The table's column that a field is read from (the whole of it, where only a part is); "" where there is none."""
    column = mapping.column(name)
    found = column if column in table.columns else column.split(".")[0]
    return found if found in table.columns else ""


def _axis(table: SourceTable, mapping: Mapping) -> str:
    """The time column by which the table is read: one it is ordered or partitioned by, where there is one."""
    columns = [column for name in _AXES[mapping.kind] if (column := _column(table, mapping, name))]
    ordered = [column for column in columns if re.search(rf"\b{re.escape(column)}\b", table.ordering)]
    return (ordered or columns)[0]


def _refuse_unzoned(table: SourceTable, mapping: Mapping) -> None:
    for name in mapping.row.times:
        column = _column(table, mapping, name)
        if column and is_time(table.columns[column]) and not states_zone(table.columns[column]) and not mapping.zone:
            raise InputError(
                f"{table.name}: column {column!r} ({table.columns[column]}) states no time zone, and the mapping "
                f"{mapping.name!r} gives none; write under [time] in which zone the times you see there are, e.g. "
                f'zone = "{table.zone}" (the server\'s own); nothing was loaded'
            )


def _refuse_our_own(table: SourceTable) -> None:
    if table.made_by_us():
        raise InputError(
            f"{table.name} on {table.source.place} is a table of Readership's own; name the table you keep yourself; "
            "nothing was loaded"
        )


def _refuse_doubles(warehouse: Warehouse, table: SourceTable, first_day: str) -> None:
    ((until, origin),) = warehouse.rows(read_sql(SQL, "adopt/adopted_until"))
    if first_day and first_day <= until:
        raise InputError(
            f"{table.name} has events from {first_day} on, and sessions up to {until} were read from {origin}: each "
            "visit would count twice; nothing was loaded; load only one of the two (READERSHIP_WAREHOUSE names another "
            "warehouse)"
        )
