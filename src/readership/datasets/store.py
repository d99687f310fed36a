"""A dataset on disk: Parquet, and a manifest with what it takes to build the same rows again."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.contracts import Dataset, Folds
from readership.errors import InputError

MANIFEST = "manifest.json"
ROWS = "rows.parquet"
FOLD_NAMES = ("train", "valid", "calibration", "test", "refit")


@dataclass(frozen=True)
class DatasetManifest:
    """What a dataset was built from.

    snapshot_at      only rows loaded by then were read, for features and for labels
    folds            cut-offs as asked for (ISO 8601), by fold
    row_counts       rows by cut-off
    brand            the only brand that was asked about; None: all of them
    left_out         cut-offs whose label window touches a recorded outage of every brand
    sampled          chance to stay of readers with and without a positive label, where rows were capped
    outcomes         labels of 1 by their recorded reason, where the label has one
    sql_hashes       sha256 of every statement that was run, by file name
    content_hash     sha256 of the canonical values, not of the Parquet bytes
    erasures         when rows of erased readers were taken out, with the hash before and after
    """

    task: str
    population: str
    definition: str
    snapshot_at: str
    horizon_days: int
    lookback_days: int
    default_consent: tuple[str, ...]
    folds: Mapping[str, tuple[str, ...]]
    max_rows: int | None
    rows: int
    readers: int
    positives: int
    row_counts: Mapping[str, int]
    left_out: tuple[str, ...]
    sampled: Mapping[str, float] | None
    outcomes: Mapping[str, int]
    features: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    sql_hashes: Mapping[str, str]
    content_hash: str
    brand: str | None = None
    erasures: tuple[Mapping[str, Any], ...] = ()

    def as_folds(self) -> Folds:
        """The folds that were asked for."""
        parts = {name: tuple(map(datetime.fromisoformat, self.folds[name])) for name in FOLD_NAMES}
        return Folds(**parts, horizon=timedelta(days=self.horizon_days))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A manifest as it was saved."""
        found = json.loads(text)
        return cls(**{field.name: _tuples(found[field.name]) for field in fields(cls) if field.name in found})


def fold_dates(folds: Folds) -> dict[str, tuple[str, ...]]:
    """Cut-offs of each fold as ISO 8601."""
    return {name: tuple(cutoff.isoformat() for cutoff in getattr(folds, name)) for name in FOLD_NAMES}


def content_hash(dataset: Dataset) -> str:
    """sha256 over names, vocabularies and values in order of (as_of, reader).

    Numbers count as little-endian bytes with one form of nan and of zero, so that files, platforms and
    compression make no difference.
    """
    order = np.lexsort((dataset.reader, dataset.as_of))
    rows = dataset.take(order)
    digest = hashlib.sha256()
    words = {name: list(vocabulary) for name, vocabulary in sorted(dataset.categories.items())}
    digest.update(json.dumps([dataset.task, dataset.names, words], ensure_ascii=False).encode())
    digest.update(rows.reader.astype("<u8").tobytes())
    digest.update(rows.as_of.astype("datetime64[ms]").astype("<i8").tobytes())
    for values, kind in ((rows.features, "<f4"), (rows.label, "<f4"), (rows.weight, "<f8")):
        canonical = np.where(np.isnan(values), np.nan, values + 0.0).astype(kind)
        digest.update(np.ascontiguousarray(canonical).tobytes())
    for name, texts in sorted(rows.slices.items()):
        digest.update(json.dumps([name, texts.tolist()], ensure_ascii=False).encode())
    return digest.hexdigest()


def save(dataset: Dataset, manifest: DatasetManifest, folder: Path) -> Path:
    """Write rows and manifest to `folder`; the manifest comes last, so a folder with one is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    partial = folder / f"{ROWS}.partial"
    _frame(dataset).write_parquet(partial)
    partial.replace(folder / ROWS)
    written = folder / f"{MANIFEST}.partial"
    written.write_text(json.dumps(asdict(manifest), indent=1, ensure_ascii=False), encoding="utf-8")
    written.replace(folder / MANIFEST)
    return folder


def without(folder: Path, readers: NDArray[np.uint64], at: str) -> int:
    """Take the rows of these readers out of the dataset in `folder`; returns how many there were.

    The manifest gets the hash of what is left and keeps the one before, by which models name what they learnt from.
    """
    dataset, manifest = load(folder)
    gone = np.isin(dataset.reader, readers)
    if not gone.any():
        return 0
    left, taken = dataset.take(~gone), dataset.take(gone)
    after = content_hash(left)
    told = {"at": at, "rows": len(taken), "hash_before": manifest.content_hash, "hash_after": after}
    changed = replace(
        manifest,
        rows=len(left),
        readers=len(np.unique(left.reader)),
        positives=max(0, manifest.positives - int((taken.label > 0).sum())),
        row_counts=_fewer(manifest.row_counts, taken.as_of),
        content_hash=after,
        erasures=(*manifest.erasures, told),
    )
    save(left, changed, folder)
    return len(taken)


def _fewer(row_counts: Mapping[str, int], taken: NDArray[np.datetime64]) -> dict[str, int]:
    """Rows by cut-off without those taken out; a row belongs to the last cut-off at or before it."""
    if not row_counts:
        return {}
    begins = np.array([cutoff.removesuffix("+00:00") for cutoff in row_counts], dtype="datetime64[ms]")
    order = np.argsort(begins)
    places = order[np.maximum(np.searchsorted(begins[order], taken.astype("datetime64[ms]"), side="right") - 1, 0)]
    fewer = np.bincount(places, minlength=len(begins))
    return {cutoff: rows - int(less) for (cutoff, rows), less in zip(row_counts.items(), fewer, strict=True)}


def load(folder: Path) -> tuple[Dataset, DatasetManifest]:
    """A saved dataset, its values checked against the manifest's hash; InputError when they differ."""
    try:
        manifest = DatasetManifest.from_json((folder / MANIFEST).read_text(encoding="utf-8"))
        frame = pl.read_parquet(folder / ROWS)
    except FileNotFoundError as error:
        raise InputError(f"{folder} holds no whole dataset ({Path(error.filename).name} is missing)") from error
    dataset = _dataset(frame, manifest)
    if content_hash(dataset) != manifest.content_hash:
        raise InputError(f"the rows in {folder / ROWS} are not those the manifest was written for; build it again")
    return dataset, manifest


def _frame(dataset: Dataset) -> pl.DataFrame:
    columns: dict[str, Any] = {
        "reader": dataset.reader,
        "as_of": dataset.as_of,
        "label": dataset.label,
        "weight": dataset.weight,
    }
    columns |= {f"slice.{name}": texts.tolist() for name, texts in dataset.slices.items()}
    columns |= {f"feature.{name}": dataset.features[:, n] for n, name in enumerate(dataset.names)}
    return pl.DataFrame(columns)


def _dataset(frame: pl.DataFrame, manifest: DatasetManifest) -> Dataset:
    slices = [name for name in frame.columns if name.startswith("slice.")]
    matrix = frame.select(f"feature.{name}" for name in manifest.features).to_numpy()
    return Dataset(
        task=manifest.task,
        features=np.ascontiguousarray(matrix, dtype=np.float32),
        names=manifest.features,
        label=frame["label"].to_numpy(),
        reader=frame["reader"].to_numpy(),
        as_of=frame["as_of"].to_numpy().astype("datetime64[ms]"),
        weight=frame["weight"].to_numpy(),
        categories=manifest.categories,
        slices={name.removeprefix("slice."): np.asarray(frame[name].to_list(), dtype=np.str_) for name in slices},
    )


def _tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return {name: _tuples(item) for name, item in value.items()}
    return value
