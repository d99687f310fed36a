"""Features at a cut-off: the groups' SQL run, joined and checked for consent."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from readership.errors import InputError
from readership.events.consent import bits
from readership.features.catalogue import READER, Feature, catalogue, group_names, group_sql
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

PERSONALISATION = 2


def feature_frame(
    warehouse: Warehouse,
    as_of: datetime,
    snapshot_at: datetime,
    *,
    settings: Settings,
    groups: Sequence[str] | None = None,
    purposes: int = PERSONALISATION,
) -> pl.DataFrame:
    """One row per reader known at `as_of` who agrees to `purposes`, ordered by reader.

    Columns: `user_id` (UInt64), then the features of `groups` (every group of reader features where
    none are named) in catalogue order; numbers as Float32, categories as String, null where not known.
    The group `publisher` repeats one row for all readers and comes only when named.
    """
    chosen = _chosen(groups)
    values = {"as_of": as_of, "snapshot_at": snapshot_at, "default_consent": bits(settings.default_consent)}
    consent = warehouse.frame(read_sql("readership.features", "consent"), **values)
    frame = consent.filter(pl.col("consent") & purposes == purposes).select(pl.col(READER).cast(pl.UInt64)).sort(READER)
    for group in chosen:
        features = [feature for feature in catalogue() if feature.group == group]
        rows = warehouse.frame(group_sql(group), **values)
        frame = _join(frame, rows, features)
    return frame


def _chosen(groups: Sequence[str] | None) -> list[str]:
    known = group_names()
    if groups is None:
        return sorted({feature.group for feature in catalogue() if feature.model_input}, key=known.index)
    if unknown := [group for group in groups if group not in known]:
        raise InputError(f"there is no feature group {unknown[0]!r}; the groups are {', '.join(known)}")
    return [group for group in known if group in groups]


def _join(frame: pl.DataFrame, rows: pl.DataFrame, features: Sequence[Feature]) -> pl.DataFrame:
    types = [pl.col(feature.name).cast(pl.Float32 if feature.kind == "number" else pl.String) for feature in features]
    if READER not in rows.columns:
        return frame.join(rows.select(types), how="cross")
    keyed = rows.select(pl.col(READER).cast(pl.UInt64), *types)
    joined = frame.join(keyed.with_columns(_known=pl.lit(True)), on=READER, how="left", maintain_order="left")
    zeros = [
        pl.when(pl.col("_known").is_null())
        .then(0.0)
        .otherwise(pl.col(feature.name))
        .cast(pl.Float32)
        .alias(feature.name)
        for feature in features
        if feature.zero_when_none
    ]
    return joined.with_columns(zeros).drop("_known")
