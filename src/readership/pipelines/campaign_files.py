"""A campaign on disk: `artifacts/campaigns/<id>/`, which appears whole, and what is noted in it later."""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from readership.errors import InputError
from readership.pipelines.campaign_fields import Contact, Fields, as_csv
from readership.pipelines.campaign_list import TREATED
from readership.settings import Settings, folder_name

FACTS, MEMBERS, CONTACTS = "campaign.json", "members.parquet", "contacts.csv"
MEASURED, MEASURED_ROWS = "measured.json", "measured.parquet"
PREFIX = "campaign/"
"""Of the experiment under which a campaign's exposures are recorded."""


@dataclass(frozen=True)
class Campaign:
    """`campaign.json`: what was asked for, by which models, who was left at each step, and when its outcome is known.

    task         the model's name: churn, churn_subscribers or conversion
    offer        what a contact is: retention_offer or subscription_offer
    terms        what was asked for; the same name with other terms is refused
    rule         settings of the label, as they were
    members      readers in each arm
    """

    id: str
    task: str
    offer: str
    as_of: str
    matures_at: str
    horizon_days: int
    ordered_by: str
    model_version: str
    uplift_version: str | None
    terms: Mapping[str, Any]
    rule: Mapping[str, Any]
    fields: Mapping[str, Any]
    funnel: Mapping[str, int]
    members: Mapping[str, int]
    suppressed_unknown: int
    dogs_spared: int | None

    @property
    def at(self) -> datetime:
        """The moment as of which everybody in it was chosen."""
        return datetime.fromisoformat(self.as_of)

    @property
    def experiment(self) -> str:
        """Its name among the exposures."""
        return PREFIX + self.id


def campaigns_dir(settings: Settings) -> Path:
    """Folder of all campaigns."""
    return settings.artifacts_dir / "campaigns"


def campaign_id(name: str) -> str:
    """The id of a campaign of this name; an id is its own.

    >>> campaign_id("spring-2026"), campaign_id("Spring offer!")
    ('spring-2026', 'Spring-offer-9946f3')
    """
    return folder_name(name)


def read_campaign(settings: Settings, name: str) -> Campaign:
    """The campaign of this id or name. Raises InputError naming those there are."""
    path = campaigns_dir(settings) / campaign_id(name) / FACTS
    if not path.is_file():
        known = sorted(found.parent.name for found in campaigns_dir(settings).glob(f"[!.]*/{FACTS}"))
        raise InputError(f"there is no campaign {name!r}; there are: {', '.join(known) or 'none'}")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Campaign(**found)


def has_campaign(settings: Settings, name: str) -> bool:
    """Whether a list of this name was drawn up."""
    return (campaigns_dir(settings) / campaign_id(name) / FACTS).is_file()


def members_of(settings: Settings, campaign: Campaign) -> pl.DataFrame:
    """Both arms, best first."""
    return pl.read_parquet(campaigns_dir(settings) / campaign.id / MEMBERS)


def treated_of(members: pl.DataFrame) -> pl.DataFrame:
    """Those who are contacted."""
    return members.filter(pl.col("arm") == TREATED)


def write_campaign(settings: Settings, campaign: Campaign, members: pl.DataFrame) -> Path:
    """Write the folder; it appears whole or not at all."""
    parent = campaigns_dir(settings)
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=parent) as hidden:
        draft = Path(hidden) / campaign.id
        draft.mkdir()
        members.write_parquet(draft / MEMBERS)
        fields = fields_of(campaign)
        (draft / CONTACTS).write_bytes(as_csv(contacts(campaign, members), fields).encode())
        write_json(draft / FACTS, asdict(campaign))
        draft.rename(parent / campaign.id)
    return parent / campaign.id


def contacts(campaign: Campaign, members: pl.DataFrame) -> list[Contact]:
    """Those who are contacted, as the fields a mapping can name."""
    return [
        {
            "reader_id": row["reader_id"],
            "campaign": campaign.id,
            "task": campaign.task,
            "as_of": campaign.as_of,
            "probability": round(row["probability"], 4),
            "uplift": None if row["uplift"] is None else round(row["uplift"], 4),
            "expected_gain_eur": row["expected_gain_eur"],
            "reasons": "; ".join(row["reasons"] or ()),
        }
        for row in treated_of(members).iter_rows(named=True)
    ]


def fields_of(campaign: Campaign) -> Fields:
    """The mapping it was drawn up with."""
    return Fields(**campaign.fields)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a file by this content, durably, in one step."""
    draft = path.with_name(f".{path.name}.part")
    with draft.open("w", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def settings_then(settings: Settings, campaign: Campaign) -> Settings:
    """The settings with those of the label as they were when the list was drawn up."""
    rule = dict(campaign.rule)
    return settings.model_copy(update=rule | {"default_consent": frozenset(rule["default_consent"])})


RULE = ("churn_lookback_days", "churn_horizon_days", "conversion_horizon_days", "brand")


def rule_of(settings: Settings) -> dict[str, Any]:
    """The settings that a label depends on."""
    return {name: getattr(settings, name) for name in RULE} | {"default_consent": sorted(settings.default_consent)}


def measured_rows(settings: Settings, tasks: Sequence[str] | None = None) -> pl.DataFrame:
    """What came of every reader of every measured campaign, for models of what a contact does.

    campaign, task, user_id, at, treated, propensity (of being treated), outcome (0 or 1, in the words of the task's
    label: left, or subscribed). Empty where nothing was measured.
    """
    paths = sorted(campaigns_dir(settings).glob(f"[!.]*/{MEASURED_ROWS}"))
    frames = [pl.read_parquet(path) for path in paths]
    found = pl.concat([pl.DataFrame(schema=ROWS), *(frame.select(ROWS.keys()) for frame in frames)])
    return found if tasks is None else found.filter(pl.col("task").is_in(tasks))


ROWS: dict[str, pl.DataType] = {
    "campaign": pl.String(),
    "task": pl.String(),
    "user_id": pl.UInt64(),
    "at": pl.Datetime("ms", "UTC"),
    "treated": pl.Boolean(),
    "propensity": pl.Float64(),
    "outcome": pl.UInt8(),
}
