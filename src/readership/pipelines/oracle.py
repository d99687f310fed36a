"""The best that is possible, where the warehouse holds a simulated world and its truth.

Each oracle answers for the rows it is asked about, with what is known of the hidden state at the row's own time; all
return None where the warehouse holds no truth, an unfinished one, or one made by other rules than this version's.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import numpy as np
import polars as pl

from readership.models.engagement import session_score
from readership.pipelines.truth import SQL, TRUTH, HeldWorld, held_world
from readership.simulator import churn_probability
from readership.simulator import parameters as p
from readership.simulator.habit import Inner
from readership.simulator.population import FIRST_USER_ID, People
from readership.simulator.reduced import State, conversion_probability
from readership.simulator.rehearsal import rehearse
from readership.simulator.world import everybody
from readership.warehouse import Warehouse, read_sql

MOST_READERS = 5_000
"""Rows for which the coming days are played; of more, these are picked by the reader's id."""
REHEARSED_SESSIONS = 24
EXPECTED_FROM = 120
"""Draws behind an expected score: chance moves it by about a point and a half, against seven between readers."""
MIX = np.uint64(0x9E3779B97F4A7C15)


def churn_oracle(
    warehouse: Warehouse, reader_as_of: pl.DataFrame, horizon_days: int, truth: str = TRUTH
) -> pl.DataFrame | None:
    """P(no session in [as_of, as_of + horizon_days)) from the full hidden state at as_of, for each row asked.

    reader_as_of   columns user_id (UInt64) and as_of (UTC); rows of no registered simulated reader are left out
    truth          the database of the hidden state

    Returns user_id, as_of, probability in the order asked.
    """

    def at(held: HeldWorld, as_of: datetime, level: float, _: pl.DataFrame) -> pl.DataFrame:
        return churn_probability(
            warehouse.frame(read_sql(SQL, "states"), truth=truth, as_of=as_of),
            warehouse.frame(read_sql(SQL, "visits"), truth=truth, as_of=as_of),
            as_of,
            horizon_days,
            held.world.start.date(),
            level,
            held.world.drift_day,
        )

    return _answers(warehouse, reader_as_of, truth, at, {"probability": pl.Float64})


def conversion_oracle(
    warehouse: Warehouse,
    reader_as_of: pl.DataFrame,
    horizon_days: int,
    truth: str = TRUTH,
    *,
    offer: bool | None = None,
) -> pl.DataFrame | None:
    """P(a subscription starts in [as_of, as_of + horizon_days)) of readers who do not pay, for each row asked.

    Asked about more than 5,000 rows, it answers for 5,000 of them, always the same ones.

    offer   None: offers are made as the standing arm makes them; True, False: everybody, nobody is made one at the
            next visit, so that the difference is the effect of an offer on each reader

    Returns user_id, as_of, probability, error (the Monte-Carlo standard error).
    """

    def at(held: HeldWorld, as_of: datetime, level: float, asked: pl.DataFrame) -> pl.DataFrame:
        found = warehouse.frame(
            read_sql(SQL, "free_readers"), truth=truth, as_of=as_of, stands_days=p.OFFER_STANDS_DAYS
        ).join(asked, on="user_id", how="semi", maintain_order="left")
        folk = _folk(held, found["user_id"])
        state = _state(folk, found)
        rehearsed = rehearse(held.world, folk, state.newsletter, as_of, REHEARSED_SESSIONS)
        answer = conversion_probability(held.world, state, rehearsed, as_of, horizon_days, level, offer=offer)
        return found.select("user_id").with_columns(
            pl.Series("probability", answer.probability), pl.Series("error", answer.error)
        )

    some = _some(reader_as_of)
    return _answers(warehouse, some, truth, at, {"probability": pl.Float64, "error": pl.Float64})


def engagement_oracle(
    warehouse: Warehouse, reader_as_of: pl.DataFrame, truth: str = TRUTH, sessions: int = REHEARSED_SESSIONS
) -> pl.DataFrame | None:
    """What the next session of each reader may be: so many draws of it from the hidden state at as_of.

    A score of sessions, averaged over a reader's draws, is the score to be expected of the next one. Returns one row a
    draw: user_id, as_of, article_views, article_completes, engaged_seconds, scroll_depth_sum, session_seconds.
    """

    def at(held: HeldWorld, as_of: datetime, _: float, asked: pl.DataFrame) -> pl.DataFrame:
        found = warehouse.frame(read_sql(SQL, "newsletters"), truth=truth, as_of=as_of).join(
            asked, on="user_id", how="semi", maintain_order="left"
        )
        folk = _folk(held, found["user_id"])
        drawn = rehearse(held.world, folk, found["newsletter"].to_numpy(), as_of, sessions)
        columns = (drawn.views, drawn.completes, drawn.engaged_seconds, drawn.scroll_sum, drawn.seconds)
        return pl.DataFrame(
            {"user_id": np.repeat(folk.user_id, sessions)}
            | {name: values.ravel() for name, values in zip(ENGAGEMENT, columns, strict=True)}
        )

    return _answers(warehouse, _some(reader_as_of), truth, at, dict.fromkeys(ENGAGEMENT, pl.Float64))


def expected_engagement(
    warehouse: Warehouse, reader_as_of: pl.DataFrame, horizon_days: int, truth: str = TRUTH
) -> pl.DataFrame | None:
    """The engagement score to be expected of each reader's next session, the mean of `EXPECTED_FROM` draws of it.

    Whether a session comes at all within `horizon_days` is not its question. Returns user_id, as_of, score, error (the
    Monte-Carlo standard error).
    """
    drawn = engagement_oracle(warehouse, reader_as_of, truth, EXPECTED_FROM)
    if drawn is None:
        return None
    score = session_score(*(drawn[name].to_numpy() for name in ENGAGEMENT))
    scored = drawn.select("user_id", "as_of").with_columns(pl.Series("score", score))
    error = pl.col("score").std() / pl.len().sqrt()
    return scored.group_by("user_id", "as_of", maintain_order=True).agg(pl.col("score").mean(), error.alias("error"))


class _Oracle(Protocol):
    def __call__(self, warehouse: Warehouse, reader_as_of: pl.DataFrame, horizon_days: int) -> pl.DataFrame | None: ...


READER_ORACLES: dict[str, _Oracle] = {
    "churn": churn_oracle,
    "conversion": conversion_oracle,
    "engagement": expected_engagement,
}
"""By task: a probability, or an expected score, for each reader and cut-off."""
ENGAGEMENT = ("article_views", "article_completes", "engaged_seconds", "scroll_depth_sum", "session_seconds")


def click_oracle(
    warehouse: Warehouse, shown: pl.DataFrame, since: datetime, until: datetime, truth: str = TRUTH
) -> pl.DataFrame | None:
    """The true probability of a click on each article shown in [since, until).

    shown   columns slate_id and position, of `article_impression` events

    Returns slate_id, position, probability (its position known) and position_free: attraction times the mean
    examination of the placement, the probability for somebody who is not told the position. In the order asked.
    """
    if _ready(warehouse, truth) is None:
        return None
    chances = warehouse.frame(read_sql(SQL, "click_chances"), truth=truth, since=since, until=until)
    mean = pl.col("click_probability").sum().over("placement") / pl.col("attraction").sum().over("placement")
    found = chances.select(
        "slate_id",
        "position",
        pl.col("click_probability").alias("probability"),
        (pl.col("attraction") * mean).alias("position_free"),
    )
    keys = shown.select("slate_id", pl.col("position").cast(found.schema["position"]))
    return keys.join(found, on=["slate_id", "position"], how="left", maintain_order="left")


def ad_oracle(
    warehouse: Warehouse, decisions: pl.DataFrame, since: datetime, until: datetime, truth: str = TRUTH
) -> pl.DataFrame | None:
    """The true chance of a click and the worth of each advertisement shown in [since, until).

    decisions   column decision_id, of `ad_impression` events

    Returns decision_id, ad_id, click_probability, value_eur, best_ad_id, best_value_eur, even_value_eur.
    """
    if _ready(warehouse, truth) is None:
        return None
    found = warehouse.frame(read_sql(SQL, "ad_chances"), truth=truth, since=since, until=until)
    return decisions.select("decision_id").join(found, on="decision_id", how="left", maintain_order="left")


def _ready(warehouse: Warehouse, truth: str) -> HeldWorld | None:
    held = held_world(warehouse, truth)
    return held if held is not None and held.complete and held.version == p.VERSION else None


def _answers(
    warehouse: Warehouse,
    reader_as_of: pl.DataFrame,
    truth: str,
    at: Callable[[HeldWorld, datetime, float, pl.DataFrame], pl.DataFrame],
    columns: dict[str, type[pl.DataType]],
) -> pl.DataFrame | None:
    """What `at` answers at each cut-off within the world, joined to the rows asked, in their order."""
    held = _ready(warehouse, truth)
    if held is None:
        return None
    kind = reader_as_of.schema["as_of"]
    found = []
    for as_of in reader_as_of["as_of"].unique().sort():
        levels = warehouse.rows(read_sql(SQL, "news_level"), truth=truth, as_of=as_of)
        if levels:
            asked = reader_as_of.filter(pl.col("as_of") == as_of)
            answer = at(held, as_of, levels[0][0], asked)
            found.append(answer.with_columns(pl.lit(as_of).cast(kind).alias("as_of")))
    empty = pl.DataFrame(schema={"user_id": pl.UInt64, **columns, "as_of": kind})
    whole = pl.concat([empty, *(answer.select(empty.columns) for answer in found)])
    rows = reader_as_of.select("user_id", "as_of")
    return rows.join(whole, on=["user_id", "as_of"], how="inner", maintain_order="left")


def _some(reader_as_of: pl.DataFrame) -> pl.DataFrame:
    """At most `MOST_READERS` of the rows, picked by a hash of the reader's id."""
    if len(reader_as_of) <= MOST_READERS:
        return reader_as_of
    mixed = reader_as_of["user_id"].to_numpy().astype(np.uint64) * MIX
    limit = np.partition(mixed, MOST_READERS)[MOST_READERS]
    return reader_as_of.filter(pl.Series(mixed < limit))


def _folk(held: HeldWorld, user_id: pl.Series) -> People:
    """These persons, made again from the world's seed."""
    return everybody(held.world).take((user_id.to_numpy() - FIRST_USER_ID).astype(np.int64))


def _state(folk: People, found: pl.DataFrame) -> State:
    column = {name: found[name].to_numpy() for name in found.columns}
    return State(
        folk=folk,
        phase=column["phase"].astype(np.int8),
        inner=Inner(column["habit"], column["satisfaction"]),
        visits=column["visits_today"].astype(np.int64),
        felt=column["felt_today"],
        newsletter=column["newsletter"].astype(bool),
        meter=column["meter"].astype(np.int64),
        offered_days=column["offered_days"],
        asked=column["asked"].astype(bool),
    )
