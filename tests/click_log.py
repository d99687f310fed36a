"""Small logs of impressions, and the counts of them by plain Python: what the SQL of clicks must say."""

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from readership.warehouse import Warehouse

START = datetime(2026, 3, 2, tzinfo=UTC)
LOADED = datetime(2026, 6, 1, tzinfo=UTC)
TICK = timedelta(minutes=10)
TICK_MS = 600_000
RATES = {"front|app|1": 200_000, "front|app|2": 100_000}
USUAL = 50_000


def ms(at: datetime) -> int:
    """Milliseconds since 1970."""
    return round(at.timestamp() * 1000)


@dataclass
class ClickLog:
    """Writes events and articles, and keeps them."""

    warehouse: Warehouse
    events: list[dict[str, Any]] = field(default_factory=list)

    def event(self, kind: str, at: datetime, **fields: Any) -> None:
        """One event of reader 1 and article "a", received when it happened unless told otherwise."""
        row = {
            "event_id": str(UUID(int=len(self.events) + 1)), "event_type": kind, "timestamp": at, "received_at": at,
            "loaded_at": LOADED, "user_id": 1, "article_id": "a", "slate_id": "s", "position": 1,
            "placement": "front", "device_type": "app", "brand": "B", "category": "sport", "article_type": "news",
        }  # fmt: skip
        self.events.append(row | fields)

    def article(self, article_id: str, at: datetime, **fields: Any) -> None:
        """One version of an article, known when it was published."""
        row = {"article_id": article_id, "brand": "B", "category": "sport", "author": "Ada", "title": "One two three"}
        row |= {"topics": ["t1", "t2"], "article_type": "news", "paywalled": 0, "published_at": at, "valid_from": at}
        self._write("articles", [row | {"received_at": at, "loaded_at": LOADED} | fields])

    def write(self) -> None:
        """Put the events into the warehouse."""
        self._write("events", self.events)

    def _write(self, table: str, rows: list[dict[str, Any]]) -> None:
        lines = [json.dumps({name: _plain(value) for name, value in row.items()}) for row in rows]
        for names in {tuple(row) for row in rows}:
            block = "\n".join(line for line, row in zip(lines, rows, strict=True) if tuple(row) == names)
            self.warehouse.raw_insert(table, list(names), block.encode(), "JSONEachRow")


def _plain(value: Any) -> Any:
    return value.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] if isinstance(value, datetime) else value


def random_log(log: ClickLog, seed: int, days: int = 3) -> None:
    """Impressions, clicks and views of a few readers and articles, some received hours later."""
    draw = random.Random(seed)
    for number in range(400):
        at = START + timedelta(milliseconds=draw.randrange(days * 86_400_000))
        late = draw.choice([0, 0, 40, 700, 3_600_000, 20_000_000])
        kind = draw.choice(["article_impression"] * 5 + ["article_click", "article_view"])
        log.event(
            kind, at, received_at=at + timedelta(milliseconds=late), user_id=draw.randrange(1, 5),
            article_id=draw.choice("abc"), position=draw.choice([1, 2, 3]), slate_id=f"s{number}",
            category=draw.choice(["sport", "culture"]), article_type=draw.choice(["news", "video"]),
        )  # fmt: skip
    on_tick = START + timedelta(hours=30)
    log.event("article_click", on_tick, user_id=1)
    log.event("article_click", on_tick - TICK, received_at=on_tick, user_id=2)
    log.event("article_click", on_tick - TICK, received_at=on_tick + timedelta(milliseconds=1), user_id=3)


def counted(log: ClickLog, at_ms: int, since_ms: int = 0, **same: Any) -> tuple[int, int]:
    """Clicks and expected clicks (millionths) known by the last full ten minutes before `at_ms`, of these fields."""
    tick = at_ms // TICK_MS * TICK_MS
    clicks = expected = 0
    for event in log.events:
        known = ms(event["timestamp"]) < tick and ms(event["received_at"]) <= tick
        if not known or ms(event["timestamp"]) < since_ms or any(event[name] != value for name, value in same.items()):
            continue
        clicks += event["event_type"] == "article_click"
        if event["event_type"] == "article_impression":
            place = f"{event['placement']}|{event['device_type']}|{event['position']}"
            expected += RATES.get(place, USUAL)
    return clicks, expected
