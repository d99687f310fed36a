"""Does an experiment of no effect show none? Many small worlds, readers split by chance, nothing done to either half.

In each world a test at 5 % asks whether the halves differ. It should say yes in one world out of twenty, whatever is
measured: more often would mean that the world, or the way readers are split and counted, makes effects out of nothing.
"""

import time
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from readership.benchmarks.result import result
from readership.errors import InputError
from readership.simulator import World, simulate
from readership.simulator.randomness import key, keys, root, uniform

WORLDS = 200
DAYS = 21
LEVEL = 0.05
MEASURES = ("visits", "articles", "engaged_seconds", "ad_impressions", "came_back")
PROTOCOL = (
    "{worlds} worlds of {readers} readers at the start and {days} days; readers (accounts, else devices) seen in the "
    "first week are split in halves by a hash; per measure Welch's t-test at {level} on log(1 + sum per reader) (of "
    "plain sums with a heavy tail it rejects too seldom, whatever the world); "
    "rejected_<measure> is the share of worlds in which the halves differ, lowest_expected and highest_expected the "
    "span that holds 99 % of such shares where there is no effect (binomial)"
)


def run(*, readers: int = 300, worlds: int = WORLDS) -> dict[str, Any]:
    """Figures: rejected_<measure> for each measure, lowest_expected, highest_expected, within_binomial_error."""
    if readers < 50 or worlds < 1:
        raise InputError(f"{worlds} worlds of {readers} readers are too few to measure; give at least 1 of 50 readers")
    began = time.monotonic()
    found = np.array([p_values(outcomes(World(readers, DAYS, seed)), seed) for seed in range(worlds)])
    shares = (found < LEVEL).mean(axis=0)
    low, high = expected(worlds)
    figures: dict[str, float] = {
        f"rejected_{name}": round(float(share), 4) for name, share in zip(MEASURES, shares, strict=True)
    }
    figures |= {"lowest_expected": low, "highest_expected": high, "worlds": worlds}
    figures["within_binomial_error"] = int(((shares >= low) & (shares <= high)).all())
    protocol = PROTOCOL.format(worlds=worlds, readers=readers, days=DAYS, level=LEVEL)
    return result("aa", figures, {}, protocol, time.monotonic() - began)


def outcomes(world: World) -> pl.DataFrame:
    """One row for each reader seen in the first week: `reader` and a number for each measure."""
    events = pl.concat([_of_day(pl.from_arrow(day.events)) for day in simulate(world)])
    start = world.start.replace(tzinfo=None)
    day = (pl.col("timestamp").dt.replace_time_zone(None) - pl.lit(start)).dt.total_days()
    return (
        events.with_columns(day.alias("day"))
        .group_by("reader")
        .agg(
            (pl.col("day").min() < 7).alias("early"),
            pl.col("session_id").n_unique().cast(pl.Float64).alias("visits"),
            (pl.col("event_type") == "article_view").sum().cast(pl.Float64).alias("articles"),
            pl.col("time_on_page").sum().alias("engaged_seconds"),
            (pl.col("event_type") == "ad_impression").sum().cast(pl.Float64).alias("ad_impressions"),
            (pl.col("day").max() >= 14).cast(pl.Float64).alias("came_back"),
        )
        .filter("early")
        .sort("reader")
    )


def p_values(readers: pl.DataFrame, seed: int) -> NDArray[np.float64]:
    """Welch's test between two halves of the readers, of the logarithm of one plus each measure."""
    treated = halves(len(readers), seed)
    values = np.log1p(readers.select(MEASURES).to_numpy())
    found: NDArray[np.float64] = stats.ttest_ind(values[treated], values[~treated], equal_var=False).pvalue
    return np.nan_to_num(found, nan=1.0)


def halves(readers: int, seed: int) -> NDArray[np.bool_]:
    """Which of so many readers are in the first half, by chance."""
    return uniform(keys(key(root(seed), "aa"), np.arange(readers)), "half") < 0.5


def expected(worlds: int) -> tuple[float, float]:
    """The span that holds 99 % of the shares of `worlds` worlds in which a test at 5 % rejects by chance.

    >>> expected(200)
    (0.015, 0.095)
    """
    low, high = stats.binom.interval(0.99, worlds, LEVEL)
    return float(low / worlds), float(high / worlds)


def _of_day(events: Any) -> pl.DataFrame:
    chosen: pl.DataFrame = events.select(
        pl.coalesce(pl.col("user_id"), "device:" + pl.col("device_id")).alias("reader"),
        "session_id", "timestamp", "time_on_page", pl.col("event_type").cast(pl.String),
    )  # fmt: skip
    return chosen
