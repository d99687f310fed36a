"""What the state keeps, whatever keeps it: the records, and what an event changes of them."""

import hashlib
from collections.abc import Iterable

import msgspec

from readership.features.state import NOBODY, PERSONALISATION, Assumed, Doing, Opened, Seen, Shown, with_read


class Kept(msgspec.Struct, array_like=True):
    """A reader's record."""

    consent: int | None = None
    consent_ms: int = -1
    reads: tuple[tuple[str, int], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to keep."""
        return not self.reads and self.consent is None


class FeedRead(msgspec.Struct, array_like=True):
    """An entry of the feed of reads; `event` finds it among those seen."""

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

    def opened(self, arrived_ms: int) -> Opened:
        """As whoever follows the feed gets it."""
        fields = {name: getattr(self, name) for name in Opened._fields if name != "arrived_ms"}
        return Opened(**fields, arrived_ms=arrived_ms)


class FeedShown(msgspec.Struct, array_like=True):
    """A batch of what was shown; `batch` finds it among those seen."""

    batch: bytes
    at_ms: list[int]
    article_id: list[str]
    position: list[int]

    def shown(self, arrived_ms: int) -> Shown:
        """As whoever follows the feed gets it."""
        return Shown(self.at_ms, self.article_id, self.position, arrived_ms)


class Put(msgspec.Struct, array_like=True):
    """A change of an article."""

    article_id: str
    at_ms: int
    content: bytes


encode = msgspec.msgpack.Encoder().encode
kept = msgspec.msgpack.Decoder(Kept).decode
feed_read = msgspec.msgpack.Decoder(FeedRead).decode
feed_shown = msgspec.msgpack.Decoder(FeedShown).decode
put = msgspec.msgpack.Decoder(Put).decode


def learn(record: Kept, doing: Doing, assumed: Assumed) -> int:
    """Change a reader's record by what one event says; returns what they agree to then.

    The consent stated last holds, whenever it arrives; without personalisation no reads are kept.
    """
    if doing.consent is not None and doing.at_ms >= record.consent_ms:
        record.consent, record.consent_ms = doing.consent, doing.at_ms
    agreed = assumed(doing.reader) if record.consent is None else record.consent
    if not agreed & PERSONALISATION:
        record.reads = ()
    elif doing.article_id:
        record.reads = with_read(record.reads, doing.article_id, doing.at_ms)
    return agreed


def as_read(doing: Doing, *, known: bool) -> FeedRead:
    """The entry of the feed, as one of nobody's where its reader may not be known again."""
    return FeedRead(
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


def batch_id(seen: Iterable[Seen]) -> bytes:
    """The same for the same batch sent again."""
    return hashlib.blake2b(b"".join(one.event for one in seen), digest_size=16).digest()


def as_shown(batch: bytes, counted: list[Seen]) -> FeedShown:
    """The entry of the feed."""
    return FeedShown(
        batch,
        [one.at_ms for one in counted],
        [one.article_id for one in counted],
        [one.position for one in counted],
    )
