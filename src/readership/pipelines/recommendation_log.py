"""What recommendations are learnt from: articles as they became known, and reads in the order in which they arrived."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.errors import NotEnoughData
from readership.events.consent import bits
from readership.models.recommendation.nouns import Article, Read, Shown
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

SQL = "readership.pipelines.sql.recommendation"
ARTICLES, READS, SHOWN = (read_sql(SQL, name) for name in ("articles", "reads", "shown"))
NOBODY = np.uint64(1) << np.uint64(63)
"""Set in the key of a read whose reader may not be recognised: it is nobody's but its own."""


class Log(NamedTuple):
    """Everything known by `as_of`.

    articles  one a version, by the time at which it was known (`known_ms` [m], rising)
    reads     in order of `received_ms` [n]; `reader` is the reader's key, or the event's own where the reader did not
              agree to be recognised (then or, having agreed, by now any more)
    event     uint64 [n], which read it is
    asks      whether the reader could be recognised when opening it [n]
    person    uint64 [n], whose read it was, for intervals alone
    visit     uint64 [n], in which visit, as `Shown.visit`: by its session, or by its reader where it has none
    shown     what was shown, in order of `shown_received_ms` [k]; none where the log has no impressions
    """

    articles: tuple[Article, ...]
    known_ms: NDArray[np.int64]
    reads: tuple[Read, ...]
    received_ms: NDArray[np.int64]
    event: NDArray[np.uint64]
    asks: NDArray[np.bool_]
    person: NDArray[np.uint64]
    visit: NDArray[np.uint64]
    shown: Shown
    shown_received_ms: NDArray[np.int64]

    @property
    def at_ms(self) -> NDArray[np.int64]:
        """When each read happened [n]."""
        return np.fromiter((read.at_ms for read in self.reads), np.int64, len(self.reads))

    @property
    def has_text(self) -> bool:
        """Whether any article has a title or a text."""
        return any(article.title or article.body for article in self.articles)


def recommendation_log(
    warehouse: Warehouse, settings: Settings, as_of: datetime, snapshot_at: datetime | None = None
) -> Log:
    """Articles and reads known at `as_of` and loaded by `snapshot_at`; NotEnoughData where nobody opened anything."""
    values = {"as_of": as_of, "snapshot_at": snapshot_at or datetime.now(UTC), "brand": settings.brand or ""}
    told = warehouse.frame(ARTICLES, **values)
    opened = warehouse.frame(READS, **values, default_consent=bits(settings.default_consent))
    seen = warehouse.frame(SHOWN, **values)
    if opened.is_empty():
        raise NotEnoughData(
            "no row says that a reader opened an article (`article_view` with an `article_id`), so there is nothing "
            "to recommend from"
        )
    recognised = (opened["learns"] & opened["stays"]).to_numpy().astype(bool)
    event = opened["event"].to_numpy()
    key = np.where(recognised, opened["reader"].to_numpy(), event | NOBODY)
    return Log(
        articles=tuple(_articles(told)),
        known_ms=told["known_ms"].to_numpy(),
        reads=tuple(_reads(opened, key)),
        received_ms=opened["received_ms"].to_numpy(),
        event=event,
        asks=(opened["asks"] & opened["stays"]).to_numpy().astype(bool),
        person=opened["reader"].to_numpy(),
        visit=opened["visit"].to_numpy(),
        shown=_shown(seen),
        shown_received_ms=seen["received_ms"].to_numpy(),
    )


def _articles(told: Any) -> Iterator[Article]:
    for row in told.iter_rows(named=True):
        yield Article(
            article_id=row["article_id"],
            published_ms=row["published_ms"],
            brand=row["brand"],
            category=row["category"],
            author=row["author"],
            article_type=row["article_type"],
            topics=tuple(row["topics"]),
            title=row["title"],
            body=row["body"],
            paywalled=bool(row["paywalled"]),
            withdrawn_ms=row["withdrawn_ms"],
        )


def _shown(seen: Any) -> Shown:
    """The ids of the articles as a few texts that many entries share."""
    names, number = np.unique(seen["article_id"].to_numpy().astype(object), return_inverse=True)
    at_ms = np.minimum(seen["at_ms"].to_numpy(), seen["received_ms"].to_numpy())
    return Shown(at_ms, names[number], seen["position"].to_numpy(), seen["visit"].to_numpy())


def _reads(opened: Any, key: NDArray[np.uint64]) -> Iterator[Read]:
    columns = [opened[name].to_list() for name in ("at_ms", "article_id", "session_id", "brand", "known")]
    for reader, (at_ms, article_id, session_id, brand, known) in zip(
        key.tolist(), zip(*columns, strict=True), strict=True
    ):
        yield Read(at_ms, reader, article_id, session_id, brand, bool(known))
