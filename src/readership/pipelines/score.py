"""Batch scoring: the population as of now into the `predictions` table, a Parquet file, and reasons for the API."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.contracts import Manifest
from readership.datasets.rules import label_rule
from readership.errors import InputError, NotEnoughData
from readership.features.catalogue import by_name, input_groups
from readership.features.encoding import encode, inputs_hash
from readership.features.online import ReasonsWriter
from readership.models import churn, click, conversion, engagement, segmentation, uplift
from readership.models._native import restore
from readership.models._reasons import moved_by, reasons
from readership.models.ads import question as ads
from readership.models.recommendation import question as recommendation
from readership.pipelines.brands import check_brand
from readership.pipelines.click_table import publish_clicks
from readership.pipelines.dataset import labels, newest_load
from readership.pipelines.features import feature_frame
from readership.pipelines.recommendation import refresh_memory
from readership.pipelines.segment_files import names_of, read_segments
from readership.pipelines.segment_rows import returning
from readership.registry.bundles import Bundle
from readership.registry.live import read_live
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

MOST_REASONS = 50_000


def score_task(warehouse: Warehouse, settings: Settings, now: datetime, task: str) -> dict[str, Any]:
    """Score everyone the live champion of `task` may be asked about at `now`.

    Writes rows of `predictions`, `artifacts/scores/<task>.parquet` (the publisher's own ids, the answer, what it
    means, reasons) and, for the at most `MOST_REASONS` readers of the highest answers, the reasons the API gives.
    Recommendations are made at the moment somebody asks; for them the memory is published that they are made from.
    Of clicks there is no population to score: the table that serving scores from is published instead.
    Raises NotEnoughData without a champion or without readers; nothing is written then.
    """
    if task == ads.TASK:
        raise InputError(
            "ads are chosen when a place is to be filled, from the bundle that `readership train ads` makes; "
            "there is nobody to score; nothing was written"
        )
    if task == recommendation.TASK:
        return refresh_memory(warehouse, settings, now)
    check_brand(warehouse, settings)
    bundle = live_bundle(settings, task)
    if task in click.TASKS:
        return publish_clicks(warehouse, settings, now, bundle)
    frame = asked_about(warehouse, settings, now, task)
    manifest = bundle.manifest
    matrix = encode(frame, manifest.features, manifest.categories)
    answer = bundle.score(matrix)
    first = np.argsort(-answer, kind="stable")[:MOST_REASONS]
    words = None if manifest.answer == "segment" else reasons_of(bundle, matrix[first])
    ids = frame["user_id"].to_numpy()
    _predict(warehouse, manifest, ids, matrix, answer, now)
    if words is not None:
        with ReasonsWriter(settings.online, task, model_version=manifest.version, as_of=now) as writer:
            writer.put(ids[first], words)
    path = _table(warehouse, settings, bundle, ids, answer, first, words)
    return {
        "task": task,
        "model_version": manifest.version,
        "readers": len(ids),
        "as_of": now.isoformat(),
        "scores": str(path),
    }


def live_bundle(settings: Settings, task: str) -> Bundle:
    """The champion of `task`. Raises NotEnoughData where no version was promoted."""
    models = settings.artifacts_dir / "models"
    version = read_live(models, task).champion
    if version is None:
        raise NotEnoughData(
            f"{task} has no champion: no version of it was promoted; `readership models list` shows those there are; "
            "nothing was written"
        )
    return Bundle.load(models / task / version)


def asked_about(warehouse: Warehouse, settings: Settings, now: datetime, task: str) -> pl.DataFrame:
    """Features at `now` of everybody `task` may be asked about. Raises NotEnoughData where there is nobody."""
    snapshot = newest_load(warehouse)
    if task == segmentation.TASK:
        frame = returning(warehouse, settings, now, snapshot)
    else:
        question = task.removesuffix(uplift.SUFFIX)
        asked = labels(warehouse, question, now, snapshot, settings).select("user_id")
        groups = input_groups(label_rule(question, settings).task)
        features = feature_frame(warehouse, now, snapshot, settings=settings, groups=groups)
        frame = features.join(asked, on="user_id", how="semi")
    if frame.is_empty():
        raise NotEnoughData(f"{task}: nobody can be asked about at {now:%Y-%m-%d %H:%M} UTC; nothing was written")
    return frame


def reasons_of(bundle: Bundle, matrix: NDArray[np.float32]) -> list[list[str]] | None:
    """Reasons of each row in words; None for a model whose score has no exact parts."""
    manifest = bundle.manifest
    model = restore(manifest, bundle.folder)
    parts = model.contributions(matrix) if model else None
    if parts is None:
        return None
    return reasons(manifest.features, parts, matrix, by_name(), manifest.categories, moved=moved_by(manifest.task))


def _predict(
    warehouse: Warehouse,
    manifest: Manifest,
    readers: NDArray[np.uint64],
    matrix: NDArray[np.float32],
    answer: NDArray[np.float64],
    now: datetime,
) -> None:
    """One row of `predictions` a reader; scoring the same readers again at the same time adds nothing."""
    hashes = [inputs_hash(row) for row in matrix]
    at = datetime.now(UTC)
    name = f"{manifest.task}/{manifest.version}/{now.isoformat()}"
    frame = pl.DataFrame({"user_id": readers, "inputs_hash": hashes, "score": answer}).with_columns(
        decision_id=pl.format("{}/{}", pl.lit(name), pl.col("user_id")),
        task=pl.lit(manifest.task),
        model_version=pl.lit(manifest.version),
        features_as_of=pl.lit(now).dt.cast_time_unit("ms"),
        at=pl.lit(at).dt.cast_time_unit("ms"),
        received_at=pl.lit(at).dt.cast_time_unit("ms"),
        loaded_at=pl.lit(at).dt.cast_time_unit("ms"),
    )
    written = warehouse.frame(
        read_sql("readership.pipelines.sql", "predicted"),
        task=manifest.task,
        model_version=manifest.version,
        features_as_of=now,
    )
    new = frame.join(written, on="decision_id", how="anti")
    if not new.is_empty():
        warehouse.insert("predictions", new.to_arrow())


def _meaning(bundle: Bundle, answer: NDArray[np.float64]) -> dict[str, list[str]]:
    """The column that stands beside the answer, in words: a risk band, what to do, the name of a segment."""
    manifest = bundle.manifest
    if manifest.answer == "segment":
        names = names_of(read_segments(bundle))
        return {"name": [names[int(value)] for value in answer]}
    if manifest.task == conversion.TASK:
        return {"action": [conversion.action(value, manifest.operating_points) for value in answer]}
    if manifest.answer == "uplift":
        return {"advice": ["contact" if value > 0 else "spare" for value in answer]}
    band = engagement.band if manifest.task == engagement.TASK else churn.band
    return {"band": [band(value) for value in answer]}


def _table(
    warehouse: Warehouse,
    settings: Settings,
    bundle: Bundle,
    readers: NDArray[np.uint64],
    answer: NDArray[np.float64],
    first: NDArray[np.intp],
    words: list[list[str]] | None,
) -> Path:
    ids = warehouse.frame(read_sql("readership.pipelines.sql", "external_ids"))
    kind, meaning = bundle.manifest.answer, _meaning(bundle, answer)
    said = answer.astype(np.int64) if kind == "segment" else answer
    scores = pl.DataFrame({"user_id": readers, kind: said, **meaning})
    told = {"user_id": readers[first], "reasons": words if words is not None else [None] * len(first)}
    told_frame = pl.DataFrame(told, schema_overrides={"reasons": pl.List(pl.String)})
    table = (
        scores.join(ids, on="user_id", how="left")
        .join(told_frame, on="user_id", how="left")
        .sort(kind, "user_id", descending=[True, False])
        .select(pl.col("external_id").alias("reader_id"), kind, *meaning, "reasons")
    )
    path = settings.artifacts_dir / "scores" / f"{bundle.manifest.task}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    table.write_parquet(draft)
    draft.replace(path)
    return path
