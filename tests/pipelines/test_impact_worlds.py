"""Futures of a small world: who does nothing changes nothing, the truth beats the lot, money counts once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from readership.errors import InputError
from readership.evaluation.impact import NOTHING, OUTCOMES
from readership.evaluation.reports.impact import write_impact_report
from readership.evaluation.reports.impact_words import name_of, told
from readership.models.recommendation.recommender import Recommender
from readership.pipelines.impact import SIMULATED, Compared, compare, impact
from readership.pipelines.impact_learning import Learnt
from readership.pipelines.impact_living import Lived, kept, live
from readership.pipelines.impact_outcomes import Span, accrued, daily, outcomes, paid
from readership.pipelines.impact_policies import FUTURES, STANDING, TightWall, futures_of, news_of
from readership.pipelines.progress import Progress
from readership.settings import Settings
from readership.simulator import Policies, World, simulate, twins
from readership.simulator import parameters as p
from readership.simulator.newsroom import publish
from readership.simulator.policies import PromptBatch
from readership.simulator.randomness import root
from readership.simulator.world import everybody

WORLD, DAY = World(500, 8, 3), 4
NOBODY = np.zeros(0, dtype=np.uint64)
HELD = pl.DataFrame(
    schema={
        "user_id": pl.UInt64,
        "plan": pl.String,
        "price_eur": pl.Float64,
        "period_start": pl.Datetime("ms", "UTC"),
        "ends": pl.Datetime("ms", "UTC"),
    }
)
MODELS = {name: {"trained": True, "promoted": False} for name in ("churn_subscribers", "conversion")}


def learnt(**changes) -> Learnt:
    everyone = np.arange(100_001, 100_501, dtype=np.uint64)
    names = ("ours", "likeliest", "last_visit", "random", "oracle", "half")
    known = {
        "day": DAY,
        "lists": {"retention": dict.fromkeys(names, NOBODY), "offer": dict.fromkeys(names, everyone)},
        "asked": dict.fromkeys(("churn", "retention", "offer"), everyone),
        "held": HELD,
        "memory": Recommender().files(),
        "ranker": Path("nowhere"),
        "agreed": frozenset(everyone.tolist()),
        "ordered_by": {"retention": "probability", "offer": "probability"},
        "models": MODELS,
    }
    return Learnt(**known | changes)


@pytest.fixture(scope="module")
def lived() -> dict[str, Lived]:
    names = [STANDING, "retention_ours", "offers_ours", "prompts_ours", "pages_popularity", "ads_ours", "ads_greedy"]
    return live(WORLD, learnt(), names)


@pytest.fixture(scope="module")
def part(lived) -> Compared:
    """Every future there is; those that were not lived stand in for others."""
    known = learnt()
    whole = {name: lived.get(name, lived["offers_ours"]) for name in futures_of(known)}
    span = Span(WORLD.start + timedelta(days=DAY), WORLD.days - DAY, len(everybody(WORLD)))
    return Compared(known, span, {name: outcomes(one, known, span) for name, one in whole.items()}, whole)


def test_a_list_of_nobody_changes_exactly_nothing(part) -> None:
    """The retention list is empty: both worlds are the same, in every outcome and for every reader."""
    found = compare([part])["policies"]["retention_ours"]["outcomes"]
    assert set(found) == set(OUTCOMES)
    assert all(one["lift"] == NOTHING == one["change"] for one in found.values())


def test_each_policy_changes_what_it_is_about(lived) -> None:
    standing = lived[STANDING]
    assert standing.contacts == 0
    assert lived["offers_ours"].contacts > 20
    assert lived["prompts_ours"].prompts > standing.prompts > 0
    assert lived["offers_ours"].visits["minutes"].sum() == standing.visits["minutes"].sum()
    assert lived["pages_popularity"].visits["minutes"].sum() != standing.visits["minutes"].sum()
    assert lived["ads_ours"].visits.equals(standing.visits)
    assert lived["ads_greedy"].ads["eur"].sum() > standing.ads["eur"].sum()
    assert lived["ads_greedy"].ads["best_eur"].sum() == pytest.approx(standing.ads["best_eur"].sum())


def test_who_is_known_to_be_persuadable_is_kept_better_than_by_lot() -> None:
    world = World(2_500, 20, 5)
    first = next(iter(simulate(replace(world, days=1))))
    readers = pl.from_arrow(first.truth["readers"])
    persuadable = readers.filter(pl.col("retention_type") == p.PERSUADABLE)["user_id"].to_numpy()
    by_lot = np.random.default_rng(0).choice(readers["user_id"].to_numpy(), len(persuadable), replace=False)
    expected = {}
    for name, listed in (("nobody", NOBODY), ("truth", persuadable), ("lot", by_lot)):
        chosen = Policies(arms=False, retention=lambda batch, listed=listed: np.isin(batch.user_id, listed))
        expected[name] = {k: kept(days) for k, days in twins(world, 0, ((name, chosen),))}[name].decided["chance"].sum()
    assert expected["truth"] < expected["lot"]
    assert expected["truth"] < 0.95 * expected["nobody"]


def test_frames_are_in_one_piece_so_that_they_can_go_from_one_process_to_another(lived) -> None:
    frames = [frame for frame in lived[STANDING] if isinstance(frame, pl.DataFrame)]
    assert [frame.n_chunks() for frame in frames] == [1] * 5


def test_a_tight_wall_asks_its_readers_at_once_and_the_others_beyond_the_meter() -> None:
    batch = PromptBatch(
        key=np.arange(3, dtype=np.uint64),
        user_id=np.array([7, 8, 8], dtype=np.uint64),
        at=np.zeros(3, dtype=np.int64),
        meter=np.array([0, 0, p.METER_PER_MONTH]),
        article=np.zeros(3, dtype=np.int64),
    )
    assert TightWall(np.array([7], dtype=np.uint64))(batch).tolist() == [True, False, True]


def test_news_is_what_the_newsroom_publishes_and_names_what_still_stands_there() -> None:
    news = news_of(WORLD, DAY)
    published = {
        day: publish(root(WORLD.seed), (WORLD.start + timedelta(days=day)).date(), 1.0) for day in (DAY - 1, DAY)
    }
    coming = {article.article_id for article in news.coming}
    assert coming >= {news.article_id[number] for number in published[DAY].number.tolist()}
    assert not coming & {news.article_id[number] for number in published[DAY - 1].number.tolist()}


def test_money_falls_into_the_days_it_pays_for_and_every_period_counts_once() -> None:
    span = Span(datetime(2025, 3, 1, tzinfo=UTC), 30, 3)
    day = timedelta(days=1)
    rows = [
        # 30 days of 9.90, of which the last 10 fall into the span; written down twice
        (100_001, "premium_monthly", 9.90, span.begin - 20 * day, span.begin + 10 * day),
        (100_001, "premium_monthly", 9.90, span.begin - 20 * day, span.begin + 10 * day),
        # at half the price, from the 21st day of the span on: 10 of its 30 days
        (100_002, "premium_monthly", 4.95, span.begin + 20 * day, span.begin + 50 * day),
        # over before the span
        (100_003, "premium_monthly", 9.90, span.begin - 40 * day, span.begin - 10 * day),
    ]
    periods = pl.DataFrame(rows, schema=HELD.schema, orient="row")
    nothing = Lived(*(pl.DataFrame() for _ in range(2)), HELD, pl.DataFrame(), pl.DataFrame(), 0, 0)
    euros, off = accrued(paid(nothing, periods), span)
    assert euros.tolist() == pytest.approx([3.30, 1.65, 0.0])
    assert off.tolist() == pytest.approx([0.0, 1.65, 0.0])


def test_sums_by_day_add_up_to_the_outcome(part) -> None:
    minutes = daily(part.lived[STANDING], part.learnt, part.span)["engaged_minutes"]
    assert len(minutes) == WORLD.days - DAY
    assert minutes.sum() == pytest.approx(part.values[STANDING]["engaged_minutes"].sum())


def test_the_page_says_that_it_is_simulated_and_holds_every_policy(part, tmp_path) -> None:
    measured = {
        "simulated": True, "statement": SIMULATED, "readers": 500, "days": 4, "seeds": [3], "learnt_days": DAY,
        **compare([part, part]), "seconds": 60.0, "report": "impact.html",
    }  # fmt: skip
    assert measured["populations"]["churn"] == 1_000
    assert set(measured["policies"]) == set(FUTURES) - {"retention_likeliest"}
    page = write_impact_report(measured, tmp_path).read_text()
    assert page.count("SIMULATED") >= 2
    assert all(name_of(name).capitalize() in page for name in measured["policies"] if name.endswith("_ours"))
    assert "exactly 0" in page
    lines = list(told(measured))
    assert lines[0].startswith("SIMULATED")
    assert sum("wanted" in line for line in lines) == 4


def test_too_small_or_too_short_is_refused() -> None:
    with Progress() as progress:
        for readers, days in ((1_499, 60), (4_000, 59)):
            with pytest.raises(InputError, match=f"{readers} readers and {days} days are too few"):
                impact(Settings(), readers=readers, days=days, worlds=1, progress=progress)
