"""What an article in a slate keeps from standing beside it: enough of one kind, and what must never meet."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Protocol

from readership.models.recommendation.nouns import Article
from readership.models.recommendation.rules import Apart, AtMost, values_of


class Limit(Protocol):
    """One rule over the candidates of one slate."""

    def after(self, chosen: Article) -> Iterator[tuple[int, str, str]]:
        """The candidates that an article just chosen closes, by their number: with the rule, and what it did."""


class Enough:
    """Of a kind there are so many, and no more."""

    def __init__(self, rule: AtMost, candidates: Sequence[Article]) -> None:
        self._rule = rule
        self._held: Counter[str] = Counter()
        self._of = _by_value(candidates, rule.of)

    def after(self, chosen: Article) -> Iterator[tuple[int, str, str]]:
        """See `Limit.after`."""
        for value in values_of(chosen, self._rule.of):
            self._held[value] += 1
            if self._rule.value in ("", value) and self._held[value] >= self._rule.number:
                did = f"{self._rule.number} of {self._rule.of} {value} is enough"
                yield from ((k, self._rule.name, did) for k in self._of[value])


class Rivals:
    """Two values never meet in one slate."""

    def __init__(self, rule: Apart, candidates: Sequence[Article]) -> None:
        self._rule = rule
        self._of = _by_value(candidates, rule.of)

    def after(self, chosen: Article) -> Iterator[tuple[int, str, str]]:
        """See `Limit.after`."""
        mine = {value for value in values_of(chosen, self._rule.of) if value in self._rule.these}
        for other in self._rule.these if mine else ():
            if other not in mine:
                did = f"never together with {chosen.article_id}"
                yield from ((k, self._rule.name, did) for k in self._of[other])


def _by_value(candidates: Sequence[Article], of: str) -> dict[str, list[int]]:
    """Which candidates have each value."""
    found: dict[str, list[int]] = defaultdict(list)
    for k, article in enumerate(candidates):
        for value in values_of(article, of):
            found[value].append(k)
    return found
