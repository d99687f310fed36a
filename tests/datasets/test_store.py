"""A dataset saved and loaded is the same, and its hash is of values, not of bytes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from readership.contracts import Dataset
from readership.datasets.store import ROWS, DatasetManifest, content_hash, load, save
from readership.errors import InputError


def dataset() -> Dataset:
    return Dataset(
        task="churn",
        features=np.array([[1.0, np.nan], [0.0, 1.0], [2.5, 0.0]], dtype=np.float32),
        names=("sessions_7d", "device_type"),
        label=np.array([0, 1, 0], dtype=np.float32),
        reader=np.array([1, 2**63 + 1, 1], dtype=np.uint64),
        as_of=np.array(["2026-01-01", "2026-01-01", "2026-01-29"], dtype="datetime64[ms]"),
        weight=np.array([1.0, 2.0, 1.0]),
        categories={"device_type": ("app", "mobil — größer")},
        slices={"tier": np.array(["free", "(unknown)", "free"])},
    )


def manifest(data: Dataset) -> DatasetManifest:
    return DatasetManifest(
        task=data.task,
        population="registered",
        definition="words",
        snapshot_at="2026-02-01T00:00:00+00:00",
        horizon_days=28,
        lookback_days=56,
        default_consent=("analytics",),
        folds=dict.fromkeys(("train", "valid", "calibration", "test", "refit"), ("2026-01-01T00:00:00+00:00",)),
        max_rows=None,
        rows=len(data),
        readers=2,
        positives=1,
        row_counts={"2026-01-01T00:00:00+00:00": 2},
        left_out=(),
        sampled=None,
        outcomes={},
        features=data.names,
        categories=data.categories,
        sql_hashes={"labels/churn": "0" * 64},
        content_hash=content_hash(data),
    )


def test_saved_and_loaded_is_the_same(tmp_path: Path) -> None:
    before = dataset()
    save(before, manifest(before), tmp_path / "churn")
    after, read = load(tmp_path / "churn")
    assert read == manifest(before)
    assert content_hash(after) == content_hash(before)
    assert np.array_equal(after.features, before.features, equal_nan=True)
    assert after.slices["tier"].tolist() == before.slices["tier"].tolist()
    assert read.as_folds().train[0].isoformat() == "2026-01-01T00:00:00+00:00"


def test_the_hash_ignores_row_order_and_the_sign_of_zero() -> None:
    before = dataset()
    turned = before.take(np.array([2, 0, 1]))
    negative = replace(before, features=np.where(before.features == 0, np.float32(-0.0), before.features))
    assert content_hash(turned) == content_hash(negative) == content_hash(before)


@pytest.mark.parametrize("name", ["features", "label", "weight", "reader"])
def test_the_hash_sees_every_value(name: str) -> None:
    before = dataset()
    values = getattr(before, name).copy()
    values[0] += 1
    assert content_hash(replace(before, **{name: values})) != content_hash(before)


def test_the_hash_sees_slices_and_vocabularies() -> None:
    before = dataset()
    other = replace(before, slices={"tier": np.array(["free", "premium", "free"])})
    words = replace(before, categories={"device_type": ("app", "tablet")})
    assert len({content_hash(before), content_hash(other), content_hash(words)}) == 3


def test_altered_rows_are_refused(tmp_path: Path) -> None:
    save(dataset(), manifest(dataset()), tmp_path)
    rows = pl.read_parquet(tmp_path / ROWS)
    rows.with_columns(label=pl.lit(1.0, dtype=pl.Float32)).write_parquet(tmp_path / ROWS)
    with pytest.raises(InputError, match=r"are not those the manifest was written for"):
        load(tmp_path)


def test_a_folder_without_a_manifest_is_not_a_dataset(tmp_path: Path) -> None:
    save(dataset(), manifest(dataset()), tmp_path)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"holds no whole dataset \(manifest.json is missing\)"):
        load(tmp_path)
