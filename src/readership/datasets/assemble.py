"""Features and labels of many cut-offs become one Dataset; the rows a model may not see never get here."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.contracts import Dataset, Folds
from readership.errors import NotEnoughData
from readership.features.catalogue import Feature
from readership.features.encoding import encode, vocabularies

UNKNOWN = "(unknown)"
SLICE_COLUMNS = {"tier": "tier", "country": "country", "device": "device_type", "brand": "brand"}
TENURE_BANDS = ((7, "under a week"), (28, "1–4 weeks"), (91, "1–3 months"), (365, "3–12 months"))


class Cutoff(NamedTuple):
    """Labels (user_id, label) and features (user_id, catalogue columns) of one moment."""

    as_of: datetime
    labels: pl.DataFrame
    features: pl.DataFrame


class Sample(NamedTuple):
    """Which readers stay when rows are capped; a reader's weight is one over the chance to stay.

    share_with     chance of a reader who has a positive label among the capped rows
    share_without  chance of any other reader
    """

    readers_with: NDArray[np.uint64]
    share_with: float
    share_without: float

    def chance(self, readers: NDArray[np.uint64]) -> NDArray[np.float64]:
        """Chance of each reader to stay."""
        return np.where(np.isin(readers, self.readers_with), self.share_with, self.share_without)

    def keeps(self, readers: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Whether each reader stays: decided by the reader's id alone, so a rebuild keeps the same ones."""
        return lot(readers) < self.chance(readers)


def lot(readers: NDArray[np.uint64]) -> NDArray[np.float64]:
    """A fixed number in [0, 1) for each reader, spread evenly (splitmix64)."""
    mixed = readers + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53


def plan_sample(labels: Sequence[pl.DataFrame], max_rows: int) -> Sample | None:
    """Readers to keep so that about `max_rows` of these rows remain; None when they fit already.

    Readers who ever have a positive label are all kept while they fill at most half of the rows; weights
    make every weighted sum an unbiased estimate of the sum over everyone.
    """
    rows = pl.concat(labels)
    if rows.height <= max_rows:
        return None
    readers = rows.group_by("user_id").agg(pl.len().alias("rows"), pl.col("label").max().alias("ever"))
    positive = readers.filter(pl.col("ever") > 0)
    theirs = int(positive["rows"].sum())
    share = max_rows / rows.height
    if theirs <= max_rows / 2:
        return Sample(positive["user_id"].sort().to_numpy(), 1.0, (max_rows - theirs) / (rows.height - theirs))
    return Sample(np.array([], dtype=np.uint64), share, share)


def assemble(
    task: str, cutoffs: Sequence[Cutoff], folds: Folds, features: Sequence[Feature], sample: Sample | None
) -> Dataset:
    """One Dataset in order of (as_of, reader): a row for every labelled reader, features missing where none are known.

    Vocabularies come from the cut-offs before the test, so a word first met there has the code of the unseen.
    """
    inputs = [feature for feature in features if feature.model_input]
    names = tuple(feature.name for feature in inputs)
    words = [feature.name for feature in inputs if feature.kind == "category"]
    joined = [cutoff.labels.join(cutoff.features, on="user_id", how="left").sort("user_id") for cutoff in cutoffs]
    known = [frame for cutoff, frame in zip(cutoffs, joined, strict=True) if cutoff.as_of in folds.refit]
    categories: Mapping[str, tuple[str, ...]] = vocabularies(pl.concat([frame.select(words) for frame in known]), words)
    reader = np.concatenate([frame["user_id"].to_numpy() for frame in joined])
    as_of = np.concatenate(
        [np.full(frame.height, _ms(cutoff.as_of)) for cutoff, frame in zip(cutoffs, joined, strict=True)]
    )
    test = np.isin(as_of, [_ms(cutoff) for cutoff in folds.test])
    weight = np.ones(len(reader)) if sample is None else np.where(test, 1.0, 1.0 / sample.chance(reader))
    return Dataset(
        task=task,
        features=np.concatenate([encode(frame, names, categories) for frame in joined]),
        names=names,
        label=np.concatenate([frame["label"].cast(pl.Float32).to_numpy() for frame in joined]),
        reader=reader,
        as_of=as_of,
        weight=weight,
        categories=categories,
        slices=_slices(joined),
    )


def check_folds(dataset: Dataset, folds: Folds, explain: Callable[[datetime], str]) -> None:
    """Refuse a fold whose cut-offs hold no rows or one class only; `explain` says who was left out at a cut-off."""
    for name, cutoffs in _named(folds).items():
        if not cutoffs:
            continue
        part = dataset.at(cutoffs)
        when = f"{cutoffs[0]:%Y-%m-%d}" + (f" … {cutoffs[-1]:%Y-%m-%d}" if len(cutoffs) > 1 else "")
        where = f"the {name} cut-off{'s' if len(cutoffs) > 1 else ''} {when}"
        if not len(part):
            raise NotEnoughData(f"{dataset.task}: nobody can be asked about at {where}: {explain(cutoffs[-1])}")
        classes = np.unique(part.label)
        if len(classes) < 2:
            raise NotEnoughData(
                f"{dataset.task}: all {len(part)} labels at {where} are {int(classes[0])}; a model needs both outcomes "
                f"in every fold; bring more readers or more history, or change the horizon ({folds.horizon.days} days)"
            )


def tenure_bands(days: pl.Series) -> NDArray[np.str_]:
    """How long a reader has been known, in words.

    >>> tenure_bands(pl.Series([3.0, 400.0, None])).tolist()
    ['under a week', 'over a year', '(unknown)']
    """
    names = np.array([*(name for _, name in TENURE_BANDS), "over a year", UNKNOWN])
    known = days.is_not_null().to_numpy()
    band = np.searchsorted([limit for limit, _ in TENURE_BANDS], days.fill_null(0).to_numpy(), side="right")
    return names[np.where(known, band, len(names) - 1)]


def _slices(frames: Sequence[pl.DataFrame]) -> dict[str, NDArray[np.str_]]:
    slices = {
        name: np.concatenate([_text(frame[column]) for frame in frames]) for name, column in SLICE_COLUMNS.items()
    }
    slices["tenure"] = np.concatenate([tenure_bands(frame["tenure_days"]) for frame in frames])
    return slices


def _text(values: pl.Series) -> NDArray[np.str_]:
    named = values.cast(pl.String).replace("", None).fill_null(UNKNOWN)
    return np.asarray(named.to_list(), dtype=np.str_)


def _named(folds: Folds) -> dict[str, tuple[datetime, ...]]:
    return {"train": folds.train, "validation": folds.valid, "calibration": folds.calibration, "test": folds.test}


def _ms(moment: datetime) -> np.datetime64:
    return np.datetime64(moment.replace(tzinfo=None), "ms")
