"""A log lived again: at each read that is asked about, the recommender knows what had arrived strictly before it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.nouns import Asker
from readership.models.recommendation.recommender import Recommender, Shortlist
from readership.pipelines.recommendation_log import Log


class Ask(NamedTuple):
    """One read, just before it happened.

    row           which read of the log
    shortlist     candidates of its reader, and what the ranker sees of each
    place         of the article in the catalogue; -1 where nobody had told of it
    at            which of the candidates it is; -1 where no source brought it, or it was withdrawn, or too old
    reads_before  articles that the reader had opened before
    """

    row: int
    shortlist: Shortlist
    place: int
    at: int
    reads_before: int


class Replay:
    """Feeds a log to a recommender in the order of its arrival; time only moves forward.

    An article is put when it was known, a read learnt when it was received, however long before it happened.
    """

    def __init__(self, recommender: Recommender, log: Log) -> None:
        self.recommender = recommender
        self.log = log
        self._articles = 0
        self._reads = 0
        self._shown = 0

    @property
    def learnt(self) -> int:
        """How many reads of the log have been learnt."""
        return self._reads

    def counted_alike(self, known: Log) -> bool:
        """Whether what was shown begins in another log with what has been counted."""
        counted = slice(None, self._shown)
        return all(
            np.array_equal(mine[counted], theirs[counted])
            for mine, theirs in ((self.log.shown.at_ms, known.shown.at_ms), (self.log.shown.visit, known.shown.visit))
        )

    @property
    def arrived_ms(self) -> int:
        """When the newest arrived of what has been learnt."""
        read, shown = self.log.received_ms[: self._reads][-1:], self.log.shown_received_ms[: self._shown][-1:]
        return int(max(*read, *shown, 0, 0))

    def until(self, at_ms: int) -> None:
        """Put and learn all that arrived strictly before this time."""
        articles = int(np.searchsorted(self.log.known_ms, at_ms, side="left"))
        for article in self.log.articles[self._articles : articles]:
            self.recommender.put(article)
        reads = int(np.searchsorted(self.log.received_ms, at_ms, side="left"))
        self.recommender.learn(self.log.reads[self._reads : reads])
        shown = int(np.searchsorted(self.log.shown_received_ms, at_ms, side="left"))
        if shown > self._shown:
            self.recommender.shown(self.log.shown.part(self._shown, shown))
        self._articles, self._reads = max(articles, self._articles), max(reads, self._reads)
        self._shown = max(shown, self._shown)

    def asks(self, rows: NDArray[np.intp]) -> Iterator[Ask]:
        """These reads as they were before they happened, in order of their time."""
        at_ms = self.log.at_ms
        for row in rows[np.argsort(at_ms[rows], kind="stable")].tolist():
            self.until(int(at_ms[row]))
            yield self._ask(row)

    def _ask(self, row: int) -> Ask:
        read, recognised = self.log.reads[row], bool(self.log.asks[row])
        recommender = self.recommender
        asker = Asker(read.at_ms, read.reader if recognised else None, brand=read.brand, visit=int(self.log.visit[row]))
        shortlist = recommender.shortlist(asker)
        place = recommender.catalogue.place(read.article_id)
        place = -1 if place is None else place
        found = np.flatnonzero(shortlist.candidates.place == place)
        known = shortlist.moment.row
        before = int(recommender.memory.read_count[known]) if known >= 0 else 0
        return Ask(row, shortlist, place, int(found[0]) if found.size else -1, before)


def first_reads(log: Log) -> NDArray[np.bool_]:
    """Whether each read is the first of its reader and article, by the time at which it happened [n]."""
    seen: set[tuple[int, str]] = set()
    first = np.zeros(len(log.reads), dtype=bool)
    for row in np.argsort(log.at_ms, kind="stable").tolist():
        pair = (log.reads[row].reader, log.reads[row].article_id)
        first[row] = pair not in seen
        seen.add(pair)
    return first


def sampled(log: Log, eligible: NDArray[np.bool_], most: int) -> NDArray[np.intp]:
    """At most so many of the eligible reads, drawn by a hash of the event: the same ones whatever else there is."""
    rows = np.flatnonzero(eligible)
    if len(rows) <= most:
        return rows
    mixed = log.event[rows] * np.uint64(0x9E3779B97F4A7C15)
    return np.sort(rows[np.argsort(mixed, kind="stable")[:most]])
