"""Which ads were decided on and what became of them, for all workers of a machine: nothing is lost or counts twice.

A decision is kept until it is heard of, or forgotten after `KEEP_MS`. It is open for `WAIT_MS`; then it is settled, and
only then does it count as an impression, with a click or without (as in `models/bandits/feedback.py`, which says why).
Money counts at once. What counts goes into a feed in the same transaction; every worker follows it and adds it up.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from readership.events.identity import reader_key
from readership.features.lmdb_file import TWO, LmdbFile, next_key, pairs_from
from readership.features.state import START, Place

DECISIONS, DUE, FEED, CAPS = AD_TABLES = (b"ad_decisions", b"ad_due", b"ad_feed", b"ad_caps")
DAY_MS, MINUTE_MS = 86_400_000, 60_000
WAIT_MS, KEEP_MS = 30 * MINUTE_MS, 7 * DAY_MS
"""A click within the first counts as it does in training (`WINDOW_MINUTES`); later ones until the second are added."""
KEPT_FEED_DAYS = 35
"""A model that has learnt nothing for so long knows no more of what its successors were told."""
AT_ONCE = 2000
What = Literal["impression", "click", "revenue"]
Heard = Literal["counted", "duplicate", "unknown"]
_CAP = struct.Struct(">IQ")


class Sale(msgspec.Struct, array_like=True, frozen=True):
    """A decision.

    cell          placement and context, as the market names them
    click_micro, show_micro  what a click and this impression are sold for, in millionths of a euro
    capped        key of the reader whose cap it counts for; None where nobody may be known
    reader_id     the publisher's id for the log of events; "" where there is none, or no agreement to analytics
    learned       whether what becomes of it may be learnt from
    says          of the request, for the log of events
    """

    decision_id: str
    at_ms: int
    placement: str
    cell: str
    ad_id: str
    campaign_id: str
    propensity: float
    click_micro: int
    show_micro: int
    capped: int | None = None
    reader_id: str = ""
    learned: bool = True
    says: dict[str, str] = {}


class Counted(msgspec.Struct, array_like=True, frozen=True):
    """An entry of the feed, of a decision made at `at_ms`.

    shown, clicked  to learn from, 0 or 1
    delivered, micro  an impression delivered (0 or 1), and money, in millionths of a euro
    """

    at_ms: int
    cell: str
    ad_id: str
    campaign_id: str
    shown: int = 0
    clicked: int = 0
    delivered: int = 0
    micro: int = 0


class _Kept(msgspec.Struct, array_like=True):
    sale: Sale
    impression: bool = False
    click: bool = False
    revenue: bool = False
    settled: bool = False

    @property
    def shown(self) -> bool:
        return self.impression or self.click


def _about(kept: _Kept) -> tuple[int | None, ...]:
    """Whose decision it is, by its cap and by its log."""
    return kept.sale.capped, reader_key(kept.sale.reader_id) if kept.sale.reader_id else None


_encode = msgspec.msgpack.Encoder().encode
_kept = msgspec.msgpack.Decoder(_Kept).decode
_counted = msgspec.msgpack.Decoder(Counted).decode
_caps = msgspec.msgpack.Decoder(dict[str, int]).decode


class AdLedger(NamedTuple):
    """The tables of one state file; every method raises StoreError in plain words."""

    file: LmdbFile
    wait_ms: int = WAIT_MS
    keep_ms: int = KEEP_MS

    def decide(self, capped: int | None, now_ms: int, draw: Callable[[Mapping[str, int]], Sale | None]) -> Sale | None:
        """Keep what `draw` decides, which is told how often this reader was shown each ad today; None: nothing is.

        One decision at a time, so that no two of them fill a reader's cap together. An ad that was decided on counts as
        shown until it is settled that it was not.
        """
        tables = self.file.tables

        def decide(txn: Any) -> Sale | None:
            key = None if capped is None else _CAP.pack(now_ms // DAY_MS, capped)
            seen = _caps(txn.get(key, db=tables[CAPS]) or b"\x80") if key else {}
            sale = draw(seen)
            if sale is None:
                return None
            self._cap(txn, sale, 1)
            txn.put(sale.decision_id.encode(), _encode(_Kept(sale)), db=tables[DECISIONS])
            self._due(txn, sale, sale.at_ms + self.wait_ms)
            return sale

        return self.file.write(decide)

    def find(self, decision_id: str) -> Sale | None:
        """A decision that is still kept."""
        found = self.file.look(DECISIONS, lambda cursor: cursor.get(decision_id.encode()))
        return _kept(found).sale if found else None

    def hear(self, decision_id: str, what: What, micro: int, now_ms: int) -> Heard:
        """Count feedback, each kind once for each decision; `micro` is what came in, in millionths of a euro."""
        key, decisions = decision_id.encode(), self.file.tables[DECISIONS]

        def hear(txn: Any) -> Heard:
            found = txn.get(key, db=decisions)
            if found is None:
                return "unknown"
            kept = _kept(found)
            if getattr(kept, what):
                return "duplicate"
            first = not kept.shown and what != "revenue"
            setattr(kept, what, True)
            txn.put(key, _encode(kept), db=decisions)
            if kept.settled and first:
                self._cap(txn, kept.sale, 1)
            late = kept.settled and kept.sale.learned and what != "revenue"
            self._feed(
                txn, kept.sale, now_ms,
                shown=int(late and first), clicked=int(late and what == "click"), delivered=int(first), micro=micro,
            )  # fmt: skip
            return "counted"

        return self.file.write(hear)

    def settle(self, now_ms: int) -> int:
        """Settle what is due, forget what is old; returns how many, fewer than `AT_ONCE` once all are done."""
        return self.file.write(lambda txn: self._settle(txn, now_ms))

    def feed_after(self, place: Place = START, most: int = AT_ONCE) -> tuple[list[Counted], Place]:
        """What counts that came after `place`, in order, at most so many; and the place behind the last of them."""

        def follow(cursor: Any) -> tuple[list[Counted], Place]:
            found, last = [], place
            for key, value in pairs_from(cursor, TWO.pack(place[0], place[1] + 1), most):
                found.append(_counted(value))
                last = TWO.unpack(key)
            return found, last

        return self.file.look(FEED, follow)

    def forget(self, reader: int) -> None:
        """Keep nothing of a reader: neither what fills their caps nor that decisions were about them."""
        caps, decisions = self.file.tables[CAPS], self.file.tables[DECISIONS]

        def forget(txn: Any) -> None:
            with txn.cursor(db=caps) as cursor:
                theirs = [key for key in cursor.iternext(values=False) if _CAP.unpack(key)[1] == reader]
            for key in theirs:
                txn.delete(key, db=caps)
            with txn.cursor(db=decisions) as cursor:
                made = [(key, kept) for key, value in cursor if reader in _about(kept := _kept(value))]
            for key, kept in made:
                kept.sale = msgspec.structs.replace(kept.sale, capped=None, reader_id="")
                txn.put(key, _encode(kept), db=decisions)

        self.file.write(forget)

    def _settle(self, txn: Any, now_ms: int) -> int:
        tables = self.file.tables
        with txn.cursor(db=tables[DUE]) as cursor:
            due = [(key, value) for key, value in pairs_from(cursor, b"", AT_ONCE) if TWO.unpack(key)[0] <= now_ms]
        for key, decision in due:
            txn.delete(key, db=tables[DUE])
            if (found := txn.get(decision, db=tables[DECISIONS])) is None:
                continue
            kept = _kept(found)
            if kept.settled:
                txn.delete(decision, db=tables[DECISIONS])
                continue
            kept.settled = True
            txn.put(decision, _encode(kept), db=tables[DECISIONS])
            self._due(txn, kept.sale, max(kept.sale.at_ms + self.keep_ms, now_ms + 1))
            if kept.shown and kept.sale.learned:
                self._feed(txn, kept.sale, now_ms, shown=1, clicked=int(kept.click))
            if not kept.shown:
                self._cap(txn, kept.sale, -1)
        self._prune(txn, now_ms)
        return len(due)

    def _cap(self, txn: Any, sale: Sale, more: int) -> None:
        """So many more (or less) of this ad fill the reader's cap of that day."""
        if sale.capped is None:
            return
        key, table = _CAP.pack(sale.at_ms // DAY_MS, sale.capped), self.file.tables[CAPS]
        seen = _caps(txn.get(key, db=table) or b"\x80")
        txn.put(key, _encode({**seen, sale.ad_id: max(seen.get(sale.ad_id, 0) + more, 0)}), db=table)

    def _due(self, txn: Any, sale: Sale, at_ms: int) -> None:
        table, decision = self.file.tables[DUE], sale.decision_id.encode()
        number = hash(decision) & (2**64 - 1)
        while not txn.put(TWO.pack(at_ms, number), decision, db=table, overwrite=False):
            number = (number + 1) & (2**64 - 1)

    def _feed(self, txn: Any, sale: Sale, now_ms: int, **counts: int) -> None:
        if any(counts.values()):
            entry = Counted(sale.at_ms, sale.cell, sale.ad_id, sale.campaign_id, **counts)
            feed = self.file.tables[FEED]
            txn.put(next_key(txn, feed, now_ms), _encode(entry), db=feed)

    def _prune(self, txn: Any, now_ms: int) -> None:
        """Leave out caps of days that are over (and settled), and what is too old for any model, a part at a time."""
        oldest_day = (now_ms - self.wait_ms - DAY_MS) // DAY_MS
        for table, old in (
            (self.file.tables[CAPS], lambda key: _CAP.unpack(key)[0] < oldest_day),
            (self.file.tables[FEED], lambda key: TWO.unpack(key)[0] < now_ms - KEPT_FEED_DAYS * DAY_MS),
        ):
            with txn.cursor(db=table) as cursor:
                keys = [key for key, _ in pairs_from(cursor, b"", AT_ONCE)]
            for key in keys:
                if not old(key):
                    break
                txn.delete(key, db=table)
