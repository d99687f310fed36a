"""Replays a log in time order: every read is ranked with what was known strictly before its second, then learnt."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.nouns import Article, Asker, Read
from readership.models.recommendation.recommender import Recommender, Shortlist

SECOND_MS = 1000


class Step(NamedTuple):
    """One read as it was foreseen: the candidates of its reader just before.

    at         number of the candidate that was read, -1 where no source brought it
    unseen     whether the article could not be recommended yet (or not any more)
    others     articles that could have been recommended and were brought by no source
    hours_old  of the article that was read, nan where it is unseen
    """

    read: Read
    shortlist: Shortlist
    at: int
    unseen: bool
    others: int
    hours_old: float


def replay(
    recommender: Recommender,
    reads: Iterable[Read],
    *,
    since_ms: int = 0,
    articles: Iterable[Article] = (),
    appear_when_read: bool = False,
    each_day: Callable[[int], None] | None = None,
) -> Iterator[Step]:
    """The steps of all first reads (of a reader and an article) from `since_ms` on, earlier ones are only learnt.

    reads             in time order; those of one second are foreseen together, then learnt together
    articles          put once their `published_ms` has come
    appear_when_read  put an article that nobody put with its first read (a log without a catalogue)
    each_day          called with ms at 00:00 UTC of each day, before anything of that day
    """
    waiting = iter(sorted(articles, key=lambda article: article.published_ms))
    upcoming = next(waiting, None)
    seen: set[tuple[int, str]] = set()
    day = -1
    for second, group in groupby(reads, key=lambda read: read.at_ms // SECOND_MS):
        together = list(group)
        now_ms = second * SECOND_MS
        while upcoming is not None and upcoming.published_ms <= now_ms:
            recommender.put(upcoming)
            upcoming = next(waiting, None)
        if each_day is not None and day != (day := now_ms // (86_400 * SECOND_MS)):
            each_day(day * 86_400 * SECOND_MS)
        for read in together:
            if (read.reader, read.article_id) not in seen:
                seen.add((read.reader, read.article_id))
                if now_ms >= since_ms:
                    yield foreseen(recommender, read)
        if appear_when_read:
            for read in together:
                if recommender.catalogue.place(read.article_id) is None:
                    recommender.put(Article(read.article_id, published_ms=read.at_ms))
        recommender.learn(together)


def foreseen(recommender: Recommender, read: Read) -> Step:
    """What the recommender would have shown this reader just before the read."""
    shortlist = recommender.shortlist(Asker(read.at_ms, read.reader, brand=read.brand))
    live = shortlist.moment.live
    place = recommender.catalogue.place(read.article_id)
    found = np.flatnonzero(shortlist.candidates.place == place)
    at = int(found[0]) if found.size else -1
    unseen = place is None or not bool(np.isin(place, live.fresh))
    unwanted = int(np.isin(live.fresh, shortlist.moment.unwanted).sum())
    hours_old = np.nan if place is None else (read.at_ms - recommender.catalogue.published[place]) / 3_600_000
    others = len(live.fresh) - unwanted - len(shortlist.candidates.place)
    return Step(read, shortlist, at, unseen, others, float(hours_old))


def place_of_read(step: Step, margin: NDArray[np.float64], random: np.random.Generator) -> int:
    """Rank of the article that was read, 1 for the best: 1 + those above it + by chance among its equals.

    A candidate that no source brought lies below all that were brought, by chance among the others of its kind.
    """
    if step.at < 0:
        return len(margin) + 1 + int(random.integers(max(step.others, 1)))
    own = margin[step.at]
    return 1 + int((margin > own).sum()) + int(random.integers(int((margin == own).sum())))
