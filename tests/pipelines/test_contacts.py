"""A simulated world goes on after a campaign: only further days are loaded, those treated are made the offer."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

import polars as pl
import pytest

from readership.errors import InputError
from readership.pipelines import simulate as pipeline
from readership.pipelines.contacts import Contacts, held_contacts, lived_with
from readership.pipelines.making import Asked, ask
from readership.pipelines.simulate import simulate
from readership.pipelines.truth import TABLES, held_world
from readership.settings import Settings
from readership.simulator import Day, World
from readership.simulator import simulate as simulated_days
from readership.warehouse import Warehouse

SHORT, LONG, READERS = 5, 9, 200
START = datetime(2025, 1, 6, tzinfo=UTC)
LATER = START + timedelta(days=SHORT)


@pytest.fixture
def truth(warehouse: Warehouse) -> Iterator[str]:
    """A database of this test's own for the hidden state."""
    name = f"{warehouse.database}_truth"
    yield name
    warehouse.command("DROP DATABASE IF EXISTS {db:Identifier} SYNC", db=name)


def world(days: int, *contacts: Contacts) -> Asked:
    return ask(readers=READERS, days=days, seed=5, contacts=contacts)


def everybody(campaign: str = "all", since: datetime = LATER) -> Contacts:
    """Everybody there will ever be, offered to subscribe and later to stay."""
    return Contacts(campaign, "subscription_offer", since, frozenset(range(100_000, 101_000)))


@cache
def lived(contacts: tuple[Contacts, ...]) -> list[Day]:
    """The long world, made at once."""
    return list(simulated_days(lived_with(World(READERS, LONG, 5), contacts)))


def held(warehouse: Warehouse, truth: str, table: str) -> pl.DataFrame:
    return warehouse.frame("SELECT * FROM {t:Identifier}.{n:Identifier}", t=truth, n=table)


def assert_is(warehouse: Warehouse, truth: str, days: list[Day]) -> None:
    """The warehouse holds these days, each row once."""
    made = pl.concat([pl.Series(day.events["event_id"].to_pylist()) for day in days])
    found = warehouse.frame("SELECT toString(event_id) AS id FROM events")["id"]
    assert found.sort().to_list() == made.sort().to_list()
    for name in ("articles", "subscriptions"):
        number = warehouse.scalar("SELECT count() FROM {t:Identifier}", t=name)
        assert number == sum(len(getattr(day, name)) for day in days)
    for name in set(TABLES) - {"dirt", "dirty_events"}:
        assert held(warehouse, truth, name).height == sum(len(day.truth[name]) for day in days if name in day.truth)
    offers = pl.concat([pl.from_arrow(day.truth["offers"]).select("decision_id", "made", "if_not") for day in days])
    there = held(warehouse, truth, "offers").select("decision_id", "made", "if_not")
    assert there.sort("decision_id").equals(offers.sort("decision_id"))


def test_a_world_that_goes_on_is_the_longer_world(warehouse: Warehouse, settings: Settings, truth: str) -> None:
    first = simulate(warehouse, settings, world(SHORT), truth=truth)
    second = simulate(warehouse, settings, world(LONG), truth=truth)
    assert first["events_loaded"] + second["events_loaded"] == second["events"]
    assert second["events_duplicate"] == 0
    assert_is(warehouse, truth, lived(()))
    assert held_world(warehouse, truth).world == World(READERS, LONG, 5)


def test_those_treated_are_made_the_offer_from_then_on(warehouse: Warehouse, settings: Settings, truth: str) -> None:
    simulate(warehouse, settings, world(SHORT), truth=truth)
    campaign = everybody()
    simulate(warehouse, settings, world(LONG, campaign), truth=truth)
    assert_is(warehouse, truth, lived((campaign,)))
    offers = held(warehouse, truth, "offers").filter(
        (pl.col("experiment") == "subscription_offer") & pl.col("propensity").is_null()
    )
    after = offers.filter(pl.col("timestamp") >= LATER)
    assert after.height > 5
    assert after["made"].all()
    assert not offers.filter(pl.col("timestamp") < LATER)["made"].any()
    assert held_contacts(warehouse, truth) == (campaign,)
    # the same again, named or not, adds nothing; other readers under that name, or a campaign too late, do not pass
    for asked in (world(LONG, campaign), world(LONG)):
        assert simulate(warehouse, settings, asked, truth=truth)["events_loaded"] == 0
    with pytest.raises(InputError, match="campaign all is another list than the one this world lives with"):
        simulate(warehouse, settings, world(LONG, campaign._replace(user_ids=frozenset({1}))), truth=truth)
    with pytest.raises(InputError, match=r"late is of 2025-01-11 00:00, but days up to 2025-01-15 are loaded already"):
        simulate(warehouse, settings, world(LONG + 1, everybody("late")), truth=truth)
    with pytest.raises(InputError, match=r"another simulated world \(.*9 days.*campaign all\)"):
        simulate(warehouse, settings, world(SHORT), truth=truth)
    assert_is(warehouse, truth, lived((campaign,)))


def test_going_on_that_was_interrupted_is_completed(
    warehouse: Warehouse, settings: Settings, truth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate(warehouse, settings, world(SHORT), truth=truth)
    campaign = everybody()
    monkeypatch.setattr(pipeline, "record_world", _interrupted(pipeline.record_world))
    with pytest.raises(KeyboardInterrupt):
        simulate(warehouse, settings, world(LONG, campaign), truth=truth)
    monkeypatch.undo()
    with pytest.raises(InputError, match="late is of"):
        simulate(warehouse, settings, world(LONG, everybody("late")), truth=truth)
    simulate(warehouse, settings, world(LONG), truth=truth)
    assert_is(warehouse, truth, lived((campaign,)))


def _interrupted(real):
    def record(warehouse: Warehouse, truth: str, held: World, state: str) -> None:
        if state == "complete":
            raise KeyboardInterrupt
        real(warehouse, truth, held, state)

    return record


def test_a_soiled_world_does_not_go_on(warehouse: Warehouse, settings: Settings, truth: str) -> None:
    simulate(warehouse, settings, ask(readers=20, days=3, seed=5, dirty=("late",)), truth=truth)
    with pytest.raises(InputError, match="holds another simulated world"):
        simulate(warehouse, settings, ask(readers=20, days=4, seed=5, dirty=("late",)), truth=truth)
