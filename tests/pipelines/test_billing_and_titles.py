"""What billing and content are for: churn of subscribers without their events, and articles by their titles."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from readership.evaluation.leakage import AuditReport
from readership.events.mapping import load_mapping
from readership.pipelines.brands import check_brand
from readership.pipelines.explore import ask
from readership.pipelines.ingest import ingest
from readership.pipelines.progress import Progress
from readership.pipelines.records import load_records
from readership.pipelines.train import prepare, train_task
from readership.settings import Settings
from readership.warehouse import Warehouse

START = datetime(2026, 1, 5, tzinfo=UTC)
DAYS, READERS = 300, 400
DAY = timedelta(days=1)
MS = timedelta(milliseconds=1)


def visits(rng: np.random.Generator, leaves: np.ndarray) -> pl.DataFrame:
    """One read every few days, less often in the last weeks before a reader stops paying; no event says who pays."""
    rows = []
    for reader in range(READERS):
        day = rng.random() * 3
        while day < DAYS:
            gap = 2.5 if day < leaves[reader] - 35 else 12
            rows.append((f"reader-{reader}", START + timedelta(days=float(day)), f"article-{int(day) % 40}"))
            day += rng.exponential(gap) + 0.1
    frame = pl.DataFrame(rows, schema=["user_id", "timestamp", "article_id"], orient="row").sort("timestamp")
    return frame.with_columns(
        event_id=pl.Series([f"00000000-0000-0000-0000-{n:012x}" for n in range(frame.height)]),
        event_type=pl.lit("article_view"),
        subscription_tier=pl.lit("premium"),
        brand=pl.lit("Kurier"),
        consent=pl.lit(15),
    )


def periods(leaves: np.ndarray) -> pl.DataFrame:
    """Months paid, the last of them cancelled or failed."""
    rows = []
    for reader in range(READERS):
        begins = float(reader % 30)
        while begins < min(DAYS, leaves[reader]):
            last = begins + 30 >= leaves[reader]
            reason = ("voluntary" if reader % 3 else "payment") if last else ""
            rows.append((f"reader-{reader}", *(START + timedelta(days=d) for d in (begins, begins + 30)), reason))
            begins += 30
    return pl.DataFrame(rows, schema=["user_id", "period_start", "period_end", "reason"], orient="row")


@pytest.fixture
def publisher(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> Warehouse:
    """A log without a single event about subscriptions, and billing beside it."""
    rng = np.random.default_rng(7)
    leaves = rng.exponential(260, READERS) + 20
    visits(rng, leaves).write_parquet(tmp_path / "events.parquet")
    ingest(warehouse, [tmp_path / "events.parquet"], load_mapping("native"), settings=settings)
    load_records(warehouse, "subscriptions", [periods(leaves)], source="billing")
    return warehouse


def test_churn_of_subscribers_needs_no_event_about_subscriptions(publisher: Warehouse, settings: Settings) -> None:
    check_brand(publisher, settings)
    with Progress() as progress:
        prepared = prepare(
            publisher,
            settings,
            START + DAYS * DAY,
            population="subscribers",
            audit=AuditReport(checks=(), features_checked=0, verdict="clean"),
            progress=progress,
        )
        trained = train_task(prepared, settings, progress=progress)
    file = settings.artifacts_dir / "evaluation" / "churn_subscribers.json"
    evaluation = json.loads(file.read_text())
    assert trained.evaluation_file == file
    assert evaluation["task"] == "churn_subscribers"
    assert set(evaluation["label"]["reasons"]) == {"voluntary", "payment"}
    assert 0.05 < evaluation["label"]["base_rate"] < 0.4
    assert evaluation["metrics"]["roc_auc"]["value"] > 0.6  # who is about to leave reads less
    assert trained.report is not None
    assert "voluntary" in trained.report.read_text()


def test_articles_are_shown_by_the_title_known_at_the_time(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    rows = [
        {
            "user_id": f"r{n}",
            "timestamp": (START + n * DAY / 48).isoformat(),
            "event_type": "article_view",
            "article_id": article,
            "article_title": title,
            "consent": 15,
        }
        for n, (article, title) in enumerate(
            [("a", ""), ("a", ""), ("a", ""), ("b", "by the log"), ("b", ""), ("c", "")]
        )
    ]
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ingest(warehouse, [tmp_path / "events.jsonl"], load_mapping("native"), settings=settings)
    titles = pl.DataFrame(
        {
            "article_id": ["a", "a", "b"],
            "title": ["first", "corrected", "by the newsroom"],
            "published_at": [START] * 3,
            "received_at": [START, START + 2 * DAY, START + DAY],
        }
    )
    load_records(warehouse, "articles", [titles], source="cms")

    def shown(at: datetime) -> list[tuple[str, int]]:
        return [(row["title"], row["views"]) for row in ask(warehouse, settings, at)["most_read"]]

    assert shown(START + DAY - MS) == [("first", 3), ("by the log", 2), ("", 1)]
    assert shown(START + DAY) == [("first", 3), ("by the newsroom", 2), ("", 1)]  # received exactly then
    assert shown(START + 2 * DAY) == [("corrected", 3), ("by the newsroom", 2), ("", 1)]
