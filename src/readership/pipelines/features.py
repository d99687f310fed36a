"""Features at a cut-off, and step 02: the feature table, the file for other tools, and the online store."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from readership.errors import InputError, NotEnoughData, ReadershipError
from readership.events.consent import PURPOSES, bits
from readership.features.catalogue import (
    READER,
    Feature,
    by_name,
    catalogue,
    categories,
    group_names,
    group_sql,
    input_groups,
    model_inputs,
    sql_hashes,
)
from readership.pipelines.brands import check_brand, of_brand
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

PERSONALISATION = PURPOSES["personalisation"]
_BLOCK_ROWS = 50_000


class FeatureBuild(NamedTuple):
    """What step 02 wrote.

    table and file hold readers as they were at `matured_at`, the newest cut-off whose labels are known;
    the online store holds them at `as_of`.
    """

    table: Path
    file: Path
    features: int
    matured_at: datetime
    readers: int
    as_of: datetime
    online_readers: int
    online_version: str

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, Path) else value
            for name, value in self._asdict().items()
        }


class Materialised(NamedTuple):
    """A published version of the online store."""

    version: str
    readers: int


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

    Columns: `user_id` (UInt64), then the features of `groups` (where none are named, every group that is for the
    models of any task) in catalogue order; numbers as Float32, categories as String, null where not known.
    The group `publisher` repeats one row for all readers; it and groups for one task's models come only when named.
    """
    values = {"as_of": as_of, "snapshot_at": snapshot_at, "default_consent": bits(settings.default_consent)}
    consent = warehouse.frame(read_sql("readership.features", "consent"), **values)
    agreed = pl.col("consent") & purposes == purposes
    frame = consent.filter(agreed).select(pl.col(READER).cast(pl.UInt64)).sort(READER)
    for group in _chosen(groups):
        rows = warehouse.frame(group_sql(group), **values)
        frame = _join(frame, rows, [feature for feature in catalogue() if feature.group == group])
    return frame


def build_features(warehouse: Warehouse, settings: Settings, now: datetime) -> FeatureBuild:
    """Step 02: `artifacts/features/features.parquet`, `user_features_ml_ready.csv` and the online store.

    Raises NotEnoughData when no reader can be described at the newest matured cut-off; nothing is written then.
    """
    from readership.features.validation import validate

    check_brand(warehouse, settings)
    snapshot_at = datetime.now(UTC)
    matured_at = now - timedelta(days=max(settings.churn_horizon_days, settings.conversion_horizon_days))
    frame = feature_frame(warehouse, matured_at, snapshot_at, settings=settings)
    frame = validate(of_brand(warehouse, settings, frame, matured_at, snapshot_at))
    if frame.is_empty():
        raise _nobody(warehouse, settings, matured_at, snapshot_at)
    labelled = _with_labels(warehouse, settings, frame, matured_at, snapshot_at)
    words = _words(frame)
    folder = settings.artifacts_dir / "features"
    folder.mkdir(parents=True, exist_ok=True)
    table, file = folder / "features.parquet", settings.exports_dir / "user_features_ml_ready.csv"
    _write(table, labelled.write_parquet)
    _write(file, ml_ready(labelled, words).write_csv)
    _write(folder / "manifest.json", lambda path: path.write_text(_manifest(matured_at, snapshot_at, frame, words)))
    online = materialise(warehouse, settings, now, snapshot_at=snapshot_at)
    return FeatureBuild(table, file, frame.width - 1, matured_at, frame.height, now, online.readers, online.version)


def materialise(
    warehouse: Warehouse, settings: Settings, now: datetime, *, snapshot_at: datetime | None = None
) -> Materialised:
    """Publish every reader's features at `as_of = now` to the online store."""
    from readership.features.online import OnlineWriter, published

    snapshot = snapshot_at or datetime.now(UTC)
    frame = online_frame(warehouse, settings, now, snapshot)
    words, hashes = categories(), dict(sql_hashes())
    numbers = [name for name in model_inputs() if name not in words]
    with OnlineWriter(settings.online, numbers, words, as_of=now, sql_hashes=hashes, snapshot_at=snapshot) as writer:
        for block in frame.iter_slices(_BLOCK_ROWS):
            matrix = block.select(pl.col(numbers).fill_null(float("nan"))).to_numpy()
            writer.put(block[READER].to_numpy(), matrix, block.select(words).rows())
    return Materialised(published(settings.online) or "", frame.height)


def online_frame(warehouse: Warehouse, settings: Settings, as_of: datetime, snapshot_at: datetime) -> pl.DataFrame:
    """What the online store holds of every reader at `as_of`, as `feature_frame`."""
    from readership.features.validation import validate

    frame = feature_frame(warehouse, as_of, snapshot_at, settings=settings, groups=input_groups())
    return validate(of_brand(warehouse, settings, frame, as_of, snapshot_at))


def ml_ready(labelled: pl.DataFrame, words: dict[str, tuple[str, ...]]) -> pl.DataFrame:
    """The table for other tools: categories as `<name>_code` (len(vocabulary) for a word not in it), derived columns.

    A value that is not known stays empty.
    """
    from readership.features.derived import add_derived
    from readership.features.encoding import encode

    coded = encode(labelled, list(words), words)
    codes = [
        pl.Series(f"{name}_code", coded[:, place]).fill_nan(None).cast(pl.Int32) for place, name in enumerate(words)
    ]
    labels = [name for name in labelled.columns if name.startswith("label_")]
    numbers = labelled.drop(*words, *labels)
    return add_derived(numbers).with_columns(*codes, *(labelled[name] for name in labels))


def _chosen(groups: Sequence[str] | None) -> list[str]:
    known = group_names()
    if groups is None:
        return list(input_groups(task=""))
    if unknown := [group for group in groups if group not in known]:
        raise InputError(f"there is no feature group {unknown[0]!r}; the groups are {', '.join(known)}")
    return [group for group in known if group in groups]


def _join(frame: pl.DataFrame, rows: pl.DataFrame, features: Sequence[Feature]) -> pl.DataFrame:
    columns = [pl.col(feature.name).cast(pl.Float32 if feature.kind == "number" else pl.String) for feature in features]
    if READER not in rows.columns:
        return frame.join(rows.select(columns), how="cross")
    keyed = rows.select(pl.col(READER).cast(pl.UInt64), *columns, _known=pl.lit(True))
    joined = frame.join(keyed, on=READER, how="left", maintain_order="left")
    none = pl.col("_known").is_null()
    zeros = [
        pl.when(none).then(pl.lit(0, pl.Float32)).otherwise(pl.col(feature.name)).alias(feature.name)
        for feature in features
        if feature.zero_when_none
    ]
    return joined.with_columns(zeros).drop("_known")


def _with_labels(
    warehouse: Warehouse, settings: Settings, frame: pl.DataFrame, as_of: datetime, snapshot_at: datetime
) -> pl.DataFrame:
    """The publisher's own id and the cut-off before the features, the labels behind them (null where none applies)."""
    from readership.pipelines.dataset import labels  # which itself builds on this module

    ids = warehouse.frame(read_sql("readership.pipelines.sql", "external_ids"))
    horizons = {"churn": settings.churn_horizon_days, "conversion": settings.conversion_horizon_days}
    joined = frame.join(ids, on=READER, how="left", maintain_order="left")
    for task, days in horizons.items():
        rows = labels(warehouse, task, as_of, snapshot_at, settings)
        label = rows.select(READER, pl.col("label").cast(pl.Int8).alias(f"label_{task}_{days}d"))
        joined = joined.join(label, on=READER, how="left", maintain_order="left")
    own_id = pl.coalesce("external_id", pl.col(READER).cast(pl.String)).alias(READER)
    return joined.select(
        own_id, pl.lit(as_of).dt.cast_time_unit("ms").alias("as_of"), pl.exclude(READER, "external_id")
    )


def _words(frame: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    from readership.features.encoding import vocabularies

    return vocabularies(frame, categories())


def _manifest(as_of: datetime, snapshot_at: datetime, frame: pl.DataFrame, words: dict[str, tuple[str, ...]]) -> str:
    from readership.features.derived import derived

    content = {
        "as_of": as_of.isoformat(),
        "snapshot_at": snapshot_at.isoformat(),
        "readers": frame.height,
        "features": {
            name: {
                "unit": by_name()[name].unit,
                "meaning": by_name()[name].meaning,
                "null_rule": by_name()[name].null_rule,
            }
            for name in frame.columns
            if name != READER
        },
        "categories": words,
        "derived": {name: formula for name, (formula, _) in derived().items()},
        "sql_hashes": dict(sql_hashes()),
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _nobody(warehouse: Warehouse, settings: Settings, as_of: datetime, snapshot_at: datetime) -> ReadershipError:
    if settings.brand is not None:
        return NotEnoughData(
            f"no reader of brand {settings.brand!r} who agrees to personalisation had a session before "
            f"{as_of:%Y-%m-%d %H:%M} UTC; nothing was written"
        )
    sql = read_sql("readership.pipelines.sql", "sessions_known")
    readers, first = warehouse.rows(sql, as_of=as_of, snapshot_at=snapshot_at)[0]
    if readers:
        return NotEnoughData(
            f"{readers} readers are known at {as_of:%Y-%m-%d %H:%M} UTC, but none agrees to personalisation, so none "
            "may be described or scored; state consent when you ingest (`readership ingest --consent "
            "analytics,personalisation`) or in READERSHIP_DEFAULT_CONSENT; nothing was written"
        )
    days = max(settings.churn_horizon_days, settings.conversion_horizon_days)
    return NotEnoughData(
        f"no reader had a session before {as_of:%Y-%m-%d %H:%M} UTC, {days} days before now"
        + (f" (the first began {first:%Y-%m-%d %H:%M} UTC)" if first.year > 1970 else "")
        + "; bring a longer log with `readership ingest`, or make one with `readership simulate` or `readership demo`; "
        "nothing was written"
    )


def _write(path: Path, write: Callable[[Path], Any]) -> None:
    """Write beside `path`, then move into place, so that a failure leaves what was there."""
    draft = path.with_name(path.name + ".part")
    try:
        write(draft)
        draft.replace(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        draft.unlink(missing_ok=True)
        raise InputError(
            f"{path} cannot be written: {error}; free some space or set READERSHIP_ARTIFACTS; "
            "what was there before is untouched"
        ) from error
