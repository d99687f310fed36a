"""The nouns that stages exchange: Dataset, Model, ModelSpec, Manifest, Evaluation. No behaviour beyond checks."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

UNSEEN = "(unseen)"
Metric = dict[str, Any]
"""`{"value": x, "ci95": [lo, hi]}`."""
ANSWERS = {
    "probability": (0.0, 1.0),
    "score": (0.0, 100.0),
    "segment": (0.0, 1e6),
    "uplift": (-1.0, 1.0),
    "rank": (-1e6, 1e6),
    "policy": (0.0, 1.0),
}
"""What a model may say of a reader, and the least and the most it can be. `segment` is an id, `uplift` a difference,
`rank` a number that orders articles for one reader and means nothing by itself, `policy` the chance of a choice."""


@dataclass(frozen=True)
class Folds:
    """Cut-offs of one experiment, in time order; every label window closes before the next fold begins.

    A candidate is fitted on `train`, stopped and compared on `valid`; the chosen one's calibrator is fitted and chosen
    on `calibration`. Where none wins it is fitted again on `refit` (all of them and what lies between). `test` judges.
    """

    train: tuple[datetime, ...]
    valid: tuple[datetime, ...]
    calibration: tuple[datetime, ...]
    test: tuple[datetime, ...]
    refit: tuple[datetime, ...]
    horizon: timedelta

    def all(self) -> tuple[datetime, ...]:
        """Every cut-off once, in time order."""
        return tuple(sorted({*self.train, *self.valid, *self.calibration, *self.test, *self.refit}))


@dataclass(frozen=True)
class Dataset:
    """Rows of (reader, as_of): what was known, and what happened afterwards.

    features    float32 [n, p]; nan is missing; a category holds its code, `len(vocabulary)` for one never seen
    names       p feature names, in column order
    label       float32 [n]; nan where the label does not apply
    reader      uint64 [n]; rows of one reader belong together when intervals are drawn
    as_of       datetime64[ms] [n], UTC
    weight      float64 [n]; 1 unless readers were sampled
    categories  vocabulary of each categorical feature, in code order
    slices      values of each slicing column (text), for reports only
    """

    task: str
    features: NDArray[np.float32]
    names: tuple[str, ...]
    label: NDArray[np.float32]
    reader: NDArray[np.uint64]
    as_of: NDArray[np.datetime64]
    weight: NDArray[np.float64]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    slices: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows, columns = self.features.shape
        if columns != len(self.names):
            raise ValueError(f"{columns} feature columns but {len(self.names)} names")
        for name in ("label", "reader", "as_of", "weight"):
            if len(getattr(self, name)) != rows:
                raise ValueError(f"{name} has {len(getattr(self, name))} rows, features have {rows}")

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: NDArray[Any]) -> Self:
        """The rows at these positions, or where this mask is true."""
        return replace(
            self,
            features=self.features[rows],
            label=self.label[rows],
            reader=self.reader[rows],
            as_of=self.as_of[rows],
            weight=self.weight[rows],
            slices={name: values[rows] for name, values in self.slices.items()},
        )

    def at(self, cutoffs: tuple[datetime, ...]) -> Self:
        """The rows of these cut-offs."""
        wanted = np.array([np.datetime64(c.replace(tzinfo=None), "ms") for c in cutoffs], dtype="datetime64[ms]")
        return self.take(np.isin(self.as_of.astype("datetime64[ms]"), wanted))

    def select(self, names: tuple[str, ...]) -> Self:
        """The same rows with these feature columns, in this order."""
        columns = [self.names.index(name) for name in names]
        return replace(
            self,
            features=np.ascontiguousarray(self.features[:, columns]),
            names=names,
            categories={name: words for name, words in self.categories.items() if name in names},
        )


@dataclass(frozen=True)
class Trial:
    """Randomised decisions with what came of them: a Dataset whose readers were contacted or left alone by lot.

    rows        label 1 is the outcome the publisher wants; weight is 1 / P(the variant that was drawn), known by design
    treated     bool [n]; whether the reader was contacted
    decided_at  datetime64[ms] [n], UTC; `rows.as_of` lies at or before it
    """

    rows: Dataset
    treated: NDArray[np.bool_]
    decided_at: NDArray[np.datetime64]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: NDArray[Any]) -> Self:
        """The decisions at these positions, or where this mask is true."""
        return replace(self, rows=self.rows.take(rows), treated=self.treated[rows], decided_at=self.decided_at[rows])

    def select(self, names: tuple[str, ...]) -> Self:
        """The same decisions with these feature columns, in this order."""
        return replace(self, rows=self.rows.select(names))


@dataclass(frozen=True)
class ModelSpec:
    """What to fit: the candidate's name, its parameters and its seed."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0


class Model(Protocol):
    """An answer over a feature matrix, by its raw margin: log-odds before calibration, or the score itself."""

    spec: ModelSpec

    def fit(self, train: Dataset, valid: Dataset | None) -> "Model":
        """Fit on `train`; `valid` (later cut-offs) may stop it early. The fitted size is kept in `spec`."""

    def margin(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """The margin [n] of features [n, p]."""

    def contributions(self, features: NDArray[np.float32]) -> NDArray[np.float64] | None:
        """Exact additive parts of the margin [n, p + 1] (the last is the constant), or None where there are none."""

    def to_onnx(self) -> bytes:
        """The fitted margin as ONNX: input `features` float32 [n, p], output `margin` float32 [n, 1]."""

    def native(self) -> tuple[str, bytes]:
        """File name and content of the library's own text or JSON form (no pickle)."""


@dataclass(frozen=True)
class Manifest:
    """`manifest.json` of a bundle: everything needed to score with it, and to know where it came from.

    features       names in the order of the ONNX input
    categories     vocabulary of each categorical feature, in code order
    calibration    name of the calibrator (none, shift, platt, isotonic); its numbers are in `calibrator.npz`
    lookback_days  readers asked about were seen in this many days
    answer         what the model says of a reader; one of `ANSWERS`
    files          sha256 of every other file of the bundle
    """

    task: str
    version: str
    model: ModelSpec
    features: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    calibration: str
    horizon_days: int
    lookback_days: int
    population: str
    dataset_hash: str
    sql_hashes: Mapping[str, str]
    data_from: str
    data_to: str
    trained_until: str
    created_at: str
    libraries: Mapping[str, str]
    metrics: Mapping[str, Metric]
    operating_points: Mapping[str, Any]
    files: Mapping[str, str]
    answer: str = "probability"


Evaluation = dict[str, Any]
"""The content of `artifacts/evaluation/<task>.json`; its keys are listed in docs/evaluation.md."""
