"""Step 01: how good the data is and what it looks like, from aggregates computed inside the warehouse.

Whatever a log does not carry (reading time, tiers, places) is named as missing; nothing fails for the lack of it.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from readership.datasets.folds import plan_folds
from readership.datasets.rules import label_rule
from readership.errors import InputError, NotEnoughData
from readership.evaluation.reports.exploration import write_exploration
from readership.events.consent import bits
from readership.features.catalogue import READER, by_name, categories
from readership.pipelines.features import feature_frame
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

PACKAGE = "readership.pipelines.sql.explore"
MOST_EVENTS_A_DAY = 1_000
SAMPLE_READERS = 1_000
SAMPLE_SEED = 7
SAMPLE_FILE = "user_features_sample.csv"
ONE_ROW = ("overview", "refused", "impossible", "busiest_readers", "repeats", "lateness", "sessions")
MANY_ROWS = (
    "filled", "quarantined", "days", "silences", "values", "hours", "sessions_per_reader", "gaps_between_visits",
    "reading_time", "returning", "outages", "most_read",
)  # fmt: skip


def explore(warehouse: Warehouse, settings: Settings, now: datetime) -> Path:
    """Write `exploration.html` with its plots to the reports' folder, and `user_features_sample.csv` to the root.

    Reads only what was known at `now`. Raises NotEnoughData when nothing was.
    """
    findings = ask(warehouse, settings, now)
    if not findings["overview"]["events"]:
        raise NotEnoughData(
            f"no event was known at {now:%Y-%m-%d %H:%M} UTC of a reader who agrees to analytics; load a log with "
            "`readership ingest FILE`, or make one with `readership simulate` or `readership demo`"
        )
    sample = feature_sample(warehouse, settings, now)
    _write_sample(sample, settings.root / SAMPLE_FILE)
    findings["sample"] = {"file": SAMPLE_FILE, "readers": sample.height, "at_most": SAMPLE_READERS}
    features = sample.drop(READER, *categories(), strict=False)
    meanings = {name: by_name()[name].meaning for name in features.columns}
    return write_exploration(findings, features, meanings, settings.artifacts_dir / "reports")


def ask(warehouse: Warehouse, settings: Settings, now: datetime) -> dict[str, Any]:
    """Every aggregate: a dict for what is one row, a list of dicts for the rest."""
    values = {
        "as_of": now,
        "snapshot_at": datetime.now(UTC),
        "default_consent": bits(settings.default_consent),
        "most_events": MOST_EVENTS_A_DAY,
    }
    rows = {name: warehouse.frame(read_sql(PACKAGE, name), **values).to_dicts() for name in (*ONE_ROW, *MANY_ROWS)}
    found: dict[str, Any] = {name: rows[name][0] if name in ONE_ROW else rows[name] for name in rows}
    found["as_of"] = now
    found["most_events_a_day"] = MOST_EVENTS_A_DAY
    found["churn"] = _fits_churn(found["overview"], settings, now)
    return found


def feature_sample(warehouse: Warehouse, settings: Settings, now: datetime) -> pl.DataFrame:
    """Features at `now` of at most 1,000 readers drawn at random, by the publisher's own ids."""
    frame = feature_frame(warehouse, now, datetime.now(UTC), settings=settings)
    order = frame[READER].hash(seed=SAMPLE_SEED).arg_sort()[:SAMPLE_READERS].sort()
    ids = warehouse.frame(read_sql("readership.pipelines.sql", "external_ids"))
    own = pl.coalesce("external_id", pl.col(READER).cast(pl.String)).alias(READER)
    joined = frame[order].join(ids, on=READER, how="left", maintain_order="left")
    return joined.select(own, pl.exclude(READER, "external_id"))


def _fits_churn(overview: dict[str, Any], settings: Settings, now: datetime) -> dict[str, Any]:
    """Whether the log is long enough for an honest churn model, in the planner's own words."""
    rule = label_rule("churn", settings)
    try:
        folds = plan_folds(overview["first"], now, horizon=rule.horizon, lookback=rule.lookback)
    except NotEnoughData as reason:
        return {"fits": False, "words": str(reason)}
    words = f"{len(folds.train)} cut-offs to train on and {len(folds.test)} to test on, {rule.horizon.days} days ahead"
    return {"fits": True, "words": words}


def _write_sample(sample: pl.DataFrame, path: Path) -> None:
    draft = path.with_name(path.name + ".part")
    try:
        sample.write_csv(draft)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise InputError(f"{path} cannot be written: {error}; what was there before is untouched") from error
