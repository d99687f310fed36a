"""Which of the ranked articles may stand in a slate, which ones the editors want there, and what is left at worst."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.catalogue import BRAND, Catalogue
from readership.models.recommendation.fitting import fitting
from readership.models.recommendation.nouns import SOURCES, Article, Asker, Ranked
from readership.models.recommendation.parameters import HOUR_MS
from readership.models.recommendation.reasons import NEWEST
from readership.models.recommendation.rules import MOST_TIMES, Rules
from readership.models.recommendation.slate import relevance

WIDENED = 2000
"""Newest articles looked at where the rules leave nothing of the ranking."""


class Wish(NamedTuple):
    """What is asked for, besides who asks.

    exclude      article ids that must not be shown
    tier         subscription tier of the asker, None where unknown
    decision_id  names the slate; the slot by lot is drawn by it
    """

    n: int
    decision_id: str
    exclude: Collection[str] = ()
    tier: str | None = None


class Effect(NamedTuple):
    """What a rule did to an article."""

    rule: str
    did: str
    article_id: str


@dataclass
class Pool:
    """Candidates [k] in the order of the ranking; those the rules leave are `open`. It changes as rules are applied.

    source   number in `sources` of what speaks for each
    because  place of the article it is there because of, -1 where none
    lifted   the rule that lifted it, by the number of the candidate
    """

    catalogue: Catalogue
    places: NDArray[np.int32]
    score: NDArray[np.float64]
    relevance: NDArray[np.float64]
    source: NDArray[np.int8]
    because: NDArray[np.int32]
    sources: Sequence[str]
    open: NDArray[np.bool_]
    lifted: dict[int, str] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)

    def article(self, k: int) -> Article:
        """The candidate of this number."""
        return self.catalogue.article(int(self.places[k]))

    def effect(self, rule: str, did: str, k: int) -> None:
        """Say what a rule did to a candidate."""
        self.effects.append(Effect(rule, did, self.article(k).article_id))


def pool_of(ranked: Ranked, catalogue: Catalogue) -> Pool:
    """The ranking, everything open."""
    return Pool(
        catalogue=catalogue,
        places=ranked.article,
        score=ranked.score,
        relevance=relevance(ranked.score),
        source=ranked.source,
        because=ranked.because,
        sources=SOURCES,
        open=np.ones(len(ranked.article), dtype=bool),
    )


def filter_pool(pool: Pool, rules: Rules, asker: Asker, wish: Wish, *, ages: bool = True) -> None:
    """Close what may not be shown to this asker, by the reason that comes first."""
    closed = [*_closed(pool, rules, asker, wish), *(_too_old(pool, rules, asker) if ages else ())]
    if not closed:
        return
    which = np.array([mask for mask, _ in closed])
    for k in np.flatnonzero(which.any(axis=0)).tolist():
        if pool.open[k]:
            pool.open[k] = False
            rule, did = closed[int(which[:, k].argmax())][1]
            pool.effect(rule, did or f"of {pool.article(k).brand}", k)


Closing = Iterator[tuple[NDArray[np.bool_], tuple[str, str]]]
"""For each reason whom it closes [k], with the rule and what it did ("": it is of another brand)."""


def _closed(pool: Pool, rules: Rules, asker: Asker, wish: Wish) -> Closing:
    """What `_forbidden` says, of every candidate at once."""
    catalogue, places = pool.catalogue, pool.places
    for exclude in rules.excludes:
        yield fitting(exclude.which, catalogue, places), (exclude.name, "excluded")
    if wish.exclude:
        unwanted = [place for name in wish.exclude if (place := catalogue.place(name)) is not None]
        yield np.isin(places, unwanted), ("exclude", "excluded by the request")
    if asker.brand:
        brand = catalogue.codes[places, BRAND]
        other = (brand >= 0) & (brand != catalogue.number("brand", asker.brand))
        yield other, ("brand", "")
    if rules.open_to is not None and (wish.tier or "free") not in rules.open_to:
        yield catalogue.paywalled[places], ("paywall", f"not open to tier {wish.tier or 'free'}")


def _too_old(pool: Pool, rules: Rules, asker: Asker) -> Closing:
    old_ms = asker.at_ms - pool.catalogue.published[pool.places]
    for age in rules.ages:
        old = old_ms >= age.hours * HOUR_MS
        if old.any():
            meant = old & fitting(age.which, pool.catalogue, pool.places)
            yield meant, (age.name, f"older than {age.hours:g} hours")


def _forbidden(article: Article, rules: Rules, asker: Asker, wish: Wish) -> tuple[str, str] | None:
    """What keeps an article from this slate whoever wants it there."""
    for exclude in rules.excludes:
        if exclude.which.fits(article):
            return exclude.name, "excluded"
    if article.article_id in wish.exclude:
        return "exclude", "excluded by the request"
    if asker.brand and article.brand not in ("", asker.brand):
        return "brand", f"of {article.brand}"
    if article.paywalled and rules.open_to is not None and (wish.tier or "free") not in rules.open_to:
        return "paywall", f"not open to tier {wish.tier or 'free'}"
    return None


class Wanted(NamedTuple):
    """What the editors want in the slate; slot 0 is the first free one."""

    slot: int
    place: int
    article: Article
    rule: str


def wanted_by_editors(
    rules: Rules, catalogue: Catalogue, asker: Asker, wish: Wish, effects: list[Effect]
) -> list[Wanted]:
    """Pins, then breaking news that the asker has not read, as far as nothing forbids them."""
    read = {article for article, _ in asker.history} | set(asker.session)
    found: list[Wanted] = []
    wanted = [(pin.slot, pin.article, pin.name) for pin in rules.pins]
    wanted += [(0, must.article, must.name) for must in rules.must_include]
    for slot, article_id, rule in wanted:
        place = catalogue.place(article_id)
        article = catalogue.article(place) if place is not None else None
        why = _why_not(article, rules, asker, wish)
        if slot == 0 and article_id in read:
            why = "read before"
        if slot > wish.n:
            why = f"the slate has {wish.n} slots"
        if why or article is None or place is None:
            effects.append(Effect(rule, f"not shown: {why}", article_id))
        elif place not in [other.place for other in found]:
            found.append(Wanted(slot, place, article, rule))
    return found


def _why_not(article: Article | None, rules: Rules, asker: Asker, wish: Wish) -> str:
    if article is None:
        return "there is no such article"
    if asker.at_ms < article.published_ms:
        return "not published yet"
    if article.withdrawn_ms is not None and article.withdrawn_ms <= asker.at_ms:
        return "withdrawn"
    forbidden = _forbidden(article, rules, asker, wish)
    return f"{forbidden[1]} ({forbidden[0]})" if forbidden else ""


def lift(pool: Pool, rules: Rules) -> None:
    """Boosts multiply, to `MOST_TIMES` at most, and to no more than the best candidate has."""
    if not rules.boosts or not len(pool.places):
        return
    which = np.array([fitting(boost.which, pool.catalogue, pool.places) for boost in rules.boosts])
    for k in np.flatnonzero(which.any(axis=0) & pool.open).tolist():
        boosts = [boost for boost, fits in zip(rules.boosts, which[:, k].tolist(), strict=True) if fits]
        times = min(prod(boost.times for boost in boosts), MOST_TIMES)
        pool.relevance[k] = min(pool.relevance[k] * times, 1.0)
        pool.lifted[k] = boosts[0].name
        pool.effect(boosts[0].name, f"relevance times {times:g}", k)


def widened(pool: Pool, catalogue: Catalogue, asker: Asker, wish: Wish, rules: Rules, notes: list[str]) -> Pool:
    """Where the rules leave nothing: newest articles; then without age limits; then what was read before."""
    read = {article for article, _ in asker.history} | set(asker.session)
    for again, ages, said in (
        (False, True, "the rules left none of the ranked articles: these are the newest others"),
        (False, False, "the rules left no article: age limits were set aside"),
        (True, False, "the rules left no unread article: some were read before"),
    ):
        wider = _newest(pool, catalogue, asker, frozenset() if again else read)
        filter_pool(wider, rules, asker, wish, ages=ages)
        if wider.open.any():
            notes.append(said)
            return wider
    if len(pool.places) or len(catalogue):
        notes.append("no article may be shown: the rules exclude every one, or none is live")
    else:
        notes.append("there are no articles yet: `PUT /v1/articles/{id}`, or load some and `readership batch-score`")
    return pool


def _newest(pool: Pool, catalogue: Catalogue, asker: Asker, unwanted: Collection[str]) -> Pool:
    live = (catalogue.published <= asker.at_ms) & (asker.at_ms < catalogue.withdrawn)
    places = np.flatnonzero(live)
    places = places[np.argsort(-catalogue.published[places], kind="stable")][:WIDENED]
    kept = [place for place in places.tolist() if catalogue.article(place).article_id not in unwanted]
    score = -np.arange(len(kept), dtype=np.float64)
    return Pool(
        catalogue=catalogue,
        places=np.array(kept, dtype=np.int32),
        score=score,
        relevance=relevance(score),
        source=np.zeros(len(kept), dtype=np.int8),
        because=np.full(len(kept), -1, dtype=np.int32),
        sources=(NEWEST,),
        open=np.ones(len(kept), dtype=bool),
        effects=pool.effects,
    )
