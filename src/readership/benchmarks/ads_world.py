"""A market of the product that decides for the simulated publisher, and learns from what is clicked."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.models.ads.market import Market
from readership.models.ads.nouns import Ad, Request, Sold
from readership.models.bandits.feedback import Decision, Settled
from readership.simulator import World, simulate
from readership.simulator import parameters as p
from readership.simulator.ads import AD_CATEGORIES, AD_PLACEMENTS, ADS, CAMPAIGNS, booked
from readership.simulator.policies import AdBatch, Policies
from readership.simulator.randomness import root, uniform
from readership.simulator.words import CATEGORIES

TICKS = 36
"""Ten minutes each: how often chances are worked out anew, and clicks learnt from."""


def book_of(seed: int, *, by_click: bool) -> list[Ad]:
    """What advertisers book in the world of this seed.

    by_click  whether all pay for clicks alone: for one, what brings as much as now if they come as often as hoped
    """
    ads = booked(root(seed))
    click = ads.bids / (1000 * p.AD_CLICK_HOPED) if by_click else ads.cpc
    thousand = np.zeros(len(ADS)) if by_click else ads.cpm
    return [
        Ad(
            ad_id=ADS[number],
            campaign_id=CAMPAIGNS[ads.campaign[number]],
            per_click_eur=float(click[number]),
            per_thousand_eur=float(thousand[number]),
            category=AD_CATEGORIES[ads.category[number]],
        )
        for number in range(len(ADS))
    ]


class SellsAds:
    """A policy of the simulator that asks a market."""

    every = TICKS

    def __init__(self, market: Market, ads: list[Ad]) -> None:
        self.market, self.ads = market, ads
        self.market.book_ads(ads)
        self.number = {ad.ad_id: number for number, ad in enumerate(ads)}
        self.sold: list[Sold] = []

    def __call__(self, batch: AdBatch) -> NDArray[np.intp]:
        """The advertisement of each place, drawn from the market's chances."""
        self.market.refresh(int(batch.at.min()))
        lots = uniform(batch.key, "market")
        found = [self.market.decide(_request(batch, row), float(lots[row])) for row in range(len(batch.key))]
        self.sold = [sold for sold in found if sold is not None]
        return np.array([self.number[sold.ad_id] for sold in self.sold], np.intp)

    def learn(self, batch: AdBatch, answer: NDArray[np.intp], clicked: NDArray[np.bool_]) -> None:
        """What came of the span just decided."""
        told = []
        for row, sold in enumerate(self.sold):
            ad, hit = self.ads[answer[row]], bool(clicked[row])
            euros = ad.per_thousand_eur / 1000 + hit * ad.per_click_eur
            decision = Decision(str(batch.key[row]), sold.cell, sold.ad_id, int(batch.at[row]), sold.propensity)
            told.append(Settled(decision, True, hit, euros))
        self.market.learn(told)


def _request(batch: AdBatch, row: int) -> Request:
    return Request(int(batch.at[row]), AD_PLACEMENTS[batch.place[row]], CATEGORIES[batch.category[row]])


def lived(readers: int, days: int, seed: int, policy: SellsAds) -> pl.DataFrame:
    """Every place beside what readers with an account read: decision_id, user_id, expected_eur of what was shown."""
    world = World(readers, days, seed, policies=Policies(ad=policy, arms=False))
    places = pl.concat([pl.DataFrame(day.truth["ads"]) for day in simulate(world)])
    prices = pl.DataFrame(
        [(ad.ad_id, ad.per_click_eur, ad.per_thousand_eur / 1000) for ad in policy.ads],
        ["ad_id", "click_eur", "show_eur"],
        orient="row",
    )
    return (
        places.with_columns(pl.col("ad_id").cast(pl.String))
        .join(prices, on="ad_id", maintain_order="left")
        .select(
            "decision_id",
            "user_id",
            expected_eur=pl.col("show_eur") + pl.col("click_probability") * pl.col("click_eur"),
        )
    )
