"""What ads brought of late: by day, placement and campaign, against plan; and what floor prices would change."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.models.ads.market import Market
from readership.models.ads.nouns import Request
from readership.models.ads.pacing import DAY_MS
from readership.models.bandits.chances import restricted
from readership.models.bandits.evidence import Floats
from readership.pipelines.ads_log import MILLION
from readership.pipelines.ads_market import Known

DAYS = 28
FLOOR_STEPS = 12


def revenue(known: Known, market: Market, views: int, requests: Sequence[Request], weight: Floats) -> dict[str, Any]:
    """The part `revenue` of an evaluation.

    views     articles opened in the last `DAYS` days
    requests  situations of the places, and how often each came [requests]
    """
    rows = known.shown.filter(pl.col("day_ms") >= known.at_ms - DAYS * DAY_MS).with_columns(
        euros=(pl.col("shown_micros") + pl.col("click_micros")) / MILLION
    )
    return {
        "days": DAYS,
        "article_views": views,
        "total": _totals(rows, []).to_dicts()[0],
        "per_day": _totals(rows, ["day_ms"]).sort("day_ms").to_dicts(),
        "placements": _per_views(_totals(rows, ["placement"]), views),
        "campaigns": _campaigns(known, rows),
        "floor_prices": floor_prices(market, requests, weight),
        "budgets_allow_eur": budgets_allow(market, requests, weight, float(rows["shown"].sum()) / DAYS, known.at_ms),
    }


def floor_prices(market: Market, requests: Sequence[Request], weight: Floats) -> list[dict[str, float]]:
    """Share of places sold and revenue of a thousand places at floors from 0 to the dearest ad, while bids stay.

    By what the market believes an ad to bring: at a floor, only ads at or above it are drawn from.
    """
    cells = np.array([market.cells[market.cell(request)] for request in requests])
    eligible = np.array([market.eligible(request) for request in requests])
    if not eligible.any():
        return []
    worth = market.ecpm_eur[cells]
    dearest = float(worth[eligible].max())
    return [
        _at_floor(market, cells, eligible, worth, weight / weight.sum(), float(floor))
        for floor in np.linspace(0.0, dearest, FLOOR_STEPS, endpoint=False)
    ]


def budgets_allow(
    market: Market, requests: Sequence[Request], weight: Floats, places_a_day: float, now_ms: int
) -> float | None:
    """Euros that a thousand places bring where no campaign spends more than its plan of today; None without places.

    The dearest ads fill the places until their plan is spent, then the next ones. Of two ads worth €8 and €2 for a
    thousand, the first with a plan of €0.40 a day, 100 places a day bring 50 · 8 + 50 · 2: €5 for a thousand.
    """
    cells = np.array([market.cells[market.cell(request)] for request in requests])
    eligible = np.array([market.eligible(request) for request in requests])
    if not places_a_day or not eligible.any():
        return None
    worth = (weight / weight.sum()) @ (market.ecpm_eur[cells] * eligible)
    before = np.array([market.delivered.before_eur.get(name, 0.0) for name in market.book.campaigns])
    plan = market.pacing.plan_eur(before, now_ms)
    left, brought = places_a_day, 0.0
    for ad in np.argsort(-worth, kind="stable"):
        campaign = market.book.campaign[ad]
        filled = min(left, 1000 * plan[campaign] / worth[ad]) if worth[ad] > 0 else 0.0
        left, brought = left - filled, brought + filled * worth[ad]
        plan[campaign] -= filled * worth[ad] / 1000
    return round(float(brought / places_a_day), 6)


def _at_floor(
    market: Market,
    cells: NDArray[np.intp],
    eligible: NDArray[np.bool_],
    worth: Floats,
    share: Floats,
    floor: float,
) -> dict[str, float]:
    allowed = eligible & (worth >= floor)
    columns = [market.learner.counts.arms.index(ad.ad_id) for ad in market.book.ads]
    chances = np.array(
        [restricted(market.learner.chances[cell][columns], mask) for cell, mask in zip(cells, allowed, strict=True)]
    )
    filled = float(share @ allowed.any(axis=1))
    brought = float(share @ (chances * worth).sum(axis=1))
    return {
        "floor_eur": round(floor, 4),
        "filled": round(filled, 6),
        "revenue_eur": round(brought, 6),
        "ecpm_eur": round(brought / filled, 6) if filled else 0.0,
    }


def _totals(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    sums = [
        pl.col("shown").sum(),
        pl.col("clicked").sum(),
        pl.col("euros").sum().round(6),
        (1000 * pl.col("euros").sum() / pl.col("shown").sum()).round(6).alias("ecpm_eur"),
        (pl.col("clicked").sum() / pl.col("shown").sum()).round(6).alias("click_rate"),
    ]
    return rows.group_by(*by).agg(sums) if by else rows.select(sums)


def _per_views(placements: pl.DataFrame, views: int) -> list[dict[str, Any]]:
    """Also how often a place was filled, of 1 article opened; None where no article view is known."""
    return [
        {**row, "per_view": round(row["shown"] / views, 6) if views else None}
        for row in placements.sort("euros", descending=True).to_dicts()
    ]


def _campaigns(known: Known, rows: pl.DataFrame) -> list[dict[str, Any]]:
    """By revenue; plan and what was spent since its start, where it has a budget and an end."""
    of = {ad.ad_id: ad.campaign_id for ad in known.booked.ads}
    named = pl.col("ad_id").replace_strict(of, default=pl.col("campaign_id")).alias("campaign")
    spent = dict(
        known.shown.group_by(named)
        .agg(((pl.col("shown_micros") + pl.col("click_micros")).sum() / MILLION).alias("euros"))
        .iter_rows()
    )
    late = _totals(rows.with_columns(named), ["campaign"]).sort("euros", "campaign", descending=[True, False])
    return [{**row, **_plan(known, row["campaign"], spent.get(row["campaign"], 0.0))} for row in late.to_dicts()]


def _plan(known: Known, campaign: str, spent: float) -> dict[str, Any]:
    ads = [ad for ad in known.booked.ads if ad.campaign_id == campaign]
    budget = ads[0].budget_eur if ads else None
    ends = [ad.ends_ms for ad in ads if ad.ends_ms is not None]
    told = {"budget_eur": budget, "spent_eur": round(spent, 6), "plan_eur": None, "of_plan": None}
    if budget is None or len(ends) < len(ads):
        return told
    start = min(ad.starts_ms for ad in ads)
    gone = min(max((known.at_ms - start) / (max(ends) - start), 0.0), 1.0)
    plan = budget * gone
    return {**told, "plan_eur": round(plan, 6), "of_plan": round(spent / plan, 6) if plan > 0 else None}
