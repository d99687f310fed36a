"""The state kept by a Redis or Valkey server, which several machines share.

    readership:state:reader:42     a reader's record
    readership:state:reads         stream: the feed of reads, its ids the ms of arrival and a number
    readership:state:reads_seen    which events are in it, by the ms of their arrival; the same for `shown`
    readership:state:articles      what was put of each, and in `changes` the number of the change

What is taken, is taken by a script that changes everything or, where somebody else was faster, nothing; then it is
worked out anew.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import msgspec

from readership.errors import StoreError
from readership.features.kept import (
    FeedRead,
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
from readership.features.redis_link import RedisLink
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
from readership.settings import RedisPlace

_DAY_MS, _HOUR_MS = 86_400_000, 3_600_000
_PRUNE_SECONDS, _PRUNED_AT_ONCE = 60.0, 2000
_MOST_TRIES = 50
_Entry = TypeVar("_Entry")


class RedisState:
    """`State` as keys below `place`. Threads may share it; nothing is asked before it is needed."""

    def __init__(self, place: RedisPlace) -> None:
        self.place = place
        self._link = RedisLink.of(place)
        self._take_all = self._link.script("take")
        self._put_article = self._link.script("put_article")
        self._changes = self._link.script("changes")
        self._forget_articles = self._link.script("forget_articles")
        self._pruned = time.monotonic()

    def close(self) -> None:
        """Nothing is held back that would have to be written."""

    def take(self, doings: list[Doing], assumed: Assumed, now_ms: int) -> None:
        """See `State.take`."""
        for _ in range(_MOST_TRIES):
            if self._try(doings, assumed, now_ms):
                break
        else:
            raise StoreError(f"the state {self.place} was changed by others {_MOST_TRIES} times; send the batch again")
        if time.monotonic() - self._pruned > _PRUNE_SECONDS:
            self._pruned = time.monotonic()
            self._prune(now_ms)

    def take_shown(self, seen: list[Seen], assumed: Assumed, now_ms: int) -> None:
        """See `State.take_shown`."""
        records = self._records(list({one.reader for one in seen}))
        agreed = {
            reader: assumed(reader) if record.consent is None else record.consent
            for reader, (_, record) in records.items()
        }
        counted = [one for one in seen if agreed[one.reader] & ANALYTICS]
        if counted:
            batch = batch_id(seen)
            entry = encode(as_shown(batch, counted))
            self._take_all([self._key("shown_seen"), self._key("shown")], [now_ms, 0, batch, entry])

    def reader(self, reader: int) -> Reader:
        """See `State.reader`."""
        found = self._link.ask(lambda client: client.get(self._reader_key(reader)))
        record = self._decoded(kept, found) if found else Kept()
        return Reader(record.consent, record.reads)

    def forget(self, reader: int) -> None:
        """See `State.forget`."""
        self._link.ask(lambda client: client.unlink(self._reader_key(reader)))
        place: str = "-"
        while True:
            rows = self._link.ask(partial(_entries, self._key("reads"), place))
            theirs = [
                (entry, read.event)
                for entry, fields in rows
                if (read := self._decoded(feed_read, fields[b"e"])).reader == reader
            ]
            if theirs:
                self._link.ask(partial(self._strike, theirs))
            if len(rows) < _PRUNED_AT_ONCE:
                return
            place = f"({rows[-1][0].decode()}"

    def _strike(self, entries: list[tuple[bytes, bytes]], client: Any) -> None:
        with client.pipeline(transaction=True) as pipe:
            pipe.xdel(self._key("reads"), *(entry for entry, _ in entries))
            pipe.zrem(self._key("reads_seen"), *(event for _, event in entries))
            pipe.execute()

    def reads_after(self, place: Place, most: int) -> tuple[list[Opened], Place]:
        """See `State.reads_after`."""
        return self._after("reads", place, most, lambda at_ms, content: feed_read(content).opened(at_ms))

    def shown_after(self, place: Place, most: int) -> tuple[list[Shown], Place]:
        """See `State.shown_after`."""
        return self._after("shown", place, most, lambda at_ms, content: feed_shown(content).shown(at_ms))

    def put_article(self, article_id: str, content: bytes, now_ms: int) -> int:
        """See `State.put_article`."""
        keys = [self._key(name) for name in ("changed", "articles", "changes")]
        return int(self._put_article(keys, [article_id, encode(Put(article_id, now_ms, content))]))

    def article(self, article_id: str) -> bytes | None:
        """See `State.article`."""
        found = self._link.ask(lambda client: client.hget(self._key("articles"), article_id))
        return self._decoded(put, found).content if found else None

    def articles_after(self, sequence: int, most: int) -> list[Change]:
        """See `State.articles_after`."""
        found = self._changes([self._key("articles"), self._key("changes")], [sequence, most])
        changes = [(int(number), self._decoded(put, content)) for number, content in _pairs(found)]
        return [Change(number, change.content, change.at_ms) for number, change in changes]

    def _try(self, doings: list[Doing], assumed: Assumed, now_ms: int) -> bool:
        """Work out what the events change and change it; False where somebody else was faster."""
        records = self._records(list({doing.reader for doing in doings}))
        seen = self._seen([doing.event for doing in doings if doing.article_id])
        reads: list[FeedRead] = []
        for doing in doings:
            if doing.article_id and doing.event in seen:
                continue
            agreed = learn(records[doing.reader][1], doing, assumed)
            if doing.article_id and doing.counted and agreed & ANALYTICS:
                reads.append(as_read(doing, known=bool(agreed & PERSONALISATION)))
                seen.add(doing.event)
        told: list[Any] = [now_ms, len(records)]
        for reader, (before, record) in records.items():
            told += [self._reader_key(reader), before, b"" if record.empty else encode(record)]
        for read in reads:
            told += [read.event, encode(read)]
        return bool(self._take_all([self._key("reads_seen"), self._key("reads")], told))

    def _records(self, readers: list[int]) -> dict[int, tuple[bytes, Kept]]:
        """Readers' records, as bytes and as what they say."""
        keys = [self._reader_key(reader) for reader in readers]
        found = self._link.ask(lambda client: client.mget(keys)) if keys else []
        return {
            reader: (value or b"", self._decoded(kept, value) if value else Kept())
            for reader, value in zip(readers, found, strict=True)
        }

    def _seen(self, events: list[bytes]) -> set[bytes]:
        """Those of these events that are in the feed."""
        if not events:
            return set()
        found = self._link.ask(lambda client: client.zmscore(self._key("reads_seen"), events))
        return {event for event, score in zip(events, found, strict=True) if score is not None}

    def _after(
        self, feed: str, place: Place, most: int, read: Callable[[int, bytes], _Entry]
    ) -> tuple[list[_Entry], Place]:
        """Entries of a feed behind `place`, and the place behind the last of them."""
        behind = f"({place[0]}-{place[1]}"
        rows = self._link.ask(lambda client: client.xrange(self._key(feed), min=behind, count=most))
        found, last = [], place
        for entry, fields in rows:
            at_ms, _, number = entry.partition(b"-")
            last = (int(at_ms), int(number))
            found.append(self._decoded(partial(read, last[0]), fields[b"e"]))
        return found, last

    def _prune(self, now_ms: int) -> None:
        """Leave out what is too old."""
        for feed, kept_ms in (("reads", KEPT_DAYS * _DAY_MS), ("shown", KEPT_SHOWN_HOURS * _HOUR_MS)):
            oldest = now_ms - kept_ms
            if oldest > 0:
                self._link.ask(partial(self._cut, feed, oldest))
        keys = [self._key("articles"), self._key("changes")]
        old: list[Any] = []
        for number, content in _pairs(self._changes(keys, [0, _PRUNED_AT_ONCE])):
            change = self._decoded(put, content)
            if change.at_ms >= now_ms - KEPT_ARTICLE_DAYS * _DAY_MS:
                break
            old += [change.article_id, number]
        if old:
            self._forget_articles(keys, old)

    def _cut(self, feed: str, oldest_ms: int, client: Any) -> None:
        with client.pipeline(transaction=True) as pipe:
            pipe.xtrim(self._key(feed), minid=oldest_ms, approximate=False)
            pipe.zremrangebyscore(self._key(f"{feed}_seen"), "-inf", f"({oldest_ms}")
            pipe.execute()

    def _decoded(self, decode: Callable[[bytes], _Entry], content: bytes) -> _Entry:
        try:
            return decode(content)
        except msgspec.MsgspecError as error:
            raise StoreError(
                f"the state {self.place} cannot be read: {error}; name another database or `?prefix=` in "
                "READERSHIP_ONLINE_STORE: the state then begins empty, and no event is lost: the segment log has them"
            ) from error

    def _key(self, name: str) -> str:
        return f"{self.place.prefix}:{name}"

    def _reader_key(self, reader: int) -> str:
        return f"{self.place.prefix}:reader:{reader}"


def _entries(key: str, begin: str, client: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    found: list[tuple[bytes, dict[bytes, bytes]]] = client.xrange(key, min=begin, count=_PRUNED_AT_ONCE)
    return found


def _pairs(found: list[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(found[::2], found[1::2], strict=True))
