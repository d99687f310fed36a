"""Decisions made by lot with what was known before each: the rows an uplift model learns from and is judged by."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from readership.contracts import Trial
from readership.datasets.rules import LabelRule
from readership.datasets.trial import assemble_trial, split, trial_of
from readership.errors import NotEnoughData
from readership.features.catalogue import catalogue, input_groups
from readership.features.catalogue import sql_hashes as feature_hashes
from readership.models import uplift
from readership.pipelines.features import feature_frame
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

ARMS = "readership.datasets.arms"


class Decisions(NamedTuple):
    """Decisions as a trial; how long after them the outcomes came; and from when on there was enough history."""

    trial: Trial
    delay: dict[str, Any]
    since: datetime
    sql_hashes: dict[str, str]


def decisions(
    warehouse: Warehouse, settings: Settings, rule: LabelRule, now: datetime, first_event: datetime
) -> Decisions:
    """Every randomised decision of the rule's question whose horizon has passed by `now`.

    Features are those of the last Monday's midnight (UTC) before each decision, so they are up to a week old: one
    query a week rather than one a day. Raises NotEnoughData where there are no decisions.
    """
    snapshot, since = datetime.now(UTC), first_event + rule.lookback
    found = warehouse.frame(
        read_sql(ARMS, rule.name),
        experiment=uplift.QUESTIONS[rule.name].experiment,
        task=rule.name,
        horizon_days=rule.horizon_days,
        brand=settings.brand or "",
        now=now,
        snapshot_at=snapshot,
    ).filter(pl.col("as_of") >= since)
    if found.is_empty():
        raise NotEnoughData(_none(rule))
    wanted = uplift.QUESTIONS[rule.name].wanted
    name = f"{rule.name}{uplift.SUFFIX}"
    nothing = np.empty((len(found), 0), dtype=np.float32)
    split(trial_of(name, found, nothing, (), {}, wanted=wanted), rule.horizon)  # refuses too few, before the long part
    groups = input_groups(rule.task)
    features = {
        as_of: feature_frame(warehouse, as_of, snapshot, settings=settings, groups=groups).join(
            found.filter(pl.col("as_of") == as_of).select("user_id"), on="user_id", how="semi"
        )
        for as_of in found["as_of"].unique().sort()
    }
    trial = assemble_trial(name, found, features, [f for f in catalogue() if f.serves(rule.task)], wanted=wanted)
    return Decisions(trial, _delay(found, rule.horizon), since, _hashes(rule))


def _delay(found: pl.DataFrame, horizon: timedelta) -> dict[str, Any]:
    """When the outcomes came: median days, and the shares on the first day and in the second half of the horizon."""
    if "delay_days" not in found.columns:
        return {}
    days = found["delay_days"].drop_nulls().to_numpy()
    if not len(days):
        return {}
    return {
        "outcomes": len(days),
        "median_days": round(float(np.median(days)), 2),
        "within_a_day": round(float(np.mean(days < 1)), 4),
        "after_half_of_horizon": round(float(np.mean(days >= horizon / timedelta(days=2))), 4),
    }


def _hashes(rule: LabelRule) -> dict[str, str]:
    features = {f"features/{name}": digest for name, digest in feature_hashes().items()}
    return {**features, f"arms/{rule.name}": hashlib.sha256(read_sql(ARMS, rule.name).encode()).hexdigest()}


def _none(rule: LabelRule) -> str:
    experiment = uplift.QUESTIONS[rule.name].experiment
    return (
        f"{rule.name}{uplift.SUFFIX}: no decision made by lot is known whose {rule.horizon_days} days have passed; an "
        f"uplift model learns from events with experiment {experiment!r}, variant `offer` or `control` and a "
        "propensity, and from campaigns with a control group"
    )
