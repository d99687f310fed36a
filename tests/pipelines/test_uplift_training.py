"""From decisions made by lot to a live uplift model: choice, groups, bundle, report, scores."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import polars as pl
import pytest
from trial_world import trial, true_effect

from readership.contracts import ModelSpec
from readership.errors import NotEnoughData
from readership.evaluation.leakage import AuditReport
from readership.events.mapping import load_mapping
from readership.models import uplift
from readership.pipelines.features import feature_frame
from readership.pipelines.ingest import ingest
from readership.pipelines.progress import Progress
from readership.pipelines.score import score_task
from readership.pipelines.uplift import train_uplift, uplift_scores
from readership.pipelines.uplift_fitting import PARTS, choose_learner, deal
from readership.pipelines.uplift_groups import groups
from readership.registry.bundles import Bundle
from readership.settings import Settings
from readership.warehouse import Warehouse

START = datetime(2026, 1, 5, tzinfo=UTC)
NOW = START + timedelta(days=90)
DAY = timedelta(days=1)
AUDIT = AuditReport((), 0, "clean")


def test_a_readers_rows_stay_together_and_outcomes_are_dealt_evenly() -> None:
    world = trial(900)
    part = deal(world, 0)
    assert set(part) == set(range(PARTS))
    assert len(set(zip(world.rows.reader.tolist(), part.tolist(), strict=True))) == len(set(world.rows.reader.tolist()))
    happened = np.bincount(part[world.rows.label > 0])
    assert happened.max() - happened.min() < 0.2 * happened.mean()
    assert not np.array_equal(part, deal(world, 1))
    np.testing.assert_array_equal(part, deal(world, 0))


def test_the_simplest_within_the_noise_is_taken_and_one_far_behind_is_not() -> None:
    world = trial(1_200)
    same = [ModelSpec("t_learner", {"rounds": 30}), ModelSpec("x_learner", {"rounds": 30})]
    chosen = choose_learner(world, same)
    assert chosen.name in ("t_learner", "x_learner")
    assert chosen.rivals[chosen.name].behind <= chosen.rivals[chosen.name].error
    floored = choose_learner(world, [ModelSpec("constant_effect"), ModelSpec("t_learner", {"rounds": 30})])
    assert floored.name == "t_learner"
    assert floored.rivals["constant_effect"].behind > floored.rivals["constant_effect"].error
    assert "Qini" in floored.why


def test_groups_say_who_is_moved_and_who_is_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    world = trial(2_000)
    from readership.pipelines import uplift_groups

    known = {"sessions_28d": uplift_groups.by_name()["sessions_28d"]}
    told = {name: known.get(name) or uplift_groups.by_name()["user_segment"] for name in world.rows.names}
    monkeypatch.setattr(uplift_groups, "by_name", lambda: told)
    most, least = groups(world, true_effect(world.rows.features))
    assert most["traits"][0]["words"].endswith(": student")
    assert (most["traits"][0]["inside"], most["stated"]) == (1.0, 250.0)
    assert least["name"] == "a contact would rather drive away"
    assert any(trait["words"].endswith(": retired") and trait["inside"] == 1 for trait in least["traits"])


def written(folder: Path, readers: int = 500) -> Path:
    """A log of free readers who come every week; at days 35, 49, 63 and 77 half of them are made an offer by lot.

    Students answer an offer, retired readers are put off by it. What was decided on day 77 is not known by NOW.
    """
    rng = np.random.default_rng(3)
    path, number = folder / "log.jsonl", 0
    with path.open("w") as file:

        def write(reader: int, at: datetime, kind: str = "article_view", **fields: object) -> None:
            nonlocal number
            number += 1
            base = {"event_id": str(UUID(int=number)), "user_id": str(reader), "event_type": kind}
            base |= {"timestamp": at.isoformat(), "subscription_tier": "free", "consent": {"personalisation": True}}
            file.write(json.dumps(base | {"user_segment": ("student", "retired")[reader % 2]} | fields) + "\n")

        for reader in range(readers):
            for week in range(13):
                write(reader, START + timedelta(days=7 * week, hours=int(rng.integers(1, 20))))
            for day in (35, 49, 63, 77):
                at = START + timedelta(days=day, hours=21)
                offered = rng.random() < 0.5
                told = {"experiment": "subscription_offer", "variant": "offer" if offered else "control"}
                write(reader, at, "navigation", propensity=0.5, decision_id=f"{reader}-{day}", **told)
                chance = {(0, True): 0.4, (0, False): 0.1, (1, True): 0.3, (1, False): 0.45}[reader % 2, offered]
                if rng.random() < chance:
                    write(reader, at + timedelta(days=float(rng.uniform(0, 13))), "subscription_start")
    return path


def test_a_model_is_made_judged_promoted_told_and_scores(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    ingest(warehouse, [written(tmp_path)], load_mapping("native"), settings=settings)
    with Progress() as progress:
        trained = train_uplift(warehouse, settings, NOW, "conversion", AUDIT, progress)
    evaluation = trained.evaluation
    assert (evaluation["task"], evaluation["kind"], evaluation["headline"]["name"]) == (
        "conversion_uplift",
        "uplift",
        "Qini per 1,000 readers",
    )
    assert evaluation["protocol"]["decisions"] == 1_500  # those of day 77 are left out
    assert (evaluation["label"]["n_train"], evaluation["label"]["n_test"]) == (1_000, 500)
    assert evaluation["metrics"]["qini"]["ci95"][0] > 0
    assert evaluation["floors"]["response"]["difference_to_champion"]["qini"]["ci95"][1] < 0
    assert evaluation["oracle"] is None
    assert evaluation["delay"]["outcomes"] > 200
    assert 0.4 < evaluation["delay"]["after_half_of_horizon"] < 0.6
    assert evaluation["trust"]["level"] in ("high", "fair")
    assert any(trait["words"].endswith(": student") for trait in evaluation["groups"][0]["traits"])
    assert "is champion" in trained.promotion
    assert json.loads(trained.evaluation_file.read_text())["champion"] == evaluation["champion"]

    bundle = Bundle.load(settings.artifacts_dir / "models" / "conversion_uplift" / trained.version)
    assert (bundle.manifest.answer, bundle.manifest.population) == ("uplift", "registered")
    assert bundle.manifest.model.name in uplift.LEARNERS
    assert bundle.manifest.trained_until <= evaluation["protocol"]["test_decided"][0]

    frame = feature_frame(warehouse, NOW, datetime.now(UTC), settings=settings)
    found = uplift_scores(warehouse, settings, NOW, "conversion", "registered", frame)
    assert found.version == trained.version
    student = (frame["user_segment"] == "student").to_numpy()
    assert found.effect[student].mean() > found.effect[~student].mean() + 0.1
    assert uplift_scores(warehouse, settings, NOW, "churn", "subscribers", frame) is None

    scored = pl.read_parquet(score_task(warehouse, settings, NOW, "conversion_uplift")["scores"])
    assert scored.columns == ["reader_id", "uplift", "advice", "reasons"]
    assert set(scored["advice"]) == {"contact", "spare"}

    page = trained.report.read_text()
    assert "Which free readers does an offer move to subscribe?" in page
    assert "Readers moved most" in page
    assert "nan" not in page.split("<script>")[0]
    for name in ("gains", "quantiles", "learners"):
        assert (trained.report.parent / "conversion_uplift" / f"{name}.png").stat().st_size > 5_000


def test_without_decisions_or_with_too_few_it_says_what_is_missing(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    ingest(warehouse, [written(tmp_path, readers=40)], load_mapping("native"), settings=settings)
    with Progress() as progress:
        with pytest.raises(
            NotEnoughData, match="of 120 randomised decisions with a known answer 80 are there to learn"
        ):
            train_uplift(warehouse, settings, NOW, "conversion", AUDIT, progress)
        with pytest.raises(NotEnoughData, match="learns from events with experiment 'retention_offer'"):
            train_uplift(warehouse, settings, NOW, "churn_subscribers", AUDIT, progress)
    assert not (settings.artifacts_dir / "models" / "conversion_uplift").exists()
