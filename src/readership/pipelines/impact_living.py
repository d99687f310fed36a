"""The days after the decision, lived once under each policy with the same random numbers, and what is kept of them."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from multiprocessing import get_context
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from readership.pipelines.ad_policy import SellsAds, Watched, book_of, greedy, thompson
from readership.pipelines.impact_learning import Learnt
from readership.pipelines.impact_policies import FUTURES, Maker
from readership.simulator import Day, World, twins
from readership.simulator.policies import Policies

PROCESSES = 2
WATCHED_DAYS = 56
"""Before the decision, in which both markets learn from what the standing policy shows."""


class Lived(NamedTuple):
    """What the days brought; `day` is counted from the decision.

    visits    readers with an account: user_id, day, sessions, minutes (engaged)
    starts    user_id, day of each subscription that began
    periods   paid periods that began: user_id, plan, price_eur, period_start, ends
    decided   payers who decided whether to renew: user_id, day, chance (that they do not)
    ads       every person: user_id, eur (expected of what was shown), best_eur (of the best there was)
    contacts  offers made; `prompts` the paywall's questions
    """

    visits: pl.DataFrame
    starts: pl.DataFrame
    periods: pl.DataFrame
    decided: pl.DataFrame
    ads: pl.DataFrame
    contacts: int
    prompts: int


def live_all(world: World, learnt: Learnt, names: Sequence[str]) -> dict[str, Lived]:
    """Each future, in two processes; both live the days before it anew."""
    heavy = [name for name in names if "slate" in FUTURES[name]]
    ordered = [*heavy, *(name for name in names if name not in heavy)]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        parts = [pool.submit(live, world, learnt, ordered[k::PROCESSES]) for k in range(PROCESSES)]
        found = {name: lived for part in parts for name, lived in part.result().items()}
    return {name: found[name] for name in names}


def live(world: World, learnt: Learnt, names: Sequence[str]) -> dict[str, Lived]:
    """These futures, one after another."""
    book = book_of(world.seed, by_click=False)
    sellers = {"thompson": SellsAds(thompson(), book), "greedy": SellsAds(greedy(), book)}
    since = world.start + timedelta(days=learnt.day - WATCHED_DAYS)
    past = Policies(ad=Watched([*sellers.values()], int(since.timestamp()) * 1000))
    maker = Maker(world, learnt, sellers)
    futures = ((name, maker.policies(name)) for name in names)
    return {name: kept(days) for name, days in twins(replace(world, policies=past), learnt.day, futures)}


def kept(days: Iterable[Day]) -> Lived:
    """What is compared of these days; frames in one piece.

    A frame in pieces that Arrow owns cannot be sent from one process to another: Polars joins them while it is written
    down, and waits for ever for the lock of Python that it holds itself.
    """
    parts = [_of_day(number, day) for number, day in enumerate(days)]
    visits, starts, periods, decided, ads = (
        pl.concat([part[name] for part in parts], rechunk=True)
        for name in ("visits", "starts", "periods", "decided", "ads")
    )
    return Lived(
        visits=visits,
        starts=starts,
        periods=periods,
        decided=decided,
        ads=ads.group_by("user_id").sum(),
        contacts=sum(part["contacts"] for part in parts),
        prompts=sum(part["prompts"] for part in parts),
    )


def _of_day(number: int, day: Day) -> dict[str, Any]:
    known = _frame(day.events, "user_id", "session_id", "event_type", "time_on_page").with_columns(
        pl.col("user_id").cast(pl.UInt64), pl.col("event_type").cast(pl.String)
    )
    visits = (
        known.filter(pl.col("user_id").is_not_null())
        .group_by("user_id")
        .agg(pl.col("session_id").n_unique().alias("sessions"), (pl.col("time_on_page").sum() / 60).alias("minutes"))
        .sort("user_id")
    )
    starts = known.filter(pl.col("event_type") == "subscription_start").select("user_id")
    decided = _frame(day.truth["renewals"], "user_id", "cancel_probability")
    periods = _frame(day.subscriptions, "user_id", "plan", "price_eur", "period_start", "period_end")
    ads = _frame(day.truth["ads"], "user_id", "value_eur", "best_value_eur").group_by("user_id").sum()
    made = int(_frame(day.truth["offers"], "made")["made"].to_numpy().sum())
    asked = known.filter(pl.col("event_type") == "subscription_prompt").height
    today = pl.lit(number, pl.Int32).alias("day")
    return {
        "visits": visits.with_columns(today),
        "starts": starts.with_columns(today),
        "periods": periods.rename({"period_end": "ends"}),
        "decided": decided.rename({"cancel_probability": "chance"}).with_columns(today),
        "ads": ads.rename({"value_eur": "eur", "best_value_eur": "best_eur"}),
        "contacts": made,
        "prompts": asked - made,
    }


def _frame(table: pa.Table, *names: str) -> pl.DataFrame:
    frame = pl.from_arrow(table.select(list(names)))
    assert isinstance(frame, pl.DataFrame)
    return frame
