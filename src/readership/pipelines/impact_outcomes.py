"""What the days brought to each reader: one number a reader and outcome, the same readers in every world."""

from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl

from readership.pipelines.impact_learning import Learnt
from readership.pipelines.impact_lists import Floats, Ids
from readership.pipelines.impact_living import Lived
from readership.simulator import parameters as p
from readership.simulator.accounts import price
from readership.simulator.population import FIRST_USER_ID

CHURN_DAYS = 28


class Span(NamedTuple):
    """The days lived under each policy, from the decision on; `people` is how many persons the world has in all."""

    begin: datetime
    days: int
    people: int

    @property
    def end(self) -> datetime:
        """The midnight after the last day."""
        return self.begin + timedelta(days=self.days)


def outcomes(lived: Lived, learnt: Learnt, span: Span) -> dict[str, Floats]:
    """By outcome a number for each reader of its population, in the order of `learnt.asked`; money for every person."""
    periods = paid(lived, learnt.held)
    subscriptions, discount = accrued(periods, span)
    ads = _at(lived.ads["user_id"], lived.ads["eur"], span.people)
    last = lived.visits.filter(pl.col("day") >= span.days - CHURN_DAYS)
    return {
        "churn": _without(learnt.asked["churn"], last),
        "subscribers_lost": _lost(periods, learnt, span),
        "cancels_expected": _sums(lived.decided, "chance", learnt.asked["retention"]),
        "conversion": np.isin(learnt.asked["offer"], lived.starts["user_id"].to_numpy()).astype(np.float64),
        "engaged_minutes": _sums(lived.visits, "minutes", learnt.asked["churn"]),
        "visits": _sums(lived.visits, "sessions", learnt.asked["churn"]),
        "subscription_eur": subscriptions,
        "ads_eur": ads,
        "revenue_eur": subscriptions + ads,
        "discount_eur": discount,
    }


def daily(lived: Lived, learnt: Learnt, span: Span) -> dict[str, Floats]:
    """Engaged minutes and subscriptions begun on each day, of the same readers [days]."""
    one_each = lived.starts.with_columns(pl.lit(1.0).alias("begun"))
    return {
        "engaged_minutes": _by_day(lived.visits, "minutes", learnt.asked["churn"], span),
        "conversion": _by_day(one_each, "begun", learnt.asked["offer"], span),
    }


def _by_day(frame: pl.DataFrame, name: str, readers: Ids, span: Span) -> Floats:
    inside = np.isin(frame["user_id"].to_numpy(), readers)
    days, values = frame["day"].to_numpy()[inside], frame[name].to_numpy()[inside]
    return np.bincount(days, values, minlength=span.days).astype(np.float64)


def paid(lived: Lived, held: pl.DataFrame) -> pl.DataFrame:
    """Every paid period once, however often it was written down: those that still ran, and those that began."""
    both = [
        frame.select(
            pl.col("user_id").cast(pl.UInt64),
            pl.col("plan").cast(pl.String),
            pl.col("price_eur").cast(pl.Float64),
            pl.col("period_start").cast(pl.Datetime("ms", "UTC")),
            pl.col("ends").cast(pl.Datetime("ms", "UTC")),
        )
        for frame in (held, lived.periods)
    ]
    return pl.concat(both).unique(["user_id", "period_start"], keep="first", maintain_order=True)


def accrued(periods: pl.DataFrame, span: Span) -> tuple[Floats, Floats]:
    """Euros that fall into the span day by day, and what was taken off the list price in the same way [people]."""
    first, last = (pl.lit(moment).cast(pl.Datetime("ms", "UTC")) for moment in (span.begin, span.end))
    inside = pl.min_horizontal("ends", last) - pl.max_horizontal("period_start", first)
    share = (inside / (pl.col("ends") - pl.col("period_start"))).clip(lower_bound=0.0)
    rows = periods.with_columns(
        share=share, list_eur=pl.Series(_list_prices(periods["plan"].to_list()), dtype=pl.Float64)
    )
    off = (pl.col("list_eur") - pl.col("price_eur")).clip(lower_bound=0.0)
    sums = rows.group_by("user_id").agg(
        (pl.col("price_eur") * pl.col("share")).sum().alias("eur"), (off * pl.col("share")).sum().alias("off")
    )
    paid_eur, off_eur = (_at(sums["user_id"], sums[name], span.people) for name in ("eur", "off"))
    return paid_eur, off_eur


def _list_prices(plans: list[str]) -> list[float]:
    """Of `premium_monthly` and its like, euros a period without an offer."""
    parts = [plan.split("_") for plan in plans]
    tier = np.array([p.TIERS.index(name) for name, _ in parts], dtype=np.int64)
    plan = np.array([p.PLANS.index(name) for _, name in parts], dtype=np.int64)
    return price(tier, plan).tolist() if parts else []


def _lost(periods: pl.DataFrame, learnt: Learnt, span: Span) -> Floats:
    """Of the payers who may be asked to stay: 1 where no paid period reaches beyond the last day."""
    paying = periods.filter(pl.col("ends") > pl.lit(span.end).cast(pl.Datetime("ms", "UTC")))
    return _without(learnt.asked["retention"], paying)


def _without(readers: Ids, frame: pl.DataFrame) -> Floats:
    """1 for each of these readers of whom the frame holds nothing, else 0."""
    return (~np.isin(readers, frame["user_id"].to_numpy())).astype(np.float64)


def _sums(frame: pl.DataFrame, name: str, readers: Ids) -> Floats:
    sums = frame.group_by("user_id").agg(pl.col(name).sum().cast(pl.Float64))
    asked = pl.DataFrame({"user_id": readers}, schema={"user_id": pl.UInt64})
    return (
        asked.join(sums, on="user_id", how="left", maintain_order="left")[name]
        .fill_null(0.0)
        .to_numpy()
        .astype(np.float64)
    )


def _at(user_id: pl.Series, value: pl.Series, people: int) -> Floats:
    found = np.zeros(people)
    found[user_id.to_numpy().astype(np.int64) - FIRST_USER_ID] = value.to_numpy()
    return found
