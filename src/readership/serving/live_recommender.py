"""The recommender that answers: a published memory, what came after it, and the champion that ranks.

Followed beside the requests. What is new is built completely, then one assignment puts it in place; reads and articles
that arrive are learnt on the event loop, a few at a time.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import numpy as np

from readership.errors import BundleError, ReadershipError, StoreError, StoreUnreachable
from readership.features.memory import memory_version, read_memory
from readership.features.state import START, Opened, Place, State
from readership.features.state import Shown as Batch
from readership.models.recommendation.features import NAMES
from readership.models.recommendation.nouns import Article, Read, Shown
from readership.models.recommendation.parameters import Parameters
from readership.models.recommendation.recommender import Recommender, Scorer
from readership.registry.bundles import Bundle
from readership.registry.live import Live, read_live
from readership.serving.live_models import Trouble
from readership.serving.own_time import OwnTime
from readership.settings import Settings

log = logging.getLogger("readership.serving")
TASK = "recommendation"
PARAMETERS = "parameters.json"
LEARNT_AT_ONCE = 500
_encode = msgspec.json.Encoder().encode
_article = msgspec.json.Decoder(Article).decode


def article_content(article: Article) -> bytes:
    """An article as the state keeps it."""
    return _encode(article)


class Ranker(NamedTuple):
    """The champion, by its name and as a function; no function where none was promoted."""

    live: Live = Live()
    bundle: Bundle | None = None

    @property
    def scorer(self) -> Scorer | None:
        """Features to margins."""
        return self.bundle.margin if self.bundle else None


@dataclass
class Answering:
    """What answers: the engine with all it has learnt so far, and how far that is.

    as_of            when the memory was true; None where none was published, and the engine began empty
    learnt_until_ms  when the newest read arrived that the memory knows
    """

    recommender: Recommender
    memory: str | None = None
    as_of: datetime | None = None
    learnt_until_ms: int = -1
    time: OwnTime = field(default_factory=OwnTime)
    ranker: Ranker = field(default_factory=Ranker)
    reads: Place = START
    shown: Place = START
    articles: int = 0

    def catch_up(self, state: State, most: int = LEARNT_AT_ONCE) -> bool:
        """Learn what the state has and this has not, at most so much; True when there may be more."""
        changes = state.articles_after(self.articles, most)
        for change in changes:
            self.recommender.put(self._dated(_article(change.content), change.at_ms))
            self.articles = change.sequence
        reads, self.reads = state.reads_after(self.reads, most)
        fresh = [read for read in reads if read.arrived_ms - self.time.behind_ms > self.learnt_until_ms]
        for read in fresh:
            self._meet(read)
        self.recommender.learn([self._read(read) for read in fresh])
        batches, self.shown = state.shown_after(self.shown, most)
        self._count([batch for batch in batches if batch.arrived_ms - self.time.behind_ms > self.learnt_until_ms])
        return max(len(changes), len(reads), len(batches)) == most

    def _count(self, batches: list[Batch]) -> None:
        """What was shown; in which visit is not known, so a reader's own page counts as everybody's."""
        at_ms = [self.time.of_wall(at, batch.arrived_ms) for batch in batches for at in batch.at_ms]
        if at_ms:
            shown = Shown(
                np.array(at_ms, dtype=np.int64),
                np.array([article for batch in batches for article in batch.article_id], dtype=object),
                np.array([position for batch in batches for position in batch.position], dtype=np.int64),
                np.zeros(len(at_ms), dtype=np.uint64),
            )
            self.recommender.shown(shown)

    def _dated(self, article: Article, arrived_ms: int) -> Article:
        withdrawn = article.withdrawn_ms
        return article._replace(
            published_ms=self.time.of_wall(article.published_ms, arrived_ms),
            withdrawn_ms=None if withdrawn is None else self.time.of_wall(withdrawn, arrived_ms),
        )

    def _meet(self, read: Opened) -> None:
        """An article nobody has told of is put as its first read tells of it."""
        if self.recommender.catalogue.place(read.article_id) is None:
            article = Article(
                read.article_id,
                published_ms=self._own(read),
                brand=read.brand,
                category=read.category,
                article_type=read.article_type,
                title=read.title,
            )
            self.recommender.put(article)

    def _own(self, read: Opened) -> int:
        return self.time.of_wall(read.at_ms, read.arrived_ms)

    def _read(self, read: Opened) -> Read:
        return Read(self._own(read), read.reader, read.article_id, read.session_id, read.brand, read.known)


class LiveRecommender:
    """Keeps `now` up to date with the memory, the champion and the state."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._models_dir = settings.artifacts_dir / "models"
        self._online = settings.online
        self.now = Answering(Recommender())
        self.troubles: tuple[Trouble, ...] = ()
        self._unreadable: dict[str | None, Trouble] = {}

    def prepare(self, state: State) -> Callable[[], None] | None:
        """What must be called on the event loop to answer from what lies on disk now; None where nothing changed.

        Slow only when a memory was published or a champion promoted; safe in another thread.
        """
        troubles: list[Trouble] = []
        now, ranker = self.now, self._ranker(troubles)
        memory = self._memory(troubles)
        fresh = now.as_of is None and now.memory is None and not len(now.recommender.catalogue)
        made = None
        if memory != now.memory or (fresh and ranker != now.ranker):
            made = self._made(memory, ranker, troubles)
        if made is not None:
            while made.catch_up(state):
                pass
        if made is None and ranker == now.ranker and tuple(troubles) == self.troubles:
            return None
        return lambda: self._take_up(made, ranker, tuple(troubles))

    def _take_up(self, made: Answering | None, ranker: Ranker, troubles: tuple[Trouble, ...]) -> None:
        for trouble in troubles:
            if trouble not in self.troubles:
                log.warning("%s: %s", *trouble)
        self.now, self.troubles = made or self.now, troubles
        self.now.ranker = ranker

    def _memory(self, troubles: list[Trouble]) -> str | None:
        """Name of the memory in use; the one that answers while the store cannot be asked."""
        try:
            return memory_version(self._online)
        except StoreError as error:
            troubles.append(Trouble(error.code, str(error)))
            return self.now.memory

    def _ranker(self, troubles: list[Trouble]) -> Ranker:
        """The champion; the last good one where it cannot be used."""
        was = self.now.ranker
        try:
            live = read_live(self._models_dir, TASK)
            if live.champion is None:
                return Ranker(live)
            if was.bundle is not None and was.bundle.manifest.version == live.champion:
                return was
            return Ranker(live, _fitting(Bundle.load(self._models_dir / TASK / live.champion)))
        except ReadershipError as error:
            troubles.append(Trouble(error.code, str(error)))
            return was

    def _made(self, memory: str | None, ranker: Ranker, troubles: list[Trouble]) -> Answering | None:
        """An engine with the memory, before it has learnt what came afterwards; None where it cannot be read."""
        if memory in self._unreadable:
            troubles.append(self._unreadable[memory])
            return None
        try:
            if memory is None:
                parameters = Parameters.from_json(ranker.bundle.read(PARAMETERS)) if ranker.bundle else None
                return Answering(Recommender(parameters))
            meta, files = read_memory(self._online, memory)
            until = meta.learnt_until or meta.as_of
            return Answering(
                recommender=Recommender.read(files),
                memory=memory,
                as_of=meta.as_of,
                learnt_until_ms=int(until.astimezone(UTC).timestamp() * 1000),
                time=OwnTime.of(meta.as_of, meta.created_at, self._settings.now),
            )
        except ReadershipError as error:
            trouble = Trouble(error.code, str(error))
            self._unreadable = {} if isinstance(error, StoreUnreachable) else {memory: trouble}
            troubles.append(trouble)
            return None


def _fitting(bundle: Bundle) -> Bundle:
    """The bundle, if it reads the features that this engine makes."""
    if bundle.manifest.features != NAMES:
        raise BundleError(
            f"{bundle.manifest.task} {bundle.manifest.version} was trained on other features than this version makes; "
            "`readership train recommendation` with this version"
        )
    return bundle
