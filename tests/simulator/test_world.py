"""A world is the same whenever and however it is made, and its log makes sense event by event."""

import tracemalloc
from datetime import UTC, datetime, timedelta

import polars as pl
import pyarrow as pa
import pytest

from readership.events.fields import EVENT_FIELDS, EVENT_TYPES, FIELDS
from readership.simulator import World, batches, simulate
from readership.simulator.events import SCHEMA

SMALL = World(readers=150, days=12, seed=3)


def _bytes(tables: list[pa.Table]) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, tables[0].schema) as stream:
        stream.write_table(pa.concat_tables(tables).combine_chunks())
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("rows", [1, 700, 10**9])
def test_same_seed_same_bytes_for_any_batch_size(rows: int) -> None:
    whole = [day.events for day in simulate(SMALL)]
    assert _bytes(list(batches((day.events for day in simulate(SMALL)), rows))) == _bytes(whole)


def test_the_truth_and_the_articles_are_the_same_too() -> None:
    for first, second in zip(simulate(SMALL), simulate(SMALL), strict=True):
        assert first.articles.equals(second.articles)
        assert first.subscriptions.equals(second.subscriptions)
        assert all(table.equals(second.truth[name]) for name, table in first.truth.items())


def test_another_seed_is_another_world() -> None:
    other = World(readers=150, days=12, seed=4)
    ids = {event for day in simulate(SMALL) for event in day.events["event_id"].to_pylist()}
    assert not ids & {event for day in simulate(other) for event in day.events["event_id"].to_pylist()}


def test_a_longer_world_begins_like_the_shorter_one() -> None:
    longer = simulate(World(readers=150, days=20, seed=3))
    for short, long in zip(simulate(SMALL), longer, strict=False):
        assert short.events.equals(long.events)
        assert short.articles.equals(long.articles)


def test_memory_does_not_grow_with_the_days() -> None:
    days = simulate(World(readers=150, days=90, seed=3))
    for _ in range(20):
        next(days)
    tracemalloc.start()
    allocated = pa.total_allocated_bytes()
    for _ in range(60):
        next(days)
    grown = tracemalloc.get_traced_memory()[0] + pa.total_allocated_bytes() - allocated
    tracemalloc.stop()
    assert grown < 1.5 * 2**20


def test_a_world_of_one_reader_and_one_day() -> None:
    for seed in range(8):
        (day,) = simulate(World(readers=1, days=1, seed=seed))
        assert day.events.schema == SCHEMA
        assert len(day.articles) > 50


@pytest.mark.parametrize(
    ("readers", "days", "start", "message"),
    [
        (0, 5, datetime(2025, 1, 6, tzinfo=UTC), "needs readers and days, not 0 and 5"),
        (5, -1, datetime(2025, 1, 6, tzinfo=UTC), "needs readers and days, not 5 and -1"),
        (5, 5, datetime(2025, 1, 6, 3, tzinfo=UTC), "starts at midnight UTC"),
        (5, 5, datetime(2025, 1, 6), "starts at midnight UTC"),
    ],
)
def test_a_world_that_cannot_be_is_refused(readers: int, days: int, start: datetime, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        World(readers, days, 7, start)


def test_events_are_the_contracts(lived) -> None:
    assert set(lived.events.columns) <= set(FIELDS)
    assert set(lived.events["event_type"].unique()) <= set(EVENT_TYPES)
    assert {"user_id", "device_id", "session_id", "consent"} <= set(lived.events.columns) & set(EVENT_FIELDS)
    assert lived.events["event_id"].n_unique() == len(lived.events)
    assert lived.events["device_id"].null_count() == 0


def test_events_lie_within_the_world_and_are_known_after_they_happen(lived) -> None:
    assert lived.events["timestamp"].min() >= lived.world.start
    assert lived.events["timestamp"].max() < lived.world.end + timedelta(hours=4)
    assert (lived.events["received_at"] > lived.events["timestamp"]).all()


def test_a_session_belongs_to_one_reader_and_one_day(lived) -> None:
    whose = pl.col("user_id").fill_null(pl.col("device_id"))
    assert lived.events.group_by("session_id").agg(whose.n_unique().alias("n"))["n"].max() == 1
    days = [set(day.events["session_id"].to_pylist()) for day in lived.days]
    assert sum(map(len, days)) == len(set().union(*days))


def test_nothing_is_read_before_it_is_published(lived) -> None:
    read = lived.events.filter(pl.col("article_id").is_not_null()).join(lived.articles, on="article_id", how="left")
    assert read["published_at"].null_count() == 0
    views = read.filter(pl.col("event_type") == "article_view")
    assert (views["timestamp"] >= views["published_at"]).all()
    assert (views["category"] == views["category_right"]).all()


def test_readers_register_once_and_carry_their_id_from_then_on(lived) -> None:
    registered = lived.events.filter(pl.col("event_type") == "registration")
    assert len(registered) > 50
    assert registered["user_id"].n_unique() == len(registered)
    known = lived.events.filter(pl.col("user_id").is_not_null())
    assert known["subscription_tier"].is_in(["free", "premium", "pro", "enterprise"]).all()
    anonymous = lived.events.filter(pl.col("user_id").is_null())
    assert anonymous["subscription_tier"].unique().to_list() == [""]


def test_consent_is_stated_with_every_session(lived) -> None:
    stated = lived.events.group_by("session_id").agg(pl.col("consent").drop_nulls())
    assert stated["consent"].list.len().unique().to_list() == [1]
    assert set(stated["consent"].explode().unique()) <= {1, 3, 15}


def test_engagement_goes_with_the_event_it_measures(lived) -> None:
    carries = lived.events.filter(pl.col("time_on_page").is_not_null())["event_type"].unique().to_list()
    assert carries == ["scroll"]
    paying = pl.col("subscription_tier").is_in(["premium", "pro", "enterprise"])
    ads = lived.events.filter(pl.col("event_type") == "ad_impression")
    assert ads.filter(paying).is_empty()
    assert ads["ad_revenue"].min() > 0


def test_paid_periods_follow_one_another(lived) -> None:
    periods = lived.subscriptions.filter(pl.col("reason") == "").sort("user_id", "period_start")
    assert (periods["period_end"] > periods["period_start"]).all()
    after = periods.with_columns(before=pl.col("period_end").shift().over("user_id")).drop_nulls("before")
    assert (after["period_start"] >= after["before"]).all()
    lost = lived.subscriptions.filter(pl.col("reason") != "")
    assert (lost["cancelled_at"] == lost["received_at"]).all()
    renewed_after_cancelling = lost.join(periods, on="user_id", suffix="_next").filter(
        (pl.col("period_start_next") == pl.col("period_end")) & (pl.col("received_at_next") >= pl.col("received_at"))
    )
    assert renewed_after_cancelling.is_empty()


def test_billing_leaves_no_event_outside_a_visit(lived) -> None:
    notices = lived.events.filter(pl.col("event_type").is_in(["subscription_renewal", "payment_failed"]))
    beside = lived.events.filter(~pl.col("event_type").is_in(["subscription_renewal", "payment_failed"]))
    assert len(notices) > 20
    assert notices["session_id"].is_in(beside["session_id"].unique().implode()).all()
