"""The best that is possible, where the warehouse holds a simulated world and its truth."""

from datetime import datetime

import polars as pl

from readership.pipelines.truth import SQL, TRUTH, HeldWorld, held_world
from readership.simulator import churn_probability
from readership.simulator.parameters import VERSION
from readership.warehouse import Warehouse, read_sql


def churn_oracle(
    warehouse: Warehouse, reader_as_of: pl.DataFrame, horizon_days: int, truth: str = TRUTH
) -> pl.DataFrame | None:
    """P(no session in [as_of, as_of + horizon_days)) from the full hidden state at as_of, for each row asked.

    reader_as_of   columns user_id (UInt64) and as_of (UTC); rows of no registered simulated reader are left out
    truth          the database of the hidden state

    Returns user_id, as_of, probability in the order asked; None where the warehouse holds no truth, or one
    made by other rules than this version's.
    """
    held = held_world(warehouse, truth)
    if held is None or not held.complete or held.version != VERSION:
        return None
    found = [
        _at(warehouse, held, as_of, horizon_days, truth).with_columns(
            pl.lit(as_of).cast(reader_as_of.schema["as_of"]).alias("as_of")
        )
        for as_of in reader_as_of["as_of"].unique().sort()
    ]
    if not found:
        return reader_as_of.select("user_id", "as_of", pl.lit(None, pl.Float64).alias("probability"))
    return reader_as_of.select("user_id", "as_of").join(
        pl.concat(found), on=["user_id", "as_of"], how="inner", maintain_order="left"
    )


def _at(warehouse: Warehouse, held: HeldWorld, as_of: datetime, horizon_days: int, truth: str) -> pl.DataFrame:
    """The probability of every registered reader at one cut-off within the world; no rows outside it."""
    levels = warehouse.rows(read_sql(SQL, "news_level"), truth=truth, as_of=as_of)
    if not levels:
        return pl.DataFrame(schema={"user_id": pl.UInt64, "probability": pl.Float64})
    return churn_probability(
        warehouse.frame(read_sql(SQL, "states"), truth=truth, as_of=as_of),
        warehouse.frame(read_sql(SQL, "visits"), truth=truth, as_of=as_of),
        as_of,
        horizon_days,
        held.world.start.date(),
        levels[0][0],
    )
