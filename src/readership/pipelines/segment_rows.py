"""Rows that segments are made of: returning readers at cut-offs four weeks apart (less in a short log)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from readership.contracts import Dataset, Folds
from readership.datasets.assemble import Cutoff, assemble, lot
from readership.datasets.store import DatasetManifest, content_hash, fold_dates
from readership.errors import NotEnoughData
from readership.features.catalogue import by_name, sql_hashes
from readership.models import rfv, segmentation
from readership.models._segments import FAVOURITE
from readership.pipelines.brands import of_brand
from readership.pipelines.dataset import newest_load
from readership.pipelines.features import feature_frame
from readership.settings import Settings
from readership.warehouse import Warehouse

LOOK_BACK = timedelta(days=90)
"""The longest window of a trait: a cut-off with less history before it is not like the others."""
STEPS = tuple(timedelta(days=days) for days in (28, 14, 7))
MOST_CUTOFFS = 12
MOST_TESTS = 3
MOST_READERS = 20_000
NEEDED = (*dict.fromkeys((*segmentation.inputs(), *rfv.INPUTS, FAVOURITE)),)
GROUPS = ("activity", "arrival", "diversity", "habit", "profile", "reading", "rhythm", "tenure")
DEFINITION = (
    f"known readers with at least {segmentation.FEWEST_SESSIONS} sessions in the {segmentation.LOOKBACK_DAYS} days "
    "before the cut-off, registered or not, who agree to personalisation"
)


@dataclass(frozen=True)
class Rows:
    """Returning readers at every cut-off, in time order, and the manifest that rebuilds them.

    everyone  the newest cut-off's readers, also those that a large publisher's sample leaves out
    """

    folds: Folds
    dataset: Dataset
    manifest: DatasetManifest
    everyone: Dataset


def plan_cutoffs(first: datetime, now: datetime) -> Folds:
    """Cut-offs backwards from the last midnight: `train` to choose on, `test` to judge on, `refit` to deploy from.

    Four weeks apart where five fit after 90 days of history, else two, else one. Raises NotEnoughData naming the
    history that is needed.

    >>> start = datetime(2026, 1, 1, tzinfo=UTC)
    >>> folds = plan_cutoffs(start, start + timedelta(days=270))
    >>> [[(cutoff - start).days for cutoff in fold] for fold in (folds.train, folds.test, folds.refit)]
    [[102, 130, 158, 186], [214, 242, 270], [214, 242, 270]]
    """
    last = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    room = last - first - LOOK_BACK
    step = next((step for step in STEPS if room >= (segmentation.CUTOFFS - 1) * step), None)
    if step is None:
        raise NotEnoughData(
            f"the log holds {max(0, (last - first).days)} whole days ({first:%Y-%m-%d} to {now:%Y-%m-%d}); segments "
            f"need {segmentation.HISTORY_DAYS}: 90 days of habits before each of {segmentation.CUTOFFS} dates; "
            "bring more history"
        )
    count = min(MOST_CUTOFFS, 1 + int(room / step))
    cutoffs = tuple(last - step * n for n in reversed(range(count)))
    tests = max(1, min(MOST_TESTS, count - segmentation.POOL - 1))
    train, test = cutoffs[:-tests], cutoffs[-tests:]
    return Folds(train, (), (), test, cutoffs[-segmentation.POOL :], horizon=step)


def build_rows(warehouse: Warehouse, settings: Settings, folds: Folds) -> Rows:
    """Returning readers at every cut-off, read as the warehouse is now.

    Of more than `MOST_READERS` readers some stay by lot, the same at each date. Raises NotEnoughData where a cut-off
    has fewer than `FEWEST_READERS`.
    """
    snapshot = newest_load(warehouse)
    frames = {cutoff: returning(warehouse, settings, cutoff, snapshot) for cutoff in folds.all()}
    for cutoff, frame in frames.items():
        if frame.height < segmentation.FEWEST_READERS:
            raise NotEnoughData(
                f"{frame.height} readers had {segmentation.FEWEST_SESSIONS} sessions in the "
                f"{segmentation.LOOKBACK_DAYS} days before {cutoff:%Y-%m-%d} and agree to personalisation; segments "
                f"need {segmentation.FEWEST_READERS}; nothing was changed"
            )
    newest, share = max(frames), min(1.0, MOST_READERS / max(frame.height for frame in frames.values()))
    some = {cutoff: frame if cutoff == newest else _some(frame, share) for cutoff, frame in frames.items()}
    described = by_name()
    cutoffs = [Cutoff(as_of, _unlabelled(frame), frame) for as_of, frame in some.items()]
    everyone = assemble(segmentation.TASK, cutoffs, folds, [described[name] for name in NEEDED], None)
    dataset = everyone.take(lot(everyone.reader) < share)
    return Rows(folds, dataset, _manifest(dataset, folds, settings, snapshot), everyone.at((newest,)))


def returning(warehouse: Warehouse, settings: Settings, as_of: datetime, snapshot: datetime) -> pl.DataFrame:
    """Features of the readers that segments are about, at one moment."""
    frame = feature_frame(warehouse, as_of, snapshot, settings=settings, groups=GROUPS)
    often = frame.filter(pl.col(f"sessions_{segmentation.LOOKBACK_DAYS}d") >= segmentation.FEWEST_SESSIONS)
    return of_brand(warehouse, settings, often, as_of, snapshot)


def _unlabelled(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select("user_id", label=pl.lit(None, pl.Float32))


def _some(frame: pl.DataFrame, share: float) -> pl.DataFrame:
    return frame if share >= 1 else frame.filter(pl.Series(lot(frame["user_id"].to_numpy()) < share))


def _manifest(dataset: Dataset, folds: Folds, settings: Settings, snapshot: datetime) -> DatasetManifest:
    return DatasetManifest(
        task=segmentation.TASK,
        population=segmentation.POPULATION,
        definition=DEFINITION,
        snapshot_at=snapshot.isoformat(),
        horizon_days=0,
        lookback_days=segmentation.LOOKBACK_DAYS,
        default_consent=tuple(sorted(settings.default_consent)),
        brand=settings.brand,
        folds=fold_dates(folds),
        max_rows=None,
        rows=len(dataset),
        readers=len(np.unique(dataset.reader)),
        positives=0,
        row_counts={str(at): int(n) for at, n in zip(*np.unique(dataset.as_of, return_counts=True), strict=True)},
        left_out=(),
        sampled=None,
        outcomes={},
        features=dataset.names,
        categories=dataset.categories,
        sql_hashes={f"features/{name}": digest for name, digest in sql_hashes().items()},
        content_hash=content_hash(dataset),
    )
