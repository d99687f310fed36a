"""Markets of the product that decide for the simulated publisher, and learn from what is clicked."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from readership.models.ads.market import Market, Rules
from readership.models.ads.nouns import Ad, Placement, Request, Sold
from readership.models.bandits.feedback import Decision, Settled
from readership.models.bandits.prior import Shrinkage
from readership.simulator import parameters as p
from readership.simulator.ads import AD_CATEGORIES, AD_PLACEMENTS, ADS, CAMPAIGNS, booked
from readership.simulator.policies import AdBatch, by_bid
from readership.simulator.randomness import root, uniform
from readership.simulator.words import CATEGORIES

TICKS = 36
"""Ten minutes each: how often chances are worked out anew, and clicks learnt from."""
SMOOTHED = 1_000.0
GREEDY = Rules(even=0.0, width=1e-9)
WIDTH = 0.35
"""Of the posterior; of 1, 0.7, 0.5, 0.35 and 0.25 it earned most in the worlds of seeds 101 to 106, by the click."""
THOMPSON = Rules(even=0.0, width=WIDTH)
NO_HISTORY = Shrinkage(p.AD_CLICK_HOPED, placement=10_000, context=20_000, ad=4, cell=20_000)
"""Of a publisher that has no earlier campaigns to learn how alike ads are from."""
APART = Shrinkage(p.AD_CLICK_HOPED, placement=1e9, context=1e9, ad=1e9, cell=SMOOTHED)
"""Each ad in each placement by itself: clicks + hoped rate · 1,000 over impressions + 1,000."""


def market_of(contexts: Sequence[str], shrinkage: Shrinkage, rules: Rules) -> Market:
    """A market of the simulator's placements, for which nothing is booked yet."""
    return Market([Placement(name) for name in AD_PLACEMENTS], list(contexts), shrinkage, rules)


def thompson() -> Market:
    """Thompson sampling, each category beside which an ad stands by itself where it differs."""
    return market_of(CATEGORIES, NO_HISTORY, THOMPSON)


def greedy() -> Market:
    """Always the highest 1000 · clicks / impressions · bid so far, by placement."""
    return market_of([], APART, GREEDY)


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

    def watch(self, batch: AdBatch, shown: NDArray[np.intp], clicked: NDArray[np.bool_]) -> None:
        """What came of a span in which somebody else decided, with these chances: in proportion to the bids."""
        chance = batch.bids / batch.bids.sum()
        self.sold = []
        for row, number in enumerate(shown.tolist()):
            ad = self.ads[number]
            cell = self.market.cell(_request(batch, row))
            self.sold.append(Sold(ad.ad_id, ad.campaign_id, float(chance[number]), 0.0, cell))
        self.learn(batch, shown, clicked)


class Watched:
    """The standing policy, by bid; from `since_ms` on these learn from what it shows."""

    every = TICKS

    def __init__(self, sellers: Sequence[SellsAds], since_ms: int) -> None:
        self._sellers, self._since_ms = sellers, since_ms

    def __call__(self, batch: AdBatch) -> NDArray[np.intp]:
        """See `by_bid`."""
        return by_bid(batch)

    def learn(self, batch: AdBatch, answer: NDArray[np.intp], clicked: NDArray[np.bool_]) -> None:
        """See `SellsAds.watch`."""
        if batch.at.min() >= self._since_ms:
            for seller in self._sellers:
                seller.watch(batch, answer, clicked)


def _request(batch: AdBatch, row: int) -> Request:
    return Request(int(batch.at[row]), AD_PLACEMENTS[batch.place[row]], CATEGORIES[batch.category[row]])
