"""Labels and features of many cut-offs, read from the warehouse as it was at one snapshot, become a dataset."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from readership.contracts import Dataset, Folds
from readership.datasets.assemble import Cutoff, Sample, assemble, check_folds, plan_sample
from readership.datasets.rules import LabelRule, label_rule
from readership.datasets.store import DatasetManifest, content_hash, fold_dates
from readership.events.consent import bits
from readership.features.catalogue import catalogue, input_groups
from readership.features.catalogue import sql_hashes as feature_hashes
from readership.pipelines.features import feature_frame
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql


def labels(warehouse: Warehouse, task: str, as_of: datetime, snapshot_at: datetime, settings: Settings) -> pl.DataFrame:
    """Who is asked about at `as_of`, and what happened: user_id, label (churn_subscribers: and the reason).

    `task` is churn, churn_subscribers, conversion or engagement, whose label is missing where no session came.
    Labels are right once the rule's horizon has passed.
    """
    return _labels(warehouse, label_rule(task, settings), as_of, snapshot_at, settings)


def asked(warehouse: Warehouse, task: str, as_of: datetime, snapshot_at: datetime, settings: Settings) -> pl.DataFrame:
    """Who can be asked about at `as_of`, whatever comes after it: user_id. A later outage leaves nobody out."""
    rule = replace(label_rule(task, settings), horizon_days=0)
    return _labels(warehouse, rule, as_of, snapshot_at, settings).select("user_id")


def build_dataset(
    warehouse: Warehouse,
    settings: Settings,
    task: str,
    folds: Folds,
    *,
    snapshot_at: datetime | None = None,
    population: str = "registered",
    max_rows: int | None = None,
) -> tuple[Dataset, DatasetManifest]:
    """Rows of (reader, cut-off) for every cut-off of `folds`, and the manifest that rebuilds them.

    Everything is read as it was at `snapshot_at` (by default all that is loaded now). `max_rows` caps the rows
    before the test by sampling readers with weights. Raises NotEnoughData where a fold has nobody or one class.
    """
    rule = label_rule(task, settings, population)
    snapshot = snapshot_at or newest_load(warehouse)
    labelled = {
        cutoff: _labels(warehouse, rule, cutoff, snapshot, settings).drop_nulls("label") for cutoff in folds.all()
    }
    sample = _sample(labelled, folds, max_rows)
    cutoffs = list(_cutoffs(warehouse, settings, rule, labelled, sample, folds.test, snapshot))
    dataset = assemble(rule.name, cutoffs, folds, [f for f in catalogue() if f.serves(rule.task)], sample)
    check_folds(dataset, folds, lambda cutoff: _who_is_missing(warehouse, rule, cutoff, snapshot, settings))
    manifest = DatasetManifest(
        task=rule.name,
        population=rule.population,
        definition=rule.definition,
        snapshot_at=snapshot.isoformat(),
        horizon_days=rule.horizon_days,
        lookback_days=rule.lookback_days,
        default_consent=tuple(sorted(settings.default_consent)),
        brand=settings.brand,
        folds=fold_dates(folds),
        max_rows=max_rows,
        rows=len(dataset),
        readers=len(np.unique(dataset.reader)),
        positives=int((dataset.label > 0).sum()),
        row_counts={cutoff.as_of.isoformat(): cutoff.labels.height for cutoff in cutoffs},
        left_out=tuple(c.isoformat() for c in folds.all() if _outages(warehouse, rule, c, snapshot)),
        sampled={"with_positive": sample.share_with, "without": sample.share_without} if sample else None,
        outcomes=_outcomes(labelled.values()),
        features=dataset.names,
        categories=dataset.categories,
        sql_hashes=sql_hashes(rule),
        content_hash=content_hash(dataset),
    )
    return dataset, manifest


def rebuild_dataset(warehouse: Warehouse, settings: Settings, manifest: DatasetManifest) -> Dataset:
    """The dataset of a manifest, read again as of its snapshot; between erasures its hash is the same."""
    same = {
        "churn_lookback_days": manifest.lookback_days,
        "churn_horizon_days": manifest.horizon_days,
        "conversion_horizon_days": manifest.horizon_days,
        "default_consent": frozenset(manifest.default_consent),
        "brand": manifest.brand,
    }
    dataset, _ = build_dataset(
        warehouse,
        settings.model_copy(update=same),
        manifest.task,
        manifest.as_folds(),
        snapshot_at=datetime.fromisoformat(manifest.snapshot_at),
        population=manifest.population,
        max_rows=manifest.max_rows,
    )
    return dataset


def newest_load(warehouse: Warehouse) -> datetime:
    """When the newest row was loaded: a snapshot that holds everything there is."""
    newest: datetime = warehouse.scalar(read_sql("readership.pipelines.sql", "newest_load"))
    return newest.astimezone(UTC)


def sql_hashes(rule: LabelRule) -> dict[str, str]:
    """sha256 of the label's statement and of every feature statement, by name."""
    features = {f"features/{name}": digest for name, digest in feature_hashes().items()}
    return {**features, f"labels/{rule.name}": hashlib.sha256(rule.sql.encode()).hexdigest()}


def _labels(
    warehouse: Warehouse, rule: LabelRule, as_of: datetime, snapshot_at: datetime, settings: Settings
) -> pl.DataFrame:
    return warehouse.frame(rule.sql, **_bound(rule, as_of, snapshot_at, settings))


def _bound(rule: LabelRule, as_of: datetime, snapshot_at: datetime, settings: Settings) -> dict[str, Any]:
    return {
        "as_of": as_of,
        "snapshot_at": snapshot_at,
        "horizon_days": rule.horizon_days,
        "lookback_days": rule.lookback_days,
        "default_consent": bits(settings.default_consent),
        "brand": settings.brand or "",
    }


def _sample(labelled: dict[datetime, pl.DataFrame], folds: Folds, max_rows: int | None) -> Sample | None:
    if max_rows is None:
        return None
    return plan_sample([rows for cutoff, rows in labelled.items() if cutoff not in folds.test], max_rows)


def _cutoffs(
    warehouse: Warehouse,
    settings: Settings,
    rule: LabelRule,
    labelled: dict[datetime, pl.DataFrame],
    sample: Sample | None,
    whole: tuple[datetime, ...],
    snapshot_at: datetime,
) -> Iterator[Cutoff]:
    """Features of each cut-off's readers, sampled save at the cut-offs that stay `whole`."""
    groups = input_groups(rule.task)
    for cutoff, rows in labelled.items():
        if sample and cutoff not in whole:
            rows = rows.filter(pl.Series(sample.keeps(rows["user_id"].to_numpy())))
        features = feature_frame(warehouse, cutoff, snapshot_at, settings=settings, groups=groups)
        yield Cutoff(cutoff, rows, features.join(rows.select("user_id"), on="user_id", how="semi"))


def _outcomes(labelled: Iterable[pl.DataFrame]) -> dict[str, int]:
    """How many labels of 1 have each reason, where the label's SQL states one."""
    counts: dict[str, int] = {}
    for rows in labelled:
        if "reason" in rows.columns:
            for (reason,), group in rows.filter(pl.col("label") == 1).group_by("reason"):
                counts[str(reason) or "(unknown)"] = counts.get(str(reason) or "(unknown)", 0) + group.height
    return dict(sorted(counts.items()))


def _outages(warehouse: Warehouse, rule: LabelRule, cutoff: datetime, snapshot_at: datetime) -> bool:
    """Whether an outage of every brand touches the label window of this cut-off."""
    return bool(
        warehouse.scalar(
            read_sql("readership.datasets", "outages"),
            as_of=cutoff,
            snapshot_at=snapshot_at,
            horizon_days=rule.horizon_days,
        )
    )


def _who_is_missing(
    warehouse: Warehouse, rule: LabelRule, cutoff: datetime, snapshot_at: datetime, settings: Settings
) -> str:
    if _outages(warehouse, rule, cutoff, snapshot_at):
        return "a recorded tracking outage touches the label window; see the table `outages`"
    seen, registered, consenting = warehouse.rows(
        read_sql("readership.datasets", "population"), **_bound(rule, cutoff, snapshot_at, settings)
    )[0]
    default = ", ".join(sorted(settings.default_consent)) or "nothing"
    return (
        f"the question is about {rule.definition}. {seen} readers were seen in the {rule.lookback_days} days "
        f"before {cutoff:%Y-%m-%d}, {registered} of them "
        f"were registered (a login, a registration or a tier), {consenting} of these agreed to personalisation "
        f"(a reader who never said is taken to agree to {default}: READERSHIP_DEFAULT_CONSENT)"
    )
