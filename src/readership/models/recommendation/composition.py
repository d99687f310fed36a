"""A slate as it is shown: the ranking, the rules of the editors, diversity, and one slot by lot.

What comes before what is stated in docs/recommendation.md; the order of the code below is that order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from readership.models.recommendation.catalogue import Catalogue
from readership.models.recommendation.eligible import (
    Effect,
    Pool,
    Wanted,
    Wish,
    filter_pool,
    lift,
    pool_of,
    wanted_by_editors,
    widened,
)
from readership.models.recommendation.exploration import chances, draw
from readership.models.recommendation.limits import Enough, Limit, Rivals
from readership.models.recommendation.nouns import Article, Asker, Ranked
from readership.models.recommendation.reasons import BY_EDITORS, BY_LOT, reason
from readership.models.recommendation.rules import Rules
from readership.models.recommendation.slate import Mix, Topics

READS = 50
"""Newest reads of the asker whose topics count as theirs."""


class Item(NamedTuple):
    """One article of a slate.

    slot        counted from 1
    score       margin of the ranker; nan for what the editors put there from beyond the ranking
    source      what speaks for it: one of `SOURCES`, or of those in `reasons`
    propensity  with which it was drawn, None where it was not drawn
    rule        the rule that put it there or lifted it, None where none did
    """

    slot: int
    article: Article
    score: float
    source: str
    reason: str
    because: str | None = None
    propensity: float | None = None
    rule: str | None = None


@dataclass(frozen=True)
class Slate:
    """What is shown, what was not kept of the wishes (in words), and what the rules did.

    chance  probability of each candidate of the slot by lot, in `drawn_from`; empty where nothing was drawn
    """

    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    drawn_from: tuple[str, ...] = ()
    chance: tuple[float, ...] = ()


def compose(ranked: Ranked, catalogue: Catalogue, asker: Asker, wish: Wish, rules: Rules) -> Slate:
    """The slate for `asker`. `ranked` holds nothing that they have read; empty where there is nothing to show."""
    held = rules.at(asker.at_ms, asker.brand)
    notes: list[str] = []
    pool = pool_of(ranked, catalogue)
    filter_pool(pool, held, asker, wish)
    shown = wanted_by_editors(held, catalogue, asker, wish, pool.effects)
    if not pool.open.any() and not shown:
        pool = widened(pool, catalogue, asker, wish, held, notes)
    lift(pool, held)
    return _Filling(pool, catalogue, asker, wish, held, shown).slate(notes)


class _Filling:
    """Fills the slots: the editors' first, then the best of what is left, then the one by lot."""

    def __init__(
        self, pool: Pool, catalogue: Catalogue, asker: Asker, wish: Wish, rules: Rules, shown: Sequence[Wanted]
    ) -> None:
        self.pool, self.asker, self.wish, self.rules, self.shown = pool, asker, wish, rules, shown
        self.catalogue = catalogue
        self.places = np.concatenate([pool.places, np.array([one.place for one in shown], dtype=np.int32)])
        read = [place for name, _ in asker.history[-READS:] if (place := catalogue.place(name)) is not None]
        ranked = np.concatenate([pool.relevance, np.zeros(len(shown))])
        self.mix = Mix(
            ranked, catalogue.vectors[self.places], Topics(catalogue, self.places, np.array(read, dtype=np.int32))
        )
        self.slots: list[Item | None] = [None] * wish.n
        self.limits: list[Limit] = [
            *(Enough(rule, catalogue, self.places) for rule in rules.at_most),
            *(Rivals(rule, catalogue, self.places) for rule in rules.apart),
        ]
        self.free = np.concatenate([pool.open, np.zeros(len(shown), dtype=bool)])

    def slate(self, notes: list[str]) -> Slate:
        """All slots that can be filled, without gaps."""
        self._editors()
        by_lot = self.rules.explored_slot - 1
        for slot in range(self.wish.n):
            if self.slots[slot] is None and slot != by_lot and self.free.any():
                value = self.mix.value()
                value[~self.free] = -np.inf
                best = int(value.argmax())
                because = int(self.pool.because[best])
                source = self.pool.sources[self.pool.source[best]]
                self._place(slot, best, source, self.catalogue.article(because) if because >= 0 else None, None)
        drawn_from, chance = self._lot(by_lot)
        items = [item for item in self.slots if item is not None]
        if len(items) < self.wish.n and items:
            notes.append(f"{len(items)} of {self.wish.n} slots could be filled")
        moved = tuple(item._replace(slot=place) for place, item in enumerate(items, 1))
        return Slate(moved, tuple(notes), tuple(self.pool.effects), drawn_from, chance)

    def _article(self, k: int) -> Article:
        return self.catalogue.article(int(self.places[k]))

    def _editors(self) -> None:
        for one in sorted(self.shown, key=lambda one: one.slot == 0):
            slot = one.slot - 1 if one.slot else next((n for n, item in enumerate(self.slots) if item is None), None)
            if slot is None:
                self.pool.effects.append(Effect(one.rule, "not shown: every slot is pinned", one.article.article_id))
                continue
            k = len(self.pool.places) + self.shown.index(one)
            did = f"pinned to slot {slot + 1}" if one.slot else f"included in slot {slot + 1}"
            self.pool.effects.append(Effect(one.rule, did, one.article.article_id))
            self._place(slot, k, BY_EDITORS, None, None, one.rule)

    def _lot(self, slot: int) -> tuple[tuple[str, ...], tuple[float, ...]]:
        """Draw the slot that is left to chance, unless an editor filled it."""
        if not 0 <= slot < self.wish.n or self.slots[slot] is not None or not self.free.any():
            return (), ()
        eligible = np.flatnonzero(self.free)
        chance = chances(self.pool.relevance[eligible])
        drawn = draw(self.wish.decision_id, chance)
        ids = self.catalogue.ids(self.places[eligible])
        self._place(slot, int(eligible[drawn.chosen]), BY_LOT, None, drawn.propensity)
        return ids, tuple(chance.tolist())

    def _place(
        self, slot: int, k: int, source: str, because: Article | None, propensity: float | None, rule: str | None = None
    ) -> None:
        article = self._article(k)
        ranked = k < len(self.pool.places)
        self.slots[slot] = Item(
            slot=slot + 1,
            article=article,
            score=float(self.pool.score[k]) if ranked else float("nan"),
            source=source,
            reason=reason(article, source, because, self.asker),
            because=because.article_id if because else None,
            propensity=propensity,
            rule=rule or self.pool.lifted.get(k),
        )
        self.mix.add(k)
        self.free[self.places == self.places[k]] = False
        for limit in self.limits:
            self._close(limit.after(article))

    def _close(self, closed: Iterable[tuple[int, str, str]]) -> None:
        """Leave out candidates that a limit closes, and say why."""
        for k, rule, did in closed:
            if self.free[k]:
                self.free[k] = False
                self.pool.effects.append(Effect(rule, did, self._article(k).article_id))
