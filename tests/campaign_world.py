"""A model that is live, made by hand from two features: whoever came seldom leaves, whoever came often subscribes."""

import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from readership.contracts import Dataset, Manifest, ModelSpec
from readership.models._tabular import CANDIDATES
from readership.registry.bundles import write_bundle
from readership.registry.live import write_live

NAMES = ("sessions_28d", "sessions_ever")
VERSION = "20260101T000000-abcdef"


def make_live(models: Path, task: str) -> None:
    """Fit, write and promote it."""
    rng = np.random.default_rng(1)
    sessions = rng.poisson(4, 400).astype(np.float32)
    leaves = rng.random(400) < 1 / (1 + np.exp(sessions - 4))
    label = leaves if task.startswith("churn") else ~leaves
    rows = Dataset(
        task=task,
        features=np.column_stack([sessions, sessions * 3]).astype(np.float32),
        names=NAMES,
        label=label.astype(np.float32),
        reader=np.arange(400, dtype=np.uint64),
        as_of=np.full(400, np.datetime64("2025-03-01", "ms")),
        weight=np.ones(400),
    )
    model = CANDIDATES["logistic_regression"](ModelSpec("logistic_regression")).fit(rows, None)
    native_name, native = model.native()
    arrays = io.BytesIO()
    np.savez(arrays)
    manifest = Manifest(
        task=task,
        version=VERSION,
        model=ModelSpec("logistic_regression", dict(model.spec.parameters)),
        features=NAMES,
        categories={},
        calibration="none",
        horizon_days=28,
        lookback_days=56,
        population="subscribers" if task.endswith("subscribers") else "registered",
        dataset_hash="none",
        sql_hashes={},
        data_from="2025-01-06T00:00:00+00:00",
        data_to="2025-03-01T00:00:00+00:00",
        trained_until="2025-03-01T00:00:00+00:00",
        created_at=datetime.now(UTC).isoformat(),
        libraries={},
        metrics={},
        operating_points={},
        files={},
    )
    write_bundle(
        models, manifest, {"model.onnx": model.to_onnx(), "calibrator.npz": arrays.getvalue(), native_name: native}
    )
    write_live(models, task, champion=VERSION, challenger=None, by="a test", why="a test")
