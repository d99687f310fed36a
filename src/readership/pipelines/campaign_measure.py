"""`readership campaign measure`: what the contact did, once the outcome of everybody in the list is known."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from readership.datasets.rules import label_rule
from readership.errors import InputError, NotEnoughData
from readership.evaluation.campaign import Arms, Money, effect
from readership.evaluation.reports.campaign import write_campaign_report
from readership.evaluation.reports.campaign_words import sentences
from readership.models import conversion
from readership.pipelines import campaign_files as files
from readership.pipelines.campaign_delivery import read_state
from readership.pipelines.campaign_exposures import recorded
from readership.pipelines.campaign_files import Campaign
from readership.pipelines.campaign_list import TREATED
from readership.pipelines.dataset import labels, newest_load
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

QUIET = timedelta(days=1)
"""A log whose newest event is no older than this, when the outcome matures, holds all of it."""


def measure_campaign(warehouse: Warehouse, settings: Settings, now: datetime, name: str) -> tuple[dict[str, Any], Path]:
    """Write `measured.json` and `measured.parquet` into the campaign's folder, and its page; returns both.

    Raises NotEnoughData, saying when, while outcomes are open; InputError while contacts wait to be sent.
    """
    campaign = files.read_campaign(settings, name)
    _check_mature(warehouse, campaign, now)
    members = files.members_of(settings, campaign)
    _check_recorded(warehouse, settings, campaign, members)
    then = files.settings_then(settings, campaign)
    label = labels(warehouse, campaign.task, campaign.at, newest_load(warehouse), then).select("user_id", "label")
    known = members.join(label.cast({"user_id": pl.UInt64}), on="user_id", how="inner", maintain_order="left")
    measured = _measured(campaign, then, members, known, _left_out(warehouse, members, known))
    folder = files.campaigns_dir(settings) / campaign.id
    _rows(campaign, known).write_parquet(folder / files.MEASURED_ROWS)
    files.write_json(folder / files.MEASURED, measured)
    return measured, write_campaign_report(measured, settings.artifacts_dir / "reports")


def _check_mature(warehouse: Warehouse, campaign: Campaign, now: datetime) -> None:
    matures = datetime.fromisoformat(campaign.matures_at)
    if now < matures:
        raise NotEnoughData(
            f"campaign {campaign.id} of {campaign.at:%Y-%m-%d} is complete on {matures:%Y-%m-%d %H:%M} UTC, "
            f"{campaign.horizon_days} days after its list was drawn up; now it is {now:%Y-%m-%d %H:%M}; "
            "nothing was measured"
        )
    ((_, newest),) = warehouse.rows(read_sql("readership.pipelines.sql", "newest_event"))
    if newest + QUIET < matures:
        raise NotEnoughData(
            f"the log ends on {newest:%Y-%m-%d %H:%M} UTC, before campaign {campaign.id} is complete on "
            f"{matures:%Y-%m-%d %H:%M}; load the days between; nothing was measured"
        )


def _check_recorded(warehouse: Warehouse, settings: Settings, campaign: Campaign, members: pl.DataFrame) -> None:
    if recorded(warehouse, campaign.experiment).height >= members.height:
        return
    state = read_state(files.campaigns_dir(settings) / campaign.id)
    sent = f"{len(state['delivered'])} of {state['batches']} batches were delivered" if state else "it was interrupted"
    raise InputError(
        f"campaign {campaign.id} was not carried out whole: {sent}; run its `readership campaign build` again; "
        "nothing was measured"
    )


def _measured(
    campaign: Campaign, then: Settings, members: pl.DataFrame, known: pl.DataFrame, left_out: dict[str, int]
) -> dict[str, Any]:
    arms = Arms(
        (known["arm"] == TREATED).to_numpy(),
        known["label"].to_numpy().astype(np.float64),
        known["probability"].to_numpy(),
    )
    _, readers, _, other = arms.counts()
    if min(readers, other) < 2:
        raise NotEnoughData(
            f"campaign {campaign.id}: the outcome of {readers} readers contacted and of {other} left alone is known; "
            "both need two at least; nothing was measured"
        )
    terms = campaign.terms
    found = effect(
        arms,
        Money(terms["cost_eur"], terms["value_eur"]),
        to_prevent=campaign.task != conversion.TASK,
        contacts=files.treated_of(members).height,
        share_control=terms["control"],
    )
    measured = {
        "campaign": campaign.id,
        "task": campaign.task,
        "as_of": campaign.as_of,
        "matures_at": campaign.matures_at,
        "definition": label_rule(campaign.task, then).definition,
        "ordered_by": campaign.ordered_by,
        "dogs_spared": campaign.dogs_spared,
        "contacts": campaign.members[TREATED],
        "terms": dict(terms),
        "funnel": dict(campaign.funnel),
        "left_out": left_out,
        **found,
    }
    return measured | {"words": sentences(measured)}


def _left_out(warehouse: Warehouse, members: pl.DataFrame, known: pl.DataFrame) -> dict[str, int]:
    """Readers whose outcome is not known: erased, or touched by an outage (or by a later correction)."""
    there = warehouse.frame(read_sql("readership.pipelines.sql", "external_ids")).cast({"user_id": pl.UInt64})
    missing = members.join(known, on="user_id", how="anti")
    erased = missing.join(there, on="user_id", how="anti").height
    return {"erased": erased, "outage": missing.height - erased}


def _rows(campaign: Campaign, known: pl.DataFrame) -> pl.DataFrame:
    treated = pl.col("arm") == TREATED
    return known.select(
        campaign=pl.lit(campaign.id),
        task=pl.lit(campaign.task),
        user_id="user_id",
        at=pl.lit(campaign.at).cast(pl.Datetime("ms", "UTC")),
        treated=treated,
        propensity=pl.lit(1 - float(campaign.terms["control"])),
        outcome=pl.col("label").cast(pl.UInt8),
    )
