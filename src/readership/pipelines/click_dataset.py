"""The dataset of clicks: impressions of whole days, what was known before each, and whether it was clicked."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.contracts import Dataset, Folds
from readership.datasets.assemble import lot
from readership.datasets.store import DatasetManifest, content_hash, fold_dates
from readership.errors import NotEnoughData
from readership.events.consent import bits
from readership.features.clicks.curve import Curve
from readership.features.clicks.derive import word_names
from readership.features.clicks.subject import LOOKBACK_DAYS, Subject
from readership.features.encoding import encode, vocabularies
from readership.pipelines.click_rows import SQL, beside, known
from readership.pipelines.dataset import newest_load
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

LABELS = "readership.datasets.clicks"
DAY = timedelta(days=1)
DAY_MS = 86_400_000
DAYS_AT_ONCE = 60
"""Days whose counts are held in memory together."""
MOST_TRAIN_ROWS = 300_000
"""Training rows beyond which unclicked impressions are thinned out."""
FEWEST_CLICKS = {"train": 100, "valid": 30, "calibration": 30, "test": 30}
AGES = ((1, "under an hour"), (6, "1–6 hours"), (24, "6–24 hours"), (72, "1–3 days"))
POSITIONS = ((1, "first"), (3, "2 and 3"), (6, "4 to 6"))


class ClickDataset(NamedTuple):
    """Rows of impressions, with where each was shown (for the oracle), the curve of places, and the manifest.

    keep  share of the unclicked training impressions that were kept; each counts 1 / keep
    """

    rows: Dataset
    shown: pl.DataFrame
    curve: Curve
    manifest: DatasetManifest
    keep: float


def definition(subject: Subject) -> str:
    """The question in words, for reports."""
    where = "in a slate" if subject.thing == "article" else "beside an article"
    return (
        f"one row for each {subject.thing} shown {where} to a reader who agreed to personalisation"
        f"{' and advertising' if subject.consent & 4 else ''}; clicked: the same {subject.thing}, there, within "
        f"{subject.window_minutes} minutes of the impression"
    )


def build_click_dataset(
    warehouse: Warehouse, settings: Settings, subject: Subject, folds: Folds, first: datetime
) -> ClickDataset:
    """Rows of every day of `folds`, ordered by time. Raises NotEnoughData where a fold has too few clicks."""
    snapshot = newest_load(warehouse)
    curve = place_rates(warehouse, subject, first, folds.train[0], snapshot)
    impressions = _impressions(warehouse, settings, subject, folds, snapshot)
    _check(subject, impressions, folds)
    impressions, weight, keep = thinned(impressions, folds)
    parts = [
        beside(subject, part, known(warehouse, subject, curve, opens, closes, snapshot))
        for part, opens, closes in _blocks(impressions)
    ]
    features = pl.concat(parts)
    categories = vocabularies(
        features.filter((impressions["day"] < folds.test[0]).to_numpy()), list(word_names(subject))
    )
    rows = Dataset(
        task=subject.task,
        features=encode(features, features.columns, categories),
        names=tuple(features.columns),
        label=impressions["label"].cast(pl.Float32).to_numpy(),
        reader=impressions["user_id"].to_numpy(),
        as_of=impressions["day"].dt.replace_time_zone(None).to_numpy().astype("datetime64[ms]"),
        weight=weight,
        categories=categories,
        slices=_slices(subject, features),
    )
    manifest = _manifest(subject, settings, rows, folds, snapshot, keep)
    return ClickDataset(rows, impressions.select("shown_in", "position", "at_ms"), curve, manifest, keep)


def place_rates(
    warehouse: Warehouse, subject: Subject, since: datetime, until: datetime, snapshot_at: datetime
) -> Curve:
    """The curve of places in [since, until)."""
    found = warehouse.rows(
        read_sql(SQL, "place_rates"), thing=subject.thing, since=since, until=until, snapshot_at=snapshot_at
    )
    return Curve.of([(str(place), int(shown), int(clicks)) for place, shown, clicks in found])


def thinned(impressions: pl.DataFrame, folds: Folds) -> tuple[pl.DataFrame, NDArray[np.float64], float]:
    """At most about `MOST_TRAIN_ROWS` training rows: clicked ones all, of the others those that a fixed lot keeps.

    Each kept one counts 1 / keep, which is the same as adding log(keep) to the log-odds of a model of the kept rows:
    probabilities need no correction afterwards. Later folds are whole.
    """
    train = (impressions["day"] < folds.valid[0]).to_numpy()
    clicked = impressions["label"].to_numpy() == 1
    unclicked = int((train & ~clicked).sum())
    room = MOST_TRAIN_ROWS - int((train & clicked).sum())
    keep = 1.0 if unclicked <= room else room / unclicked
    mixed = impressions["user_id"].to_numpy() ^ impressions["at_ms"].to_numpy().astype(np.uint64)
    kept = ~train | clicked | (lot(mixed) < keep)
    weight = np.where(train & ~clicked, 1.0 / keep, 1.0)[kept]
    return impressions.filter(kept), weight, keep


def _impressions(
    warehouse: Warehouse, settings: Settings, subject: Subject, folds: Folds, snapshot_at: datetime
) -> pl.DataFrame:
    days, found = (*folds.refit, *folds.test), []
    for start in range(0, len(days), DAYS_AT_ONCE):
        some = days[start : start + DAYS_AT_ONCE]
        shown = warehouse.frame(
            read_sql(LABELS, "impressions"),
            thing=subject.thing,
            opens_at=some[0],
            closes_at=some[-1] + DAY,
            snapshot_at=snapshot_at,
            window_minutes=subject.window_minutes,
            brand=settings.brand or "",
        ).with_columns(day=pl.from_epoch(pl.col("at_ms") // DAY_MS * DAY_MS, "ms").dt.replace_time_zone("UTC"))
        for day in some:
            agreed = consenting(warehouse, settings, subject, day + DAY, snapshot_at)
            today = shown.filter(pl.col("day") == day)
            found.append(today.join(agreed, on="user_id", how="semi", maintain_order="left"))
    return pl.concat(found)


def consenting(
    warehouse: Warehouse, settings: Settings, subject: Subject, as_of: datetime, snapshot_at: datetime
) -> pl.DataFrame:
    """Readers (user_id) whose latest consent known at `as_of` covers what `subject` needs."""
    stated = warehouse.frame(
        read_sql("readership.features", "consent"),
        as_of=as_of,
        snapshot_at=snapshot_at,
        default_consent=bits(settings.default_consent),
    )
    return stated.filter(pl.col("consent") & subject.consent == subject.consent).select("user_id")


def _blocks(impressions: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, datetime, datetime]]:
    """The rows of some days at a time, and when those days begin and end."""
    days = impressions["day"].unique().sort().to_list()
    for start in range(0, len(days), DAYS_AT_ONCE):
        some = days[start : start + DAYS_AT_ONCE]
        yield impressions.filter(pl.col("day").is_between(some[0], some[-1])), some[0], some[-1] + DAY


def _check(subject: Subject, impressions: pl.DataFrame, folds: Folds) -> None:
    if impressions.is_empty():
        raise NotEnoughData(
            f"{subject.task}: the log holds no `{subject.thing}_impression` of readers who agreed to it in "
            f"{folds.train[0]:%Y-%m-%d} … {folds.test[-1]:%Y-%m-%d}; clicks cannot be learnt"
        )
    for name, fewest in FEWEST_CLICKS.items():
        part = impressions.filter(pl.col("day").is_in(list(getattr(folds, name))))
        clicks = int(part["label"].sum())
        if min(clicks, part.height - clicks) < fewest:
            raise NotEnoughData(
                f"{subject.task}: {clicks:,} of {part.height:,} impressions in the {name} days were clicked; a fold "
                f"needs {fewest} with a click and {fewest} without; bring more readers or more history"
            )


def _slices(subject: Subject, features: pl.DataFrame) -> dict[str, NDArray[np.str_]]:
    found = {
        "placement": features["placement"].fill_null("(unknown)"),
        "position": _banded(features["position"], POSITIONS, "7 and on"),
        "reader": pl.select(
            pl.when(features["tier"].is_not_null())
            .then(pl.lit("known"))
            .when(features["reader_expected"] > 0)
            .then(pl.lit("anonymous, seen"))
            .otherwise(pl.lit("anonymous, new"))
        ).to_series(),
        "device": features["device_type"].fill_null("(unknown)"),
        "brand": features["brand"].fill_null("(unknown)"),
    }
    if subject.thing == "article":
        found["article_age"] = _banded(features["age_hours"], AGES, "over 3 days")
    return {name: np.asarray(values.to_list(), dtype=np.str_) for name, values in found.items()}


def _banded(values: pl.Series, bands: tuple[tuple[int, str], ...], last: str) -> pl.Series:
    numbers = values.to_numpy().astype(float)
    names = np.array([*(name for _, name in bands), last, "(unknown)"])
    place = np.searchsorted([limit for limit, _ in bands], numbers, side="left")
    return pl.Series(names[np.where(np.isnan(numbers), len(names) - 1, place)].tolist())


def _manifest(
    subject: Subject, settings: Settings, rows: Dataset, folds: Folds, snapshot: datetime, keep: float
) -> DatasetManifest:
    days, counts = np.unique(rows.as_of, return_counts=True)
    return DatasetManifest(
        task=subject.task,
        population="shown",
        definition=definition(subject),
        snapshot_at=snapshot.isoformat(),
        horizon_days=1,
        lookback_days=LOOKBACK_DAYS,
        default_consent=tuple(sorted(settings.default_consent)),
        brand=settings.brand,
        folds=fold_dates(folds),
        max_rows=MOST_TRAIN_ROWS,
        rows=len(rows),
        readers=len(np.unique(rows.reader)),
        positives=int((rows.label > 0).sum()),
        row_counts={f"{day}": int(many) for day, many in zip(days, counts, strict=True)},
        left_out=(),
        sampled={"with_positive": 1.0, "without": keep} if keep < 1 else None,
        outcomes={},
        features=rows.names,
        categories=rows.categories,
        sql_hashes=sql_hashes(),
        content_hash=content_hash(rows),
    )


def sql_hashes() -> dict[str, str]:
    """sha256 of every statement behind a row, by name."""
    named: dict[str, Any] = {f"features/clicks/{name}": (SQL, name) for name in COUNTED_BY}
    named["datasets/clicks/impressions"] = (LABELS, "impressions")
    return {name: hashlib.sha256(read_sql(*where).encode()).hexdigest() for name, where in named.items()}


COUNTED_BY = ("item_counts", "items", "trait_counts", "reader_counts", "place_rates")
