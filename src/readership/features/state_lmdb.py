"""The state in one LMDB that all workers of a machine write and read.

Writes are not flushed one by one: a process that dies loses nothing, a machine that loses power may lose the last
seconds of what the segment log holds anyway.
"""

import hashlib
import struct
import time
from pathlib import Path
from typing import Any

from readership.features.ad_ledger import AD_TABLES, AdLedger
from readership.features.exposed import EXPOSED, Exposed
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
from readership.features.lmdb_file import FIRST_BYTES, TWO, LmdbFile, next_key, pairs_from
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

_DAY_MS, _HOUR_MS = 86_400_000, 3_600_000
_PRUNE_SECONDS, _PRUNED_AT_ONCE = 60.0, 2000
OWN_TABLES = (b"readers", b"reads", b"seen", b"articles", b"newest", b"counters", b"shown")
TABLES = (*OWN_TABLES, EXPOSED, *AD_TABLES)
"""All that lies in the one file: those of `State`, of `Exposed` and of `AdLedger`."""
_ONE = struct.Struct(">Q")


class LmdbState:
    """`State` in the folder `folder`, made where there is none.

    Open it after a process was spawned, never before a fork. Threads may share it: one writes at a time, and reading
    never waits for a write.
    """

    def __init__(self, folder: Path, *, first_bytes: int = FIRST_BYTES) -> None:
        self.folder = folder
        self._pruned = time.monotonic()
        self.file = LmdbFile(folder, TABLES, first_bytes=first_bytes)
        self._look, self._write, self._tables = self.file.look, self.file.write, self.file.tables

    def close(self) -> None:
        """Flush and close; nothing can be asked afterwards."""
        self.file.close()

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
            txn.put(
                next_key(txn, self._tables[b"shown"], now_ms),
                encode(as_shown(batch, counted)),
                db=self._tables[b"shown"],
            )
            txn.put(batch, b"", db=self._tables[b"seen"])

        self._write(take)

    def shown_after(self, place: Place, most: int) -> tuple[list[Shown], Place]:
        """See `State.shown_after`."""

        def follow(cursor: Any) -> tuple[list[Shown], Place]:
            found, last = [], place
            for key, value in pairs_from(cursor, TWO.pack(place[0], place[1] + 1), most):
                last = TWO.unpack(key)
                found.append(feed_shown(value).shown(last[0]))
            return found, last

        return self._look(b"shown", follow)

    def reader(self, reader: int) -> Reader:
        """See `State.reader`."""
        found = self._look(b"readers", lambda cursor: cursor.get(_ONE.pack(reader)))
        record = kept(found) if found else Kept()
        return Reader(record.consent, record.reads)

    def forget(self, reader: int) -> None:
        """See `State.forget`. The file gives the room to what comes next; until then bytes may lie in unused pages."""

        def forget(txn: Any) -> None:
            txn.delete(_ONE.pack(reader), db=self._tables[b"readers"])
            with txn.cursor(db=self._tables[b"reads"]) as cursor:
                theirs = [(place, read.event) for place, value in cursor if (read := feed_read(value)).reader == reader]
            for place, event in theirs:
                txn.delete(place, db=self._tables[b"reads"])
                txn.delete(event, db=self._tables[b"seen"])

        self._write(forget)

    def reads_after(self, place: Place, most: int) -> tuple[list[Opened], Place]:
        """See `State.reads_after`."""

        def follow(cursor: Any) -> tuple[list[Opened], Place]:
            found, last = [], place
            for key, value in pairs_from(cursor, TWO.pack(place[0], place[1] + 1), most):
                last = TWO.unpack(key)
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
            found = [
                (_ONE.unpack(key)[0], put(value)) for key, value in pairs_from(cursor, _ONE.pack(sequence + 1), most)
            ]
            return [Change(number, one.content, one.at_ms) for number, one in found]

        return self._look(b"articles", follow)

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
            txn.put(next_key(txn, self._tables[b"reads"], now_ms), encode(read), db=self._tables[b"reads"])
            txn.put(doing.event, b"", db=self._tables[b"seen"])

    def _agreed(self, txn: Any, reader: int, assumed: Assumed) -> int:
        found = txn.get(_ONE.pack(reader), db=self._tables[b"readers"])
        consent = kept(found).consent if found else None
        return assumed(reader) if consent is None else consent

    def _prune(self, txn: Any, now_ms: int) -> None:
        """Leave out what is too old, a part at a time."""
        with txn.cursor(db=self._tables[b"reads"]) as cursor:
            for key, value in pairs_from(cursor, b"", _PRUNED_AT_ONCE):
                if TWO.unpack(key)[0] >= now_ms - KEPT_DAYS * _DAY_MS:
                    break
                txn.delete(feed_read(value).event, db=self._tables[b"seen"])
                txn.delete(key, db=self._tables[b"reads"])
        with txn.cursor(db=self._tables[b"shown"]) as cursor:
            for key, value in pairs_from(cursor, b"", _PRUNED_AT_ONCE):
                if TWO.unpack(key)[0] >= now_ms - KEPT_SHOWN_HOURS * _HOUR_MS:
                    break
                txn.delete(feed_shown(value).batch, db=self._tables[b"seen"])
                txn.delete(key, db=self._tables[b"shown"])
        with txn.cursor(db=self._tables[b"articles"]) as cursor:
            for key, value in pairs_from(cursor, b"", _PRUNED_AT_ONCE):
                change = put(value)
                if change.at_ms >= now_ms - KEPT_ARTICLE_DAYS * _DAY_MS:
                    break
                txn.delete(_name(change.article_id), db=self._tables[b"newest"])
                txn.delete(key, db=self._tables[b"articles"])


def forget_here(file: LmdbFile, reader: int) -> None:
    """Keep nothing of what a reader was shown and was assigned on this machine."""
    Exposed(file).forget_unit(str(reader))
    AdLedger(file).forget(reader)


def _name(article_id: str) -> bytes:
    """The key of an article: LMDB takes 511 bytes."""
    name = article_id.encode()
    return name if len(name) <= 64 else hashlib.sha256(name).digest()
