"""What happened in the sessions of a day, as events in the making: of which type, when, and what each belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from readership.simulator import accounts as account
from readership.simulator.ads import AFTER_MS, Ads, AdSlots
from readership.simulator.doings import Doings
from readership.simulator.newsroom import VIDEO
from readership.simulator.population import People
from readership.simulator.randomness import Keys, uniform
from readership.simulator.reading import Reading
from readership.simulator.sessions import Sessions
from readership.simulator.shelf import Shelf

Codes = NDArray[np.integer]
Flags = NDArray[np.bool_]

TYPES = (
    "navigation",
    "login",
    "registration",
    "article_impression",
    "article_click",
    "article_view",
    "ad_impression",
    "ad_click",
    "video_play",
    "video_complete",
    "scroll",
    "article_complete",
    "search",
    "subscription_prompt",
    "newsletter_signup",
    "subscription_start",
    "subscription_renewal",
    "payment_failed",
    "subscription_cancel",
    "session_end",
)


class Origin(IntEnum):
    """What an event belongs to; its `row` is a place there."""

    SESSION, READ, IMPRESSION, SLOT, OFFER = range(5)


@dataclass
class Log:
    """Events in the making: blocks of (type, origin, session, time, row, nth)."""

    blocks: list[tuple[int, Origin, Codes, Codes, Codes, int]] = field(default_factory=list)

    def add(
        self,
        kind: str,
        session: Codes,
        at: NDArray[np.int64],
        row: Codes | None = None,
        origin: Origin = Origin.SESSION,
        nth: int = 0,
    ) -> None:
        """Events of one type; `nth` tells apart several of the type from one origin."""
        row = session if row is None else row
        self.blocks.append((TYPES.index(kind), origin, session, at, row, nth))

    def columns(self) -> tuple[Codes, ...]:
        """Type, origin, session, time, row and nth of all events, by time."""
        sizes = [len(block[2]) for block in self.blocks]
        kind, origin, nth = (np.repeat([block[i] for block in self.blocks], sizes) for i in (0, 1, 5))
        session, at, row = (np.concatenate([block[i] for block in self.blocks]) for i in (2, 3, 4))
        order = np.lexsort((nth, row, kind, session, at))
        return tuple(column[order] for column in (kind, origin, session, at, row, nth))


@dataclass(frozen=True)
class Happened:
    """All that happened in the sessions of a day."""

    people: People
    shelf: Shelf
    sessions: Sessions
    reading: Reading
    doings: Doings
    slots: AdSlots
    ads: Ads


def log_of(day: Happened) -> Log:
    log, sessions, doings, reading = Log(), day.sessions, day.doings, day.reading
    whole, ends = np.arange(len(sessions)), reading.ends

    def some(flags: Flags) -> Codes:
        return np.flatnonzero(flags)

    front = some(reading.opened > 0)
    log.add("navigation", front, reading.opened[front])
    for kind, flags, delay in (("login", doings.logs_in, 700), ("registration", doings.registers, 900)):
        log.add(kind, some(flags), sessions.start[some(flags)] + delay)
    _log_slates(log, reading)
    _log_reads(log, day)
    _log_offers(log, day)
    found = some(doings.searches)
    log.add("search", found, sessions.start[found] + 1200)
    prompted = some(doings.prompt >= 0)
    walled = doings.prompt[prompted]
    log.add("subscription_prompt", prompted, reading.articles.start[walled] + 300, walled, Origin.READ)
    for kind, flags, before in (
        ("newsletter_signup", doings.signs_up, 300),
        ("subscription_start", doings.subscribes, 200),
        ("subscription_cancel", doings.cancels, 100),
    ):
        log.add(kind, some(flags), ends[some(flags)] - before)
    for kind, notice in (("subscription_renewal", account.RENEWED), ("payment_failed", account.FAILED)):
        shown = some(doings.notice == notice)
        log.add(kind, shown, sessions.start[shown] + 1000)
    tracked = whole[uniform(sessions.key, "tracked_end") < 0.94]
    log.add("session_end", tracked, ends[tracked])
    return log


def _log_slates(log: Log, reading: Reading) -> None:
    shown = reading.impressions
    every, hit = np.arange(len(shown)), np.flatnonzero(shown.clicked)
    log.add("article_impression", shown.session, reading.shown_at, every, Origin.IMPRESSION)
    log.add("article_click", shown.session[hit], reading.clicked_at[hit], hit, Origin.IMPRESSION)


def _log_reads(log: Log, day: Happened) -> None:
    reads = day.reading.articles
    every = np.arange(len(reads))

    def add(kind: str, some: Codes, at: NDArray[np.int64]) -> None:
        log.add(kind, reads.session[some], at, some, Origin.READ)

    add("article_view", every, reads.start)
    add("scroll", every, reads.end)
    whole = every[reads.progress >= 0.98]
    add("article_complete", whole, reads.end[whole] + 1)
    video = every[(day.shelf.articles.type[reads.article] == VIDEO) & (uniform(reads.key, "plays") < 0.7)]
    add("video_play", video, reads.start[video] + 800)
    seen = video[reads.progress[video] >= 0.9]
    add("video_complete", seen, reads.end[seen] - 100)
    slots = day.slots
    session, shown_at = reads.session[slots.read], reads.start[slots.read] + AFTER_MS[slots.place]
    log.add("ad_impression", session, shown_at, np.arange(len(slots)), Origin.SLOT)
    hit = np.flatnonzero(slots.clicked)
    log.add("ad_click", session[hit], shown_at[hit] + 60, hit, Origin.SLOT)


def _log_offers(log: Log, day: Happened) -> None:
    """The exposure of both halves of an arm, and the offer where it was made; `row` counts over both kinds of offer."""
    first = 0
    for offer in day.doings.offers:
        row, at = first + np.arange(len(offer.key)), day.sessions.start[offer.session]
        log.add("navigation", offer.session[offer.arm], at[offer.arm] + 600, row[offer.arm], Origin.OFFER)
        log.add("subscription_prompt", offer.session[offer.made], at[offer.made] + 650, row[offer.made], Origin.OFFER)
        first += len(offer.key)


def origin_keys(day: Happened, where: Mapping[Origin, Codes], row: Codes) -> Keys:
    """The key of what each event belongs to."""
    of = {
        Origin.SESSION: day.sessions.key,
        Origin.READ: day.reading.articles.key,
        Origin.IMPRESSION: day.reading.impressions.key,
        Origin.SLOT: day.slots.key,
        Origin.OFFER: np.concatenate([offer.key for offer in day.doings.offers]),
    }
    found = np.empty(len(row), dtype=np.uint64)
    for origin, some in where.items():
        found[some] = of[origin][row[some]]
    return found
