"""The oracle of conversion against the world, and rehearsed sessions against those that happened."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from lived_world import Lived

from readership.evaluation.metrics import roc_auc
from readership.simulator import parameters as p
from readership.simulator.habit import Inner
from readership.simulator.population import FIRST_USER_ID, People
from readership.simulator.reduced import State, conversion_probability
from readership.simulator.rehearsal import Rehearsed, rehearse
from readership.simulator.world import everybody

HORIZON = 30
SESSIONS = 12


def _free(lived: Lived, as_of: datetime) -> tuple[People, State]:
    """Registered readers who do not pay, at a midnight."""
    days = lived.truth["reader_days"].filter((pl.col("day") == as_of.date()) & (pl.col("tier") <= 1))
    folk = everybody(lived.world).take((days["user_id"].to_numpy() - FIRST_USER_ID).astype(np.int64))
    column = {name: days[name].to_numpy() for name in days.columns}
    nothing = np.zeros(len(days))
    inner = Inner(column["habit"], column["satisfaction"])
    state = State(
        folk, column["phase"].astype(np.int8), inner, nothing.astype(np.int64), nothing,
        column["newsletter"].astype(bool), column["meter"].astype(np.int64), column["offered_days"],
        column["asked_this_span"].astype(bool),
    )  # fmt: skip
    return folk, state


@pytest.fixture(scope="module")
def asked(lived: Lived) -> tuple[People, State, Rehearsed, datetime]:
    as_of = lived.world.start + timedelta(days=70)
    folk, state = _free(lived, as_of)
    return folk, state, rehearse(lived.world, folk, state.newsletter, as_of, SESSIONS), as_of


def _started(lived: Lived, folk: People, as_of: datetime) -> np.ndarray:
    starts = lived.events.filter(
        (pl.col("event_type") == "subscription_start")
        & (pl.col("timestamp") >= as_of)
        & (pl.col("timestamp") < as_of + timedelta(days=HORIZON))
    )["user_id"].cast(pl.UInt64)
    return np.isin(folk.user_id, starts.to_numpy()).astype(float)


def test_starts_come_as_often_as_the_oracle_says_and_to_whom(lived: Lived) -> None:
    chances, started = [], []
    for days in (40, 70, 100):
        as_of = lived.world.start + timedelta(days=days)
        folk, state = _free(lived, as_of)
        pool = rehearse(lived.world, folk, state.newsletter, as_of, SESSIONS)
        chances.append(conversion_probability(lived.world, state, pool, as_of, HORIZON, 1.0, replicates=60).probability)
        started.append(_started(lived, folk, as_of))
    chance, start = np.concatenate(chances), np.concatenate(started)
    spread = np.sqrt((chance * (1 - chance)).sum())
    assert abs(start.sum() - chance.sum()) < 4 * spread
    assert roc_auc(start, chance) > 0.85


def test_an_offer_persuades_the_persuadable_and_not_the_sleeping_dogs(lived: Lived, asked) -> None:
    folk, state, pool, as_of = asked
    with_, without = (
        conversion_probability(lived.world, state, pool, as_of, HORIZON, 1.0, offer=offer, replicates=60).probability
        for offer in (True, False)
    )
    here = (state.phase == p.ACTIVE) & ~state.asked
    effect = [float((with_ - without)[here & (folk.offer_type == kind)].mean()) for kind in range(4)]
    assert effect[p.PERSUADABLE] > 2 * effect[p.SURE_THING] > 0
    assert effect[p.PERSUADABLE] > 10 * abs(effect[p.LOST_CAUSE])
    assert effect[p.SLEEPING_DOG] < 0.5 * effect[p.SURE_THING]


def test_the_error_is_that_of_the_replicates_and_the_same_question_has_the_same_answer(lived: Lived, asked) -> None:
    _, state, pool, as_of = asked
    few, again, more = (
        conversion_probability(lived.world, state, pool, as_of, 10, 1.0, replicates=count) for count in (40, 40, 360)
    )
    assert (few.probability == again.probability).all()
    assert more.error.mean() == pytest.approx(few.error.mean() / 3, rel=0.25)
    off = np.abs(few.probability - more.probability)[more.error > 0]
    assert off.mean() < 1.5 * few.error[more.error > 0].mean()


def test_nobody_starts_who_cannot_come(lived: Lived, asked) -> None:
    _, state, pool, as_of = asked
    gone = State(**{**vars(state), "phase": np.full(len(state.phase), p.GONE, dtype=np.int8)})
    chance = conversion_probability(lived.world, gone, pool, as_of, HORIZON, 1.0, replicates=20).probability
    here = conversion_probability(lived.world, state, pool, as_of, HORIZON, 1.0, replicates=20).probability
    assert chance.mean() < 0.2 * here.mean()


def test_rehearsed_sessions_are_like_those_that_came(lived: Lived, asked) -> None:
    """In the mean over readers with many sessions around the cut-off, and reader by reader."""
    folk, _, pool, as_of = asked
    near = lived.truth["visits"].filter((pl.col("session_start") - as_of).dt.total_days().abs() < 25)
    by_reader = near.group_by("user_id").agg(
        pl.col("reads").mean(), pl.col("walled").mean(), pl.col("expected_engaged_seconds").mean(), pl.len()
    )
    rows = pl.DataFrame(
        {
            "user_id": folk.user_id,
            "views": pool.views.mean(axis=1),
            "paywalled": pool.walled.mean(axis=1),
            "seconds": pool.engaged_seconds.mean(axis=1),
        }
    ).join(by_reader.filter(pl.col("len") >= 10), on="user_id")
    assert len(rows) > 100
    assert rows["views"].mean() == pytest.approx(rows["reads"].mean(), rel=0.15)
    assert rows["paywalled"].mean() == pytest.approx(rows["walled"].mean(), rel=0.25)
    assert rows["seconds"].mean() == pytest.approx(rows["expected_engaged_seconds"].mean(), rel=0.2)
    assert np.corrcoef(rows["seconds"], rows["expected_engaged_seconds"])[0, 1] > 0.5


def test_rehearsals_use_dice_of_their_own_and_nothing_later_than_the_cut_off(lived: Lived, asked) -> None:
    folk, state, pool, as_of = asked
    longer = type(lived.world)(lived.world.readers, lived.world.days + 40, lived.world.seed)
    # a world that runs on has more people, but the same for these
    again = rehearse(
        longer,
        everybody(longer).take((folk.user_id - FIRST_USER_ID).astype(np.int64)),
        state.newsletter,
        as_of,
        SESSIONS,
    )
    assert np.array_equal(again.engaged_seconds, pool.engaged_seconds)
