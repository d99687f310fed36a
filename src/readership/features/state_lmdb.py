"""The state in one LMDB that all workers of a machine write and read.

Writes are not flushed one by one: a process that dies loses nothing, a machine that loses power may lose the last
seconds of what the segment log holds anyway.
"""

import hashlib
import struct
import time
from pathlib import Path
from typing import Any

import msgspec

from readership.features.ad_ledger import AD_TABLES
from readership.features.exposed import EXPOSED
from readership.features.lmdb_file import FIRST_BYTES, TWO, LmdbFile, next_key, pairs_from
from readership.features.state import (
    ANALYTICS,
    KEPT_ARTICLE_DAYS,
    KEPT_DAYS,
    KEPT_SHOWN_HOURS,
    NOBODY,
    PERSONALISATION,
    Assumed,
    Change,
    Doing,
    Opened,
    Place,
    Reader,
    Seen,
    Shown,
    with_read,
)

_DAY_MS, _HOUR_MS = 86_400_000, 3_600_000
_PRUNE_SECONDS, _PRUNED_AT_ONCE = 60.0, 2000
OWN_TABLES = (b"readers", b"reads", b"seen", b"articles", b"newest", b"counters", b"shown")
TABLES = (*OWN_TABLES, EXPOSED, *AD_TABLES)
"""All that lies in the one file: those of `State`, of `Exposed` and of `AdLedger`."""
_ONE = struct.Struct(">Q")


class _Kept(msgspec.Struct, array_like=True):
    """A reader's record."""

    consent: int | None = None
    consent_ms: int = -1
    reads: tuple[tuple[str, int], ...] = ()


class _Read(msgspec.Struct, array_like=True):
    """An entry of the feed; `event` finds it in the table of those seen."""

    event: bytes
    at_ms: int
    reader: int
    article_id: str
    session_id: str
    brand: str
    known: bool
    category: str
    article_type: str
    title: str


class _Shown(msgspec.Struct, array_like=True):
    """A batch of what was shown; `batch` finds it in the table of those seen."""

    batch: bytes
    at_ms: list[int]
    article_id: list[str]
    position: list[int]


class _Put(msgspec.Struct, array_like=True):
    """A change of an article."""

    article_id: str
    at_ms: int
    content: bytes


_encode = msgspec.msgpack.Encoder().encode
_kept = msgspec.msgpack.Decoder(_Kept).decode
_read = msgspec.msgpack.Decoder(_Read).decode
_shown = msgspec.msgpack.Decoder(_Shown).decode
_put = msgspec.msgpack.Decoder(_Put).decode


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
        batch = hashlib.blake2b(b"".join(one.event for one in seen), digest_size=16).digest()

        def take(txn: Any) -> None:
            if txn.get(batch, db=self._tables[b"seen"]) is not None:
                return
            agreed = {reader: self._agreed(txn, reader, assumed) for reader in {one.reader for one in seen}}
            counted = [one for one in seen if agreed[one.reader] & ANALYTICS]
            if not counted:
                return
            shown = _Shown(
                batch,
                [one.at_ms for one in counted],
                [one.article_id for one in counted],
                [one.position for one in counted],
            )
            txn.put(next_key(txn, self._tables[b"shown"], now_ms), _encode(shown), db=self._tables[b"shown"])
            txn.put(batch, b"", db=self._tables[b"seen"])

        self._write(take)

    def shown_after(self, place: Place, most: int) -> tuple[list[Shown], Place]:
        """See `State.shown_after`."""

        def follow(cursor: Any) -> tuple[list[Shown], Place]:
            found, last = [], place
            for key, value in pairs_from(cursor, TWO.pack(place[0], place[1] + 1), most):
                shown, last = _shown(value), TWO.unpack(key)
                found.append(Shown(shown.at_ms, shown.article_id, shown.position, last[0]))
            return found, last

        return self._look(b"shown", follow)

    def reader(self, reader: int) -> Reader:
        """See `State.reader`."""
        found = self._look(b"readers", lambda cursor: cursor.get(_ONE.pack(reader)))
        kept = _kept(found) if found else _Kept()
        return Reader(kept.consent, kept.reads)

    def reads_after(self, place: Place, most: int) -> tuple[list[Opened], Place]:
        """See `State.reads_after`."""

        def follow(cursor: Any) -> tuple[list[Opened], Place]:
            found, last = [], place
            for key, value in pairs_from(cursor, TWO.pack(place[0], place[1] + 1), most):
                read, last = _read(value), TWO.unpack(key)
                fields = {name: getattr(read, name) for name in Opened._fields if name != "arrived_ms"}
                found.append(Opened(**fields, arrived_ms=last[0]))
            return found, last

        return self._look(b"reads", follow)

    def put_article(self, article_id: str, content: bytes, now_ms: int) -> int:
        """See `State.put_article`."""
        name = _name(article_id)

        def put(txn: Any) -> int:
            articles, newest, counters = (self._tables[table] for table in (b"articles", b"newest", b"counters"))
            if (before := txn.get(name, db=newest)) is not None:
                txn.delete(before, db=articles)
            sequence: int = _ONE.unpack(txn.get(b"articles", _ONE.pack(0), db=counters))[0] + 1
            key = _ONE.pack(sequence)
            txn.put(key, _encode(_Put(article_id, now_ms, content)), db=articles)
            txn.put(name, key, db=newest)
            txn.put(b"articles", key, db=counters)
            return sequence

        return self._write(put)

    def article(self, article_id: str) -> bytes | None:
        """See `State.article`."""
        key = self._look(b"newest", lambda cursor: cursor.get(_name(article_id)))
        found = self._look(b"articles", lambda cursor: cursor.get(key)) if key else None
        return _put(found).content if found else None

    def articles_after(self, sequence: int, most: int) -> list[Change]:
        """See `State.articles_after`."""

        def follow(cursor: Any) -> list[Change]:
            found = [
                (_ONE.unpack(key)[0], _put(value)) for key, value in pairs_from(cursor, _ONE.pack(sequence + 1), most)
            ]
            return [Change(number, put.content, put.at_ms) for number, put in found]

        return self._look(b"articles", follow)

    def _take(self, txn: Any, doing: Doing, assumed: Assumed, now_ms: int) -> None:
        if doing.article_id and txn.get(doing.event, db=self._tables[b"seen"]) is not None:
            return
        key = _ONE.pack(doing.reader)
        found = txn.get(key, db=self._tables[b"readers"])
        kept = _kept(found) if found else _Kept()
        if doing.consent is not None and doing.at_ms >= kept.consent_ms:
            kept.consent, kept.consent_ms = doing.consent, doing.at_ms
        agreed = assumed(doing.reader) if kept.consent is None else kept.consent
        if not agreed & PERSONALISATION:
            kept.reads = ()
        elif doing.article_id:
            kept.reads = with_read(kept.reads, doing.article_id, doing.at_ms)
        if kept.reads or kept.consent is not None:
            txn.put(key, _encode(kept), db=self._tables[b"readers"])
        elif found:
            txn.delete(key, db=self._tables[b"readers"])
        if doing.article_id and doing.counted and agreed & ANALYTICS:
            self._feed(txn, doing, now_ms, known=bool(agreed & PERSONALISATION))

    def _feed(self, txn: Any, doing: Doing, now_ms: int, *, known: bool) -> None:
        """Add a read to the feed, as one of nobody's where its reader may not be known again."""
        read = _Read(
            event=doing.event,
            at_ms=doing.at_ms,
            reader=doing.reader if known else NOBODY | int.from_bytes(doing.event[:8], "big"),
            article_id=doing.article_id,
            session_id=doing.session_id if known else "",
            brand=doing.brand,
            known=known and doing.known,
            category=doing.category,
            article_type=doing.article_type,
            title=doing.title,
        )
        txn.put(next_key(txn, self._tables[b"reads"], now_ms), _encode(read), db=self._tables[b"reads"])
        txn.put(doing.event, b"", db=self._tables[b"seen"])

    def _agreed(self, txn: Any, reader: int, assumed: Assumed) -> int:
        found = txn.get(_ONE.pack(reader), db=self._tables[b"readers"])
        consent = _kept(found).consent if found else None
        return assumed(reader) if consent is None else consent

    def _prune(self, txn: Any, now_ms: int) -> None:
        """Leave out what is too old, a part at a time."""
        with txn.cursor(db=self._tables[b"reads"]) as cursor:
            for key, value in pairs_from(cursor, b"", _PRUNED_AT_ONCE):
                if TWO.unpack(key)[0] >= now_ms - KEPT_DAYS * _DAY_MS:
                    break
                txn.delete(_read(value).event, db=self._tables[b"seen"])
                txn.delete(key, db=self._tables[b"reads"])
        with txn.cursor(db=self._tables[b"shown"]) as cursor:
            for key, value in pairs_from(cursor, b"", _PRUNED_AT_ONCE):
                if TWO.unpack(key)[0] >= now_ms - KEPT_SHOWN_HOURS * _HOUR_MS:
                    break
                txn.delete(_shown(value).batch, db=self._tables[b"seen"])
                txn.delete(key, db=self._tables[b"shown"])
        with txn.cursor(db=self._tables[b"articles"]) as cursor:
            for key, value in pairs_from(cursor, b"", _PRUNED_AT_ONCE):
                put = _put(value)
                if put.at_ms >= now_ms - KEPT_ARTICLE_DAYS * _DAY_MS:
                    break
                txn.delete(_name(put.article_id), db=self._tables[b"newest"])
                txn.delete(key, db=self._tables[b"articles"])


def _name(article_id: str) -> bytes:
    """The key of an article: LMDB takes 511 bytes."""
    name = article_id.encode()
    return name if len(name) <= 64 else hashlib.sha256(name).digest()
