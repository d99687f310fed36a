"""A small publisher for recommendations: two tastes, articles every few hours, readers who open what suits them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from readership.warehouse import Warehouse

T = datetime(2025, 3, 31, tzinfo=UTC)
DAY, HOUR, MS = timedelta(days=1), timedelta(hours=1), timedelta(milliseconds=1)
LOADED = T + DAY
WORDS = {"sport": "match goal team referee stadium", "politics": "vote party minister coalition council"}


class Publisher:
    """Writes rows straight into the tables; what is not said is known at once and agreed to."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.events: list[dict[str, Any]] = []
        self.articles: list[dict[str, Any]] = []

    def opens(self, reader: int, article: str, at: datetime, **columns: Any) -> None:
        """One article opened."""
        row = {"event_id": str(UUID(int=len(self.events) + 1)), "user_id": reader, "article_id": article}
        row |= {"event_type": "article_view", "timestamp": at, "received_at": at, "loaded_at": LOADED, "brand": "b"}
        self.events.append(row | {"consent": 3} | columns)

    def publishes(self, article: str, at: datetime, category: str = "sport", **columns: Any) -> None:
        """One version of an article."""
        row = {"article_id": article, "brand": "b", "category": category, "title": f"{category} {article}"}
        row |= {"published_at": at, "received_at": at, "loaded_at": LOADED, "body": WORDS.get(category, "")}
        self.articles.append(row | columns)

    def write(self) -> Warehouse:
        """All of it, into the warehouse."""
        for table, rows in (("events", self.events), ("articles", self.articles)):
            names = list(dict.fromkeys(name for row in rows for name in row))
            lines = (json.dumps({name: row.get(name) for name in names}, default=_text) for row in rows)
            if rows:
                self.warehouse.raw_insert(table, names, "\n".join(lines).encode(), "JSONEachRow")
        return self.warehouse


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def world(warehouse: Warehouse, days: int = 24, readers: int = 40, seed: int = 3) -> Warehouse:
    """Readers 1 … open what is new in their category, more than what is not; articles appear every three hours."""
    rng, publisher = np.random.default_rng(seed), Publisher(warehouse)
    first = T - days * DAY
    newest: dict[str, list[str]] = {"sport": [], "politics": []}
    for hour in range(24 * days):
        at = first + hour * HOUR
        if hour % 3 == 0:
            for category in WORDS:
                name = f"{category}-{hour}"
                publisher.publishes(name, at, category)
                newest[category].append(name)
        for reader in rng.choice(readers, 4, replace=False).tolist():
            taste = "sport" if (reader % 2 == 0) == (rng.random() < 0.9) else "politics"
            back = min(len(newest[taste]), 1 + int(rng.geometric(0.6)))
            when = at + float(rng.uniform(1, 59)) * HOUR / 60
            tier = {"subscription_tier": "free"} if reader < readers // 2 else {}
            publisher.opens(reader + 1, newest[taste][-back], when, **tier)
    return publisher.write()
