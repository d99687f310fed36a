"""A table of the online store kept by a Redis or Valkey server: a hash for each version, and a key that names one.

    readership:features:CURRENT                  the name of the version in use
    readership:features:VERSIONS                 the names of those that are kept, oldest first
    readership:features:20260401T060000-3f9a     key to row

A version whose writer died is forgotten by the server after `DRAFT_SECONDS`.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec

from readership.errors import StoreError
from readership.features.meta import KEPT_VERSIONS, META, Meta, fresh_name
from readership.features.redis_link import RedisLink
from readership.settings import BRANDS, RedisPlace

DRAFT_SECONDS = 6 * 3600
CHUNK_ROWS, CHUNK_BYTES = 1000, 2**20
CURRENT, VERSIONS, STATE = "CURRENT", "VERSIONS", "state"


class RedisNewVersion:
    """A version being written, which no reader knows of until `finish`."""

    def __init__(self, table: RedisPlace) -> None:
        self.table, self.name = table, fresh_name()
        self.rows = self._fields = 0
        self._key = f"{table.prefix}:{self.name}"
        self._link = RedisLink.of(table, patient=True)

    def put(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Add rows by their keys, some at a time. Raises StoreError, and leaves nothing behind."""
        for chunk in _chunks(items):
            try:
                self._fields += self._link.ask(partial(_add, self._key, chunk))
            except StoreError as error:
                self._give_up(error)
            self.rows += len(chunk)

    def finish(self, meta: Meta, failed: bool) -> None:
        """Publish the version, or discard it. Raises StoreError where some of it is not there any more."""
        if failed:
            self._discard()
            return
        prefix = self.table.prefix
        keys = [f"{prefix}:{CURRENT}", f"{prefix}:{VERSIONS}", self._key]
        told = msgspec.msgpack.encode(msgspec.structs.replace(meta, rows=self.rows))
        try:
            self._link.script("publish")(keys, [self._fields, META, told, self.name, KEPT_VERSIONS, f"{prefix}:"])
        except StoreError as error:
            self._give_up(error)

    def _discard(self) -> None:
        with suppress(StoreError):
            self._link.ask(lambda client: client.unlink(self._key))

    def _give_up(self, error: StoreError) -> None:
        self._discard()
        raise StoreError(
            f"the online store {self.table} cannot be written: {error}; see that the server has the memory, or set "
            "READERSHIP_ONLINE_STORE, then run the same command again; the version in use was not touched"
        ) from error


class RedisVersion:
    """One published version."""

    def __init__(self, table: RedisPlace, name: str) -> None:
        self.table, self.name = table, name
        self._key = f"{table.prefix}:{name}"
        self._link = RedisLink.of(table)
        told = self._link.ask(lambda client: client.hget(self._key, META))
        try:
            self.meta = msgspec.msgpack.decode(told or b"", type=Meta)
        except msgspec.MsgspecError as error:
            raise StoreError(
                f"the online store {table}:{name} cannot be read: {error}; run `readership features build`"
            ) from error

    def get(self, key: bytes) -> bytes | None:
        """The row of this key, None where there is none. Raises StoreError where the version was deleted."""
        found: bytes | None = self._link.ask(lambda client: client.hget(self._key, key))
        if found is None and not self._link.ask(lambda client: client.exists(self._key)):
            raise StoreError(
                f"version {self.name} is no longer in the online store {self.table}; the newer ones cannot be used, "
                "/readyz says why"
            )
        return found

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """Every row, some at a time."""
        cursor = 0
        while True:
            cursor, part = self._link.ask(partial(_scan, self._key, cursor))
            yield from ((key, value) for key, value in part.items() if key != META)
            if not cursor:
                return


def current(table: RedisPlace) -> str | None:
    """Name of the version in use, None where nothing was ever published."""
    name: bytes | None = RedisLink.of(table).ask(lambda client: client.get(f"{table.prefix}:{CURRENT}"))
    return name.decode() if name else None


def tables(online: RedisPlace) -> list[str]:
    """Tables of which a version is in use."""
    link, end = RedisLink.of(online, patient=True), f":{CURRENT}"
    keys = link.ask(lambda client: [*client.scan_iter(match=f"{online.prefix}:*{end}", count=CHUNK_ROWS)])
    found = sorted({key.decode().removeprefix(f"{online.prefix}:").removesuffix(end) for key in keys})
    return [name for name in found if not name.startswith(f"{BRANDS}:")]


def names(table: RedisPlace) -> list[str]:
    """Versions that are kept, oldest first."""
    found = RedisLink.of(table).ask(lambda client: client.lrange(f"{table.prefix}:{VERSIONS}", 0, -1))
    return [name.decode() for name in found]


def drop(table: RedisPlace, name: str) -> None:
    """Delete a version, and its name."""
    link = RedisLink.of(table, patient=True)
    link.ask(lambda client: client.lrem(f"{table.prefix}:{VERSIONS}", 0, name))
    link.ask(lambda client: client.unlink(f"{table.prefix}:{name}"))


def clear(online: RedisPlace) -> None:
    """Delete every table, those of brands as well; the state is left."""
    link, state = RedisLink.of(online, patient=True), f"{online.prefix}:{STATE}:".encode()
    keys = link.ask(lambda client: [*client.scan_iter(match=f"{online.prefix}:*", count=CHUNK_ROWS)])
    tables = [key for key in keys if not key.startswith(state)]
    if tables:
        link.ask(lambda client: client.unlink(*tables))


def _scan(key: str, cursor: int, client: Any) -> tuple[int, dict[bytes, bytes]]:
    found: tuple[int, dict[bytes, bytes]] = client.hscan(key, cursor=cursor, count=CHUNK_ROWS)
    return found


def _add(key: str, rows: list[tuple[bytes, bytes]], client: Any) -> int:
    """Add rows to the draft; returns how many of their keys are new."""
    with client.pipeline(transaction=True) as pipe:
        pipe.hset(key, mapping=dict(rows))
        pipe.expire(key, DRAFT_SECONDS)
        added: int = pipe.execute()[0]
        return added


def _chunks(items: Iterable[tuple[bytes, bytes]]) -> Iterator[list[tuple[bytes, bytes]]]:
    chunk: list[tuple[bytes, bytes]] = []
    size = 0
    for row in items:
        chunk.append(row)
        size += len(row[0]) + len(row[1])
        if len(chunk) == CHUNK_ROWS or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
