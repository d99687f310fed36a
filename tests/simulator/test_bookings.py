"""What the simulated advertisers have booked."""

import numpy as np
import polars as pl
import pytest
from lived_world import Lived

from readership.simulator import World
from readership.simulator import parameters as p
from readership.simulator.ads import ADS, booked
from readership.simulator.bookings import bookings
from readership.simulator.randomness import root

WORLD = World(400, 30, 7)


def test_every_ad_is_booked_at_the_prices_it_pays() -> None:
    table, ads = pl.DataFrame(bookings(WORLD)), booked(root(7))
    assert table["ad_id"].to_list() == list(ADS)
    hoped = table["per_thousand_eur"] + 1000 * p.AD_CLICK_HOPED * table["bid_eur"]
    assert hoped.to_numpy() == pytest.approx(ads.bids, abs=1e-4)
    assert (table.filter(pl.col("bid_eur") == 0)["campaign_id"].unique().len(), table["campaign_id"].n_unique()) == (
        6,
        12,
    )
    assert table["starts_at"].unique().item() < WORLD.start < table["ends_at"].unique().item()


def test_budgets_are_those_of_a_campaign_and_grow_with_the_readers() -> None:
    table, twice = pl.DataFrame(bookings(WORLD)), pl.DataFrame(bookings(World(800, 5, 7)))
    assert table.group_by("campaign_id").agg(pl.col("budget_eur").n_unique())["budget_eur"].to_list() == [1] * 12
    assert twice["budget_eur"].to_numpy() == pytest.approx(2 * table["budget_eur"].to_numpy(), abs=0.02)


def test_ads_are_logged_with_the_chance_they_were_drawn_by(lived: Lived) -> None:
    shown = lived.events.filter(pl.col("event_type") == "ad_impression")
    arm = shown.filter(pl.col("experiment") == "ads")
    rest = shown.filter(pl.col("experiment").is_null())
    assert arm["propensity"].unique().to_list() == [1 / p.ADS]
    bids = booked(root(lived.world.seed)).bids
    chance = dict(zip(ADS, bids / bids.sum(), strict=True))
    assert rest["propensity"].to_numpy() == pytest.approx([chance[str(ad)] for ad in rest["ad_id"]])
    counted = np.array([(rest["ad_id"].cast(pl.String) == ad).sum() for ad in ADS])
    error = np.sqrt(len(rest) * bids / bids.sum())
    assert (np.abs(counted - len(rest) * bids / bids.sum()) < 4.5 * error).all()
