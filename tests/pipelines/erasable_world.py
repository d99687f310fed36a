"""Two readers, Anna and Ben, in every table, file and store that keeps something of readers."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from written_events import event, write

from readership.contracts import Dataset, Manifest, ModelSpec
from readership.datasets.store import DatasetManifest, content_hash, save
from readership.events.identity import reader_key
from readership.events.mapping import load_mapping
from readership.events.record_mapping import NATIVE, RecordMapping
from readership.features.clicks.store import ClicksWriter
from readership.features.clicks.store import Reader as ClicksReader
from readership.features.memory import write_memory
from readership.features.online import OnlineWriter, ReasonsWriter
from readership.features.state import ANALYTICS, PERSONALISATION, Doing
from readership.features.state_lmdb import LmdbState
from readership.models.recommendation.nouns import Article, Read
from readership.models.recommendation.recommender import Recommender
from readership.pipelines.ingest import ingest
from readership.pipelines.records import ingest_records
from readership.registry.bundles import manifest_json
from readership.settings import Settings
from readership.warehouse import Warehouse

ANNA, BEN = "anna.huber-7f3a9b2c", "ben.maier-51c0de77"
AS_OF = datetime(2026, 10, 1, 6, tzinfo=UTC)
KEYS = np.array([reader_key(ANNA), reader_key(BEN)], dtype=np.uint64)
READ_TABLES = ("events", "session_versions", "readers", "subscriptions", "predictions")


def events_of(*readers: str, number: int = 0) -> list[dict[str, Any]]:
    """Three reads of each reader."""
    return [
        event(100 * number + 10 * place + n, n, user_id=reader, session_id="s", article_id=f"a{n}")
        for place, reader in enumerate(readers, start=1)
        for n in range(3)
    ]


def fill(warehouse: Warehouse, settings: Settings, folder: Path) -> None:
    """Everything there is."""
    fill_warehouse(warehouse, settings, folder)
    fill_files(settings)
    fill_online(settings)


def fill_warehouse(warehouse: Warehouse, settings: Settings, folder: Path) -> None:
    """Events, sessions, readers, paid periods, scores, exposures, and rows in quarantine."""
    bad = [f'{{"user_id": "{reader}", "event_type": "article_view", "timestamp": "soon"}}' for reader in (ANNA, BEN)]
    torn = [f"half a line about {reader}" for reader in (ANNA, BEN)]
    file = write(folder / "events.jsonl", [*events_of(ANNA, BEN), *bad, *torn])
    ingest(warehouse, [file], load_mapping("native"), settings=settings)
    periods = [
        {"user_id": reader, "plan": "p", "period_start": "2026-01-01", "period_end": "2026-02-01"}
        for reader in (ANNA, BEN)
    ]
    ingest_records(warehouse, "subscriptions", [write(folder / "paid.jsonl", periods)], RecordMapping(NATIVE))
    times = dict.fromkeys(("at", "received_at", "loaded_at"), AS_OF)
    scores = {"decision_id": [f"churn/{key}" for key in KEYS.tolist()], "user_id": KEYS, "score": [0.1, 0.2]}
    warehouse.insert("predictions", _frame(scores, task="churn", model_version="v1", features_as_of=AS_OF, **times))
    units = {"unit": [str(KEYS[0]), ANNA, str(KEYS[1]), BEN], "variant": ["a"] * 4}
    warehouse.insert("exposures", _frame(units, experiment="e", treatment="t", **times))


def fill_files(settings: Settings) -> None:
    """A dataset, scores, exports and a campaign."""
    dataset = Dataset(
        task="churn",
        features=np.array([[1.0], [2.0], [3.0], [4.0]], dtype=np.float32),
        names=("n",),
        label=np.array([1, 0, 1, 1], dtype=np.float32),
        reader=KEYS[[0, 1, 0, 1]],
        as_of=np.array(["2026-09-01", "2026-09-01", "2026-09-08", "2026-09-08"], dtype="datetime64[ms]"),
        weight=np.ones(4),
    )
    save(dataset, manifest_of(dataset), settings.artifacts_dir / "datasets" / "churn" / "d1")
    scores = settings.artifacts_dir / "scores"
    scores.mkdir(parents=True)
    pl.DataFrame({"reader_id": [ANNA, BEN], "probability": [0.1, 0.2]}).write_parquet(scores / "churn.parquet")
    campaign = settings.artifacts_dir / "campaigns" / "spring"
    campaign.mkdir(parents=True)
    (campaign / "contacts.csv").write_bytes(f"Email Id,score\r\n{ANNA},0.1\r\n{BEN},0.2\r\n".encode())
    export = settings.root / "user_features_ml_ready.csv"
    export.write_text(f'user_id,words\n{ANNA},"a, b"\n{BEN},"c, d"\n', encoding="utf-8")


def manifest_of(dataset: Dataset) -> DatasetManifest:
    """Its manifest, as training writes it."""
    days = ("2026-09-01T00:00:00+00:00", "2026-09-08T00:00:00+00:00")
    return DatasetManifest(
        task="churn",
        population="registered",
        definition="",
        snapshot_at=AS_OF.isoformat(),
        horizon_days=28,
        lookback_days=56,
        default_consent=("analytics",),
        folds={"train": days[:1], "valid": (), "calibration": (), "test": days[1:], "refit": ()},
        max_rows=None,
        rows=len(dataset),
        readers=2,
        positives=3,
        row_counts=dict.fromkeys(days, 2),
        left_out=(),
        sampled=None,
        outcomes={},
        features=dataset.names,
        categories={},
        sql_hashes={},
        content_hash=content_hash(dataset),
    )


def version(settings: Settings, task: str, name: str, dataset_hash: str) -> None:
    """A version of a model, as far as its manifest goes."""
    told = Manifest(
        task=task,
        version=name,
        model=ModelSpec("xgboost"),
        features=(),
        categories={},
        calibration="none",
        horizon_days=28,
        lookback_days=56,
        population="registered",
        dataset_hash=dataset_hash,
        sql_hashes={},
        data_from="",
        data_to="",
        trained_until="",
        created_at=name,
        libraries={},
        metrics={},
        operating_points={},
        files={},
    )
    folder = settings.artifacts_dir / "models" / task / name
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_bytes(manifest_json(told))


def fill_online(settings: Settings) -> None:
    """Features, reasons, counts of clicks, the recommender's memory, and the state."""
    folder = settings.online_dir
    with OnlineWriter(folder, ("n",), ("w",), as_of=AS_OF) as writer:
        writer.put(KEYS, np.array([[1.0], [2.0]], dtype=np.float32), [("x",), ("y",)])
    with ReasonsWriter(folder, "churn", model_version="v1", as_of=AS_OF) as reasons:
        reasons.put(KEYS, [("one",), ("two",)])
    with ClicksWriter(folder, as_of=AS_OF, model_version="v1") as clicks:
        clicks.put_readers((key, ClicksReader(1, 500_000, 0, "free", {})) for key in KEYS.tolist())
    recommender = Recommender()
    recommender.put(Article("a1", published_ms=0))
    recommender.learn([Read(n, key, "a1") for n, key in enumerate(KEYS.tolist())])
    write_memory(folder, recommender.files(), as_of=AS_OF, learnt_until=AS_OF)
    state = LmdbState(settings.state_dir)
    doings = [Doing(bytes([n]) * 16, 1000 + n, key, article_id="a1") for n, key in enumerate(KEYS.tolist())]
    state.take(doings, lambda _: ANALYTICS | PERSONALISATION, 1000)
    state.close()


def kept_of(warehouse: Warehouse, reader: str) -> dict[str, int]:
    """Rows about a reader, by table."""
    count = "SELECT count() FROM {table:Identifier} WHERE user_id = {key:UInt64}"
    found = {table: warehouse.scalar(count, table=table, key=reader_key(reader)) for table in READ_TABLES}
    units = "SELECT count() FROM exposures WHERE unit IN {units:Array(String)}"
    found["exposures"] = warehouse.scalar(units, units=[reader, str(reader_key(reader))])
    lines = "SELECT count() FROM quarantine WHERE position(raw, {id:String}) > 0"
    return found | {"quarantine": warehouse.scalar(lines, id=reader)}


def files_that_hold(folder: Path, reader: str) -> list[str]:
    """Files in whose bytes a reader's id or number stands."""
    key = reader_key(reader)
    needles = [reader.encode(), str(key).encode(), key.to_bytes(8, "big"), key.to_bytes(8, "little")]
    found = [path for path in folder.rglob("*") if path.is_file() and any(n in path.read_bytes() for n in needles)]
    return sorted(str(path.relative_to(folder)) for path in found)


def _frame(columns: dict[str, Any], **constants: Any) -> Any:
    frame = pl.DataFrame(columns).with_columns(
        pl.lit(value.replace(tzinfo=None)).dt.replace_time_zone("UTC").dt.cast_time_unit("ms").alias(name)
        if isinstance(value, datetime)
        else pl.lit(value).alias(name)
        for name, value in constants.items()
    )
    return frame.to_arrow()
