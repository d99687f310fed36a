"""What the editors decide about slates; docs/recommendation.md says what each rule means and what comes first."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from readership.models.recommendation.nouns import Article

ALWAYS = -(2**63), 2**63 - 1
KINDS_OF = ("article", "author", "category", "topic")
MOST_TIMES = 3.0
"""All boosts of an article together multiply its relevance by no more, and never beyond the best candidate's."""
EXPLORED_SLOT = 5
FIELDS = ("pins", "excludes", "boosts", "must_include", "at_most", "ages", "apart")


class When(NamedTuple):
    """Where and when a rule holds: for one brand or every one (""), in [begin_ms, until_ms)."""

    begin_ms: int = ALWAYS[0]
    until_ms: int = ALWAYS[1]
    brand: str = ""

    def holds(self, at_ms: int, brand: str) -> bool:
        """Whether the rule counts for this slate."""
        return self.begin_ms <= at_ms < self.until_ms and self.brand in ("", brand)

    def meets(self, other: "When") -> bool:
        """Whether both can hold for one slate."""
        apart = self.until_ms <= other.begin_ms or other.until_ms <= self.begin_ms
        return not apart and ("" in (self.brand, other.brand) or self.brand == other.brand)


class Which(NamedTuple):
    """Articles by what is said of them; what is empty does not matter, everything else must be so."""

    article: str = ""
    author: str = ""
    category: str = ""
    topic: str = ""

    def fits(self, article: Article) -> bool:
        """Whether this is one of them."""
        return (
            self.article in ("", article.article_id)
            and self.author in ("", article.author)
            and self.category in ("", article.category)
            and (not self.topic or self.topic in article.topics)
        )


class Pin(NamedTuple):
    """This article stands in this slot, counted from 1."""

    name: str
    article: str
    slot: int
    when: When


class Exclude(NamedTuple):
    """None of these articles is shown."""

    name: str
    which: Which
    when: When


class Boost(NamedTuple):
    """The relevance of these articles counts so many times."""

    name: str
    which: Which
    times: float
    when: When


class MustInclude(NamedTuple):
    """This article stands somewhere in the slate until a stated end."""

    name: str
    article: str
    when: When


class AtMost(NamedTuple):
    """A slate holds at most so many articles that share their `of`; with `value` only that one is counted."""

    name: str
    of: str
    number: int
    value: str
    when: When


class Age(NamedTuple):
    """These articles are shown for so many hours after they were published."""

    name: str
    which: Which
    hours: float
    when: When


class Apart(NamedTuple):
    """No slate holds articles of two of these values of `of`."""

    name: str
    of: str
    these: tuple[str, ...]
    when: When


@dataclass(frozen=True)
class Rules:
    """All of them, in the order of the file.

    open_to        tiers that may read what is behind the paywall; None: paywalled articles are shown to everybody
    explored_slot  the slot that is drawn by lot, counted from 1; 0: none is
    """

    pins: tuple[Pin, ...] = ()
    excludes: tuple[Exclude, ...] = ()
    boosts: tuple[Boost, ...] = ()
    must_include: tuple[MustInclude, ...] = ()
    at_most: tuple[AtMost, ...] = ()
    ages: tuple[Age, ...] = ()
    apart: tuple[Apart, ...] = ()
    open_to: frozenset[str] | None = None
    explored_slot: int = EXPLORED_SLOT

    def at(self, at_ms: int, brand: str) -> "Rules":
        """Those that hold for a slate of this moment and brand."""
        held: dict[str, Any] = {
            name: tuple(rule for rule in getattr(self, name) if rule.when.holds(at_ms, brand)) for name in FIELDS
        }
        return replace(self, **held)


def values_of(article: Article, of: str) -> tuple[str, ...]:
    """What an article is by one of `KINDS_OF`.

    >>> values_of(Article("a", 0, category="sport", topics=("football", "cup")), "topic")
    ('football', 'cup')
    """
    if of == "topic":
        return article.topics
    value = article.article_id if of == "article" else getattr(article, of)
    return (value,) if value else ()
