"""What arrived, day by day, read from the warehouse and held against what is usual."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import polars as pl

from readership.errors import WarehouseError
from readership.events.consent import bits
from readership.monitoring.data import (
    Calendar,
    freshness,
    lateness,
    new_words,
    quarantined,
    shares,
    volumes,
    word_volumes,
)
from readership.monitoring.measure import GREY, Measure
from readership.monitoring.usual import WEEK, WEEKS
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

SQL = "readership.monitoring.sql"


def watch_data(warehouse: Warehouse, settings: Settings, until: datetime, days: int) -> list[Measure]:
    """Measures of each of the last `days` days, the last of which ends at `until`.

    A day is measured by what was known at its own end, so that measuring it again later gives the same. What one
    statement cannot read is grey; the others are measured all the same.
    """
    calendar = Calendar(until, days + WEEK * WEEKS)
    everybody = {"brand": settings.brand or "", "default_consent": bits(settings.default_consent)}

    def read(name: str, **more: Any) -> pl.DataFrame:
        return warehouse.frame(read_sql(SQL, name), as_of=until, days=len(calendar.ends), **more)

    def of_days() -> Iterator[Measure]:
        held = read("days", **everybody)
        yield from (*volumes(calendar, held), *shares(calendar, held), *freshness(calendar, held))

    def of_words() -> Iterator[Measure]:
        words = read("words", **everybody)
        yield from (*word_volumes(calendar, read("days", **everybody), words), *new_words(calendar, words))

    parts = {
        "events": of_days,
        "new_words": of_words,
        "late": lambda: lateness(calendar, read("arrivals", **everybody)),
        "quarantined": lambda: quarantined(calendar, read("loads")),
    }
    found = [measure for name, part in parts.items() for measure in _or_grey(name, part, until)]
    wanted = set(calendar.ends[-days:])
    return [measure for measure in found if measure.as_of in wanted]


def _or_grey(name: str, part: Callable[[], Iterator[Measure]], until: datetime) -> list[Measure]:
    try:
        return list(part())
    except WarehouseError as error:
        return [Measure(until, "data", name, GREY, reason=f"the warehouse could not answer: {str(error)[:200]}")]
