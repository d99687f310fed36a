"""Step 02 from sessions and events to the table, the file for other tools, and the online store."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from readership.errors import InputError, NotEnoughData
from readership.events.identity import reader_key
from readership.features.catalogue import catalogue, categories, input_groups, model_inputs
from readership.features.encoding import encode, row_encoder, vocabularies
from readership.features.online import OnlineFeatures, published
from readership.pipelines.features import build_features, feature_frame, materialise
from readership.settings import Settings
from readership.warehouse import Warehouse

COMMON = [feature for feature in catalogue() if feature.serves("churn")]
NOW = datetime(2026, 4, 1, tzinfo=UTC)
MATURED = NOW - timedelta(days=28)
SESSION = """
INSERT INTO session_versions
    (row_id, known_at, loaded_at, session_id, user_id, session_start, session_end, local_day, total_events,
     article_views, device_type, consent, registered)
SELECT {row:UInt64}, {at:DateTime64(3, 'UTC')}, {at:DateTime64(3, 'UTC')}, toString({row:UInt64}), {reader:UInt64},
     {at:DateTime64(3, 'UTC')}, {at:DateTime64(3, 'UTC')}, toDate({at:DateTime64(3, 'UTC')}), 3, 2, {device:String},
     {consent:UInt8}, 1
"""
EVENT = """
INSERT INTO events (event_id, user_id, event_type, timestamp, received_at, loaded_at, consent)
SELECT generateUUIDv4(), {reader:UInt64}, 'login', {at:DateTime64(3, 'UTC')}, {at:DateTime64(3, 'UTC')},
     {at:DateTime64(3, 'UTC')}, {consent:UInt8}
"""
READER = """
INSERT INTO readers (user_id, external_id, first_seen, received_at, loaded_at)
SELECT {reader:UInt64}, {external:String}, {at:DateTime64(3, 'UTC')}, {at:DateTime64(3, 'UTC')},
     {at:DateTime64(3, 'UTC')}
"""


def visit(warehouse: Warehouse, external: str, days_ago: list[float], device: str = "app", consent: int = 3) -> int:
    reader = reader_key(external)
    for row, days in enumerate(days_ago):
        at = NOW - timedelta(days=days)
        warehouse.command(SESSION, row=(reader + row) % 2**64, at=at, reader=reader, device=device, consent=consent)
        warehouse.command(EVENT, at=at, reader=reader, consent=consent)
    warehouse.command(READER, reader=reader, external=external, at=NOW - timedelta(days=max(days_ago)))
    return reader


@pytest.fixture
def publisher(warehouse: Warehouse) -> Warehouse:
    visit(warehouse, "stays", [40, 35, 20, 3])
    visit(warehouse, "leaves", [50, 29], device="mobile")
    visit(warehouse, "42", [10])
    visit(warehouse, "private", [40, 2], consent=1)
    return warehouse


def test_the_three_outputs(publisher: Warehouse, settings: Settings) -> None:
    built = build_features(publisher, settings, NOW)
    assert (built.matured_at, built.as_of) == (MATURED, NOW)
    assert (built.readers, built.online_readers, built.features) == (2, 3, len(COMMON))

    file = pl.read_csv(settings.root / "user_features_ml_ready.csv", schema_overrides={"user_id": pl.String})
    rows = {row["user_id"]: row for row in file.to_dicts()}
    assert set(rows) == {"stays", "leaves"}, "the publisher's own ids; nobody who did not agree"
    assert (rows["stays"]["label_churn_28d"], rows["leaves"]["label_churn_28d"]) == (0, 1)
    assert rows["leaves"]["label_conversion_14d"] == 0
    assert rows["stays"]["as_of"].startswith("2026-03-04T00:00:00")
    assert rows["stays"]["sessions_28d"] == 2
    assert rows["stays"]["sessions_28d_log1p"] == pytest.approx(np.log(3), rel=1e-6)
    assert rows["stays"]["newsletter_signups_ever"] == 0
    assert rows["stays"]["days_since_newsletter_signup"] is None
    assert (rows["stays"]["device_type_code"], rows["leaves"]["device_type_code"]) == (0, 1)
    assert rows["stays"]["tier_code"] is None
    assert not set(categories()) & set(file.columns)

    table = pl.read_parquet(settings.artifacts_dir / "features" / "features.parquet")
    assert {feature.name for feature in COMMON} <= set(table.columns)
    assert table.sort("user_id")["device_type"].to_list() == ["mobile", "app"]
    manifest = json.loads((settings.artifacts_dir / "features" / "manifest.json").read_text())
    assert manifest["categories"]["device_type"] == ["app", "mobile"]
    assert manifest["derived"]["sessions_28d_log1p"] == "ln(1 + sessions_28d)"
    assert manifest["features"]["sessions_7d"]["meaning"] == "sessions that ended in the last 7 days"
    assert set(manifest["sql_hashes"]) >= {"activity", "consent"}


def test_the_online_store_holds_what_the_same_sql_says_now(publisher: Warehouse, settings: Settings) -> None:
    materialise(publisher, settings, NOW)
    frame = feature_frame(publisher, NOW, datetime.now(UTC), settings=settings, groups=input_groups())
    store = OnlineFeatures.open(settings.online_dir)
    assert store.meta.as_of == NOW
    names = list(model_inputs())
    words = vocabularies(frame, categories())
    encoder = row_encoder(store.meta.numbers, store.meta.words, names, words)
    for reader, expected in zip(frame["user_id"], encode(frame, names, words), strict=True):
        row = store.get(reader)
        assert row is not None
        np.testing.assert_array_equal(encoder(row.numbers, row.words)[0], expected)
    assert store.get(reader_key("private")) is None


def test_nobody_agreed(warehouse: Warehouse, settings: Settings) -> None:
    visit(warehouse, "private", [40], consent=1)
    with pytest.raises(NotEnoughData, match=r"1 readers are known at 2026-03-04 .*none agrees to personalisation"):
        build_features(warehouse, settings, NOW)
    assert not settings.artifacts_dir.exists()


def test_a_log_shorter_than_the_horizon(warehouse: Warehouse, settings: Settings) -> None:
    visit(warehouse, "new", [3])
    with pytest.raises(NotEnoughData, match=r"no reader had a session before 2026-03-04 .*first began 2026-03-29"):
        build_features(warehouse, settings, NOW)
    assert published(settings.online_dir) is None


def test_an_empty_warehouse_names_the_ways_in(warehouse: Warehouse, settings: Settings) -> None:
    with pytest.raises(NotEnoughData, match=r"`readership ingest`.*`readership simulate`.*`readership demo`"):
        build_features(warehouse, settings, NOW)


def test_a_folder_that_cannot_be_written_is_named_and_what_was_there_stays(
    publisher: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_features(publisher, settings, NOW)
    table = settings.artifacts_dir / "features" / "features.parquet"
    before = table.read_bytes()

    def full(self: pl.DataFrame, file: Path) -> None:
        Path(file).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(InputError, match=r"features.parquet cannot be written: .*No space left on device; free some"):
        build_features(publisher, settings, NOW)
    assert table.read_bytes() == before
    assert not list(table.parent.glob("*.part"))


def test_every_reader_feature_reaches_the_table(publisher: Warehouse, settings: Settings) -> None:
    frame = feature_frame(publisher, NOW, datetime.now(UTC), settings=settings)
    assert set(frame.columns) == {"user_id", *(feature.name for feature in COMMON)}
