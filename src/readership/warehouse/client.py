"""One warehouse, two engines: chDB inside this process, or a ClickHouse server over HTTP."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import clickhouse_connect
import polars as pl
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from readership.errors import MissingExtra, WarehouseError, WarehouseUnreachable
from readership.settings import Settings, redact
from readership.warehouse.dsn import arguments
from readership.warehouse.owner import Ownership

PUBLISHER_DATABASE = "analytics"
OWN_DATABASE = "readership"


class Warehouse:
    """A connection bound to the database that holds our tables.

    Statements name tables without a database. Values are bound as ClickHouse parameters
    (`{as_of:DateTime64(3,'UTC')}`), identifiers as `{table:Identifier}`; nothing is formatted in.
    Times must carry a zone; they are bound in UTC.
    """

    def __init__(
        self, client: Client, database: str, owner: Ownership | None, dsn: str, left_alone: tuple[str, ...] = ()
    ) -> None:
        self.client = client
        self.database = database
        self.left_alone = left_alone
        self._owner = owner
        self._dsn = dsn

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """The configured warehouse, with the settings' limits on memory, threads and time per query.

        Raises WarehouseLocked (naming the holder), WarehouseUnreachable or MissingExtra.
        """
        dsn = settings.warehouse_dsn
        limits = {
            "max_memory_usage": int(settings.query_memory_gib * 2**30),
            "max_threads": settings.query_threads,
            "max_execution_time": settings.query_seconds,
        }
        owner = Ownership.take(Path(dsn.removeprefix("chdb://"))) if is_embedded(dsn) else None
        try:
            client = _connect(dsn, limits)
            database, left_alone = _home(client)
            with _translated():
                client.command("CREATE DATABASE IF NOT EXISTS {db:Identifier}", parameters={"db": database})
            client.database = database
        except BaseException:
            if owner:
                owner.release()
            raise
        return cls(client, database, owner, dsn, left_alone)

    @property
    def notice(self) -> str:
        """Which tables stand under our names without being ours, and where ours lie therefore; "" where none do."""
        if not self.left_alone:
            return ""
        names = ", ".join(f"{PUBLISHER_DATABASE}.{name}" for name in self.left_alone)
        return (
            f"{names} {'was' if len(self.left_alone) == 1 else 'were'} not made by Readership and will not be touched; "
            f"its own tables lie in database {OWN_DATABASE}"
        )

    @property
    def embedded(self) -> bool:
        """Whether the engine runs inside this process."""
        return is_embedded(self._dsn)

    def arrow(self, sql: str, **values: Any) -> pa.Table:
        """Rows of a SELECT as an Arrow table (LowCardinality as plain strings, times in UTC)."""
        with _translated():
            return self.client.query_arrow(sql, parameters=_bound(values), use_strings=True)

    def frame(self, sql: str, **values: Any) -> pl.DataFrame:
        """Rows of a SELECT as a Polars frame."""
        frame = pl.from_arrow(self.arrow(sql, **values))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def stream(self, sql: str, **values: Any) -> Iterator[pl.DataFrame]:
        """Rows of a SELECT in blocks; run no other statement until the last block is read."""
        with (
            _translated(),
            self.client.query_arrow_stream(sql, parameters=_bound(values), use_strings=True) as blocks,
        ):
            for block in blocks:
                frame = pl.from_arrow(block)
                assert isinstance(frame, pl.DataFrame)
                yield frame

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Rows of a small SELECT as tuples; times come back with their zone."""
        return self.frame(sql, **values).rows()

    def scalar(self, sql: str, **values: Any) -> Any:
        """The one value a SELECT returns."""
        return self.rows(sql, **values)[0][0]

    def command(self, sql: str, **values: Any) -> None:
        """Run a statement that returns no rows."""
        with _translated():
            self.client.command(sql, parameters=_bound(values))

    def insert(self, table: str, rows: pa.Table) -> None:
        """Append an Arrow table; its columns are matched by name."""
        with _translated():
            self.client.insert_arrow(table, rows)

    def raw_insert(
        self, table: str, columns: list[str], block: bytes, fmt: str, settings: dict[str, int] | None = None
    ) -> None:
        """Append a block already encoded in one of the engine's input formats, under the engine's settings."""
        with _translated():
            self.client.raw_insert(table, column_names=columns, insert_block=block, fmt=fmt, settings=settings)

    @contextmanager
    def using(self, database: str) -> Iterator[Self]:
        """The same connection bound to another database for the length of a block."""
        before, self.client.database = self.database, database
        self.database = database
        try:
            yield self
        finally:
            self.client.database = self.database = before

    @contextmanager
    def scratch(self) -> Iterator[Self]:
        """The same connection bound to a new database with our empty tables, dropped afterwards."""
        from readership.warehouse.migrate import migrate

        name = f"readership_scratch_{secrets.token_hex(6)}"
        self.command("CREATE DATABASE {db:Identifier}", db=name)
        try:
            with self.using(name):
                migrate(self)
                yield self
        finally:
            self.command("DROP DATABASE IF EXISTS {db:Identifier} SYNC", db=name)

    def close(self) -> None:
        """Close the connection and give the embedded store back."""
        self.client.close()
        if self._owner:
            self._owner.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def is_embedded(dsn: str) -> bool:
    """Whether `dsn` names a store opened inside this process."""
    return dsn.startswith("chdb://")


def _connect(dsn: str, limits: dict[str, int]) -> Client:
    if is_embedded(dsn):
        Path(dsn.removeprefix("chdb://")).parent.mkdir(parents=True, exist_ok=True)
    try:
        if is_embedded(dsn):
            return clickhouse_connect.get_client(dsn=dsn, settings=limits)
        return clickhouse_connect.get_client(**arguments(dsn), settings=limits, autogenerate_session_id=False)
    except ImportError as error:
        raise MissingExtra(
            f"{dsn} needs the embedded engine, which is not installed; "
            "`pip install 'readership[embedded]'`, or set READERSHIP_WAREHOUSE=clickhouse://…"
        ) from error
    except (ClickHouseError, OSError) as error:
        raise WarehouseUnreachable(
            f"the warehouse {redact(dsn)} cannot be opened: {redact(str(error))[:300]}; "
            "check READERSHIP_WAREHOUSE; nothing was changed"
        ) from error


def _home(client: Client) -> tuple[str, tuple[str, ...]]:
    """The database of our tables, and tables of `analytics` that bear a name of ours without being ours.

    It is `analytics`, unless such tables lie there, or ours lie in `readership` already.
    """
    from readership.warehouse.migrate import RECORD, RECORD_COLUMNS, tables

    rows = client.query(
        "SELECT database, table, groupArray(name) FROM system.columns "
        "WHERE database IN {dbs:Array(String)} AND table IN {names:Array(String)} "
        "GROUP BY database, table ORDER BY table",
        parameters={"dbs": [PUBLISHER_DATABASE, OWN_DATABASE], "names": [*tables(), RECORD]},
    ).result_rows
    ours = {database for database, table, columns in rows if table == RECORD and set(columns) >= set(RECORD_COLUMNS)}
    theirs = tuple(table for database, table, _ in rows if database == PUBLISHER_DATABASE)
    if PUBLISHER_DATABASE in ours:
        return PUBLISHER_DATABASE, ()
    return OWN_DATABASE if theirs or OWN_DATABASE in ours else PUBLISHER_DATABASE, theirs


def _bound(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _bind(name, value) for name, value in values.items()}


def _bind(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"parameter {name!r} is a time without a zone: {value}")
        return value.astimezone(UTC)
    if isinstance(value, list | tuple):
        return [_bind(name, item) for item in value]
    return value


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (ClickHouseError, OSError) as error:
        text = redact(str(error))
        if "NOT_ENOUGH_SPACE" in text or "No space left" in text:
            text = f"the disk is full: free some space and run the same command again ({text[:200]})"
        elif "MEMORY_LIMIT_EXCEEDED" in text:
            text = f"a query met its memory limit; raise READERSHIP_QUERY_MEMORY_GIB or narrow the data ({text[:200]})"
        raise WarehouseError(text[:2000]) from error
