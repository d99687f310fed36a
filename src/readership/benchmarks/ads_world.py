"""The places of a simulated publisher, lived with a market of the product that decides and learns."""

import polars as pl

from readership.pipelines.ad_policy import SellsAds
from readership.simulator import World, simulate
from readership.simulator.policies import Policies


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
