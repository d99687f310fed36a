"""Step 05 from sessions to segments: who is asked about, the files, and what lasts from training to training."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest

from readership.errors import NotEnoughData
from readership.evaluation.leakage import AuditReport
from readership.evaluation.reports import page
from readership.events.identity import reader_key
from readership.models import segmentation
from readership.pipelines import segment
from readership.pipelines.progress import Progress
from readership.pipelines.score import score_task
from readership.pipelines.segment import train_segments
from readership.pipelines.segment_files import live_segments
from readership.pipelines.segment_rows import plan_cutoffs, returning
from readership.settings import Settings
from readership.warehouse import Warehouse

NOW = datetime(2026, 6, 1, 3, tzinfo=UTC)
FIRST = NOW - timedelta(days=130)
MIDNIGHT = NOW.replace(hour=0)
KINDS = {
    # days between visits, hour of the day, article views, seconds, device, tier, category
    "daily": (1, 7, 6, 400, "mobile", "premium", "politics"),
    "evening": (6, 21, 2, 60, "desktop", "free", "sport"),
    "rare": (20, 14, 1, 10, "mobile", "", "local"),
}
READERS = 40
AUDIT = AuditReport((), 0, "clean")


def sessions(now: datetime = NOW) -> pl.DataFrame:
    """Visits of the three kinds since FIRST, known at once."""
    rows: list[dict[str, Any]] = []
    rng = np.random.default_rng(4)
    for name, (every, hour, views, seconds, device, tier, category) in KINDS.items():
        for number in range(READERS):
            for day in range(int(rng.integers(0, every)), (now - FIRST).days, every):
                at = FIRST.replace(hour=hour) + timedelta(days=day, minutes=int(rng.integers(0, 50)))
                read = max(1, int(rng.poisson(views)))
                rows.append(
                    {
                        **session(f"{name}-{number}", at, len(rows) + 1),
                        "article_views": read,
                        "engaged_ms": int(1000 * seconds * rng.uniform(0.5, 1.5)),
                        "engaged_events": read,
                        "device_type": device,
                        "subscription_tier": tier,
                        "categories": [category] * read,
                        "local_hour": hour,
                    }
                )
    return frame(rows)


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of `session_versions`."""
    return pl.DataFrame(rows, schema_overrides={"row_id": pl.UInt64, "user_id": pl.UInt64})


def session(reader: str, at: datetime, row: int, known_after: timedelta = timedelta()) -> dict[str, Any]:
    """One session that ends as it begins."""
    return {
        "row_id": row,
        "session_id": str(row),
        "user_id": reader_key(reader),
        "session_start": at,
        "session_end": at,
        "known_at": at + known_after,
        "loaded_at": at + known_after,
        "local_day": at.date(),
        "total_events": 3,
        "consent": 3,
    }


def insert(warehouse: Warehouse, rows: pl.DataFrame) -> None:
    """Sessions, an event of each reader, and their own ids."""
    times = pl.col("session_start", "session_end", "known_at", "loaded_at")
    warehouse.insert("session_versions", rows.with_columns(times.dt.cast_time_unit("ms")).to_arrow())
    warehouse.command(
        "INSERT INTO events (event_id, user_id, event_type, timestamp, received_at, loaded_at) "
        "SELECT generateUUIDv4(), user_id, 'login', min(session_end), min(known_at), min(loaded_at) "
        "FROM session_versions GROUP BY user_id"
    )


@pytest.fixture
def publisher(warehouse: Warehouse) -> Warehouse:
    insert(warehouse, sessions())
    names = [f"{kind}-{number}" for kind in KINDS for number in range(READERS)]
    ids = pl.Series("user_id", [reader_key(name) for name in names], pl.UInt64)
    own = pl.DataFrame({"user_id": ids, "external_id": names}).with_columns(
        *(pl.lit(FIRST).dt.cast_time_unit("ms").alias(name) for name in ("first_seen", "received_at", "loaded_at")),
    )
    warehouse.insert("readers", own.to_arrow())
    return warehouse


def test_cutoffs_lie_closer_in_a_shorter_log() -> None:
    for days, step, count in ((90 + 4 * 28, 28, 5), (90 + 4 * 14, 14, 5), (90 + 4 * 7, 7, 5), (90 + 900, 28, 12)):
        folds = plan_cutoffs(MIDNIGHT - timedelta(days=days), NOW)
        cutoffs = folds.all()
        assert len(cutoffs) == count
        assert cutoffs[-1] == MIDNIGHT
        assert {b - a for a, b in pairwise(cutoffs)} == {timedelta(days=step)}
        assert cutoffs[0] - (MIDNIGHT - timedelta(days=days)) >= timedelta(days=90)
        assert len(folds.train) >= 4
        assert max(folds.train) < min(folds.test)
        assert folds.refit == cutoffs[-3:]
    with pytest.raises(NotEnoughData, match=r"holds 117 whole days .* segments need 118: 90 days of habits"):
        plan_cutoffs(MIDNIGHT - timedelta(days=117), NOW)


def test_readers_are_asked_about_by_what_was_known(warehouse: Warehouse, settings: Settings) -> None:
    week, moment = timedelta(days=7), timedelta(milliseconds=1)
    rows = [
        session("twice", MIDNIGHT - week, 1),
        session("twice", MIDNIGHT - moment, 2),
        session("at the very moment", MIDNIGHT - week, 3),
        session("at the very moment", MIDNIGHT, 4),
        session("known later", MIDNIGHT - week, 5),
        session("known later", MIDNIGHT - week / 2, 6, known_after=week),
        session("long ago", MIDNIGHT - week, 7),
        session("long ago", MIDNIGHT - 8 * week - moment, 8),
        {**session("private", MIDNIGHT - week, 9), "consent": 1},
        {**session("private", MIDNIGHT - week / 2, 10), "consent": 1},
    ]
    insert(warehouse, frame(rows))
    found = returning(warehouse, settings, MIDNIGHT, NOW + timedelta(days=99))
    assert found["user_id"].to_list() == [reader_key("twice")]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer refits, three segments only, and pages without pictures: all of them are tested elsewhere."""
    monkeypatch.setattr(segment, "REFITS", 4)
    monkeypatch.setattr(segmentation, "COUNTS", (3,))
    monkeypatch.setattr(page, "write_png", lambda plot, path: None)


@pytest.mark.usefixtures("quick")
def test_from_sessions_to_segments_that_last(publisher: Warehouse, settings: Settings) -> None:
    with Progress() as progress:
        first = train_segments(publisher, settings, NOW, audit=AUDIT, progress=progress)
        assert first.evaluation["metrics"]["stability_ari"]["value"] > 0.8
        assert first.report is not None
        assert first.report.is_file()
        before = live_segments(settings)
        assert before is not None

        readers = pl.read_csv(settings.artifacts_dir / "segments" / "user_segments.csv")
        profiles = pl.read_csv(settings.artifacts_dir / "segments" / "segment_profiles.csv")
        assert readers.columns == ["reader_id", "segment_id", "segment", "rfv", "rfv_band", "as_of"]
        assert set(readers["as_of"]) == {"2026-06-01T00:00:00Z"}
        assert readers["reader_id"].str.contains("-").all()
        kinds = readers.group_by(pl.col("reader_id").str.split("-").list.first()).agg(pl.col("segment_id").n_unique())
        assert kinds["segment_id"].to_list() == [1, 1, 1]
        assert profiles["readers"].sum() == readers.height
        assert set(profiles["segment"]) == set(readers["segment"])
        assert profiles.filter(pl.col("favourite_category") == "politics")["paying_share"].item() == 1.0

        scored = score_task(publisher, settings, NOW, "segmentation")
        table = pl.read_parquet(scored["scores"])
        assert (
            dict(table.select("reader_id", "name").rows()).items()
            >= dict(
                readers.filter(pl.col("reader_id").str.starts_with("daily")).select("reader_id", "segment").rows()
            ).items()
        )
        assert table.schema["segment"] == pl.Int64
        written = publisher.rows("SELECT count(), uniqExact(score) FROM predictions WHERE task = 'segmentation'")
        assert written[0] == (scored["readers"], len(before["segments"]))

        later = train_segments(publisher, settings, NOW + timedelta(days=1), audit=AUDIT, progress=progress)
        assert "is champion" in later.promotion
    after = live_segments(settings)
    assert after is not None
    assert {s["favourite"]: s["id"] for s in after["segments"]} == {s["favourite"]: s["id"] for s in before["segments"]}
    assert after["next_id"] == before["next_id"]


def test_too_few_readers_are_named_and_nothing_is_written(warehouse: Warehouse, settings: Settings) -> None:
    few = pl.Series([reader_key(f"daily-{number}") for number in range(9)], dtype=pl.UInt64)
    insert(warehouse, sessions().filter(pl.col("user_id").is_in(few.implode())))
    with Progress() as progress, pytest.raises(NotEnoughData, match=r"9 readers had 2 sessions .* segments need 100"):
        train_segments(warehouse, settings, NOW, audit=AUDIT, progress=progress)
    assert not (settings.artifacts_dir / "models").exists()
