"""The best score anybody could give: the probability of staying away, from the full hidden state at a cut-off.

The state holds phase, habit, satisfaction, rate and everything else that moves a reader (`habit.py`), but nothing
that is drawn later. No simulation is needed: along the path without a visit habit and satisfaction fade in a known
way, so the phases form a Markov chain of three states whose steps are known, and

    P(no session in [t, t + H)) = Σ over phases of the probability of being in it and having begun no session,

carried forward midnight by midnight, the rest of the first day and the part of the last day by the reader's clock.
It is exact: there is no Monte-Carlo error.
"""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.simulator import parameters as p
from readership.simulator import places
from readership.simulator.habit import Inner, chances, stays_away, step_shares, visit_rate

Numbers = NDArray[np.float64]
DAY = timedelta(days=1)


def churn_probability(
    states: pl.DataFrame,
    visits: pl.DataFrame,
    as_of: datetime,
    horizon_days: int,
    first_day: date,
    news_level: float,
    drift_day: int | None = None,
) -> pl.DataFrame:
    """P(no session in [as_of, as_of + horizon_days)) of each reader: columns user_id, probability.

    states      one row a reader: columns of the truth's `readers` and of `reader_days` on the day of `as_of`
    visits      rows of the truth's `visits` that began that day or before and ended after that day's midnight
    first_day   the day the world began
    news_level  how big the news of that day was
    drift_day   of the world, where it has one; that it will come is part of the state

    A reader who is in a session at `as_of` is seen after it: the probability is 0.
    """
    today, hours = as_of.date(), (as_of - _midnight(as_of)) / timedelta(hours=1)
    reader = _Reader(states, first_day)
    shares = np.stack([(states["phase"] == phase).to_numpy().astype(float) for phase in (p.ACTIVE, p.PAUSED, p.GONE)])
    left = 1 - reader.begun(today, hours)
    shares[0] *= np.exp(-states["visit_rate"].to_numpy() * news_level * left)
    inner, newsletter = _evening(states, visits, as_of)
    for number in range(1, horizon_days + 1):
        day = today + number * DAY
        part = np.ones(len(states)) if number < horizon_days else reader.begun(day, hours)
        drifted = drift_day is not None and (day - first_day).days >= drift_day
        shares = step_shares(shares, chances(reader.fickleness, reader.kind, inner, drifted))
        shares[0] *= stays_away(reader.rate(day, inner, newsletter) * part)
        inner = inner.after(np.zeros(len(states), dtype=bool), np.zeros(len(states)))
    reading = visits.filter((pl.col("session_start") < as_of) & (pl.col("session_end") >= as_of))["user_id"]
    inside = states["user_id"].is_in(reading.unique().implode()).to_numpy()
    return pl.DataFrame({"user_id": states["user_id"], "probability": np.where(inside, 0.0, shares.sum(axis=0))})


class _Reader:
    """What does not change about each reader, as arrays."""

    def __init__(self, states: pl.DataFrame, first_day: date) -> None:
        self.fickleness = states["fickleness"].to_numpy()
        self.kind = states["kind"].to_numpy()
        self._rate, self._drift = states["rate"].to_numpy(), states["drift"].to_numpy()
        self._weekday = np.array(states["weekday"].to_list(), dtype=float).reshape(-1, 7)
        self._day_part, self._zone = states["day_part"].to_numpy(), states["zone"].to_numpy()
        self._arrived, self._first_day = states["arrived"].to_numpy(), first_day

    def rate(self, day: date, inner: Inner, newsletter: NDArray[np.bool_]) -> Numbers:
        """Sessions expected on an ordinary day of news, if active."""
        age = np.maximum((day - self._first_day).days - np.maximum(self._arrived, 0), 0).astype(float)
        return visit_rate(self._rate, self._drift, self._weekday, newsletter, inner.habit, age, day)

    def begun(self, day: date, hours: float) -> Numbers:
        """Share of a day's sessions that begin before this hour of it."""
        clock = places.clock(day)[self._day_part, self._zone]
        hour = int(hours)
        return clock[:, hour] + (hours - hour) * (clock[:, hour + 1] - clock[:, hour])


def _evening(states: pl.DataFrame, visits: pl.DataFrame, as_of: datetime) -> tuple[Inner, NDArray[np.bool_]]:
    """Habit, satisfaction and newsletter at the end of the day of `as_of` if nobody comes any more that day."""
    before = (
        visits.filter((pl.col("session_start") >= _midnight(as_of)) & (pl.col("session_start") < as_of))
        .group_by("user_id")
        .agg(pl.col("felt").mean(), pl.col("newsletter").any().alias("signed_up"))
    )
    joined = states.select("user_id", "habit", "satisfaction", "newsletter").join(
        before, on="user_id", how="left", maintain_order="left"
    )
    came = joined["felt"].is_not_null().to_numpy()
    inner = Inner(joined["habit"].to_numpy(), joined["satisfaction"].to_numpy())
    newsletter = (joined["newsletter"] | joined["signed_up"].fill_null(False)).to_numpy()
    return inner.after(came, joined["felt"].fill_null(0.0).to_numpy()), newsletter


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
