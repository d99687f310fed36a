"""Offers and advertisements: drawn as logged, answered as each reader answers, and earning what the truth says."""

import numpy as np
import polars as pl
import pytest
from lived_world import Lived, live

from readership.simulator import Policies, World, simulate
from readership.simulator import parameters as p
from readership.simulator.policies import OfferBatch

OFFERED = ["subscription_offer", "retention_offer"]


def _everybody(batch: OfferBatch) -> np.ndarray:
    return np.ones(len(batch.key), dtype=bool)


@pytest.fixture(scope="module")
def offered() -> Lived:
    """A world in which every eligible reader is made every offer, without arms."""
    return live(World(3000, 100, 21, policies=Policies(offer=_everybody, retention=_everybody, arms=False)))


@pytest.fixture(scope="module")
def left_alone() -> Lived:
    """Its twin, in which nobody is."""
    return live(World(3000, 100, 21, policies=Policies(arms=False)))


@pytest.mark.parametrize("kind", OFFERED)
def test_a_tenth_of_the_eligible_is_in_the_arm_and_half_of_them_treated(lived: Lived, kind: str) -> None:
    offers = lived.truth["offers"].filter(pl.col("experiment") == kind)
    inside = offers.filter(pl.col("propensity").is_not_null())
    assert len(inside) / len(offers) == pytest.approx(p.ARM, abs=4 * np.sqrt(0.09 / len(offers)))
    assert inside["made"].mean() == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / len(inside)))
    assert not offers.filter(pl.col("propensity").is_null())["made"].any()


@pytest.mark.parametrize("kind", OFFERED)
def test_both_halves_of_an_arm_are_logged_alike(lived: Lived, kind: str) -> None:
    logged = lived.events.filter((pl.col("experiment") == kind) & (pl.col("event_type") == "navigation"))
    truth = lived.truth["offers"].filter((pl.col("experiment") == kind) & pl.col("propensity").is_not_null())
    joined = logged.join(truth, on="decision_id", suffix="_true")
    assert len(joined) == len(logged) == len(truth) > 10
    assert ((joined["variant"] == "offer") == joined["made"]).all()
    assert joined["propensity"].unique().to_list() == [0.5]
    assert joined["user_id"].null_count() == 0
    made = lived.events.filter((pl.col("event_type") == "subscription_prompt") & (pl.col("experiment") == kind))
    assert set(made["decision_id"]) == set(joined.filter("made")["decision_id"])
    assert (made["price_eur"] > 0).all()


def _starts(world: Lived) -> pl.DataFrame:
    started = world.events.filter(pl.col("event_type") == "subscription_start")["user_id"].cast(pl.UInt64).unique()
    eligible = world.truth["offers"].filter(pl.col("experiment") == "subscription_offer")["user_id"].unique()
    kinds = world.truth["readers"].select("user_id", "offer_type")
    return kinds.filter(pl.col("user_id").is_in(eligible.implode())).with_columns(
        pl.col("user_id").is_in(started.implode()).alias("started")
    )


def test_the_persuadable_start_when_offered_and_sleeping_dogs_do_not(offered: Lived, left_alone: Lived) -> None:
    share = {
        name: dict(_starts(world).group_by("offer_type").agg(pl.col("started").mean()).iter_rows())
        for name, world in (("offered", offered), ("alone", left_alone))
    }
    lift = {kind: share["offered"][kind] - share["alone"][kind] for kind in range(4)}
    assert lift[p.PERSUADABLE] > 0.03
    assert lift[p.PERSUADABLE] > lift[p.SURE_THING] > 0  # being asked once more is all that helps the sure ones
    assert abs(lift[p.LOST_CAUSE]) < 0.02
    assert lift[p.SLEEPING_DOG] < lift[p.SURE_THING] / 2


def test_a_retention_offer_changes_the_chance_of_cancelling_as_stated(offered: Lived, left_alone: Lived) -> None:
    for world, column in ((offered, "if_offered"), (left_alone, "if_not")):
        renewals = world.truth["renewals"]
        visited = renewals.filter(pl.col("if_offered") != pl.col("if_not"))
        share = (visited["cancel_probability"] == visited[column]).mean()
        assert share > (0.5 if column == "if_offered" else 0.999)
    kinds = left_alone.truth["readers"].select("user_id", "retention_type")
    effect = (
        left_alone.truth["renewals"]
        .join(kinds, on="user_id")
        .with_columns((pl.col("if_offered") / pl.col("if_not")).alias("factor"))
    )
    by_kind = dict(effect.group_by("retention_type").agg(pl.col("factor").median()).iter_rows())
    assert by_kind[p.PERSUADABLE] == pytest.approx(0.35)
    assert by_kind[p.SURE_THING] == by_kind[p.LOST_CAUSE] == 1
    assert by_kind[p.SLEEPING_DOG] == pytest.approx(1.8)


def test_cancels_come_with_the_stated_probability(offered: Lived, left_alone: Lived) -> None:
    expected = sum(world.truth["renewals"]["cancel_probability"].sum() for world in (offered, left_alone))
    voluntary = sum((world.subscriptions["reason"] == "voluntary").sum() for world in (offered, left_alone))
    # those who decided in the last ten days have not said so yet
    assert voluntary < expected + 4 * np.sqrt(expected)
    assert voluntary > 0.75 * expected - 4 * np.sqrt(expected)


def test_an_offer_lowers_the_price_of_the_first_period_only(offered: Lived) -> None:
    paid = offered.subscriptions.filter((pl.col("reason") == "") & pl.col("plan").str.ends_with("monthly"))
    listed = {"premium_monthly": 9.90, "pro_monthly": 19.90, "enterprise_monthly": 39.90}
    share = (paid["price_eur"] / paid["plan"].replace_strict(listed, return_dtype=pl.Float64)).round(2)
    assert set(share.unique()) == {0.5, 0.7, 1.0}


def test_starts_come_with_the_stated_hazard(left_alone: Lived) -> None:
    """Each prompt of somebody known is one draw at the hazard of that day."""
    asked = left_alone.events.filter(
        (pl.col("event_type") == "subscription_prompt") & pl.col("user_id").is_not_null()
    ).select(pl.col("user_id").cast(pl.UInt64), pl.col("timestamp").dt.date().alias("day"))
    hazard = left_alone.truth["reader_days"].select("user_id", "day", "start_when_asked")
    expected = asked.join(hazard, on=["user_id", "day"])["start_when_asked"].sum()
    started = (left_alone.events["event_type"] == "subscription_start").sum()
    assert abs(started - expected) < 4 * np.sqrt(expected)


def test_advertisements_are_drawn_evenly_in_the_arm_and_by_bid_outside(lived: Lived) -> None:
    ads = lived.events.filter(pl.col("event_type") == "ad_impression")
    arm = ads.filter(pl.col("experiment") == "ads")
    assert 0.03 < len(arm) / len(ads) < 0.25
    assert arm["propensity"].unique().to_list() == [1 / p.ADS]
    counts = arm["ad_id"].value_counts()["count"].to_numpy()
    assert len(counts) == p.ADS
    even = len(arm) / p.ADS
    assert ((counts - even) ** 2 / even).sum() < 110  # the 0.9999 quantile with 59 degrees of freedom
    assert ads.filter(pl.col("experiment").is_null())["ad_id"].value_counts()["count"].std() > 3 * counts.std()


def test_advertisements_are_clicked_with_the_stated_probability_and_earn_it(lived: Lived) -> None:
    truth = lived.truth["ads"]
    shown = lived.events.filter(pl.col("event_type") == "ad_impression").join(truth, on="decision_id", suffix="_true")
    assert len(shown) == len(truth)
    assert (shown["ad_id"] == shown["ad_id_true"]).all()
    clicks = lived.events.filter(pl.col("event_type") == "ad_click")
    expected = truth["click_probability"].sum()
    assert abs(len(clicks) - expected) < 4 * np.sqrt(expected)
    assert (truth["best_value_eur"] >= truth["value_eur"]).all()
    assert (truth["best_value_eur"] >= truth["even_value_eur"]).all()
    by_click = lived.events.filter(pl.col("event_type").is_in(["ad_impression", "ad_click"]))["ad_revenue"].sum()
    assert by_click == pytest.approx(truth["value_eur"].sum(), rel=0.1)


def test_every_table_of_the_truth_is_there_from_the_first_day() -> None:
    (day,) = simulate(World(200, 1, 3))
    assert set(day.truth) == {
        "days", "readers", "reader_days", "visits", "impressions", "reads", "ads", "offers", "renewals"
    }  # fmt: skip
