"""The table `measures`: written as measured, read as last measured."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime

import polars as pl

from readership.monitoring.measure import Measure
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

NAMES = tuple(field.name for field in fields(Measure))
NUMBERS = ("value", "low", "high", "usual_low", "usual_high")


def save_measures(warehouse: Warehouse, settings: Settings, measures: Sequence[Measure]) -> None:
    """Append what was measured; of a time measured before, this takes the place."""
    if not measures:
        return
    at = datetime.now(UTC)
    frame = pl.DataFrame(
        [asdict(measure) for measure in measures],
        schema_overrides=dict.fromkeys(NUMBERS, pl.Float64),
        infer_schema_length=None,
    ).with_columns(
        pl.col("as_of").dt.cast_time_unit("ms"),
        pl.col("rows", "readers").cast(pl.UInt64),
        pl.col(NUMBERS).fill_nan(None),
        brand=pl.lit(settings.brand or ""),
        measured_at=pl.lit(at).dt.cast_time_unit("ms"),
    )
    warehouse.insert("measures", frame.to_arrow())


def read_measures(warehouse: Warehouse, settings: Settings, since: datetime, until: datetime) -> list[Measure]:
    """Everything measured of [since, until], each time as it was last measured, in order of time within a part."""
    sql = read_sql("readership.monitoring.sql", "measures")
    frame = warehouse.frame(sql, brand=settings.brand or "", since=since, until=until)
    columns = [pl.col("as_of").dt.cast_time_unit("us").dt.convert_time_zone("UTC")]
    rows = frame.with_columns(columns).select(NAMES).rows(named=True)
    return [Measure(**{**row, "as_of": row["as_of"].replace(tzinfo=UTC)}) for row in rows]
