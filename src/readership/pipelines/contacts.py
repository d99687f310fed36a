"""Campaigns in a simulated world: the readers treated are made an offer, and the world's truth remembers them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

import polars as pl
import pyarrow as pa

from readership.errors import InputError
from readership.pipelines import campaign_files as files
from readership.settings import Settings
from readership.simulator import Contacted, World
from readership.warehouse import Warehouse, read_sql

SQL = "readership.pipelines.sql.truth"
SUBSCRIPTION_OFFER, RETENTION_OFFER = "subscription_offer", "retention_offer"


class Contacts(NamedTuple):
    """Whom a campaign contacts, from when on, and with which offer."""

    campaign: str
    kind: str
    since: datetime
    user_ids: frozenset[int]


def contacts_of(settings: Settings, name: str) -> Contacts:
    """The readers treated by the campaign of this id or name. Raises InputError where there is none."""
    campaign = files.read_campaign(settings, name)
    treated = files.treated_of(files.members_of(settings, campaign))
    return Contacts(campaign.id, campaign.offer, campaign.at, frozenset(treated["user_id"].to_list()))


def lived_with(world: World, contacts: Sequence[Contacts]) -> World:
    """The world whose publisher carries these campaigns out, each reader at the next visit that allows the offer."""
    policies = world.policies
    for one in contacts:
        since_ms = int(one.since.timestamp() * 1000)
        if one.kind == SUBSCRIPTION_OFFER:
            policies = replace(policies, offer=Contacted(one.user_ids, since_ms, policies.offer))
        else:
            policies = replace(policies, retention=Contacted(one.user_ids, since_ms, policies.retention))
    return replace(world, policies=policies)


def held_contacts(warehouse: Warehouse, truth: str) -> tuple[Contacts, ...]:
    """The campaigns that the held world lives with, oldest first."""
    frame = warehouse.frame(read_sql(SQL, "contacts"), truth=truth)
    return tuple(
        Contacts(str(campaign), str(kind), since.astimezone(UTC), frozenset(rows["user_id"].to_list()))
        for (campaign, kind, since), rows in frame.group_by("campaign", "kind", "since", maintain_order=True)
    )


def joined(held: Sequence[Contacts], asked: Iterable[Contacts], end: datetime) -> tuple[Contacts, ...]:
    """The held campaigns and the asked ones that are new. Raises InputError where one is older than what is loaded."""
    known = {one.campaign: one for one in held}
    new = []
    for one in asked:
        if one.campaign in known and known[one.campaign] != one:
            raise InputError(f"campaign {one.campaign} is another list than the one this world lives with")
        if one.campaign not in known:
            if one.since < end:
                raise InputError(
                    f"campaign {one.campaign} is of {one.since:%Y-%m-%d %H:%M}, but days up to {end:%Y-%m-%d} are "
                    "loaded already, in which nobody was contacted; build one as of that day or later; "
                    "nothing was changed"
                )
            new.append(one)
    return (*held, *new)


def store_contacts(warehouse: Warehouse, truth: str, contacts: Sequence[Contacts]) -> None:
    """Write the campaigns down anew."""
    warehouse.command(read_sql(SQL, "empty_table"), database=truth, table="contacts")
    rows = [(one.campaign, one.kind, one.since, reader) for one in contacts for reader in sorted(one.user_ids)]
    if rows:
        columns: dict[str, pl.DataType] = {
            "campaign": pl.String(),
            "kind": pl.String(),
            "since": pl.Datetime("ms", "UTC"),
            "user_id": pl.UInt64(),
        }
        table: pa.Table = pl.DataFrame(rows, schema=columns, orient="row").to_arrow()
        warehouse.insert(f"{truth}.contacts", table)
