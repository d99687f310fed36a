"""Policies plug in: they see what a publisher could, twin worlds share all other draws, learners learn by ticks."""

import numpy as np
import polars as pl
import pytest
from lived_world import live

from readership.simulator import Contacted, Policies, World, simulate
from readership.simulator import parameters as p
from readership.simulator.policies import TICK_MS, AdBatch, OfferBatch, SlateBatch, by_bid, editors_choice

SIZE = {"readers": 400, "days": 6, "seed": 9}


def _heaviest(batch: SlateBatch) -> np.ndarray:
    """The heaviest articles, in order: no chance in it."""
    columns = np.tile(np.arange(batch.places), (len(batch.key), 1))
    return np.where(np.take_along_axis(batch.weight, columns, axis=1) > 0, columns, -1)


def _first_ad(batch: AdBatch) -> np.ndarray:
    return np.zeros(len(batch.key), dtype=np.int64)


class _Remembering:
    """Chooses as `by_bid` does, and writes down what it was asked and told."""

    def __init__(self, every: int) -> None:
        self.every, self.asked, self.told = every, [], []

    def __call__(self, batch: AdBatch) -> np.ndarray:
        self.asked.append(batch)
        return by_bid(batch)

    def learn(self, batch: AdBatch, answer: np.ndarray, outcome: np.ndarray) -> None:
        self.told.append((len(batch.key), len(answer), outcome))


def test_twin_worlds_share_every_draw_the_policy_does_not_touch() -> None:
    plain, twin = (live(World(**SIZE, policies=policies)) for policies in (Policies(), Policies(ad=_first_ad)))
    for kind in ("article_impression", "article_view", "scroll", "subscription_prompt"):
        one, other = (world.events.filter(pl.col("event_type") == kind).drop("received_at") for world in (plain, twin))
        assert one.equals(other)
    ads = twin.events.filter((pl.col("event_type") == "ad_impression") & pl.col("experiment").is_null())
    assert ads["ad_id"].unique().to_list() == ["ad-000"]


def test_another_slate_policy_leaves_the_first_day_s_visits_and_changes_what_is_read() -> None:
    plain, twin = (
        next(iter(simulate(World(**SIZE, policies=policies)))) for policies in (Policies(), Policies(slate=_heaviest))
    )
    for name in ("user_id", "session_start", "session_id"):
        assert plain.truth["visits"][name].equals(twin.truth["visits"][name])
    assert not plain.truth["impressions"]["article_id"].equals(twin.truth["impressions"]["article_id"])


def test_an_article_shown_at_the_same_place_by_two_policies_is_clicked_in_both_or_in_none() -> None:
    plain, twin = (live(World(**SIZE, policies=policies)) for policies in (Policies(), Policies(slate=_heaviest)))
    first = plain.world.start.date()
    keys = ["slate_id", "article_id", "position"]
    clicked = []
    for world in (plain, twin):
        events = world.events.filter((pl.col("timestamp").dt.date() == first) & (pl.col("placement") == "front"))
        clicks = events.filter(pl.col("event_type") == "article_click").select(*keys).with_columns(hit=1)
        shown = events.filter(pl.col("event_type") == "article_impression").select(*keys)
        clicked.append(shown.join(clicks, on=keys, how="left").with_columns(pl.col("hit").fill_null(0)))
    both = clicked[0].join(clicked[1], on=keys, suffix="_twin")
    assert len(both) > 20
    assert (both["hit"] == both["hit_twin"]).all()


def test_without_arms_nothing_is_drawn_by_lot() -> None:
    world = live(World(**SIZE, policies=Policies(arms=False)))
    assert world.events["experiment"].null_count() == len(world.events)
    told = world.events.filter(pl.col("propensity").is_not_null())
    assert set(told["event_type"]) == {"ad_impression"} | set(told["event_type"]) & {"ad_click"}


@pytest.mark.parametrize("every", [1, 6])
def test_a_learner_is_asked_tick_by_tick_and_told_what_came_of_it(every: int) -> None:
    learner = _Remembering(every)
    world = live(World(**SIZE, policies=Policies(ad=learner)))
    spans = [batch.at // (TICK_MS * every) for batch in learner.asked]
    assert all(len(np.unique(span)) == 1 for span in spans)
    assert [int(span[0]) for span in spans] == sorted(int(span[0]) for span in spans)
    assert [len(batch.key) for batch in learner.asked] == [asked for asked, _, _ in learner.told]
    same = live(World(**SIZE))
    told = [lived.events.drop("propensity") for lived in (world, same)]  # only `by_bid` itself tells its chances
    assert told[0].equals(told[1])  # asked in pieces, it answers as it does asked once a day


def test_a_policy_sees_only_readers_who_are_logged_in() -> None:
    seen: list[SlateBatch] = []

    def spying(batch: SlateBatch) -> np.ndarray:
        seen.append(batch)
        return editors_choice(batch)

    world = live(World(**SIZE, policies=Policies(slate=spying)))
    users = set(np.concatenate([batch.user_id for batch in seen]).tolist()) - {0}
    known = set(world.events["user_id"].drop_nulls().cast(pl.UInt64).to_list())
    assert users
    assert users <= known
    for batch in seen:
        assert ((batch.candidates >= 0) == (batch.weight > 0)).all()
        assert {"front": (30, p.PLACES[0]), "related": (8, p.PLACES[1])}[batch.placement] == (
            batch.candidates.shape[1],
            batch.places,
        )


def test_before_a_drift_the_world_is_the_same_and_after_it_another() -> None:
    plain, drifted = (list(simulate(World(**SIZE, drift_day=day))) for day in (None, 3))
    for number in range(3):
        assert plain[number].events.equals(drifted[number].events)
    assert not plain[3].events.equals(drifted[3].events)


@pytest.mark.parametrize("day", [-1, 6])
def test_a_drift_outside_the_world_is_refused(day: int) -> None:
    with pytest.raises(ValueError, match=rf"a drift lies within the world's 6 days, not on day {day}"):
        World(**SIZE, drift_day=day)


START_MS = int(World(**SIZE).start.timestamp() * 1000)
DAY_MS = 86_400_000


def _offers(user_id: list[int], at: list[int]) -> OfferBatch:
    many = len(user_id)
    return OfferBatch(
        key=np.arange(many, dtype=np.uint64),
        user_id=np.array(user_id, dtype=np.uint64),
        at=np.array(at, dtype=np.int64),
        kind="subscription_offer",
        tier=np.ones(many, dtype=np.int8),
        period_end=np.zeros(many, dtype=np.int64),
    )


def test_a_campaign_reaches_each_of_its_readers_once_from_its_time_on() -> None:
    policy = Contacted(frozenset({7, 9}), since_ms=100)
    early = _offers([7, 8, 9], [99, 150, 100])
    assert policy(early).tolist() == [False, False, True]
    assert policy(_offers([7, 9], [200, 300])).tolist() == [True, False]
    assert policy(early).tolist() == [False, False, True]  # the same days again


def test_whom_a_campaign_does_not_name_is_left_to_the_other_policy() -> None:
    def everybody(batch: OfferBatch) -> np.ndarray:
        return np.ones(len(batch.key), dtype=bool)

    policy = Contacted(frozenset({7}), since_ms=100, otherwise=everybody)
    assert policy(_offers([7, 8], [50, 50])).all()
    both = Contacted(frozenset({8}), since_ms=0, otherwise=Contacted(frozenset({7}), since_ms=0))
    assert both(_offers([7, 8, 9], [1, 1, 1])).tolist() == [True, True, False]


def test_a_world_with_a_campaign_is_the_same_until_it_begins_and_writes_the_offers_down() -> None:
    plain = live(World(**SIZE))
    eligible = plain.truth["offers"].filter(
        (pl.col("experiment") == "subscription_offer") & (pl.col("timestamp").dt.day() >= plain.world.start.day + 3)
    )
    named = frozenset(eligible["user_id"].to_list())
    policy = Contacted(named, START_MS + 3 * DAY_MS)
    contacted = live(World(**SIZE, policies=Policies(offer=policy)))
    for number in range(3):
        assert plain.days[number].events.equals(contacted.days[number].events)
    offers = contacted.truth["offers"].filter(
        (pl.col("experiment") == "subscription_offer") & pl.col("user_id").is_in(named)
    )
    assert len(offers) == len(eligible) > 10
    assert offers.filter(pl.col("propensity").is_null())["made"].all()
    prompts = contacted.events.filter(
        (pl.col("event_type") == "subscription_prompt") & pl.col("decision_id").is_in(offers["decision_id"].to_list())
    )
    assert set(prompts["decision_id"]) == set(offers.filter("made")["decision_id"])
