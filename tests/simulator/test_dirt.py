"""Dirt is drawn by what it hits, so it falls the same way however a world is cut; and all of it is written down."""

from datetime import timedelta
from functools import cache

import polars as pl
import pyarrow as pa
import pytest

from readership.simulator import Day, World, batches, dirt, simulate
from readership.simulator.words import BRANDS

WORLD = World(readers=700, days=20, seed=3)
EACH = [(kind,) for kind in dirt.KINDS]


def frame(tables: list[pa.Table]) -> pl.DataFrame:
    """The tables as one frame, words as plain text; a column that some lack is null there."""
    parts = [pl.from_arrow(table).with_columns(pl.col(pl.Categorical).cast(pl.String)) for table in tables]
    return pl.concat(parts, how="diagonal_relaxed")


@cache
def clean() -> pl.DataFrame:
    return frame([day.events for day in simulate(WORLD)])


@cache
def soiled(kinds: tuple[str, ...]) -> list[Day]:
    return list(dirt.soil(simulate(WORLD), WORLD, kinds, BRANDS))


def log(kinds: tuple[str, ...]) -> pl.DataFrame:
    return frame([day.events for day in soiled(kinds)])


def ledger(kinds: tuple[str, ...]) -> pl.DataFrame:
    return frame([day.truth["dirt"] for day in soiled(kinds)])


def listed(kind: str, kinds: tuple[str, ...] | None = None) -> pl.DataFrame:
    return frame([day.truth["dirty_events"] for day in soiled(kinds or (kind,))]).filter(pl.col("kind") == kind)


def joined(kind: str) -> pl.DataFrame:
    """The events that a kind of dirt is said to have hit, beside what they would have been."""
    return log((kind,)).join(listed(kind), on="event_id", suffix="_clean")


@pytest.mark.parametrize("kinds", [*EACH, dirt.KINDS], ids=",".join)
@pytest.mark.parametrize("rows", [1, 5000])
def test_the_same_dirt_for_any_batch_size(kinds: tuple[str, ...], rows: int) -> None:
    again = dirt.soil(simulate(WORLD), WORLD, kinds, BRANDS)
    assert frame(list(batches((day.events for day in again), rows))).equals(log(kinds))


def test_another_seed_soils_otherwise() -> None:
    other = World(readers=700, days=20, seed=4)
    assert dirt.outage(other, BRANDS) != dirt.outage(WORLD, BRANDS)


@pytest.mark.parametrize("kinds", [*EACH, dirt.KINDS], ids=",".join)
def test_the_ledger_accounts_for_every_row(kinds: tuple[str, ...]) -> None:
    """What arrives = the clean world + added + copies - lost, where every copy of an event is a row of its own."""
    rows, sums = log(kinds), ledger(kinds).select(pl.sum("added", "lost")).row(0)
    copies = len(listed("duplicates", kinds))
    assert len(rows) == len(clean()) + sums[0] - sums[1] + copies
    assert rows["event_id"].n_unique() == len(rows) - copies


@pytest.mark.parametrize("kind", ["late", "duplicates", "skew", "malformed", "outage"])
def test_what_is_not_listed_is_as_it_was(kind: str) -> None:
    kept = log((kind,)).join(listed(kind), on="event_id", how="anti").sort("event_id")
    expected = clean().join(listed(kind), on="event_id", how="anti").sort("event_id")
    assert kept.equals(expected)
    assert 0 < len(listed(kind)) < len(clean()) / 5


def test_late_events_come_late_by_a_heavy_tail_and_in_the_order_of_arrival() -> None:
    hit = joined("late")
    delay = (hit["received_at"] - hit["received_at_clean"]).dt.total_seconds()
    assert (hit["timestamp"] == hit["timestamp_clean"]).all()
    assert delay.min() > 0
    assert delay.median() > 120
    assert delay.max() > 3600
    assert delay.max() <= 15 * 86_400
    assert hit["received_at"].max() < WORLD.end
    never = ledger(("late",)).filter(pl.col("what") == "received after the world's end")["lost"].sum()
    assert len(listed("late")) == len(hit) + never
    for number, day in enumerate(soiled(("late",))[:-1]):
        received = pl.from_arrow(day.events)["received_at"]
        assert received.is_sorted()
        assert received.max() < WORLD.start + timedelta(days=number + 1)


def test_a_duplicate_is_the_same_event_received_later() -> None:
    rows = log(("duplicates",)).join(listed("duplicates").select("event_id"), on="event_id", how="semi")
    pairs = (
        rows.sort("event_id", "received_at").group_by("event_id", maintain_order=True).agg("received_at", "timestamp")
    )
    assert len(rows) == 2 * len(pairs) == 2 * len(listed("duplicates"))
    assert all(first < second for first, second in pairs["received_at"])
    assert all(first == second for first, second in pairs["timestamp"])


def test_bots_read_at_a_rate_no_person_does() -> None:
    named = ledger(("bots",))
    machines = log(("bots",)).join(clean(), on="event_id", how="anti")
    assert len(machines) == named["added"].sum() > 0
    assert set("device:" + machines["device_id"]) == set(named["what"])
    assert machines["user_id"].is_null().all()
    a_day = machines.group_by("device_id", pl.col("timestamp").dt.date()).len()["len"]
    people = clean().filter(pl.col("event_type") == "article_view")
    assert a_day.min() > people.group_by("device_id", pl.col("timestamp").dt.date()).len()["len"].max()


def test_nothing_of_the_brand_is_recorded_in_an_outage() -> None:
    down = dirt.outage(WORLD, BRANDS)
    within = (
        (pl.col("timestamp") >= down.starts_at) & (pl.col("timestamp") < down.ends_at) & (pl.col("brand") == down.brand)
    )
    assert timedelta(hours=6) <= down.ends_at - down.starts_at <= timedelta(hours=30)
    assert clean().filter(within)["event_id"].sort().equals(listed("outage")["event_id"].sort())
    assert log(("outage",)).filter(within).is_empty()
    assert down.table().to_pylist()[0]["brand"] == down.brand


def test_a_wrong_clock_shifts_all_that_a_device_reports() -> None:
    hit = joined("skew").with_columns((pl.col("timestamp") - pl.col("timestamp_clean")).alias("off"))
    assert hit.group_by("device_id").agg(pl.col("off").n_unique())["off"].max() == 1
    assert (hit["received_at"] == hit["received_at_clean"]).all()
    future = hit.filter(pl.col("timestamp") > pl.col("received_at") + timedelta(minutes=10))
    assert len(future) == ledger(("skew",))["quarantined"].sum()


def test_a_malformed_row_lacks_what_its_truth_says() -> None:
    hit, named = joined("malformed"), ledger(("malformed",))
    spoiled = {
        "user_id": pl.col("user_id").is_null() & pl.col("device_id").is_null(),
        "event_type": pl.col("event_type").is_null(),
        "timestamp": pl.col("timestamp").is_null(),
        "scroll_depth": pl.col("scroll_depth") > 100,
        "consent": pl.col("consent") > 15,
    }
    counts = {name: len(hit.filter(expression)) for name, expression in spoiled.items()}
    assert counts == dict(named.group_by("what").agg(pl.sum("quarantined")).iter_rows())
    assert len(hit) == named["rows"].sum()


def test_from_one_day_on_the_tracker_names_and_types_fields_otherwise() -> None:
    change = dirt.change_day(WORLD)
    for day in soiled(("schema",)):
        names = day.events.schema.names
        assert ("dwell" in names) == ("time_on_page" not in names) == (day.date >= change)
        assert (day.events.schema.field("results_count").type == pa.string()) == (day.date >= change)
    rows = dict(ledger(("schema",)).group_by("what").agg(pl.sum("rows")).iter_rows())
    after = clean().filter(pl.col("received_at").dt.date() >= change)
    assert rows["time_on_page is called dwell"] == after["time_on_page"].count()
    assert rows["results_count is a text"] == after["results_count"].count()


def test_a_day_without_events_is_soiled_too() -> None:
    tiny = World(readers=1, days=6, seed=2)
    assert len(list(dirt.soil(simulate(tiny), tiny, dirt.KINDS, BRANDS))) == 6


def test_an_unknown_kind_is_named_with_those_there_are() -> None:
    with pytest.raises(
        ValueError, match="'rust' is no kind of dirt; there are late, duplicates, bots, skew, malformed"
    ):
        dirt.kinds(["late", "rust"])
