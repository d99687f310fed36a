"""What advertisers have booked, as the publisher records it: rows of the table `ads`.

Budgets are those of a sales desk that hopes for so many places a day; the world's own policy shows an ad in proportion
to what it is hoped to bring, whatever was spent, so some campaigns run ahead of their plan and others behind.
"""

from datetime import timedelta

import numpy as np
import pyarrow as pa

from readership.simulator import parameters as p
from readership.simulator.ads import AD_CATEGORIES, ADS, ADS_IN_CAMPAIGN, CAMPAIGNS, booked
from readership.simulator.randomness import key, keys, normal, root
from readership.simulator.world import World

MOMENT = pa.timestamp("ms", "UTC")


def bookings(world: World) -> pa.Table:
    """One row an ad: bookable everywhere, from before the world begins, without a reserve price."""
    ads, start = booked(root(world.seed)), world.start - timedelta(days=1)
    share = np.bincount(ads.campaign, ads.bids**2) / ads.bids.sum()
    luck = np.exp(
        p.SPREAD_OF_BUDGET * normal(keys(key(root(world.seed), "budgets"), np.arange(len(CAMPAIGNS))), "luck")
    )
    budget = np.round(p.AD_BOOKED_DAYS * p.AD_PLACES_HOPED * world.readers * share / 1000 * luck, 2)
    return pa.table(
        {
            "ad_id": list(ADS),
            "campaign_id": [CAMPAIGNS[number] for number in ads.campaign],
            "category": [AD_CATEGORIES[number] for number in ads.category],
            "bid_eur": np.round(ads.cpc, 6),
            "per_thousand_eur": np.round(ads.cpm, 6),
            "budget_eur": np.repeat(budget, ADS_IN_CAMPAIGN),
            "starts_at": pa.array([start] * len(ADS), MOMENT),
            "ends_at": pa.array([start + timedelta(days=p.AD_BOOKED_DAYS)] * len(ADS), MOMENT),
        }
    )
