"""A campaign's list: whom the model is asked about, what a contact is expected to do, who may be contacted."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.datasets.rules import LabelRule
from readership.errors import InputError, NotEnoughData
from readership.events.consent import PURPOSES, bits
from readership.features.encoding import encode
from readership.models import churn
from readership.pipelines import campaign_files as files
from readership.pipelines.campaign_exposures import recorded, rested
from readership.pipelines.campaign_fields import Fields
from readership.pipelines.campaign_files import Campaign
from readership.pipelines.campaign_list import CONTROL, TREATED, Chosen, Terms, choose
from readership.pipelines.dataset import newest_load
from readership.pipelines.score import asked_about, live_bundle, reasons_of
from readership.pipelines.uplift import Uplift, uplift_scores
from readership.registry.bundles import Bundle
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

OFFERS = {"churn": "retention_offer", "conversion": "subscription_offer"}
"""What a contact is, by task."""


@dataclass(frozen=True)
class Wanted:
    """What is asked of a campaign.

    by          auto (uplift where a model of it is live), uplift or probability
    suppressed  the publisher's own ids of readers who must not be contacted
    rest_days   whoever is in the list of another campaign in these days before is left out
    webhook     where the contacts are sent, or None
    """

    task: str
    population: str
    terms: Terms
    fields: Fields
    name: str | None = None
    by: str = "auto"
    suppressed: frozenset[str] = frozenset()
    rest_days: int = 28
    webhook: str | None = None


def draw_up(
    warehouse: Warehouse,
    settings: Settings,
    now: datetime,
    wanted: Wanted,
    rule: LabelRule,
    name: str,
) -> Campaign:
    """Score, choose and write the folder."""
    experiment = files.PREFIX + name
    if not recorded(warehouse, experiment).is_empty():
        raise InputError(
            f"readers were recorded under campaign {name!r}, but its folder {files.campaigns_dir(settings) / name} "
            "is not there; restore it, or give another --name; nothing was written or sent"
        )
    bundle = live_bundle(settings, rule.name)
    frame = asked_about(warehouse, settings, now, rule.name)
    matrix = encode(frame, bundle.manifest.features, bundle.manifest.categories)
    uplift = _uplift(warehouse, settings, now, wanted, rule, frame)
    readers, unknown = _readers(warehouse, settings, now, wanted, frame["user_id"])
    readers = (
        frame.select("user_id")
        .with_columns(
            pl.Series("probability", bundle.score(matrix)),
            pl.lit(None, pl.Float64).alias("uplift") if uplift is None else pl.Series("uplift", uplift.effect),
        )
        .join(readers, on="user_id", how="inner", maintain_order="left")
    )
    chosen = choose(readers, wanted.terms, name, to_prevent=rule.task == churn.TASK)
    members = _with_reasons(chosen, bundle, frame["user_id"], matrix)
    campaign = Campaign(
        id=name,
        task=rule.name,
        offer=OFFERS[rule.task],
        as_of=now.isoformat(timespec="milliseconds"),
        matures_at=(now + timedelta(days=rule.horizon_days)).isoformat(timespec="milliseconds"),
        horizon_days=rule.horizon_days,
        ordered_by="probability" if uplift is None else "uplift",
        model_version=bundle.manifest.version,
        uplift_version=uplift.version if uplift else None,
        terms=terms_of(settings, wanted, rule),
        rule=files.rule_of(settings),
        fields=asdict(wanted.fields),
        funnel=chosen.funnel,
        members={arm: chosen.funnel[arm] for arm in (TREATED, CONTROL)},
        suppressed_unknown=unknown,
        dogs_spared=chosen.dogs_spared,
    )
    files.write_campaign(settings, campaign, members)
    return campaign


def _uplift(
    warehouse: Warehouse, settings: Settings, now: datetime, wanted: Wanted, rule: LabelRule, frame: pl.DataFrame
) -> Uplift | None:
    """What the live model of uplift expects of a contact, or None where none is live or wanted."""
    if wanted.by == "probability":
        return None
    found = uplift_scores(warehouse, settings, now, rule.task, rule.population, frame)
    if found is None and wanted.by == "uplift":
        raise NotEnoughData(
            f"no model of uplift is live for {rule.name}; --by probability orders by how likely readers are, which is "
            "not the same as how persuadable; nothing was written"
        )
    return found


def _readers(
    warehouse: Warehouse, settings: Settings, now: datetime, wanted: Wanted, asked: pl.Series
) -> tuple[pl.DataFrame, int]:
    """Of those asked about: user_id, reader_id, and whether they agree, are suppressed, rest; and ids not known."""
    snapshot = newest_load(warehouse)
    ids = warehouse.frame(read_sql("readership.pipelines.sql", "external_ids")).cast({"user_id": pl.UInt64})
    consent = warehouse.frame(
        read_sql("readership.features", "consent"),
        as_of=now,
        snapshot_at=snapshot,
        default_consent=bits(settings.default_consent),
    ).cast({"user_id": pl.UInt64})
    rest = rested(warehouse, now, wanted.rest_days)
    known = set(ids["external_id"].to_list()) if wanted.suppressed else set()
    marketing = PURPOSES["marketing"]
    readers = (
        asked.to_frame("user_id")
        .join(ids.rename({"external_id": "reader_id"}), on="user_id")
        .join(consent, on="user_id")
        .select(
            "user_id",
            "reader_id",
            agrees=pl.col("consent") & marketing == marketing,
            suppressed=pl.col("reader_id").is_in(list(wanted.suppressed)),
            rests=pl.col("user_id").is_in(rest["user_id"].to_list()),
        )
    )
    return readers, len(wanted.suppressed - known)


def _with_reasons(chosen: Chosen, bundle: Bundle, asked: pl.Series, matrix: NDArray[np.float32]) -> pl.DataFrame:
    """The members with the reasons of their probability in words; null for a model without exact parts."""
    place = {reader: row for row, reader in enumerate(asked.to_list())}
    rows = [place[reader] for reader in chosen.members["user_id"].to_list()]
    words: Sequence[list[str] | None] = reasons_of(bundle, matrix[rows]) or [None] * len(rows)
    return chosen.members.with_columns(pl.Series("reasons", words, pl.List(pl.String))).select(
        "reader_id", "user_id", "arm", "propensity", "probability", "uplift", "expected_gain_eur", "reasons"
    )


def terms_of(settings: Settings, wanted: Wanted, rule: LabelRule) -> dict[str, Any]:
    """What the same name must mean again."""
    names = "\n".join(sorted(wanted.suppressed))
    return {
        "task": rule.name,
        "brand": settings.brand,
        "budget": wanted.terms.budget,
        "cost_eur": wanted.terms.cost,
        "value_eur": wanted.terms.value,
        "control": wanted.terms.control,
        "by": wanted.by,
        "rest_days": wanted.rest_days,
        "suppression_list": hashlib.sha256(names.encode()).hexdigest()[:12] if names else None,
        "fields": wanted.fields.name,
    }
