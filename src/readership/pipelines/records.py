"""Subscriptions, articles and ads into the warehouse: checked, each version once, known when the publisher knew it.

A load lies in a staging database until every row of it has been read; then what is not stored yet is appended.
Whatever interrupts it, running the same command again completes it.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pyarrow as pa

from readership.errors import InputError
from readership.events.erased import Erased
from readership.events.identity import reader_key
from readership.events.record_mapping import NATIVE, RecordMapping
from readership.events.record_rows import TextRows, frame_rows, read_rows
from readership.events.records import RECORD_TABLES, RecordTable
from readership.events.source import inspect
from readership.pipelines.progress import Progress
from readership.pipelines.staging import staging
from readership.settings import Settings, load_settings
from readership.warehouse import Warehouse, migrate, read_sql
from readership.warehouse.remote import open_source

SQL = "readership.pipelines.sql.records"
NEVER = datetime(2200, 1, 1, tzinfo=UTC)
"""What a time from the year 2200 on counts as: sources write 9999-12-31 for 'without end'."""
Received = Literal["file", "now"]
_BATCH_ROWS = 50_000


@dataclass(frozen=True)
class RecordSummary:
    """What one load did.

    rows_loaded       rows about something not known before (with `check`: that would be loaded)
    rows_changed      rows that say something new about what was known: a further version of it
    rows_duplicate    rows that say nothing new
    rows_quarantined  rows that could not be understood
    rows_left_out     rows about something else, by the mapping's `only_with`
    rows_erased       rows about readers who were erased; nothing of them is kept
    rows_held         versions the table holds now
    reasons           the fields that could not be understood, with how often, the first place and its reason
    """

    table: str
    rows_loaded: int
    rows_changed: int
    rows_duplicate: int
    rows_quarantined: int
    rows_held: int
    rows_left_out: int = 0
    rows_erased: int = 0
    reasons: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def ingest_records(
    warehouse: Warehouse,
    table: str,
    files: Sequence[Path],
    mapping: RecordMapping,
    *,
    check: bool = False,
    received: Received = "file",
    progress: Progress | None = None,
) -> RecordSummary:
    """Load files of subscriptions, articles or ads; with `check` only say what loading them would do.

    `received` says when a row without `received_at` was known: since it was true (an imported history), or now.
    Raises InputError naming the file and the next step; files before that one stay loaded.
    """
    migrate(warehouse)
    sources = [inspect(Path(file), delimited=mapping.form.stated) for file in files]
    total = _nothing(table)
    for source in sources:
        rows = read_rows(source, mapping)
        done = _load(warehouse, table, rows, mapping, str(source.path), source.path.name, check, received)
        total = _sum(total, done)
        if progress:
            progress.say(_said(source.path.name, done))
    return total


def load_records(
    warehouse: Warehouse,
    table: str,
    frames: Iterable[pa.Table | pa.RecordBatch | pl.DataFrame],
    mapping: RecordMapping | None = None,
    *,
    source: str,
    check: bool = False,
    received: Received = "file",
) -> RecordSummary:
    """The same for rows that come as frames: of a table elsewhere, or of a simulated world.

    `source` names them in messages and in quarantine, where a row's place counts as its line.
    """
    chosen = mapping or RecordMapping(NATIVE)
    rows = frame_rows(map(_arrow, frames), chosen)
    return _load(warehouse, table, rows, chosen, source, source, check, received)


def adopt_records(
    warehouse: Warehouse,
    settings: Settings,
    table: str,
    dsn: str,
    source_table: str,
    mapping: RecordMapping,
    *,
    check: bool = False,
    received: Received = "file",
) -> RecordSummary:
    """The same for a table on somebody's own server, read by a user who may only read.

    Raises InputError or WarehouseUnreachable naming the table and the next step; nothing was loaded then.
    """
    migrate(warehouse)
    if mapping.form.stated:
        raise InputError(
            f"mapping {mapping.name!r} says under [file] how a text is written, and {source_table} is a table; "
            "nothing was loaded; use a mapping without [file]"
        )
    with open_source(dsn, settings) as source:
        found = source.table(source_table)
        mapping.check_columns(found.identity, list(found.columns), RECORD_TABLES[table])
        zone = "" if mapping.name == NATIVE else mapping.zone
        batches = found.batches(list(found.columns), zone=zone, rows=_BATCH_ROWS)
        return load_records(warehouse, table, batches, mapping, source=found.identity, check=check, received=received)


def _load(
    warehouse: Warehouse,
    table: str,
    chunks: Iterator[TextRows],
    mapping: RecordMapping,
    source: str,
    short: str,
    check: bool,
    received: Received,
) -> RecordSummary:
    began = time.monotonic()
    with staging(warehouse) as stage:
        load = _Load(warehouse, stage.database, RECORD_TABLES[table], mapping, received)
        load.read(chunks, source)
        load.decide(source)
        if not check:
            load.store(short)
        return load.summary(short, time.monotonic() - began)


class _Load:
    """One load: its staging database, and what every statement is bound to."""

    def __init__(
        self, warehouse: Warehouse, database: str, table: RecordTable, mapping: RecordMapping, received: Received
    ) -> None:
        self.warehouse = warehouse
        self.table = table
        self.mapping = mapping
        self.erased = 0
        changed = [(f"{of}={theirs}", ours) for of, each in mapping.values.items() for theirs, ours in each.items()]
        self.values: dict[str, Any] = {
            "staging": database,
            "table": table.name,
            "now_ms": time.time_ns() // 1_000_000,
            "never_ms": int(NEVER.timestamp() * 1000),
            "received_now": int(received == "now"),
            "time_format": mapping.time_format,
            "time_pattern": mapping.time_pattern(),
            "zone": mapping.zone,
            "zone_or_utc": mapping.zone or "UTC",
            "ours": list(table.fields),
            "theirs": [mapping.column(name) for name in table.fields],
            "constants": [mapping.constants.get(name, "") for name in table.fields],
            "values_from": [key for key, _ in changed],
            "values_to": [value for _, value in changed],
            "required": list(table.required),
            "time_fields": list(table.all_times),
            "money_fields": list(table.money),
            "flag_fields": list(table.flags),
            "count_fields": list(table.counts),
            "key": list(table.key),
            "key_field": table.key[0],
            "key_column": mapping.column(table.key[0]),
            "only_with": mapping.only_with,
            "first_seen": mapping.first_seen,
            "begins": table.begins,
            "ended": list(table.ended),
        }
        for name in ("sources", "seen", "checked", "bad", table.name, "origin", "decided"):
            self._run(f"staging_{name}")

    def read(self, chunks: Iterator[TextRows], source: str) -> None:
        """Bring every row into staging, typed and checked."""
        seen, checked = 0, False
        if self.mapping.first_seen:
            self._run("seen")
        for chunk in chunks:
            if not chunk.rows.num_rows:
                continue
            if chunk.names and not checked:
                self.mapping.check_columns(source, chunk.names, self.table)
                checked = True
            seen += chunk.rows.num_rows
            self.warehouse.insert(f"{self.values['staging']}.sources", chunk.rows)
            n = chunk.rows["n"]
            self._run("checked", first=n[0].as_py(), last=n[-1].as_py())
            self._leave_out_erased()
            self._run("bad")
            self._layered()
            self.warehouse.command("TRUNCATE TABLE {staging:Identifier}.checked", staging=self.values["staging"])
        if not seen:
            raise InputError(f"{source} holds no rows; nothing was loaded; check the export that wrote it")
        if self.mapping.first_seen and not self._rows("count_seen")[0][0]:
            raise InputError(
                f"{source}: mapping {self.mapping.name!r} takes {self.mapping.first_seen!r} from the first event of "
                "each article, and no event of these articles is stored; nothing was loaded; load the events first"
            )

    def _leave_out_erased(self) -> None:
        """Drop the chunk's rows about readers who were erased."""
        erased = Erased.of(load_settings())
        if "user_id" not in self.table.key or not erased:
            return
        gone = [name for (name,) in self._rows("readers_of") if reader_key(name) in erased]
        if gone:
            self.erased += self._rows("count_of_readers", gone=gone)[0][0]
            self._run("leave_out_readers", gone=gone)

    def decide(self, source: str) -> None:
        """Which versions are new; refuses ids of two readers that share a number."""
        for number, ids in self._rows("collisions") if "user_id" in self.table.key else ():
            raise InputError(
                f"{source}: the reader ids {ids[0]!r} and {ids[1]!r} share the number {number}; "
                "nothing of it was loaded; change one of the ids (a prefix is enough) and load it again"
            )
        self._run("decide")
        self._run("at_odds")

    def store(self, short: str) -> None:
        """Append what is new, and what is wrong with the rest."""
        self._run("store")
        if "user_id" in self.table.key:
            self._run("readers")
        self._run("quarantine", source=short)

    def summary(self, short: str, seconds: float) -> RecordSummary:
        """The load in numbers."""
        counts = dict(self._rows("counts"))
        found = [
            {"field": name, "rows": rows, "file": short, "line": line, "reason": reason}
            for name, rows, line, reason in self._rows("reasons")
        ]
        return RecordSummary(
            table=self.table.name,
            rows_loaded=counts.get("new", 0),
            rows_changed=counts.get("changed", 0),
            rows_duplicate=counts.get("repeat", 0),
            rows_quarantined=sum(reason["rows"] for reason in found),
            rows_held=self.warehouse.scalar("SELECT count() FROM {table:Identifier}", table=self.table.name),
            rows_left_out=self._rows("count_left_out")[0][0],
            rows_erased=self.erased,
            reasons=found,
            seconds=round(seconds, 3),
        )

    def _layered(self) -> None:
        """The chunk's rows as versions of the table's columns."""
        name = self.table.name
        parts = (
            read_sql(SQL, f"insert_{name}"),
            *("WITH versions AS (", read_sql(SQL, "versions"), ")"),
            read_sql(SQL, f"rows_{name}"),
        )
        self.warehouse.command("\n".join(parts), **self.values)

    def _run(self, name: str, **values: Any) -> None:
        self.warehouse.command(read_sql(SQL, name), **self.values, **values)

    def _rows(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        return self.warehouse.rows(read_sql(SQL, name), **self.values, **values)


def _arrow(frame: pa.Table | pa.RecordBatch | pl.DataFrame) -> pa.Table:
    if isinstance(frame, pl.DataFrame):
        return frame.to_arrow()
    return pa.Table.from_batches([frame]) if isinstance(frame, pa.RecordBatch) else frame


def _nothing(table: str) -> RecordSummary:
    return RecordSummary(table, 0, 0, 0, 0, 0)


def _sum(one: RecordSummary, other: RecordSummary) -> RecordSummary:
    reasons = {reason["field"]: reason for reason in other.reasons} | {
        reason["field"]: reason for reason in one.reasons
    }
    rows = {name: sum(r["rows"] for s in (one, other) for r in s.reasons if r["field"] == name) for name in reasons}
    return RecordSummary(
        table=other.table,
        rows_loaded=one.rows_loaded + other.rows_loaded,
        rows_changed=one.rows_changed + other.rows_changed,
        rows_duplicate=one.rows_duplicate + other.rows_duplicate,
        rows_quarantined=one.rows_quarantined + other.rows_quarantined,
        rows_held=other.rows_held,
        rows_left_out=one.rows_left_out + other.rows_left_out,
        rows_erased=one.rows_erased + other.rows_erased,
        reasons=sorted(({**reasons[n], "rows": rows[n]} for n in reasons), key=lambda reason: -reason["rows"]),
        seconds=round(one.seconds + other.seconds, 3),
    )


def _said(name: str, done: RecordSummary) -> str:
    return (
        f"{name}: {done.rows_loaded:,} {done.table} new, {done.rows_changed:,} changed, "
        f"{done.rows_duplicate:,} known already, {done.rows_quarantined:,} in quarantine"
    )
