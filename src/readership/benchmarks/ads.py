"""Does learning what is clicked earn more than always showing what has earned most? The same days, lived twice.

Two worlds of one seed share every reader, every visit and every coin; they differ only in who chooses the ads. What is
compared is expected revenue, the simulator's own chance of a click times what it pays, so no luck of clicks is left in.
"""

import time
from typing import Any

import numpy as np

from readership.benchmarks.ads_world import lived
from readership.benchmarks.result import result
from readership.contracts import Metric
from readership.errors import InputError
from readership.evaluation.bootstrap import Draws, ratio
from readership.models.ads.market import Rules
from readership.models.ads.nouns import Ad, Request
from readership.pipelines.ad_policy import (
    GREEDY,
    NO_HISTORY,
    SMOOTHED,
    SellsAds,
    book_of,
    greedy,
    market_of,
    thompson,
)
from readership.simulator.words import CATEGORIES

SEED = 7
MANY_ADS, DECISIONS = 1_000, 5_000
PROTOCOL = (
    "a simulated publisher of {readers:,} readers, {days} days, seed {seed}, 60 ads of 12 campaigns, no budgets; "
    "expected revenue in the places of readers with an account; greedy eCPM: always the highest 1000 · clicks / "
    "impressions · bid (smoothed by {smoothed:,.0f} impressions at the hoped rate), by placement; ours: Thompson, "
    "placement x context shrunk to placement, ad and whole, refreshed every 6 hours. revenue_lift*: all ads sold by "
    "the click; as_booked_*: half of the campaigns mostly by impressions, where price decides and little is to be "
    "learnt. Intervals draw readers. decision_ms_*: in process, {ads:,} ads, 18 cells"
)


def run(*, readers: int = 10_000, days: int = 60) -> dict[str, Any]:
    """Figures: decision_ms_p50, decision_ms_p99, revenue_lift with its interval, the same as booked."""
    if readers < 100:
        raise InputError(f"{readers} readers are too few to sell places beside; give at least 100")
    began = time.monotonic()
    figures, peers = decision_times(), {}
    for name, by_click in (("revenue_lift", True), ("as_booked_lift", False)):
        found, others = _lift(readers, days, by_click)
        low, high = found["ci95"]
        figures |= {name: found["value"], f"{name}_low": low, f"{name}_high": high}
        peers[name] = others
    protocol = PROTOCOL.format(readers=readers, days=days, seed=SEED, smoothed=SMOOTHED, ads=MANY_ADS)
    return result("ads", figures, peers, protocol, time.monotonic() - began)


def _lift(readers: int, days: int, by_click: bool) -> tuple[Metric, dict[str, float]]:
    """Ours over greedy, paired by reader; and what a thousand places brought under each policy."""
    ads = book_of(SEED, by_click=by_click)
    ways = {
        "greedy_ecpm": greedy(),
        "thompson": thompson(),
        "greedy_with_the_same_prior": market_of(CATEGORIES, NO_HISTORY, GREEDY),
    }
    worlds = {name: lived(readers, days, SEED, SellsAds(market, ads)) for name, market in ways.items()}
    eur = {name: world["expected_eur"].to_numpy() for name, world in worlds.items()}
    draws = Draws.of(worlds["thompson"]["user_id"].to_numpy())
    lift = ratio(eur["thompson"] - eur["greedy_ecpm"], eur["greedy_ecpm"], draws)
    return lift, {f"{name}_ecpm_eur": round(1000 * float(values.mean()), 4) for name, values in eur.items()}


def decision_times() -> dict[str, float]:
    """Milliseconds of a decision among many ads that target countries and are capped."""
    rng = np.random.default_rng(0)
    at_home = {"country": ("DE", "AT")}
    prices = rng.lognormal(0.0, 0.5, MANY_ADS)
    ads = [
        Ad(f"ad-{n}", f"campaign-{n // 5}", float(prices[n]), targeting=at_home if n % 4 == 0 else {}, most_a_day=3)
        for n in range(MANY_ADS)
    ]
    market = market_of([f"context-{n}" for n in range(8)], NO_HISTORY, Rules())
    market.book_ads(ads)
    market.refresh(0)
    request = Request(0, "top", "context-3", {"country": "DE"}, seen={f"ad-{n}": n % 4 for n in range(20)})
    took = []
    for lot in rng.random(DECISIONS):
        began = time.perf_counter()
        market.decide(request, float(lot))
        took.append(1000 * (time.perf_counter() - began))
    return {f"decision_ms_p{q}": round(float(np.percentile(took, q)), 4) for q in (50, 99)}
