"""A dataset, bundles and evaluations small enough to know every number of."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from readership.contracts import Dataset, Folds, Manifest, ModelSpec
from readership.datasets.store import DatasetManifest, content_hash, fold_dates
from readership.models._onnx import Graph

DAY = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("signal", "noise", "tier")
TIERS = ("free", "premium")


def a_dataset(readers: int = 400) -> tuple[Dataset, DatasetManifest]:
    rng = np.random.default_rng(3)
    cutoffs = (DAY, DAY + timedelta(days=28))
    rows = readers * len(cutoffs)
    signal = rng.normal(size=rows).astype(np.float32)
    label = (rng.random(rows) < 1 / (1 + np.exp(-2 * signal))).astype(np.float32)
    tier = rng.integers(0, 3, rows).astype(np.float32)
    dataset = Dataset(
        task="churn",
        features=np.column_stack([signal, rng.normal(size=rows).astype(np.float32), tier]),
        names=NAMES,
        label=label,
        reader=np.tile(np.arange(readers, dtype=np.uint64), len(cutoffs)),
        as_of=np.repeat(np.array([c.replace(tzinfo=None) for c in cutoffs], "datetime64[ms]"), readers),
        weight=np.ones(rows),
        categories={"tier": TIERS},
    )
    folds = Folds((DAY,), (), (), (cutoffs[1],), (DAY,), timedelta(days=28))
    return dataset, _dataset_manifest(dataset, folds)


def _dataset_manifest(dataset: Dataset, folds: Folds) -> DatasetManifest:
    return DatasetManifest(
        task=dataset.task,
        population="registered",
        definition="no session in 28 days",
        snapshot_at=DAY.isoformat(),
        horizon_days=28,
        lookback_days=56,
        default_consent=("analytics",),
        folds=fold_dates(folds),
        max_rows=None,
        rows=len(dataset),
        readers=len(np.unique(dataset.reader)),
        positives=int(dataset.label.sum()),
        row_counts={},
        left_out=(),
        sampled=None,
        outcomes={},
        features=dataset.names,
        categories=dataset.categories,
        sql_hashes={},
        content_hash=content_hash(dataset),
    )


def a_manifest(version: str, dataset_hash: str) -> Manifest:
    return Manifest(
        task="churn",
        version=version,
        model=ModelSpec("logistic_regression", {"C": 0.05}, seed=1),
        features=("signal",),
        categories={},
        calibration="none",
        horizon_days=28,
        lookback_days=56,
        population="registered",
        dataset_hash=dataset_hash,
        sql_hashes={"activity.sql": "ab12"},
        data_from="2025-06-01T00:00:00+00:00",
        data_to="2026-02-26T00:00:00+00:00",
        trained_until="2026-01-29T00:00:00+00:00",
        created_at=f"2026-02-27T00:00:00+00:00 {version}",
        libraries={},
        metrics={"roc_auc": {"value": 0.8, "ci95": [0.75, 0.85]}},
        operating_points={},
        files={},
    )


def linear_files(slope: float, columns: int = 1) -> dict[str, bytes]:
    graph = Graph(columns)
    weights = np.zeros((columns, 1))
    weights[0] = slope
    margin = graph.add("MatMul", graph.double("features"), graph.constant(weights))
    arrays = io.BytesIO()
    np.savez(arrays)
    return {"model.onnx": graph.finish(margin), "calibrator.npz": arrays.getvalue()}


def an_evaluation(**floors: tuple[float, list[float | None]]) -> dict[str, Any]:
    """An evaluation whose floors stand at these distances of log loss from the champion."""
    chosen = floors or {"base_rate": (0.1, [0.08, 0.12]), "recency": (0.05, [0.03, 0.07])}
    return {
        "task": "churn",
        "champion": "logistic_regression",
        "candidates": {"logistic_regression": {}, "random_forest": {}},
        "metrics": {"roc_auc": {"value": 0.8, "ci95": [0.75, 0.85]}, "log_loss": {"value": 0.5, "ci95": [None, None]}},
        "floors": {
            name: {"difference_to_champion": {"log_loss": {"value": value, "ci95": ends}}}
            for name, (value, ends) in chosen.items()
        },
    }
