"""One engine for what to read next, the same offline and online: put articles, learn reads, rank for one asker."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.candidates import Candidates, Moment, candidates
from readership.models.recommendation.catalogue import Catalogue
from readership.models.recommendation.content import Nearest
from readership.models.recommendation.embedding import Embedding
from readership.models.recommendation.features import NAMES, features
from readership.models.recommendation.files import read_arrays, write_arrays
from readership.models.recommendation.live import Live, ended, live_at
from readership.models.recommendation.memory import History, Memory, newest_once
from readership.models.recommendation.nouns import Article, Asker, Ranked, Read, Shown
from readership.models.recommendation.parameters import DAY_MS, Parameters
from readership.models.recommendation.standing import Standing
from readership.models.recommendation.strongest import strongest
from readership.models.recommendation.text import TextModel

Scorer = Callable[[NDArray[np.float32]], NDArray[np.float64]]
"""Features [n, p] to margins [n]: the ranker of a bundle."""


class Shortlist(NamedTuple):
    """Candidates of one asker with what the ranker sees.

    features  float32 [k, p], columns as `features.NAMES`
    """

    moment: Moment
    candidates: Candidates
    features: NDArray[np.float32]


class Recommender:
    """Remembers articles and reads, and ranks.

    >>> recommender = Recommender()
    >>> recommender.put(Article("a", published_ms=0)); recommender.put(Article("b", published_ms=0))
    >>> recommender.learn([Read(at_ms=1000, reader=1, article_id="b")])
    >>> [recommender.catalogue.article(k).article_id for k in recommender.rank(Asker(at_ms=2000)).article]
    ['b', 'a']
    """

    def __init__(self, parameters: Parameters | None = None, text: TextModel | Embedding | None = None) -> None:
        self.parameters = parameters or Parameters()
        self.catalogue = Catalogue(text)
        self.memory = Memory(self.parameters)
        self._nearest = Nearest()
        self._live: Live | None = None
        self._standing = Standing(self.catalogue, self.memory, self.parameters)

    def put(self, article: Article) -> None:
        """Publish, change or withdraw an article: what is put last holds."""
        place = self.catalogue.put(article)
        self.memory.grow(place + 1)
        self._nearest.put(place, self.catalogue.vectors[place])
        self._live = None
        self._standing.forget()

    def learn(self, reads: Sequence[Read]) -> None:
        """Take in reads, in time order where that is possible; a late one counts at its own time.

        A read of an article that was never put is passed over.
        """
        for read in reads:
            place = self.catalogue.place(read.article_id)
            if place is not None:
                self.memory.learn(read.reader, place, read.at_ms)
        self._standing.forget()

    def shown(self, shown: Shown) -> None:
        """Count what was shown, in the order in which it arrived; of an article that was never put nothing."""
        places = {name: self.catalogue.place(name) for name in set(shown.article_id)}
        found = [-1 if (place := places[name]) is None else place for name in shown.article_id]
        self.memory.exposures.learn(shown, np.array(found, dtype=np.int32))
        self._standing.forget()

    def rank(
        self, asker: Asker, *, exclude: Collection[str] = (), most: int = 200, scorer: Scorer | None = None
    ) -> Ranked:
        """The best candidates for an asker; without a scorer by decayed popularity.

        Where the asker brings no history, what is remembered of the reader stands in.
        """
        shortlist = self.shortlist(asker, exclude=exclude)
        margin = popularity(shortlist) if scorer is None else np.asarray(scorer(shortlist.features), dtype=np.float64)
        order = np.argsort(-margin, kind="stable")[:most]
        source, because = strongest(
            shortlist.features[order], shortlist.candidates, order, self.catalogue.vectors, shortlist.moment.history
        )
        return Ranked(shortlist.candidates.place[order], margin[order], source, because)

    def shortlist(self, asker: Asker, *, exclude: Collection[str] = ()) -> Shortlist:
        """Candidates and their features, before they are ranked."""
        moment = self._moment(asker, exclude)
        found = candidates(self.catalogue, self.memory, self._nearest, self.parameters, moment)
        table = features(self._standing, self.catalogue, self.memory, self.parameters, moment, found)
        return Shortlist(moment, found, table)

    def live(self, at_ms: int) -> Live:
        """What can be recommended; looked at again after `refresh_ms`, or when an article was put."""
        live = self._live
        if live is None or not 0 <= at_ms - live.at_ms <= self.parameters.refresh_ms:
            live = self._live = live_at(self.catalogue, self.memory, self.parameters, at_ms)
            self._nearest.retire(ended(self.catalogue, self.parameters, at_ms))
        return live

    def files(self, at_ms: int | None = None) -> dict[str, bytes]:
        """All that is remembered, without articles too old to be recommended at `at_ms` (None: all)."""
        published = self.catalogue.published
        oldest = 0 if at_ms is None else at_ms - self.parameters.newest_age_days * DAY_MS
        kept = np.flatnonzero(published >= oldest)
        place_of = np.full(len(published), -1, dtype=np.int32)
        place_of[kept] = np.arange(len(kept))
        lines, text = self.catalogue.files(kept)
        return {
            "parameters.json": self.parameters.to_json(),
            "articles.jsonl": lines,
            "text.npz": write_arrays(text),
            "memory.npz": write_arrays(self.memory.files(kept, place_of)),
        }

    @classmethod
    def read(cls, files: Mapping[str, bytes]) -> "Recommender":
        """The recommender whose `files` these are."""
        recommender = cls(Parameters.from_json(files["parameters.json"]))
        recommender.catalogue = Catalogue.read(files["articles.jsonl"], read_arrays(files["text.npz"]))
        recommender.memory.fill(read_arrays(files["memory.npz"]))
        for place, vector in enumerate(recommender.catalogue.vectors):
            recommender._nearest.put(place, vector)
        recommender._standing = Standing(recommender.catalogue, recommender.memory, recommender.parameters)
        return recommender

    def _moment(self, asker: Asker, exclude: Collection[str]) -> Moment:
        given = self._given(asker) if asker.history or asker.session else self.memory.of(asker.reader)
        excluded = [place for name in exclude if (place := self.catalogue.place(name)) is not None]
        unwanted = np.concatenate([given.place, np.array(excluded, dtype=np.int32)])
        used = self.parameters.history_used
        history = History(given.place[-used:], given.at[-used:])
        return Moment(asker, self.memory.row(asker.reader), history, unwanted, self.live(asker.at_ms))

    def _given(self, asker: Asker) -> History:
        """The history that the asker brings; reads of the visit that it lacks are the newest."""
        lacking = set(asker.session) - {article for article, _ in asker.history}
        visit = [(article, asker.at_ms) for article in asker.session if article in lacking]
        found = [(self.catalogue.place(article), at_ms) for article, at_ms in (*asker.history, *visit)]
        known = [(place, at_ms) for place, at_ms in found if place is not None]
        places = np.array([place for place, _ in known], dtype=np.int32)
        return newest_once(places, np.array([at_ms for _, at_ms in known], dtype=np.int64))


def popularity(shortlist: Shortlist) -> NDArray[np.float64]:
    """Decayed popularity as a score; of equals the newest wins."""
    popular = shortlist.features[:, NAMES.index("popular")].astype(np.float64)
    hours_old = shortlist.features[:, NAMES.index("hours_old")].astype(np.float64)
    return popular + 1e-6 / (1 + np.maximum(hours_old, 0))
