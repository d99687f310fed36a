"""Test reads as they come: where the article that was opened stood in every order, and slates to look at."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.evaluation.ranking import SLATE, rank_of
from readership.evaluation.ranking_evaluation import POPULAR, Catalogue, Judged, Orders
from readership.evaluation.reports.words import NBSP
from readership.evaluation.reports.words import span as span_words
from readership.models.recommendation.features import NAMES
from readership.models.recommendation.nouns import SOURCES, Article, Asker
from readership.models.recommendation.parameters import HOUR_MS
from readership.models.recommendation.reasons import reason
from readership.models.recommendation.recommender import Scorer
from readership.pipelines.recommendation_replay import Ask, Replay

SINGLE = ("together", "neighbours", "content")
"""Sources that are judged by themselves, beside the orders that need no history."""
EXAMPLES = (
    ("a frequent reader", lambda ask, identity: identity == "known" and ask.reads_before >= 20),
    ("a new reader, at a first read", lambda ask, identity: identity != "without consent" and ask.reads_before == 0),
    ("an anonymous reader", lambda ask, identity: identity == "anonymous" and 1 <= ask.reads_before <= 10),
    ("somebody who does not agree to be recognised", lambda ask, identity: identity == "without consent"),
    ("another frequent reader", lambda ask, identity: identity == "known" and ask.reads_before >= 20),
)  # fmt: skip
READ_BEFORE = 4


class Judging:
    """Collects, read by read, what `evaluate_ranking` is given."""

    def __init__(self, replay: Replay, scorer: Scorer, champion: str) -> None:
        self._replay = replay
        self._scorer = scorer
        self._champion = champion
        self._rows: list[dict[str, Any]] = []
        self._ranks: list[dict[str, int]] = []
        self._slates: dict[str, list[NDArray[np.int64]]] = {champion: [], POPULAR: []}
        self._could_be = np.zeros(0, dtype=bool)
        self._live: list[int] = []
        self._examples: dict[str, dict[str, Any]] = {}
        self.kept: list[NDArray[np.float32]] = []

    def take(self, ask: Ask) -> None:
        """One read, just before it happened."""
        log, catalogue = self._replay.log, self._replay.recommender.catalogue
        read = log.reads[ask.row]
        recognised = bool(log.asks[ask.row])
        identity = ("known" if read.known else "anonymous") if recognised else "without consent"
        age = np.nan if ask.place < 0 else (read.at_ms - catalogue.published[ask.place]) / HOUR_MS
        self._rows.append(
            {
                "reader": log.person[ask.row],
                "at": read.at_ms,
                "reads_before": ask.reads_before,
                "age_hours": age,
                "identity": identity,
                "brand": read.brand,
                "opened": ask.place,
            }
        )
        margin = self._scorer(ask.shortlist.features)
        chance = float(log.event[ask.row] % 1_000_003) / 1_000_003
        orders = _plain_orders(ask, catalogue.codes[:, 0], catalogue.number("brand", read.brand))
        ranks = {self._champion: 0 if ask.at < 0 else rank_of(margin, ask.at, chance)}
        ranks |= {name: _place_in(order, ask.place) for name, order in orders.items()}
        self._ranks.append(ranks | {name: _by_source(ask, name, chance) for name in SINGLE})
        candidates = ask.shortlist.candidates.place
        self._slates[self._champion].append(_first(candidates[np.argsort(-margin, kind="stable")]))
        self._slates[POPULAR].append(_first(orders[POPULAR]))
        self._met(ask)
        if len(self.kept) < 40:
            self.kept.append(ask.shortlist.features)
        self._maybe_example(ask, identity, ranks[self._champion])

    def judged(self) -> Judged:
        """The reads."""
        column: Callable[[str, Any], NDArray[Any]] = lambda name, kind: np.array(  # noqa: E731
            [row[name] for row in self._rows], dtype=kind
        )
        return Judged(
            column("reader", np.uint64),
            column("at", np.int64).astype("datetime64[ms]"),
            column("reads_before", np.int64),
            column("age_hours", np.float64),
            column("identity", np.str_),
            column("brand", np.str_),
            column("opened", np.int64),
        )

    def orders(self) -> Orders:
        """Where the articles opened stood; a single source that never found any is left out."""
        ranks = {name: np.array([row[name] for row in self._ranks], np.int64) for name in self._ranks[0]}
        champion = ranks.pop(self._champion)
        return Orders(
            self._champion,
            {self._champion: champion},
            {name: rank for name, rank in ranks.items() if rank.any() or name not in SINGLE},
            {name: np.stack(slates) for name, slates in self._slates.items()},
        )

    def catalogue(self, has_text: bool) -> Catalogue:
        """The articles, once all reads of the log are learnt."""
        engine = self._replay.recommender
        size = len(engine.catalogue)
        return Catalogue(
            engine.memory.reads[:size],
            len(engine.memory.read_count),
            int(self._could_be.sum()),
            engine.catalogue.codes[:, 1],
            engine.catalogue.vectors if has_text else None,
        )

    @property
    def examples(self) -> list[dict[str, Any]]:
        """Slates to look at, each the first of its kind that the sample brought."""
        return [self._examples[who] for who, _ in EXAMPLES if who in self._examples]

    @property
    def mean_live(self) -> int:
        """Articles that could be recommended, on average over the reads."""
        return round(float(np.mean(self._live)))

    def _met(self, ask: Ask) -> None:
        live = ask.shortlist.moment.live.fresh
        self._live.append(len(live))
        if len(live) and int(live.max()) >= len(self._could_be):
            self._could_be = np.pad(self._could_be, (0, 2 * int(live.max()) + 64 - len(self._could_be)))
        self._could_be[live] = True

    def _maybe_example(self, ask: Ask, identity: str, rank: int) -> None:
        for who, fits in EXAMPLES:
            if who not in self._examples and ask.place >= 0 and ask.row % 7 == 0 and fits(ask, identity):
                self._examples[who] = self._example(who, ask, rank)
                return

    def _example(self, who: str, ask: Ask, rank: int) -> dict[str, Any]:
        engine, asker = self._replay.recommender, ask.shortlist.moment.asker
        history = ask.shortlist.moment.history.place[-READ_BEFORE:][::-1].tolist()
        ranked = engine.rank(asker, most=SLATE, scorer=self._scorer)
        slate = []
        for place, source, because in zip(ranked.article, ranked.source, ranked.because, strict=True):
            article = engine.catalogue.article(int(place))
            by = engine.catalogue.article(int(because)) if because >= 0 else None
            why = reason(article, SOURCES[source], by, asker)
            slate.append({**_told(article, asker), "opened": int(place) == ask.place, "reason": why})
        return {
            "who": who,
            "at": f"{datetime.fromtimestamp(asker.at_ms / 1000, UTC):%Y-%m-%d %H:%M}",
            "brand": asker.brand,
            "reads_before": None if asker.reader is None else ask.reads_before,
            "read_before": [_told(engine.catalogue.article(place), asker) for place in history],
            "slate": slate,
            "opened": _told(engine.catalogue.article(ask.place), asker),
            "rank": rank or None,
        }


def _plain_orders(ask: Ask, brands: NDArray[np.int32], brand: int) -> dict[str, NDArray[np.int32]]:
    """Orders that need no history, of all articles of the brand that could be recommended: read most now, newest."""
    live, unwanted = ask.shortlist.moment.live, ask.shortlist.moment.unwanted
    orders = {POPULAR: live.popular, "newest": live.fresh[::-1]}
    if brand >= 0:
        orders = {name: order[(brands[order] == brand) | (brands[order] < 0)] for name, order in orders.items()}
    return {name: order[~np.isin(order, unwanted)] for name, order in orders.items()}


def _place_in(order: NDArray[np.int32], place: int) -> int:
    """Rank of a place, 0 where it is not there."""
    found = np.flatnonzero(order == place)
    return int(found[0]) + 1 if found.size else 0


def _by_source(ask: Ask, name: str, chance: float) -> int:
    """Rank by one column of the features; 0 where the source did not bring the article."""
    scores = ask.shortlist.features[:, NAMES.index(name)]
    return 0 if ask.at < 0 or not scores[ask.at] > 0 else rank_of(scores, ask.at, chance)


def _first(places: NDArray[Any]) -> NDArray[np.int64]:
    found = np.full(SLATE, -1, dtype=np.int64)
    found[: min(SLATE, len(places))] = places[:SLATE]
    return found


def _told(article: Article, asker: Asker) -> dict[str, str]:
    return {
        "title": article.title or f"article {article.article_id}",
        "category": article.category,
        "age": span_words(max(0, asker.at_ms - article.published_ms) / 1000).replace(" ", NBSP),
    }
