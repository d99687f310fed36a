"""What `readership bench serving` serves: readers with every catalogued feature, and a churn model that reads them."""

import io
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, Manifest, ModelSpec
from readership.features.catalogue import catalogue
from readership.features.online import OnlineWriter
from readership.models._tabular import build
from readership.registry.bundles import write_bundle
from readership.registry.live import write_live
from readership.settings import Online

AS_OF = datetime(2026, 10, 1, tzinfo=UTC)
TREES = 300
WORDS = tuple(f"word{number}" for number in range(8))


def build_world(home: Path, readers: int, trees: int = TREES, online: Online | None = None) -> int:
    """Features of `readers` readers (ids from 0) in `home` or `online`, and a champion; returns how many features."""
    chance = np.random.default_rng(7)
    inputs = [feature for feature in catalogue() if feature.serves("churn")]
    numbers = [feature.name for feature in inputs if feature.kind == "number"]
    words = [feature.name for feature in inputs if feature.kind == "category"]
    values = _values(chance, readers, len(numbers))
    codes = chance.integers(0, len(WORDS), (readers, len(words)))
    with OnlineWriter(online or home / "var" / "online", numbers, words, as_of=AS_OF) as writer:
        texts = [tuple(WORDS[code] for code in row) for row in codes.tolist()]
        writer.put(np.arange(readers, dtype=np.uint64), values, texts)
    sample = slice(0, 4000)
    matrix = np.hstack([values[sample], codes[sample].astype(np.float32)])
    _write_champion(home / "artifacts" / "models", matrix, tuple(numbers), tuple(words), trees, chance)
    return len(numbers) + len(words)


def _values(chance: np.random.Generator, rows: int, columns: int) -> NDArray[np.float32]:
    """Counts with a long tail, one in ten missing."""
    values = np.floor(np.exp(chance.normal(size=(rows, columns), scale=1.2))).astype(np.float32)
    values[chance.random((rows, columns)) < 0.1] = np.nan
    return values


def _write_champion(
    models: Path,
    matrix: NDArray[np.float32],
    numbers: tuple[str, ...],
    words: tuple[str, ...],
    trees: int,
    chance: np.random.Generator,
) -> None:
    rows = len(matrix)
    signal = np.nan_to_num(matrix[:, :20]).sum(axis=1)
    label = (signal + chance.normal(size=rows, scale=10) > np.median(signal)).astype(np.float32)
    dataset = Dataset(
        task="churn",
        features=matrix,
        names=(*numbers, *words),
        label=label,
        reader=np.arange(rows, dtype=np.uint64),
        as_of=np.full(rows, np.datetime64(AS_OF.replace(tzinfo=None), "ms")),
        weight=np.ones(rows),
        categories=dict.fromkeys(words, WORDS),
    )
    model = build(ModelSpec("xgboost", {"rounds": trees})).fit(dataset, None)
    calibrator = io.BytesIO()
    np.savez(calibrator, shift=np.array([0.0]))
    name, native = model.native()
    files = {"model.onnx": model.to_onnx(), "calibrator.npz": calibrator.getvalue(), name: native}
    write_bundle(models, _manifest(model.spec, dataset), files)
    write_live(models, "churn", champion="bench", challenger=None, by="readership bench serving", why="benchmark")


def _manifest(spec: ModelSpec, dataset: Dataset) -> Manifest:
    until = AS_OF.isoformat()
    return Manifest(
        task="churn",
        version="bench",
        model=spec,
        features=dataset.names,
        categories=dataset.categories,
        calibration="shift",
        horizon_days=28,
        lookback_days=56,
        population="registered",
        dataset_hash="",
        sql_hashes={},
        data_from=until,
        data_to=until,
        trained_until=until,
        created_at=datetime.now(UTC).isoformat(),
        libraries={"xgboost": version("xgboost-cpu") if sys.platform != "darwin" else version("xgboost")},
        metrics={},
        operating_points={},
        files={},
    )
