"""What was read of a publisher's own table: parts, columns and mapping, kept in tables of ours."""

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from readership.errors import InputError
from readership.events.mapping import Mapping
from readership.pipelines.staging import SQL
from readership.warehouse import Warehouse, read_sql
from readership.warehouse.remote import Part, SourceTable

OVERLAP_PARTS = 3
"""The newest parts, which are always read again: rows may have changed there without a sign of it."""
_AGAIN = {
    "sessions": "removes what was read from this table and reads it anew",
    "events": "reads the table anew (events without an id of their own may then count twice)",
}


class Book:
    """What was read of a table, by which mapping, and what its columns were."""

    def __init__(
        self, warehouse: Warehouse, table: SourceTable, mapping: Mapping, consent: Sequence[str] | None
    ) -> None:
        self._warehouse = warehouse
        self._table = table
        self._mapping = mapping
        self._columns_noted = False
        facts = [getattr(mapping, field.name) for field in fields(mapping) if field.name != "name"]
        self._key = {
            "source": table.identity,
            "mapping": hashlib.sha256(repr([facts, sorted(consent or [])]).encode()).hexdigest()[:16],
        }

    @property
    def _what_again_does(self) -> str:
        return _AGAIN[self._mapping.kind]

    def open(self, *, again: bool, check: bool) -> None:
        """Raise InputError where the table was read by another mapping, or its columns were of other types."""
        if again and not check:
            self._forget()
        elif not again:
            self._refuse_changes()

    def unread(self, parts: Sequence[Part], *, again: bool) -> list[Part]:
        """Parts that are new, have changed, or are among the newest."""
        rows = [] if again else self._rows("parts_read", **self._key)
        read = {Part(*row) for row in rows}
        return [part for part in parts[:-OVERLAP_PARTS] if part not in read] + list(parts[-OVERLAP_PARTS:])

    def note(self, unit: Sequence[Part]) -> None:
        """These parts are read, as they were when they were counted."""
        if not self._columns_noted:
            columns = self._table.columns
            self._write("adopted_columns", column_name=list(columns), column_type=list(columns.values()))
            self._columns_noted = True
        keys, rows, newest = zip(*unit, strict=True)
        self._write("adopted_parts", part=keys, rows=pa.array(rows, pa.uint64()), newest=newest)

    def _refuse_changes(self) -> None:
        name, where = self._table.name, self._table.source.place
        found = self._rows("columns_read", source=self._key["source"])
        before = {column: kind for mapping, column, kind in found if mapping == self._key["mapping"]}
        if found and not before:
            raise InputError(
                f"{name} on {where} was read by another mapping or another --consent before; go back to that, or "
                f"run the same command with --again, which {self._what_again_does}; nothing was changed"
            )
        for column, kind in before.items():
            now = self._table.columns.get(column)
            if now and now != kind and column in self._mapping.columns.values():
                raise InputError(
                    f"{name} on {where}: column {column!r} was {kind} when it was first read and is {now} now; if it "
                    f"still means the same, run the same command with --again, which {self._what_again_does}; what was "
                    "read before stays, nothing was changed"
                )

    def _forget(self) -> None:
        kinds = ("sessions", "events", "readers") if self._mapping.kind == "sessions" else ()
        for what in (*kinds, "parts", "columns"):
            self._warehouse.command(read_sql(SQL, f"adopt/forget_{what}"), source=self._key["source"])

    def _rows(self, statement: str, **values: str) -> list[tuple[Any, ...]]:
        return self._warehouse.rows(read_sql(SQL, f"adopt/{statement}"), **values)

    def _write(self, table: str, **columns: Any) -> None:
        count = len(next(iter(columns.values())))
        now = pa.array([datetime.now(UTC)] * count, pa.timestamp("ms", "UTC"))
        key = {name: [value] * count for name, value in self._key.items()}
        self._warehouse.insert(table, pa.table({**key, **columns, "read_at": now}))
