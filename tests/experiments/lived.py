"""Events and exposures of a few units, written straight into the tables."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from readership.warehouse import Warehouse

START = datetime(2026, 3, 2, tzinfo=UTC)
MOMENT = pl.Datetime("ms", "UTC")
TIMES = ("at", "timestamp", "received_at", "loaded_at")


def day(days: float) -> datetime:
    """So many days after the start of the trial."""
    return START + timedelta(days=days)


def event(user: int, days: float, kind: str = "article_view", seconds: float = 0, **more: Any) -> dict[str, Any]:
    """One event, so many days after the start, known at once."""
    at = day(days)
    found = {"user_id": user, "event_type": kind, "engaged_ms": int(1000 * seconds), "timestamp": at}
    return found | {"received_at": at, "loaded_at": at} | more


def exposure(unit: object, days: float, variant: str, **more: Any) -> dict[str, Any]:
    """One exposure to the trial, so many days after its start, known at once."""
    at = day(days)
    found = {"unit": str(unit), "experiment": "home-hybrid", "variant": variant, "at": at}
    return found | {"received_at": at, "loaded_at": at} | more


def write_rows(warehouse: Warehouse, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Append rows of a table, whatever columns they have."""
    frame = pl.DataFrame(list(rows), infer_schema_length=None)
    times = [name for name in TIMES if name in frame.columns]
    ids = [name for name in ("user_id",) if name in frame.columns]
    warehouse.insert(table, frame.with_columns(pl.col(times).cast(MOMENT), pl.col(ids).cast(pl.UInt64)).to_arrow())
