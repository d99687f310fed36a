"""Sessions as they would be: what readers would read if they came now, by the world's own code and other dice.

An oracle that asks what a coming session brings needs its distribution, not its outcome. So each reader begins some
sessions on the days before the cut-off, with those days' newsroom (all of it known by then) and with draws that the
world itself never makes.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.simulator.accounts import DAY_MS
from readership.simulator.doings import mood
from readership.simulator.newsroom import publish
from readership.simulator.population import People
from readership.simulator.randomness import keys, root
from readership.simulator.reading import Readers, Reading, read
from readership.simulator.sessions import begin
from readership.simulator.shelf import SHELF_DAYS, Shelf
from readership.simulator.tastes import topic_taste
from readership.simulator.world import World, news_levels

Numbers = NDArray[np.float64]
DAYS = 6
"""Days before the cut-off on which sessions are rehearsed, since one day's newsroom may be odd."""
OTHER_DICE = 2
"""Sets rehearsed sessions apart from those of the world, which are keyed by 1."""


class Rehearsed(NamedTuple):
    """What each rehearsed session brought [readers, sessions].

    views, completes  articles opened, and of these read whole
    engaged_seconds   in all; `scroll_sum` the percents of the pages seen, summed over the articles
    walled            paywalled articles opened
    felt              as a reader who does not pay feels it
    seconds           from begin to end
    """

    views: Numbers
    completes: Numbers
    engaged_seconds: Numbers
    scroll_sum: Numbers
    walled: Numbers
    felt: Numbers
    seconds: Numbers


def rehearse(world: World, folk: People, newsletter: NDArray[np.bool_], as_of: datetime, sessions: int) -> Rehearsed:
    """So many sessions of each of these people, as they stand at `as_of`, spread over the last days before it."""
    newest = max((as_of - world.start) // timedelta(days=1) - 1, 0)
    days = range(max(newest - DAYS + 1, 0), newest + 1)
    levels, first, shelf = news_levels(world), world.start.date(), Shelf()
    for number in range(days[0] - SHELF_DAYS + 1, days[0]):
        level = float(levels[number]) if number >= 0 else 1.0
        shelf.add(publish(root(world.seed), first + timedelta(days=number), level))
    parts = []
    for place, number in enumerate(days):
        shelf.add(publish(root(world.seed), first + timedelta(days=number), float(levels[number])))
        shelf.open(first + timedelta(days=number))
        share = sessions * (place + 1) // len(days) - sessions * place // len(days)
        parts.append(_on_a_day(world, folk, newsletter, shelf, number, share))
    return Rehearsed(*(np.concatenate(values, axis=1) for values in zip(*parts, strict=True)))


def _on_a_day(
    world: World, folk: People, newsletter: NDArray[np.bool_], shelf: Shelf, number: int, sessions: int
) -> Rehearsed:
    """So many sessions of each of these people on this day of the world."""
    day = (world.start + number * timedelta(days=1)).date()
    midnight = int(world.start.timestamp()) * 1000 + number * DAY_MS
    dice = keys(keys(folk.key, number), OTHER_DICE)
    coming = begin(folk, day, midnight, np.full(len(folk), sessions), dice, newsletter)
    direction = topic_taste(folk, coming.person, number, world.drift_day)
    nobody = np.zeros(len(coming), dtype=np.uint64)
    reading = read(Readers(folk, nobody, direction), coming, shelf, world.policies, midnight)
    with_ads = np.ones(len(coming), dtype=bool)
    return _by_reader(reading, shelf, len(folk), sessions, mood(folk, coming, reading, with_ads), coming.start)


def _by_reader(
    reading: Reading, shelf: Shelf, readers: int, sessions: int, felt: Numbers, start: NDArray[np.int64]
) -> Rehearsed:
    reads, size = reading.articles, readers * sessions

    def sums(values: NDArray[np.generic]) -> Numbers:
        found = np.bincount(reads.session, weights=values, minlength=size)
        return found.astype(np.float64).reshape(readers, sessions)

    return Rehearsed(
        views=reading.counts.reshape(readers, sessions).astype(float),
        completes=sums(reads.progress >= 0.98),
        engaged_seconds=sums(reads.dwell),
        scroll_sum=sums(np.round(100 * reads.scroll)),
        walled=sums(shelf.articles.paywalled[reads.article]),
        felt=felt.reshape(readers, sessions),
        seconds=((reading.ends - start) / 1000).reshape(readers, sessions),
    )
