"""The oracle against a replay of the rules, against the world, and against what features can see."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from readership.evaluation.metrics import roc_auc
from readership.simulator import churn_probability, habit, places
from readership.simulator import parameters as p

FIRST_DAY = date(2025, 1, 6)
DAY = timedelta(days=1)
NO_VISITS = pl.DataFrame(
    schema={
        "user_id": pl.UInt64,
        "session_start": pl.Datetime("ms", "UTC"),
        "session_end": pl.Datetime("ms", "UTC"),
        "felt": pl.Float64,
        "newsletter": pl.Boolean,
    }
)


def _states() -> pl.DataFrame:
    """Readers of every phase, eager and rare, with and without a habit."""
    rows = [
        {"phase": phase, "habit": habit_, "satisfaction": 0.3, "rate": rate, "newsletter": rate > 0.2}
        for phase in (p.ACTIVE, p.PAUSED, p.GONE)
        for habit_ in (0.05, 0.6)
        for rate in (0.06, 0.5)
    ]
    return pl.DataFrame(rows).with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt64).alias("user_id"),
        pl.lit(0, pl.UInt8).alias("kind"),
        pl.lit(-20, pl.Int32).alias("arrived"),
        pl.lit(0.001).alias("drift"),
        pl.lit(0.02).alias("fickleness"),
        pl.lit([1.2, 1.0, 0.8, 1.1, 0.9, 0.4, 1.3]).alias("weekday"),
        pl.lit(2, pl.UInt8).alias("day_part"),
        pl.lit(3, pl.UInt8).alias("zone"),
        pl.lit(0.0).alias("visit_rate"),
    )


def _replayed(states: pl.DataFrame, as_of: datetime, horizon_days: int, copies: int) -> np.ndarray:
    """Share of `copies` lives of each reader without a session, by stepping through the rules of `habit`."""
    dice = np.random.default_rng(5)
    many = pl.concat([states] * copies)
    column = {name: many[name].to_numpy() for name in many.columns if name != "weekday"}
    weekday = np.array(many["weekday"].to_list())
    phase, came = column["phase"].astype(np.int8), np.zeros(len(many), dtype=bool)
    inner = habit.Inner(column["habit"], column["satisfaction"]).after(came, np.zeros(len(many)))
    hours = as_of.hour + as_of.minute / 60
    for number in range(1, horizon_days + 1):
        day = as_of.date() + number * DAY
        odds = habit.chances(column["fickleness"], column["kind"], inner)
        phase = habit.step(phase, dice.random(len(many)), odds)
        age = np.full(len(many), float((day - FIRST_DAY).days))
        rate = habit.visit_rate(column["rate"], column["drift"], weekday, column["newsletter"], inner.habit, age, day)
        level = dice.choice(p.NEWS_LEVELS, p=p.NEWS_LEVEL_WEIGHTS, size=len(many))
        sessions = dice.poisson(np.where(phase == p.ACTIVE, rate * level, 0.0))
        clock = places.clock(day)[2, 3]
        begun = np.interp(dice.random((len(many), 1)), clock, np.arange(25))[:, 0] < hours
        came |= (sessions > 0) & ((number < horizon_days) | (begun & (sessions > 0)))
        inner = inner.after(np.zeros(len(many), dtype=bool), np.zeros(len(many)))
    return 1 - came.reshape(copies, len(states)).mean(axis=0)


def test_the_closed_form_is_the_share_of_lives_without_a_visit() -> None:
    states, as_of, copies = _states(), datetime(2025, 3, 28, tzinfo=UTC), 4000
    exact = churn_probability(states, NO_VISITS, as_of, 28, FIRST_DAY, 1.0)["probability"].to_numpy()
    replayed = _replayed(states, as_of, 28, copies)
    error = np.sqrt(exact * (1 - exact) / copies)
    assert (np.abs(exact - replayed) < 4 * error + 1e-9).all()
    assert exact.min() < 0.05
    assert exact.max() > 0.9


def test_one_day_by_hand() -> None:
    """An active reader, one session expected, at midnight: exp(-1) today, and tomorrow is not asked about."""
    states = _states().head(1).with_columns(pl.lit(1.0).alias("visit_rate"))
    as_of = datetime(2025, 3, 5, tzinfo=UTC)
    found = churn_probability(states, NO_VISITS, as_of, 1, FIRST_DAY, 1.0)["probability"][0]
    assert found == pytest.approx(np.exp(-1), abs=1e-12)
    on_big_news = churn_probability(states, NO_VISITS, as_of, 1, FIRST_DAY, 2.0)["probability"][0]
    assert on_big_news == pytest.approx(np.exp(-2), abs=1e-12)


def test_a_reader_in_a_session_will_be_seen() -> None:
    states, as_of = _states(), datetime(2025, 3, 5, 9, tzinfo=UTC)
    reading = pl.DataFrame(
        [(0, as_of - timedelta(minutes=4), as_of + timedelta(minutes=3), 0.2, False)],
        schema=NO_VISITS.schema,
        orient="row",
    )
    found = churn_probability(states, reading, as_of, 28, FIRST_DAY, 1.0)
    assert found["probability"][0] == 0
    assert (found["probability"][1:] > 0).all()


def _asked(lived, as_of: datetime) -> pl.DataFrame:
    """Readers with an account seen in 56 days: churned or not, the oracle's probability, and what a rule may see."""
    visits = lived.truth["visits"]
    states = lived.truth["reader_days"].filter(pl.col("day") == as_of.date()).join(lived.truth["readers"], on="user_id")
    midnight = as_of.replace(hour=0, minute=0, second=0)
    near = visits.filter((pl.col("session_start") < as_of) & (pl.col("session_end") >= midnight))
    level = lived.truth["days"].filter(pl.col("day") == as_of.date())["news_level"][0]
    oracle = churn_probability(states, near, as_of, 28, lived.world.start.date(), level)
    known = lived.events.filter(pl.col("user_id").is_not_null()).with_columns(pl.col("user_id").cast(pl.UInt64))
    seen = known.filter((pl.col("timestamp") < as_of) & (pl.col("timestamp") >= as_of - 56 * DAY))
    later = known.filter((pl.col("timestamp") >= as_of) & (pl.col("timestamp") < as_of + 28 * DAY))
    return (
        seen.group_by("user_id")
        .agg(
            ((as_of - pl.col("timestamp").max()).dt.total_seconds() / (56 * 86_400)).alias("recency"),
            (1 / pl.col("session_id").n_unique()).alias("rarity"),
        )
        .join(oracle, on="user_id")
        .with_columns((~pl.col("user_id").is_in(later["user_id"].unique().implode())).cast(pl.Float64).alias("churned"))
    )


@pytest.mark.parametrize("hours", [0, 13])
def test_the_oracle_is_right_about_the_world(lived, hours: int) -> None:
    """Mean probability within the binomial error of what came true; groups of it too; never 0 for one who left."""
    asked = pl.concat([_asked(lived, lived.world.start + timedelta(days=days, hours=hours)) for days in (60, 88)]).sort(
        "probability"
    )
    chance, churned = asked["probability"].to_numpy(), asked["churned"].to_numpy()
    assert len(asked) > 1000
    for part in (slice(None), *np.array_split(np.arange(len(asked)), 4)):
        expected, spread = chance[part].sum(), np.sqrt((chance[part] * (1 - chance[part])).sum())
        assert abs(churned[part].sum() - expected) < 3.5 * spread + 0.004 * len(chance[part])
    assert not ((chance == 0) & (churned == 1)).any()


def test_the_oracle_beats_every_simple_rule_and_is_not_certain(lived) -> None:
    asked = _asked(lived, lived.world.start + timedelta(days=88))
    churned = asked["churned"].to_numpy()
    best = roc_auc(churned, asked["probability"].to_numpy())
    assert best > roc_auc(churned, asked["recency"].to_numpy()) + 0.03
    assert best > roc_auc(churned, asked["rarity"].to_numpy()) + 0.03
    assert best < 0.98
