"""What is paid for as of a moment, and what an offer would do by the simulator's own state."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from readership.pipelines.impact_learning import EFFECTS
from readership.pipelines.making import Asked
from readership.pipelines.simulate import simulate
from readership.pipelines.truth import TRUTH
from readership.simulator import World
from readership.simulator import parameters as p
from readership.warehouse import read_sql

AS_OF = datetime(2025, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def paid_for(warehouse, rows) -> list[tuple]:
    names = ("user_id", "period_start", "period_end", "received_at")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names), orient="row").with_columns(
        pl.col("user_id").cast(pl.UInt64),
        pl.col(names[1:]).cast(pl.Datetime("ms", "UTC")),
        plan=pl.lit("premium_monthly"),
        price_eur=pl.lit(9.9),
        reason=pl.lit(""),
        loaded_at=pl.lit(AS_OF + 9 * DAY).cast(pl.Datetime("ms", "UTC")),
    )
    warehouse.insert("subscriptions", frame.to_arrow())
    return warehouse.rows(read_sql("readership.pipelines.sql.impact", "paid_for"), as_of=AS_OF)


def test_periods_that_were_known_and_reach_beyond_the_moment(warehouse) -> None:
    rows = [
        (1, AS_OF - 9 * DAY, AS_OF + 21 * DAY, AS_OF),  # known at that very moment
        (1, AS_OF - 9 * DAY, AS_OF + 21 * DAY, AS_OF - DAY),  # written down twice
        (2, AS_OF - 9 * DAY, AS_OF + 21 * DAY, AS_OF + timedelta(milliseconds=1)),  # known later
        (3, AS_OF, AS_OF + 30 * DAY, AS_OF),  # begins exactly then
        (4, AS_OF - 30 * DAY, AS_OF, AS_OF - 30 * DAY),  # ends exactly then
    ]
    found = paid_for(warehouse, rows)
    assert [(user, plan, price) for user, plan, price, *_ in found] == [(1, "premium_monthly", 9.9)]


@pytest.fixture
def no_world_left(warehouse) -> Iterator[None]:
    """The truth lies in a database of its own, which the next test must not find."""
    yield
    warehouse.command("DROP DATABASE IF EXISTS {db:Identifier} SYNC", db=TRUTH)


@pytest.mark.usefixtures("no_world_left")
def test_true_effects_of_offers_go_by_how_readers_respond(warehouse, settings) -> None:
    world = World(400, 2, 3)
    simulate(warehouse, settings, Asked(world))
    readers = warehouse.frame("SELECT user_id, offer_type, retention_type FROM truth.readers")
    for decision, response in (("retention", "retention_type"), ("offer", "offer_type")):
        sql = read_sql("readership.pipelines.sql.truth", EFFECTS[decision])
        found = warehouse.frame(sql, truth=TRUTH, as_of=world.end - DAY).join(readers, on="user_id")
        mean = found.group_by(response).agg(pl.col("effect").mean()).sort(response)["effect"].to_list()
        assert len(found) > 20
        assert mean[p.PERSUADABLE] == max(mean)
        assert min(mean) == mean[p.SLEEPING_DOG] if decision == "retention" else min(mean) >= 0
        assert decision == "offer" or (mean[p.SURE_THING] == 0 and mean[p.SLEEPING_DOG] < 0)
