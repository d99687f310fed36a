"""What goes wrong between a reader's device and the publisher's log, on request, and every bit of it written down.

Works on a day's events at a time. What is hit is drawn by the event, session, device or day itself, so a world is
soiled the same way however it is cut. Each row is counted where it went: `added`, `lost`, `duplicated` and
`quarantined` of the table `dirt` make, from the events of the clean world, exactly the counts that loading finds.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from readership.simulator import text
from readership.simulator.dirty_rows import (
    DAY_MS,
    MINUTE_MS,
    MOMENT,
    Flags,
    bot_events,
    clock_error,
    codes,
    in_ms,
    known,
    milliseconds,
    ordinal,
    plain_words,
    row_keys,
    spoiled,
    with_column,
)
from readership.simulator.randomness import bits, key, keys, normal, pick, root, uniform
from readership.simulator.world import Day, World

KINDS = ("late", "duplicates", "bots", "skew", "malformed", "outage", "schema", "drift")
"""Each with a page in docs/simulator.md. `drift` happens in the world itself; here it is only written down."""

TOLERANCE_MS = 10 * MINUTE_MS
"""An event further than this after its own arrival is refused by the ingest."""

LATE_SESSIONS, LATE_EVENTS_OF_THEM = 0.02, 0.7
LATE_SCALE_MS, LATE_TAIL, LATEST_MS = 5 * MINUTE_MS, 0.5, 14 * DAY_MS
"""Away for longer than t with probability (5 minutes / t)^0.5: one in 12 for half a day, one in 30 for three days."""
DUPLICATES = 0.006
SKEWED_DEVICES = 0.03
MALFORMED = 0.002
READERS_PER_BOT, BOT_DAYS, BOT_PAGES = 1000, 0.4, 600.0
OUTAGE_HOURS = (6, 30)

DIRT = pa.schema(
    [
        ("day", pa.date32()),
        ("kind", pa.string()),
        ("what", pa.string()),
        ("rows", pa.int64()),
        ("added", pa.int64()),
        ("lost", pa.int64()),
        ("duplicated", pa.int64()),
        ("quarantined", pa.int64()),
    ]
)
DIRTY_EVENTS = pa.schema(
    [
        ("kind", pa.string()),
        ("event_id", pa.string()),
        ("day", pa.date32()),
        ("timestamp", MOMENT),
        ("received_at", MOMENT),
    ]
)
OUTAGES = pa.schema(
    [
        ("starts_at", MOMENT),
        ("ends_at", MOMENT),
        ("brand", pa.string()),
        ("note", pa.string()),
        ("received_at", MOMENT),
    ]
)
_BROKEN = ("user_id", "event_type", "timestamp", "scroll_depth", "consent")
_RENAMED, _NEW_NAME, _RETYPED = "time_on_page", "dwell", "results_count"


def kinds(named: Iterable[str]) -> tuple[str, ...]:
    """These kinds in a fixed order, each once; ValueError names one that there is not.

    >>> kinds(["outage", "late", "late"])
    ('late', 'outage')
    """
    wanted = set(named)
    if unknown := sorted(wanted - set(KINDS)):
        raise ValueError(f"{unknown[0]!r} is no kind of dirt; there are {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in wanted)


@dataclass(frozen=True)
class Outage:
    """A span in which nothing of one brand was recorded."""

    starts_at: datetime
    ends_at: datetime
    brand: str

    def table(self) -> pa.Table:
        """A row of the warehouse's own table `outages`: the publisher knows of it when it is over."""
        row = {
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "brand": self.brand,
            "note": "tracking was down",
            "received_at": self.ends_at,
        }
        return pa.Table.from_pylist([row], schema=OUTAGES)


def outage(world: World, brands: Sequence[str]) -> Outage:
    """Of one brand, in the middle third of the world, for 6 to 30 hours."""
    own = keys(key(root(world.seed), "dirt", "outage"), 1)
    third = world.days / 3
    begins = world.start + timedelta(hours=round(24 * third * (1 + float(uniform(own, "begins")[0]))))
    hours = OUTAGE_HOURS[0] + float(uniform(own, "lasts")[0]) * (OUTAGE_HOURS[1] - OUTAGE_HOURS[0])
    return Outage(
        begins, min(begins + timedelta(hours=round(hours)), world.end), brands[int(bits(own, "brand")[0]) % len(brands)]
    )


def change_day(world: World) -> date:
    """The day from which the tracker names and types fields otherwise: two thirds into the world."""
    return world.start.date() + timedelta(days=world.days * 2 // 3)


def planned(world: World, dirty: Sequence[str], brands: Sequence[str]) -> pa.Table:
    """Which dirt a world's log has, and from when: rows of `dirt` that count nothing."""
    down, last = outage(world, brands), world.days * 2 // 3
    said = {
        "outage": (
            down.starts_at.date(),
            f"{down.brand} from {down.starts_at:%Y-%m-%d %H:%M} to {down.ends_at:%Y-%m-%d %H:%M}",
        ),
        "schema": (change_day(world), f"from day {last}"),
        "drift": (world.start.date() + timedelta(days=world.drift_day or 0), f"from day {world.drift_day}"),
    }
    rows = [(*said.get(kind, (world.start.date(), "throughout")), kind) for kind in kinds(dirty)]
    nothing = {"rows": 0, "added": 0, "lost": 0, "duplicated": 0, "quarantined": 0}
    return pa.Table.from_pylist(
        [{"day": day, "kind": kind, "what": what} | nothing for day, what, kind in rows], schema=DIRT
    )


def soil(days: Iterable[Day], world: World, dirty: Sequence[str], brands: Sequence[str]) -> Iterator[Day]:
    """The same days as their events arrive, with what was done to them in their truth (`dirt`, `dirty_events`).

    A day's events come in the order of arrival; an event that is late comes on the day it arrives, and never if the
    world has ended by then. Memory holds the two weeks that an event may be late.
    """
    soiler = _Soiler(world, kinds(dirty), brands)
    for number, day in enumerate(days):
        yield soiler.day(day, last=number == world.days - 1)


@dataclass
class _Ledger:
    """What was done on one day."""

    day: date
    done: list[dict[str, Any]] = field(default_factory=list)
    events: list[pa.Table] = field(default_factory=list)

    def note(self, kind: str, what: str, rows: int, **went: int) -> None:
        """Count rows of a kind, and where they went; nothing is no line."""
        if rows:
            counts = {"added": 0, "lost": 0, "duplicated": 0, "quarantined": 0} | went
            self.done.append({"day": self.day, "kind": kind, "what": what, "rows": rows} | counts)

    def keep(self, kind: str, events: pa.Table) -> None:
        """Remember these events as they would have been."""
        if len(events):
            columns = {"kind": pa.array([kind] * len(events)), "day": pa.array([self.day] * len(events), pa.date32())}
            columns |= {name: events[name] for name in ("event_id", "timestamp", "received_at")}
            self.events.append(pa.table({name: columns[name] for name in DIRTY_EVENTS.names}, schema=DIRTY_EVENTS))

    def tables(self) -> dict[str, pa.Table]:
        """For the truth."""
        rows = pa.concat_tables(self.events) if self.events else DIRTY_EVENTS.empty_table()
        return {"dirt": pa.Table.from_pylist(self.done, schema=DIRT), "dirty_events": rows}


class _Soiler:
    """A world's dirt between two days."""

    def __init__(self, world: World, dirty: tuple[str, ...], brands: Sequence[str]) -> None:
        self.world, self.dirty = world, dirty
        self.seed = key(root(world.seed), "dirt")
        self.outage = outage(world, brands) if "outage" in dirty else None
        self.end_ms = in_ms(world.end)
        self.held: list[pa.Table] = []

    def day(self, day: Day, last: bool) -> Day:
        """One day's events through everything that was asked for."""
        ledger = _Ledger(day.date)
        events = day.events.combine_chunks()
        for kind, step in (("bots", self._bots), ("outage", self._outage), ("late", self._late), ("skew", self._skew)):
            if kind in self.dirty:
                events = step(events, ledger)
        bad = milliseconds(events, "timestamp") > milliseconds(events, "received_at") + TOLERANCE_MS
        if "malformed" in self.dirty:
            events, bad = self._malformed(events, bad, ledger)
        events = events.append_column("bad", pa.array(bad)).append_column("copy", pa.array(np.zeros(len(bad), bool)))
        if "duplicates" in self.dirty:
            events = self._duplicates(events, ledger)
        events = self._arrived(events, day.date, last)
        if "schema" in self.dirty and day.date >= change_day(self.world):
            events = _changed(events, ledger)
        return day._replace(events=events.drop_columns(["bad", "copy"]), truth=day.truth | ledger.tables())

    def _bots(self, events: pa.Table, ledger: _Ledger) -> pa.Table:
        """Machines that open one article after another: no account, no dwell, a page every second or two."""
        views = events.filter(
            pc.and_(pc.equal(plain_words(events, "event_type"), "article_view"), known(events, "article_id"))
        )
        if not len(views):
            return events
        own = keys(
            keys(key(self.seed, "bots"), np.arange(max(1, self.world.readers // READERS_PER_BOT))), ordinal(ledger.day)
        )
        for bot, today in enumerate(own):
            mine = np.atleast_1d(today)
            if uniform(mine, "comes")[0] >= BOT_DAYS:
                continue
            pages = int(np.clip(BOT_PAGES * np.exp(0.6 * normal(mine, "pages")[0]), 100, 5000))
            device = int(key(self.seed, "bot device", bot))
            run = bot_events(views, device, keys(int(today), np.arange(pages)), ledger.day)
            ledger.note(
                "bots", f"device:{text.hexadecimal(np.array([device], np.uint64))[0].as_py()}", pages, added=pages
            )
            events = pa.concat_tables([events, run])
        return events.combine_chunks()

    def _outage(self, events: pa.Table, ledger: _Ledger) -> pa.Table:
        """Nothing of one brand is recorded."""
        assert self.outage is not None
        at = milliseconds(events, "timestamp")
        within = (at >= in_ms(self.outage.starts_at)) & (at < in_ms(self.outage.ends_at))
        hit = within & pc.equal(plain_words(events, "brand"), self.outage.brand).fill_null(False).to_numpy(
            zero_copy_only=False
        )
        ledger.note("outage", self.outage.brand, int(hit.sum()), lost=int(hit.sum()))
        ledger.keep("outage", events.filter(pa.array(hit)))
        return events.filter(pa.array(~hit))

    def _late(self, events: pa.Table, ledger: _Ledger) -> pa.Table:
        """Of some sessions most events wait on the device, and arrive together once it is connected again."""
        session, names = codes(events, "session_id")
        own = keys(key(self.seed, "late"), names)
        away = LATE_SCALE_MS * uniform(own, "away") ** (-1 / LATE_TAIL)
        received = milliseconds(events, "received_at")
        final = np.zeros(len(own), dtype=np.int64)
        np.maximum.at(final, session, received)
        hit = (uniform(own, "hit") < LATE_SESSIONS)[session]
        hit &= uniform(row_keys(events, "event_id", key(self.seed, "late event")), "hit") < LATE_EVENTS_OF_THEM
        arrives = np.where(hit, final[session] + np.minimum(away, LATEST_MS).astype(np.int64)[session], received)
        never = hit & (arrives >= self.end_ms)
        ledger.note("late", "received after the world's end", int(never.sum()), lost=int(never.sum()))
        ledger.note("late", "received late", int((hit & ~never).sum()))
        ledger.keep("late", events.filter(pa.array(hit)))
        return with_column(events, "received_at", pa.array(arrives, MOMENT)).filter(pa.array(~never))

    def _skew(self, events: pa.Table, ledger: _Ledger) -> pa.Table:
        """Some devices' clocks are minutes, hours or days off; what they report from the future is refused."""
        device, names = codes(events, "device_id")
        own = keys(key(self.seed, "skew"), names)
        off = np.where(uniform(own, "hit") < SKEWED_DEVICES, clock_error(own), 0)[device]
        at, received = milliseconds(events, "timestamp"), milliseconds(events, "received_at")
        hit = off != 0
        future = hit & (at + off > received + TOLERANCE_MS)
        ledger.note("skew", "from the future", int(future.sum()), quarantined=int(future.sum()))
        ledger.note("skew", "a clock off by less, or slow", int((hit & ~future).sum()))
        ledger.keep("skew", events.filter(pa.array(hit)))
        return with_column(events, "timestamp", pa.array(at + off, MOMENT))

    def _malformed(self, events: pa.Table, bad: Flags, ledger: _Ledger) -> tuple[pa.Table, Flags]:
        """Rows in which one field cannot be understood, or is missing where it must not be."""
        own = row_keys(events, "event_id", key(self.seed, "malformed"))
        hit = ~bad & (uniform(own, "hit") < MALFORMED)
        how = np.where(hit, pick(own, "how", np.ones(len(_BROKEN))), -1)
        ledger.keep("malformed", events.filter(pa.array(hit)))
        for number, name in enumerate(_BROKEN):
            broken = how == number
            ledger.note("malformed", name, int(broken.sum()), quarantined=int(broken.sum()))
            events = spoiled(events, name, broken)
        return events, bad | hit

    def _duplicates(self, events: pa.Table, ledger: _Ledger) -> pa.Table:
        """The same event once more, received seconds to hours later."""
        own = row_keys(events, "event_id", key(self.seed, "duplicates"))
        hit = ~events["bad"].to_numpy() & (uniform(own, "hit") < DUPLICATES)
        again = (20_000 * np.exp(2.0 * normal(own, "again"))).astype(np.int64) + 1
        arrives = milliseconds(events, "received_at") + again
        hit &= arrives < self.end_ms
        copies = with_column(events, "received_at", pa.array(arrives, MOMENT)).filter(pa.array(hit))
        copies = with_column(copies, "copy", pa.array(np.ones(len(copies), bool)))
        ledger.note("duplicates", "sent again", len(copies), duplicated=len(copies))
        ledger.keep("duplicates", events.filter(pa.array(hit)))
        return pa.concat_tables([events, copies])

    def _arrived(self, events: pa.Table, today: date, last: bool) -> pa.Table:
        """What has arrived by the end of the day, in the order of arrival; the rest is held."""
        events = pa.concat_tables([*self.held, events]).combine_chunks()
        received = milliseconds(events, "received_at")
        here = np.full(len(events), True) if last else received < ordinal(today) * DAY_MS + DAY_MS
        self.held = [events.filter(pa.array(~here))]
        order = np.argsort(received, kind="stable")
        return events.take(pa.array(order[here[order]]))


def _changed(events: pa.Table, ledger: _Ledger) -> pa.Table:
    """One field under another name (its values are no longer read), one as text that is no number (refused)."""
    renamed = len(events) - events[_RENAMED].null_count
    ledger.note("schema", f"{_RENAMED} is called {_NEW_NAME}", renamed)
    stated, fine = known(events, _RETYPED), pc.invert(events["bad"])
    refused = pc.and_(stated, fine)
    copies = pc.sum(pc.and_(refused, events["copy"])).as_py() or 0
    rows = pc.sum(refused).as_py() or 0
    ledger.note("schema", f"{_RETYPED} is a text", rows, quarantined=rows, duplicated=-copies)
    ledger.keep("schema", events.filter(refused))
    said = pc.binary_join_element_wise(events[_RETYPED].cast(pa.string()), "results", " ")
    place = events.schema.get_field_index(_RETYPED)
    events = events.set_column(place, _RETYPED, said)
    return events.rename_columns([_NEW_NAME if name == _RENAMED else name for name in events.column_names])
