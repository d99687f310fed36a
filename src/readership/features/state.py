"""What happened since the last batch, shared by all workers of the API: reads, consents, articles put over HTTP.

It lies beside the versioned features and survives their swaps. Whatever keeps it (`LmdbState`; `RedisState`, which
several machines share) keeps the promises of `State`. It is no archive: the segment log is.
"""

from pathlib import Path
from typing import NamedTuple, Protocol

from readership.events.consent import PURPOSES
from readership.settings import Online, RedisPlace

KEPT_READS = 200
"""Newest articles of a reader that are kept."""
KEPT_DAYS = 7
"""Days a read stays in the feed; a batch within that time has it from the warehouse."""
KEPT_ARTICLE_DAYS = 90
"""Days after its last change at which an article put over HTTP is left to the warehouse."""
KEPT_SHOWN_HOURS = 24
"""Hours that what was shown stays in its feed: after that it has faded."""
NOBODY = 1 << 63
ANALYTICS, PERSONALISATION = PURPOSES["analytics"], PURPOSES["personalisation"]


class Doing(NamedTuple):
    """What one event says about its reader.

    event       16 bytes that are the same for a repeat of the event
    reader      key of the reader, or of the device where nobody is known
    known       whether `reader` is a known reader, rather than a device
    article_id  what they opened, "" where the event is about something else; `category` … `title` are of it
    counted     whether it is a view, which counts for popularity, rather than the click that leads to one
    consent     purposes as bits, None where the event does not say
    """

    event: bytes
    at_ms: int
    reader: int
    known: bool = True
    article_id: str = ""
    counted: bool = True
    session_id: str = ""
    brand: str = ""
    category: str = ""
    article_type: str = ""
    title: str = ""
    consent: int | None = None


class Seen(NamedTuple):
    """An article shown to a reader, as an event says it; `position` from 1, 0 where it does not say."""

    event: bytes
    at_ms: int
    reader: int
    article_id: str
    position: int = 0


class Shown(NamedTuple):
    """A batch of articles shown, in the feed of these; all lists are as long."""

    at_ms: list[int]
    article_id: list[str]
    position: list[int]
    arrived_ms: int


class Opened(NamedTuple):
    """A read in the feed: a `Read` of the recommender, what the event says of the article, and when it arrived.

    reader  of a reader who may not be known again, the event's own number with the bit `NOBODY`
    """

    at_ms: int
    reader: int
    article_id: str
    session_id: str
    brand: str
    known: bool
    category: str
    article_type: str
    title: str
    arrived_ms: int


class Reader(NamedTuple):
    """What is kept of one reader.

    consent  purposes as bits, as last said; None where they never said here
    reads    (article_id, ms), oldest first, each article once
    """

    consent: int | None = None
    reads: tuple[tuple[str, int], ...] = ()


class Change(NamedTuple):
    """An article as it was put: the number of the change, what was written, and when."""

    sequence: int
    content: bytes
    at_ms: int


Place = tuple[int, int]
"""How far somebody has followed the feed of reads: ms of arrival and a number, growing."""
START: Place = (0, 0)


class State(Protocol):
    """Every method raises StoreError in plain words where the store cannot be read or written."""

    def take(self, doings: "list[Doing]", assumed: "Assumed", now_ms: int) -> None:
        """Take what events say, all or nothing; seen by every worker when this returns.

        A repeat changes nothing. A read goes to its reader's own only where they agreed to personalisation, and to
        the feed where they agreed to analytics; a consent without personalisation forgets the reader's own reads.
        """

    def reader(self, reader: int) -> Reader:
        """What is kept of a reader; an empty one where there is nothing."""

    def forget(self, reader: int) -> None:
        """Keep nothing of a reader: neither their record nor their reads in the feed."""

    def reads_after(self, place: Place, most: int) -> tuple[list[Opened], Place]:
        """The reads that arrived after `place`, in order, at most so many; and the place behind the last of them."""

    def take_shown(self, seen: "list[Seen]", assumed: "Assumed", now_ms: int) -> None:
        """Take what was shown, of readers who agreed to analytics; the same batch again changes nothing."""

    def shown_after(self, place: Place, most: int) -> tuple[list[Shown], Place]:
        """The batches of what was shown that arrived after `place`, as `reads_after`."""

    def put_article(self, article_id: str, content: bytes, now_ms: int) -> int:
        """Keep what an article is from now on, in place of what was kept of it; returns the number of the change."""

    def article(self, article_id: str) -> bytes | None:
        """What was last put of an article."""

    def articles_after(self, sequence: int, most: int) -> list[Change]:
        """The changes of articles after this one that still hold, in order."""

    def close(self) -> None:
        """Flush and close; nothing can be asked afterwards."""


class Assumed(Protocol):
    """What a reader agreed to who never said so to this store."""

    def __call__(self, reader: int) -> int:
        """Purposes as bits."""


def with_read(
    reads: tuple[tuple[str, int], ...], article_id: str, at_ms: int, most: int = KEPT_READS
) -> tuple[tuple[str, int], ...]:
    """A reader's reads with one more, in the order of time, each article once.

    >>> with_read((("a", 1), ("b", 5)), "a", 3)
    (('a', 3), ('b', 5))
    >>> with_read((("a", 1), ("b", 5)), "c", 7, most=2)
    (('b', 5), ('c', 7))
    """
    before = max((ms for article, ms in reads if article == article_id), default=at_ms)
    others = [read for read in reads if read[0] != article_id]
    return tuple(sorted([*others, (article_id, max(before, at_ms))], key=lambda read: read[1])[-most:])


def open_state(online: Online, state_dir: Path) -> State:
    """The state of this store; on this machine, in the folder `state_dir`. Raises StoreError where it cannot be opened.

    Open it after a process was spawned, never before a fork.
    """
    if isinstance(online, RedisPlace):
        from readership.features.state_redis import RedisState

        return RedisState(online / "state")
    from readership.features.state_lmdb import LmdbState

    return LmdbState(state_dir)
