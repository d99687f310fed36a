"""The rows of readers who are erased, out of the warehouse: every table with rows about readers, and the quarantine."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from string import Template
from typing import Any

import pyarrow as pa

from readership.errors import WarehouseError
from readership.events.erased import Erased
from readership.events.identity import reader_key
from readership.pipelines.staging import staging
from readership.pipelines.truth import TRUTH
from readership.warehouse import Warehouse, read_sql

SQL = "readership.pipelines.sql.erasure"
_PLAIN = re.compile(r"\w+", re.ASCII)


@dataclass(frozen=True)
class Gone:
    """Readers who are erased: their numbers, and the publisher's ids of those whose ids are known."""

    keys: frozenset[int]
    names: frozenset[str]

    def is_of(self, text: str) -> bool:
        """Whether this text is the id or the number of one."""
        return text in self.names or reader_key(text) in self.keys


class Deletion:
    """What one round deletes: statements of the package `sql`, bound to its staging database and to `values`.

    `rows` counts what went, by table.
    """

    def __init__(self, warehouse: Warehouse, database: str, sql: str, values: Mapping[str, Any]) -> None:
        self.warehouse = warehouse
        self._staging = database
        self._sql, self._values = sql, values
        self.rows: Counter[str] = Counter()

    def fill(self, table: str, column: str, values: list[Any], kind: pa.DataType) -> None:
        """Make a staging table, and put values into its one column."""
        self.run(f"staging_{table}")
        if values:
            self.warehouse.insert(f"{self._staging}.{table}", pa.table({column: pa.array(values, kind)}))

    def delete(self, what: str, table: str, database: str = "") -> None:
        """Delete by `delete_<what>` what `count_<what>` counts, in a table of ours or of `database`."""
        place = {"database": database or self.warehouse.database, "table": table}
        ((found,),) = self.asked(f"count_{what}", **place)
        if not found:
            return
        self.run(f"delete_{what}", **place)
        self.rows[table if place["database"] == self.warehouse.database else f"{database}.{table}"] += found
        if self.warehouse.embedded:  # a server removes what it replaced within minutes, the embedded engine never does
            self._remove_replaced(place)

    def run(self, name: str, **values: Any) -> None:
        """Run a statement that returns no rows."""
        sql = read_sql(self._sql, name)
        self.warehouse.command(sql, **self._needed(sql, values))

    def asked(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        """Rows of a SELECT."""
        sql = read_sql(self._sql, name)
        return self.warehouse.rows(sql, **self._needed(sql, values))

    def _needed(self, sql: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values that a statement names."""
        known = {"staging": self._staging, **self._values, **values}
        return {name: value for name, value in known.items() if f"{{{name}:" in sql}

    def _remove_replaced(self, place: Mapping[str, str]) -> None:
        """Have a twin with the rows that are left take the table's place, and drop what was there."""
        names = {"staging": self._staging, **place}
        if wrong := [name for name in names.values() if not _PLAIN.fullmatch(name)]:
            raise WarehouseError(
                f"{wrong[0]!r} is no name of a table of ours; its rows are deleted, its old parts stay"
            )
        for step in ("create", "fill", "exchange", "drop"):
            self.warehouse.command(Template(read_sql(SQL, f"twin_{step}")).substitute(names))


@contextmanager
def deleting(warehouse: Warehouse, sql: str = SQL, **values: Any) -> Iterator[Deletion]:
    """A round of deletions; what a killed one left behind is stopped first."""
    warehouse.command(read_sql(SQL, "stop_left_behind"))
    with staging(warehouse) as stage:
        yield Deletion(warehouse, stage.database, sql, values)


def erase_rows(warehouse: Warehouse, gone: Gone, erased: Erased) -> dict[str, int]:
    """Delete all rows of these readers; returns how many, by table. Again deletes nothing more."""
    units = [unit for (unit,) in warehouse.rows(read_sql(SQL, "units"))]
    lines = {
        row_hash
        for block in warehouse.stream(read_sql(SQL, "quarantined"))
        for row_hash, raw in block.iter_rows()
        if erased.speaks_of(raw)
    }
    with deleting(warehouse) as deletion:
        deletion.fill("gone", "user_id", sorted(gone.keys), pa.uint64())
        deletion.fill("gone_units", "unit", [unit for unit in units if gone.is_of(unit)], pa.string())
        deletion.fill("gone_lines", "row_hash", sorted(lines), pa.uint64())
        for database, table in deletion.asked("reader_tables", truth=TRUTH):
            deletion.delete("rows", table, database)
        deletion.delete("units", "exposures")
        deletion.delete("lines", "quarantine")
    return dict(deletion.rows)


def find_gone(warehouse: Warehouse, erased: Erased, names: frozenset[str], *, restored: bool) -> Gone:
    """Whom the marks are of: those named, and where rows were `restored` all whom any table knows."""
    keys = {reader_key(name) for name in names}
    known = warehouse.rows(read_sql(SQL, "known_readers"))
    if restored:
        tables = warehouse.rows(read_sql(SQL, "reader_tables"), truth=TRUTH)
        for database, table in tables:
            found = warehouse.rows(read_sql(SQL, "readers_in"), database=database, table=table)
            keys |= set(erased.among(key for (key,) in found))
    return Gone(frozenset(keys), names | {name for key, name in known if key in keys and name})
