"""What an article in a slate keeps from standing beside it: enough of one kind, and what must never meet."""

from collections import Counter
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.catalogue import Catalogue
from readership.models.recommendation.fitting import fitting
from readership.models.recommendation.nouns import Article
from readership.models.recommendation.rules import Apart, AtMost, Which, values_of


class Limit(Protocol):
    """One rule over the candidates of one slate."""

    def after(self, chosen: Article) -> Iterator[tuple[int, str, str]]:
        """The candidates that an article just chosen closes, by their number: with the rule, and what it did."""


class Enough:
    """Of a kind there are so many, and no more. `places` [k] are the candidates."""

    def __init__(self, rule: AtMost, catalogue: Catalogue, places: NDArray[np.int32]) -> None:
        self._rule, self._catalogue, self._places = rule, catalogue, places
        self._held: Counter[str] = Counter()

    def after(self, chosen: Article) -> Iterator[tuple[int, str, str]]:
        """See `Limit.after`."""
        for value in values_of(chosen, self._rule.of):
            self._held[value] += 1
            if self._rule.value in ("", value) and self._held[value] >= self._rule.number:
                did = f"{self._rule.number} of {self._rule.of} {value} is enough"
                alike = fitting(Which(**{self._rule.of: value}), self._catalogue, self._places)
                yield from ((k, self._rule.name, did) for k in np.flatnonzero(alike).tolist())


class Rivals:
    """Two values never meet in one slate. `places` [k] are the candidates."""

    def __init__(self, rule: Apart, catalogue: Catalogue, places: NDArray[np.int32]) -> None:
        self._rule, self._catalogue, self._places = rule, catalogue, places

    def after(self, chosen: Article) -> Iterator[tuple[int, str, str]]:
        """See `Limit.after`."""
        mine = {value for value in values_of(chosen, self._rule.of) if value in self._rule.these}
        for other in self._rule.these if mine else ():
            if other not in mine:
                did = f"never together with {chosen.article_id}"
                rivals = fitting(Which(**{self._rule.of: other}), self._catalogue, self._places)
                yield from ((k, self._rule.name, did) for k in np.flatnonzero(rivals).tolist())
