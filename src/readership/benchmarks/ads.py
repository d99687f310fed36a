"""Does learning what is clicked earn more than always showing what has earned most? The same days, lived twice.

Two worlds of one seed share every reader, every visit and every coin; they differ only in who chooses the ads. What is
compared is expected revenue, the simulator's own chance of a click times what it pays, so no luck of clicks is left in.
"""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from readership.benchmarks.ads_world import lived
from readership.benchmarks.result import result
from readership.errors import InputError
from readership.evaluation.bootstrap import Draws
from readership.evaluation.off_policy.compare import Drawn
from readership.models.ads.market import Rules
from readership.models.ads.nouns import Ad, Request
from readership.pipelines.ad_policy import (
    GREEDY,
    NO_HISTORY,
    SMOOTHED,
    WIDTH,
    SellsAds,
    book_of,
    greedy,
    market_of,
    thompson,
)
from readership.simulator.words import CATEGORIES

SEEDS = (7, 8, 9)
MANY_ADS, DECISIONS = 1_000, 5_000
PROTOCOL = (
    "simulated publishers of {readers:,} readers, {days} days, seeds {seeds}, 60 ads of 12 campaigns, no budgets; "
    "expected revenue in the places of readers with an account; greedy eCPM: always the highest 1000 · clicks / "
    "impressions · bid (smoothed by {smoothed:,.0f} impressions at the hoped rate), by placement; ours: Thompson of "
    "width {width} (chosen on other seeds), placement x context shrunk to placement, ad and whole, refreshed every 6 "
    "hours. revenue_lift*: all ads sold by the click; as_booked_*: half of the campaigns mostly by impressions, where "
    "price decides and little is to be learnt. The mean of the seeds' lifts; intervals draw readers within each, not "
    "worlds, and worlds differ by far more: see *_seed_*. decision_ms_*: in process, {ads:,} ads, 18 cells"
)


def run(*, readers: int = 10_000, days: int = 60, seeds: Sequence[int] = SEEDS) -> dict[str, Any]:
    """Figures: decision_ms_p50, decision_ms_p99, revenue_lift with its interval, the same as booked, by seed."""
    if readers < 100:
        raise InputError(f"{readers} readers are too few to sell places beside; give at least 100")
    began = time.monotonic()
    figures, peers = decision_times(), {}
    for name, by_click in (("revenue_lift", True), ("as_booked_lift", False)):
        lifts = []
        for seed in seeds:
            lift, earned = _lift(readers, days, seed, by_click)
            lifts.append(lift)
            figures[f"{name}_seed_{seed}"] = round(lift.value, 6)
            peers[f"{name}_seed_{seed}"] = earned
        values, replicates = zip(*lifts, strict=True)
        found = Drawn(float(np.mean(values)), np.mean(replicates, axis=0)).metric()
        low, high = found["ci95"]
        figures |= {name: found["value"], f"{name}_low": low, f"{name}_high": high}
    protocol = PROTOCOL.format(
        readers=readers, days=days, seeds=", ".join(map(str, seeds)), smoothed=SMOOTHED, width=WIDTH, ads=MANY_ADS
    )
    return result("ads", figures, peers, protocol, time.monotonic() - began)


def _lift(readers: int, days: int, seed: int, by_click: bool) -> tuple[Drawn, dict[str, float]]:
    """Ours over greedy, paired by reader; and what a thousand places brought under each policy."""
    ads = book_of(seed, by_click=by_click)
    ways = {
        "greedy_ecpm": greedy(),
        "thompson": thompson(),
        "greedy_with_the_same_prior": market_of(CATEGORIES, NO_HISTORY, GREEDY),
    }
    worlds = {name: lived(readers, days, seed, SellsAds(market, ads)) for name, market in ways.items()}
    eur = {name: world["expected_eur"].to_numpy() for name, world in worlds.items()}
    sums = Draws.of(worlds["thompson"]["user_id"].to_numpy()).sums(
        np.column_stack([eur["thompson"], eur["greedy_ecpm"]])
    )
    ours, theirs = (Drawn(float(eur[name].sum()), sums[:, k]) for k, name in enumerate(("thompson", "greedy_ecpm")))
    told = {f"{name}_ecpm_eur": round(1000 * float(values.mean()), 4) for name, values in eur.items()}
    return ours.over(theirs), told


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
