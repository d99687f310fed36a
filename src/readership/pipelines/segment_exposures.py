"""Exposures that the API logged, into the table `exposures`: each once, whatever was read before."""

import json
from collections.abc import Container, Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from readership.events.identity import reader_key
from readership.events.segments import Record
from readership.warehouse import Warehouse, read_sql

SQL = "readership.pipelines.sql.segments"
TOLD_AGAIN_WITHIN = timedelta(days=1)
"""How long after it was stored an exposure is known again; one told later still is stored twice, and counts once."""
_MOMENT = pl.Datetime("ms", "UTC")
_TEXTS = ("unit", "experiment", "variant", "treatment", "decision_id")


def store_exposures(warehouse: Warehouse, records: Sequence[Record], erased: Container[int] = ()) -> int:
    """Store the exposures among these records, none of a reader who was erased; returns how many are new."""
    told = [json.loads(record.text) for record in records if record.kind == "exposure"]
    told = [row for row in told if reader_key(row["unit"]) not in erased]
    if not told:
        return 0
    schema = dict.fromkeys((*_TEXTS, "at"), pl.String) | {"propensity": pl.Float64}
    at = pl.col("at").str.to_datetime("%+", time_unit="ms", time_zone="UTC")
    rows = pl.DataFrame(told, schema=schema).unique("decision_id", keep="first", maintain_order=True).with_columns(at)
    since = rows.select(pl.col("at").min()).item() - TOLD_AGAIN_WITHIN
    there = warehouse.frame(read_sql(SQL, "exposed"), experiments=rows["experiment"].unique().to_list(), since=since)
    new = rows.join(there, on="decision_id", how="anti").with_columns(
        received_at=pl.col("at"), loaded_at=pl.lit(datetime.now(UTC)).cast(_MOMENT)
    )
    if not new.is_empty():
        warehouse.insert("exposures", new.to_arrow())
    return len(new)
