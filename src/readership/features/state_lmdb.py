"""The state in one LMDB that all workers of a machine write and read.

Writes are not flushed one by one: a process that dies loses nothing, a machine that loses power may lose the last
seconds of what the segment log holds anyway.
"""

import hashlib
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import lmdb
import msgspec

from readership.errors import StoreError
from readership.features.kept import (
    Kept,
    Put,
    as_read,
    as_shown,
    batch_id,
    encode,
    feed_read,
    feed_shown,
    kept,
    learn,
    put,
)
from readership.features.state import (
    ANALYTICS,
    KEPT_ARTICLE_DAYS,
    KEPT_DAYS,
    KEPT_SHOWN_HOURS,
    PERSONALISATION,
    Assumed,
    Change,
    Doing,
    Opened,
    Place,
    Reader,
    Seen,
    Shown,
)

_FIRST_BYTES, _MOST_BYTES = 64 * 2**20, 256 * 2**30
_MOST_READERS = 1024
_DAY_MS, _HOUR_MS = 86_400_000, 3_600_000
_PRUNE_SECONDS, _PRUNED_AT_ONCE = 60.0, 2000
_TABLES = (b"readers", b"reads", b"seen", b"articles", b"newest", b"counters", b"shown")
_ONE, _TWO = struct.Struct(">Q"), struct.Struct(">QQ")
_Answer = TypeVar("_Answer")


class LmdbState:
    """`State` in the folder `folder`, made where there is none.

    Open it after a process was spawned, never before a fork. Threads may share it: one writes at a time, and reading
    never waits for a write.
    """

    def __init__(self, folder: Path, *, first_bytes: int = _FIRST_BYTES) -> None:
        self.folder = folder
        self._writing, self._gate = threading.Lock(), threading.Lock()
        self._pruned = time.monotonic()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._env = lmdb.open(
                str(folder),
                map_size=max(first_bytes, _size(folder)),
                max_dbs=len(_TABLES),
                max_readers=_MOST_READERS,
                sync=False,
                metasync=False,
            )
            self._tables = self._open_tables()
        except (lmdb.Error, OSError) as error:
            raise self._trouble("opened", error) from error

    def close(self) -> None:
        """Flush and close; nothing can be asked afterwards."""
        with self._writing, self._gate:
            self._env.sync(True)
            self._env.close()

    def take(self, doings: list[Doing], assumed: Assumed, now_ms: int) -> None:
        """See `State.take`."""

        def take(txn: Any) -> None:
            for doing in doings:
                self._take(txn, doing, assumed, now_ms)

        self._write(take)
        if time.monotonic() - self._pruned > _PRUNE_SECONDS:
            self._pruned = time.monotonic()
            self._write(lambda txn: self._prune(txn, now_ms))

    def take_shown(self, seen: list[Seen], assumed: Assumed, now_ms: int) -> None:
        """See `State.take_shown`."""
        batch = batch_id(seen)

        def take(txn: Any) -> None:
            if txn.get(batch, db=self._tables[b"seen"]) is not None:
                return
            agreed = {reader: self._agreed(txn, reader, assumed) for reader in {one.reader for one in seen}}
            counted = [one for one in seen if agreed[one.reader] & ANALYTICS]
            if not counted:
                return
            txn.put(self._next(txn, b"shown", now_ms), encode(as_shown(batch, counted)), db=self._tables[b"shown"])
            txn.put(batch, b"", db=self._tables[b"seen"])

        self._write(take)

    def shown_after(self, place: Place, most: int) -> tuple[list[Shown], Place]:
        """See `State.shown_after`."""

        def follow(cursor: Any) -> tuple[list[Shown], Place]:
            found, last = [], place
            for key, value in _from(cursor, _TWO.pack(place[0], place[1] + 1), most):
                last = _TWO.unpack(key)
                found.append(feed_shown(value).shown(last[0]))
            return found, last

        return self._look(b"shown", follow)

    def reader(self, reader: int) -> Reader:
        """See `State.reader`."""
        found = self._look(b"readers", lambda cursor: cursor.get(_ONE.pack(reader)))
        record = kept(found) if found else Kept()
        return Reader(record.consent, record.reads)

    def reads_after(self, place: Place, most: int) -> tuple[list[Opened], Place]:
        """See `State.reads_after`."""

        def follow(cursor: Any) -> tuple[list[Opened], Place]:
            found, last = [], place
            for key, value in _from(cursor, _TWO.pack(place[0], place[1] + 1), most):
                last = _TWO.unpack(key)
                found.append(feed_read(value).opened(last[0]))
            return found, last

        return self._look(b"reads", follow)

    def put_article(self, article_id: str, content: bytes, now_ms: int) -> int:
        """See `State.put_article`."""
        name = _name(article_id)

        def change(txn: Any) -> int:
            articles, newest, counters = (self._tables[table] for table in (b"articles", b"newest", b"counters"))
            if (before := txn.get(name, db=newest)) is not None:
                txn.delete(before, db=articles)
            sequence: int = _ONE.unpack(txn.get(b"articles", _ONE.pack(0), db=counters))[0] + 1
            key = _ONE.pack(sequence)
            txn.put(key, encode(Put(article_id, now_ms, content)), db=articles)
            txn.put(name, key, db=newest)
            txn.put(b"articles", key, db=counters)
            return sequence

        return self._write(change)

    def article(self, article_id: str) -> bytes | None:
        """See `State.article`."""
        key = self._look(b"newest", lambda cursor: cursor.get(_name(article_id)))
        found = self._look(b"articles", lambda cursor: cursor.get(key)) if key else None
        return put(found).content if found else None

    def articles_after(self, sequence: int, most: int) -> list[Change]:
        """See `State.articles_after`."""

        def follow(cursor: Any) -> list[Change]:
            found = [(_ONE.unpack(key)[0], put(value)) for key, value in _from(cursor, _ONE.pack(sequence + 1), most)]
            return [Change(number, one.content, one.at_ms) for number, one in found]

        return self._look(b"articles", follow)

    def _open_tables(self) -> dict[bytes, Any]:
        while True:
            try:
                return {name: self._env.open_db(name) for name in _TABLES}
            except lmdb.MapResizedError:
                self._env.set_mapsize(0)

    def _take(self, txn: Any, doing: Doing, assumed: Assumed, now_ms: int) -> None:
        if doing.article_id and txn.get(doing.event, db=self._tables[b"seen"]) is not None:
            return
        key = _ONE.pack(doing.reader)
        found = txn.get(key, db=self._tables[b"readers"])
        record = kept(found) if found else Kept()
        agreed = learn(record, doing, assumed)
        if not record.empty:
            txn.put(key, encode(record), db=self._tables[b"readers"])
        elif found:
            txn.delete(key, db=self._tables[b"readers"])
        if doing.article_id and doing.counted and agreed & ANALYTICS:
            read = as_read(doing, known=bool(agreed & PERSONALISATION))
            txn.put(self._next(txn, b"reads", now_ms), encode(read), db=self._tables[b"reads"])
            txn.put(doing.event, b"", db=self._tables[b"seen"])

    def _next(self, txn: Any, feed: bytes, now_ms: int) -> bytes:
        """The key of the next entry of a feed: keys grow, whatever the clock says."""
        with txn.cursor(db=self._tables[feed]) as cursor:
            last_ms, number = _TWO.unpack(cursor.key()) if cursor.last() else (0, 0)
        return _TWO.pack(now_ms, 1) if now_ms > last_ms else _TWO.pack(last_ms, number + 1)

    def _agreed(self, txn: Any, reader: int, assumed: Assumed) -> int:
        found = txn.get(_ONE.pack(reader), db=self._tables[b"readers"])
        consent = kept(found).consent if found else None
        return assumed(reader) if consent is None else consent

    def _prune(self, txn: Any, now_ms: int) -> None:
        """Leave out what is too old, a part at a time."""
        with txn.cursor(db=self._tables[b"reads"]) as cursor:
            for key, value in _from(cursor, b"", _PRUNED_AT_ONCE):
                if _TWO.unpack(key)[0] >= now_ms - KEPT_DAYS * _DAY_MS:
                    break
                txn.delete(feed_read(value).event, db=self._tables[b"seen"])
                txn.delete(key, db=self._tables[b"reads"])
        with txn.cursor(db=self._tables[b"shown"]) as cursor:
            for key, value in _from(cursor, b"", _PRUNED_AT_ONCE):
                if _TWO.unpack(key)[0] >= now_ms - KEPT_SHOWN_HOURS * _HOUR_MS:
                    break
                txn.delete(feed_shown(value).batch, db=self._tables[b"seen"])
                txn.delete(key, db=self._tables[b"shown"])
        with txn.cursor(db=self._tables[b"articles"]) as cursor:
            for key, value in _from(cursor, b"", _PRUNED_AT_ONCE):
                change = put(value)
                if change.at_ms >= now_ms - KEPT_ARTICLE_DAYS * _DAY_MS:
                    break
                txn.delete(_name(change.article_id), db=self._tables[b"newest"])
                txn.delete(key, db=self._tables[b"articles"])

    def _look(self, table: bytes, ask: Callable[[Any], _Answer]) -> _Answer:
        """What a cursor over one table finds."""
        try:
            with self._gate, self._env.begin(db=self._tables[table]) as txn, txn.cursor() as cursor:
                return ask(cursor)
        except lmdb.MapResizedError:
            self._resize(0)
            return self._look(table, ask)
        except (lmdb.Error, msgspec.MsgspecError) as error:
            raise self._trouble("read", error) from error

    def _write(self, change: Callable[[Any], _Answer]) -> _Answer:
        """Make a change as a whole; the file grows where it is full."""
        while True:
            try:
                with self._writing, self._env.begin(write=True) as txn:
                    return change(txn)
            except lmdb.MapFullError as error:
                size = 2 * self._env.info()["map_size"]
                if size > _MOST_BYTES:
                    raise self._trouble("written", error) from error
                self._resize(size)
            except lmdb.MapResizedError:
                self._resize(0)
            except (lmdb.Error, OSError, msgspec.MsgspecError) as error:
                raise self._trouble("written", error) from error

    def _resize(self, size: int) -> None:
        """Let the file be so large; 0: as large as another process made it. Nobody of this process is in it then."""
        with self._writing, self._gate:
            self._env.set_mapsize(size)

    def _trouble(self, what: str, error: Exception) -> StoreError:
        return StoreError(
            f"the state {self.folder} cannot be {what}: {error}; free some space, or stop `readership serve`, move the "
            "folder away and start it again: it then begins empty, and no event is lost, they lie in the segment log"
        )


def _from(cursor: Any, key: bytes, most: int) -> list[tuple[bytes, bytes]]:
    """Keys and values from this key on, at most so many."""
    if not cursor.set_range(key):
        return []
    return [pair for _, pair in zip(range(most), cursor.iternext(), strict=False)]


def _name(article_id: str) -> bytes:
    """The key of an article: LMDB takes 511 bytes."""
    name = article_id.encode()
    return name if len(name) <= 64 else hashlib.sha256(name).digest()


def _size(folder: Path) -> int:
    file = folder / "data.mdb"
    return file.stat().st_size if file.is_file() else 0
