"""Step 08 on a small simulated publisher: trained, promoted, published, and asked over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from served_world import Caller, serving

from readership.errors import NotEnoughData
from readership.evaluation.leakage import AuditReport
from readership.events.identity import reader_key
from readership.models import click
from readership.pipelines import click as step
from readership.pipelines import click_dataset
from readership.pipelines.click import train_clicks
from readership.pipelines.clock import resolve_now
from readership.pipelines.making import Asked
from readership.pipelines.oracle import click_oracle
from readership.pipelines.progress import Progress
from readership.pipelines.score import score_task
from readership.pipelines.simulate import simulate
from readership.pipelines.train import Trained
from readership.registry.bundles import Bundle
from readership.registry.promotion import promote
from readership.serving.answers import ClicksAnswer
from readership.settings import Settings
from readership.simulator import World
from readership.warehouse import Warehouse

AUDIT = AuditReport((), 0, "clean")


@dataclass
class Publisher:
    """A trained publisher: its settings, what training left, the table's facts and some ids of its log."""

    settings: Settings
    made: Trained
    published: dict[str, Any]
    refused: str
    article: str
    reader: str
    withheld: str


@pytest.fixture(scope="module")
def publisher(warehouse_root: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publisher]:
    with pytest.MonkeyPatch.context() as patch, warehouse_root.scratch() as warehouse:
        home = tmp_path_factory.mktemp("clicks")
        patch.setenv("READERSHIP_HOME", str(home))
        patch.setattr(click_dataset, "MOST_TRAIN_ROWS", 4_000)
        patch.setattr(click, "find_spec", lambda name: None)
        settings = Settings()
        truth = f"{warehouse.database}_truth"
        simulate(warehouse, settings, Asked(World(900, 20, 7)), truth=truth)
        patch.setattr(step, "click_oracle", partial(click_oracle, truth=truth))
        now = resolve_now(warehouse, settings, None).at
        with Progress() as progress:
            made = train_clicks(warehouse, settings, now, "click", AUDIT, progress)
            with pytest.raises(NotEnoughData) as refused:
                train_clicks(warehouse, settings, now, "click_ads", AUDIT, progress)
        if "is champion" not in made.promotion:
            promote(settings, "click", made.version, force=True, why="a small world")
        published = score_task(warehouse, settings, now, "click")
        article = warehouse.scalar("SELECT max(article_id) FROM events WHERE event_type = 'article_impression'")
        reader, withheld = _readers(warehouse)
        warehouse.command("DROP DATABASE IF EXISTS {db:Identifier} SYNC", db=truth)
        yield Publisher(settings, made, published, str(refused.value), article, reader, withheld)


def _readers(warehouse: Warehouse) -> tuple[str, str]:
    """A reader who agreed to personalisation, and one who did not."""
    sql = (
        "SELECT toString(user_id), argMaxIf(consent, timestamp, consent IS NOT NULL) AS stated FROM events "
        "GROUP BY user_id HAVING countIf(event_type = 'article_impression') > 20 ORDER BY user_id"
    )
    rows = warehouse.rows(sql)
    return next(r for r, stated in rows if stated & 2), next(r for r, stated in rows if not stated & 2)


def ask(client: Caller, articles: list[str], reader: str | None, **context: Any) -> Any:
    return client.post(
        "/v1/clicks/score", json={"reader_id": reader, "article_ids": articles, "context": context}
    ).json()


def test_training_leaves_a_bundle_a_report_and_an_evaluation_of_later_days(publisher: Publisher) -> None:
    found = publisher.made.evaluation
    assert set(found["candidates"]) == {"click_logistic", "click_xgboost"}
    assert set(found["floors"]) == {"place_only", "item_rate", "base_rate"}
    assert found["oracle"]["efficiency"] > 0.4
    assert found["oracle"]["n"] == found["label"]["n_test"]
    assert found["protocol"]["unclicked_training_rows_kept"] < 1
    assert max(found["protocol"]["valid_as_of"]) < min(found["protocol"]["calibration_as_of"])
    assert max(found["protocol"]["calibration_as_of"]) < min(found["protocol"]["test_as_of"])
    assert {part["slice"] for part in found["slices"]} >= {"placement", "position", "reader", "article_age"}
    assert publisher.made.report is not None
    assert "PyTorch is not installed" in publisher.made.report.read_text(encoding="utf-8")


def test_a_world_with_few_clicks_on_advertisements_says_so(publisher: Publisher) -> None:
    assert "click_ads: " in publisher.refused
    assert "impressions in the train days were clicked; a fold needs 100" in publisher.refused


def test_answers_are_those_of_the_model_without_a_position(publisher: Publisher) -> None:
    with serving(publisher.settings) as client:
        body = ask(client, [publisher.article], publisher.reader, placement="front", device_type="mobile")
        ClicksAnswer.model_validate(body)
        assert body["model_version"] == publisher.made.version
        assert body["reader_known"] is True
        assert (body["articles"][0]["article_id"], body["articles"][0]["known"]) == (publisher.article, True)
        assert 0.005 < body["articles"][0]["probability"] < 0.6
        related = ask(client, [publisher.article], publisher.reader, placement="related", device_type="mobile")
        assert related["articles"][0]["probability"] != body["articles"][0]["probability"]
        models = {row["task"]: row["champion"] for row in client.get("/v1/models").json()["models"]}
        assert models["click"] == publisher.made.version


def test_what_is_not_known_is_answered_and_said(publisher: Publisher) -> None:
    with serving(publisher.settings) as client:
        body = ask(client, ["no such article", publisher.article], "no such reader")
        assert [row["known"] for row in body["articles"]] == [False, True]
        assert body["reader_known"] is False
        nobody = ask(client, ["no such article"], None)
        assert nobody["articles"][0]["probability"] == body["articles"][0]["probability"]
        withheld = ask(client, [publisher.article], publisher.withheld)
        assert withheld["reader_known"] is False, "who did not agree to personalisation is answered as nobody"
        assert withheld["articles"][0]["probability"] == body["articles"][1]["probability"]


def test_bad_questions_are_named(publisher: Publisher) -> None:
    with serving(publisher.settings) as client:
        for body, word in (
            ({"article_ids": []}, "article_ids"),
            ({"article_ids": ["a"] * 1_001}, "article_ids"),
            ({"article_ids": ["a"], "context": {"hour": 24}}, "hour"),
            ({"article_ids": ["a"], "context": {"position": 1}}, "position"),
            ({"reader_id": "1"}, "article_ids"),
        ):
            answer = client.post("/v1/clicks/score", json=body)
            assert answer.status_code == 422
            assert word in answer.json()["detail"]
        many = ask(client, ["a"] * 1_000, None)
        assert len(many["articles"]) == 1_000


def test_without_a_model_or_counts_the_next_step_is_named(bare_settings: Settings) -> None:
    with serving(bare_settings) as client:
        answer = client.post("/v1/clicks/score", json={"article_ids": ["a"]})
        assert (answer.status_code, answer.json()["code"]) == (503, "no_champion")
        assert "readership train click" in answer.json()["detail"]


@pytest.fixture
def bare_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("READERSHIP_HOME", str(tmp_path))
    return Settings()


def test_publishing_tells_what_is_in_the_table(publisher: Publisher) -> None:
    assert publisher.published["model_version"] == publisher.made.version
    assert publisher.published["items"] > 500
    assert publisher.published["readers"] > 100
    assert datetime.fromisoformat(publisher.published["as_of"]).minute % 10 == 0
    bundle = Bundle.load(publisher.settings.artifacts_dir / "models" / "click" / str(publisher.made.version))
    assert b"front|mobile|1" in bundle.read("places.json")
    assert reader_key(publisher.reader) > 0
    assert datetime.now(UTC) > datetime.fromisoformat(publisher.published["as_of"])


def test_a_second_training_gives_the_same_rows(publisher: Publisher) -> None:
    folder = publisher.settings.artifacts_dir / "datasets" / "click"
    (found,) = folder.iterdir()
    rows = pl.read_parquet(found / "rows.parquet")
    assert rows["as_of"].is_sorted()
    thinned = rows.filter(pl.col("weight") > 1)
    assert np.unique(thinned["label"].to_numpy()).tolist() == [0.0], "clicked impressions are never thinned out"


def test_a_reader_who_withdrew_or_was_erased_is_scored_as_nobody(publisher: Publisher) -> None:
    with serving(publisher.settings) as client:
        nobody = ask(client, [publisher.article], None)["articles"]
        known = ask(client, [publisher.article], publisher.reader)
        assert known["reader_known"] is True
        assert known["articles"] != nobody
        said = {"user_id": publisher.reader, "event_type": "navigation", "consent": {"analytics": True}}
        client.post("/v1/events", json=said | {"timestamp": datetime.now(UTC).isoformat()})
        withdrawn = ask(client, [publisher.article], publisher.reader)
        assert (withdrawn["reader_known"], withdrawn["articles"]) == (False, nobody)
        client.delete(f"/v1/readers/{publisher.reader}")
        erased = ask(client, [publisher.article], publisher.reader)
        assert (erased["reader_known"], erased["articles"]) == (False, nobody)
