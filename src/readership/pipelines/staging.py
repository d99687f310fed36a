"""A database for one load: what is read but not yet stored lies there, and nobody else sees it."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

from readership.warehouse import Warehouse, read_sql

PREFIX = "readership_staging_"
_LEFT_BEHIND_SECONDS = 86_400

SQL = "readership.events.sql"


class Staging:
    """The tables of one load. Every statement is a file of `events/sql`, bound to this database."""

    def __init__(self, warehouse: Warehouse, database: str) -> None:
        self.warehouse = warehouse
        self.database = database

    def run(self, name: str, **values: object) -> None:
        """Run a statement that returns no rows."""
        self.warehouse.command(read_sql(SQL, name), staging=self.database, **values)

    def layered(self, insert: str, parse: str, over: str, settings: str = "", **values: object) -> None:
        """Run `insert` of the rows of `over`, which reads `typed`, which reads the chunk by `parse`."""
        parts = (
            read_sql(SQL, insert),
            *("WITH records AS (", read_sql(SQL, parse), "), typed AS (", read_sql(SQL, "typed"), ")"),
            *("SELECT * FROM (", read_sql(SQL, over), ")", read_sql(SQL, settings) if settings else ""),
        )
        self.warehouse.command("\n".join(parts), staging=self.database, **values)

    def rows(self, name: str, **values: object) -> list[tuple]:
        """Rows of a SELECT."""
        return self.warehouse.rows(read_sql(SQL, name), staging=self.database, **values)

    def empty(self, *tables: str) -> None:
        """Forget what these tables hold."""
        for table in tables:
            self.warehouse.command(
                "TRUNCATE TABLE {staging:Identifier}.{table:Identifier}", staging=self.database, table=table
            )


@contextmanager
def staging(warehouse: Warehouse) -> Iterator[Staging]:
    """An empty staging database, dropped afterwards; those of loads that were killed are dropped first."""
    _sweep(warehouse)
    name = f"{PREFIX}{int(time.time())}_{secrets.token_hex(4)}"
    warehouse.command("CREATE DATABASE {db:Identifier}", db=name)
    try:
        yield Staging(warehouse, name)
    finally:
        warehouse.command("DROP DATABASE IF EXISTS {db:Identifier} SYNC", db=name)


def _sweep(warehouse: Warehouse) -> None:
    """Drop what killed loads left: all of it where this process owns the store, else what is older than a day."""
    found = warehouse.rows("SELECT name FROM system.databases WHERE startsWith(name, {prefix:String})", prefix=PREFIX)
    for (name,) in found:
        began = int(name.removeprefix(PREFIX).split("_")[0])
        if warehouse.embedded or time.time() - began > _LEFT_BEHIND_SECONDS:
            warehouse.command("DROP DATABASE IF EXISTS {db:Identifier} SYNC", db=name)
