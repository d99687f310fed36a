"""The rows of readers who are erased, out of the warehouse: every table with rows about readers, and the quarantine."""

import re
from collections import Counter
from collections.abc import Iterator
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
    """What one round deletes. Every statement is a file of `sql/erasure`, bound to its staging database."""

    def __init__(self, warehouse: Warehouse, database: str) -> None:
        self.warehouse = warehouse
        self._staging = database
        self.rows: Counter[str] = Counter()

    def of_readers(self, keys: frozenset[int]) -> None:
        """Every row about these readers, in every table that says which reader a row is about."""
        self._fill("gone", "user_id", sorted(keys), pa.uint64())
        for database, table in self._rows("reader_tables", truth=TRUTH):
            self._delete("count_rows", "delete_rows", database, table)

    def of_units(self, units: list[str]) -> None:
        """Exposures of these units."""
        self._fill("gone_units", "unit", units, pa.string())
        self._delete("count_units", "delete_units", self.warehouse.database, "exposures")

    def of_lines(self, hashes: list[int]) -> None:
        """These rows of the quarantine."""
        self._fill("gone_lines", "row_hash", hashes, pa.uint64())
        self._delete("count_lines", "delete_lines", self.warehouse.database, "quarantine")

    def _fill(self, table: str, column: str, values: list[Any], kind: pa.DataType) -> None:
        self._run(f"staging_{table}")
        if values:
            self.warehouse.insert(f"{self._staging}.{table}", pa.table({column: pa.array(values, kind)}))

    def _delete(self, count: str, delete: str, database: str, table: str) -> None:
        ((found,),) = self._rows(count, database=database, table=table)
        if not found:
            return
        self._run(delete, database=database, table=table)
        self.rows[table if database == self.warehouse.database else f"{database}.{table}"] += found
        if self.warehouse.embedded:  # a server removes what it replaced within minutes, the embedded engine never does
            self._remove_replaced(database, table)

    def _remove_replaced(self, database: str, table: str) -> None:
        """Have a twin with the rows that are left take the table's place, and drop what was there."""
        names = {"staging": self._staging, "database": database, "table": table}
        if wrong := [name for name in names.values() if not _PLAIN.fullmatch(name)]:
            raise WarehouseError(
                f"{wrong[0]!r} is no name of a table of ours; its rows are deleted, its old parts stay"
            )
        for step in ("create", "fill", "exchange", "drop"):
            self.warehouse.command(Template(read_sql(SQL, f"twin_{step}")).substitute(names))

    def _run(self, name: str, **values: Any) -> None:
        self.warehouse.command(read_sql(SQL, name), **_needed(read_sql(SQL, name), values | {"staging": self._staging}))

    def _rows(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        sql = read_sql(SQL, name)
        return self.warehouse.rows(sql, **_needed(sql, values | {"staging": self._staging}))


@contextmanager
def deleting(warehouse: Warehouse) -> Iterator[Deletion]:
    """A round of deletions; what a killed one left behind is stopped first."""
    warehouse.command(read_sql(SQL, "stop_left_behind"))
    with staging(warehouse) as stage:
        yield Deletion(warehouse, stage.database)


def erase_rows(warehouse: Warehouse, gone: Gone, erased: Erased) -> dict[str, int]:
    """Delete all rows of these readers; returns how many, by table. Again deletes nothing more."""
    with deleting(warehouse) as deletion:
        deletion.of_readers(gone.keys)
        units = [unit for (unit,) in warehouse.rows(read_sql(SQL, "units"))]
        deletion.of_units([unit for unit in units if gone.is_of(unit)])
        lines = {
            row_hash
            for block in warehouse.stream(read_sql(SQL, "quarantined"))
            for row_hash, raw in block.iter_rows()
            if erased.speaks_of(raw)
        }
        deletion.of_lines(sorted(lines))
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


def _needed(sql: str, values: dict[str, Any]) -> dict[str, Any]:
    """The values that a statement names."""
    return {name: value for name, value in values.items() if f"{{{name}:" in sql}
