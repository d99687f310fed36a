"""A publisher's own table: looked at and read in bounded batches, never written.

Every statement is a SELECT, so a user who may only read is enough, and none changes a setting of the server.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import clickhouse_connect
import pyarrow as pa
import pyarrow.compute as pc
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from readership.errors import InputError, WarehouseUnreachable
from readership.settings import Settings, redact
from readership.warehouse import dsn as address
from readership.warehouse.client import Warehouse
from readership.warehouse.read_as import is_time, part_of, read_as
from readership.warehouse.sql import read_sql

SQL = "readership.warehouse.source"
BATCH_ROWS = 200_000


class Part(NamedTuple):
    """A part of a table (a day, as a rule): how many rows it has, and when the newest was written ("": unknown)."""

    key: str
    rows: int
    newest: str


class Source:
    """A server that holds tables of a publisher's own. `place` (host and port) names it in our tables."""

    def __init__(self, client: Client, place: str, database: str) -> None:
        self.client = client
        self.place = place
        self.database = database

    @classmethod
    def of(cls, warehouse: Warehouse) -> "Source":
        """The configured warehouse as the source: another database of the same engine."""
        return cls(warehouse.client, "warehouse", "default")

    def table(self, name: str) -> "SourceTable":
        """The table `database.name`, or `name` in the database of the address.

        Raises InputError where it does not exist or may not be read.
        """
        database, dot, table = name.partition(".")
        return SourceTable(self, *((database, table) if dot else (self.database or "default", name)))

    def rows(self, about: str, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Rows of a small SELECT about the table `about`."""
        columns = self.arrow(about, sql, **values).to_pydict().values()
        return list(zip(*([_plain(value) for value in column] for column in columns), strict=True))

    def arrow(self, about: str, sql: str, **values: Any) -> pa.Table:
        """Rows of a SELECT about the table `about`."""
        with _asking(self.place, about):
            return self.client.query_arrow(sql, parameters=values, use_strings=None)


class SourceTable:
    """One table: its columns (name -> type), what it is ordered by, and its rows in batches."""

    def __init__(self, source: Source, database: str, name: str) -> None:
        self.source = source
        self.name = f"{database}.{name}"
        self._named = {"database": database, "table": name}
        self.check_there()
        self.columns: dict[str, str] = dict(self._rows("columns"))
        self.ordering = "".join(text for (text,) in self._rows("ordering"))
        self.zone = str(source.rows(self.name, "SELECT timezone()")[0][0])

    @property
    def identity(self) -> str:
        """What stands for this table in our own tables."""
        return f"{self.source.place}/{self.name}"

    def check_there(self) -> None:
        """Raise InputError where the table cannot be read."""
        self._rows("first_rows")

    def made_by_us(self) -> bool:
        """Whether the table lies in a database that holds our schema."""
        return bool(self._rows("our_schema")[0][0])

    def count(self) -> int:
        """How many rows it has now."""
        return int(self._rows("count_rows")[0][0])

    def values(self, column: str, limit: int = 50) -> list[str]:
        """The most frequent values of a column, as text."""
        return [value for (value,) in self._rows("values", column=column, limit=limit)]

    def parts(self, axis: str, written: str = "") -> list[Part]:
        """The table by days (or what comes nearest) of the column `axis`; `written` says when a row was written."""
        sql = read_sql(SQL, "count_parts").replace("PART", part_of(self.columns[axis]))
        sql = sql.replace("NEWEST", "ifNull(toString(max({written:Identifier})), '')" if written else "''")
        values = {"axis": axis} | ({"written": written} if written else {})
        return [Part(*row) for row in self.source.rows(self.name, sql, **self._named, **values)]

    def read(
        self, columns: Sequence[str], *, zone: str, axis: str, parts: Sequence[str], spread: str = "",
        share: tuple[int, int] = (0, 1),
    ) -> pa.Table:  # fmt: skip
        """Rows of some parts; of these, share `i` of `n` by a hash of `axis` and `spread`.

        Times come as UTC moments: those of columns without a zone are the clock the server shows, read in `zone`.
        Everything else comes as numbers or text (as bytes); nested values as JSON.
        """
        key = part_of(self.columns[axis])
        days = is_time(self.columns[axis])
        sql = read_sql(SQL, "read_rows").replace(
            "PART IN PARTS", f"{key} IN " + ("{parts:Array(Date)}" if days else "{parts:Array(String)}")
        )
        values = {"axis": axis, "parts": list(parts), "spread": spread or axis}
        return self._read(sql, columns, zone, share, **values)

    def batches(self, columns: Sequence[str], *, zone: str = "", rows: int = BATCH_ROWS) -> Iterator[pa.Table]:
        """The whole table in batches of about so many rows, in no order; each row that stays comes once."""
        shares = max(1, -(-self.count() // rows))
        for share in range(shares):
            yield self._read(read_sql(SQL, "read_share"), columns, zone, (share, shares))

    def _read(self, sql: str, columns: Sequence[str], zone: str, share: tuple[int, int], **values: Any) -> pa.Table:
        kinds = [self.columns[column] for column in columns]
        read = [read_as(kind, number, zone, self.zone) for number, kind in enumerate(kinds)]
        names = {f"c{number}": column for number, column in enumerate(columns)}
        table = self.source.arrow(
            self.name,
            sql.replace("COLUMNS", ",\n    ".join(read)),
            **self._named, **names, **values, zone=zone or self.zone, share=share[0], shares=share[1],
        )  # fmt: skip
        return pa.table(
            [_settled(column, kind) for column, kind in zip(table.columns, kinds, strict=True)], list(columns)
        )

    def _rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        return self.source.rows(self.name, read_sql(SQL, statement), **self._named, **values)


@contextmanager
def open_source(dsn: str, settings: Settings) -> Iterator[Source]:
    """A connection to somebody else's server, at the user's own rights.

    Raises WarehouseUnreachable or InputError naming the server and the next step, never the password.
    """
    password = settings.source_password.get_secret_value() if settings.source_password else ""
    given = address.arguments(dsn, password=password)
    with _asking(redact(dsn), ""):
        client = clickhouse_connect.get_client(**given, autogenerate_session_id=False)
    try:
        yield Source(client, address.place(dsn), address.database(dsn))
    finally:
        client.close()


_TOLD = {
    "AUTHENTICATION_FAILED": "user or password is wrong; correct --from (or READERSHIP_SOURCE_PASSWORD)",
    "REQUIRED_PASSWORD": "a password is needed; add it to --from, or set READERSHIP_SOURCE_PASSWORD",
    "WRONG_PASSWORD": "user or password is wrong; correct --from (or READERSHIP_SOURCE_PASSWORD)",
    "ACCESS_DENIED": "this user may not read it; ask for `GRANT SELECT ON {table} TO user` (nothing more is needed)",
    "UNKNOWN_TABLE": "there is no such table; check --table (database.table), or run again when it is back",
    "UNKNOWN_DATABASE": "there is no such database; check --table (database.table), or run again when it is back",
    "TABLE_IS_DROPPED": "the table is being dropped; run again when it is back",
    "UNKNOWN_IDENTIFIER": "a column is gone since the table was looked at; run again, or correct the mapping",
    "NO_SUCH_COLUMN_IN_TABLE": "a column is gone since the table was looked at; run again, or correct the mapping",
    "MEMORY_LIMIT_EXCEEDED": "the server gave the query no more memory; run again later, or ask for a higher limit",
    "TIMEOUT_EXCEEDED": "the server gave the query no more time; run again later, or ask for a higher limit",
    "TOO_MANY_SIMULTANEOUS_QUERIES": "the server is busy; run again later",
}  # fmt: skip


@contextmanager
def _asking(place: str, table: str) -> Iterator[None]:
    """Say in the user's words what the server refused."""
    what = f"{table} on {place}" if table else place
    try:
        yield
    except ClickHouseError as error:
        text = redact(str(error))
        for code, told in _TOLD.items():
            if code in text:
                raise InputError(
                    f"{what}: {told.format(table=table or 'the table')}; what was read so far stays, and the same "
                    f"command goes on from there ({code})"
                ) from error
        raise WarehouseUnreachable(_broken(what, text)) from error
    except OSError as error:
        raise WarehouseUnreachable(_broken(what, redact(str(error)))) from error


def _broken(what: str, text: str) -> str:
    return (
        f"{what} does not answer: {' '.join(text.split())[:300]}; check address, TLS options and "
        "proxy (docs/adopt.md); what was read so far stays, and the same command goes on from there"
    )


def _settled(column: pa.ChunkedArray, kind: str) -> pa.Array:
    """Times as moments, texts as bytes."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        array = pc.cast(array, array.type.value_type)
    if is_time(kind):
        return pc.cast(pc.cast(array, pa.int64()), pa.timestamp("ms", "UTC"))
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return pc.cast(array, pa.binary())
    return array


def _plain(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
