"""`readership campaign build`: from scores to a list with a control group, delivered and recorded, each once."""

import math
from datetime import datetime
from typing import Any

import polars as pl

from readership.datasets.rules import label_rule
from readership.errors import InputError
from readership.pipelines import campaign_files as files
from readership.pipelines.brands import check_brand
from readership.pipelines.campaign_delivery import Delivery, check_address
from readership.pipelines.campaign_drawing import Wanted, draw_up, terms_of
from readership.pipelines.campaign_exposures import record
from readership.pipelines.campaign_files import Campaign
from readership.pipelines.progress import Progress
from readership.settings import Settings
from readership.warehouse import Warehouse

LEAST_CONTROL, MOST_CONTROL = 0.05, 0.5


def build_campaign(
    warehouse: Warehouse, settings: Settings, now: datetime, wanted: Wanted, progress: Progress
) -> dict[str, Any]:
    """Draw the list up, send it where a webhook is named, and record who is in it.

    The same name again is the same list: what was not delivered is sent, what was not recorded is recorded. Raises
    InputError where the same name is asked for under other terms.
    """
    _check(wanted)
    check_brand(warehouse, settings)
    rule = label_rule(wanted.task, settings, wanted.population)
    name = wanted.name or f"{rule.name.replace('_', '-')}-{now:%Y-%m-%d}"
    if files.has_campaign(settings, name):
        campaign = files.read_campaign(settings, name)
        _same(campaign, terms_of(settings, wanted, rule))
        progress.say(f"campaign {campaign.id} was drawn up as of {campaign.as_of[:16]}; its list stays as it is")
    else:
        campaign = draw_up(warehouse, settings, now, wanted, rule, files.campaign_id(name))
        progress.say(_said(campaign, wanted))
    _deliver_and_record(warehouse, settings, campaign, wanted.webhook, progress)
    return summary(settings, campaign)


def _deliver_and_record(
    warehouse: Warehouse, settings: Settings, campaign: Campaign, webhook: str | None, progress: Progress
) -> None:
    """Send what was not sent, then record both arms; of a delivery that stops, those whose batch was taken."""
    members = files.members_of(settings, campaign)
    if webhook is None:
        record(warehouse, campaign, members)
        return
    contacts = files.contacts(campaign, members)
    folder = files.campaigns_dir(settings) / campaign.id
    delivery = Delivery(folder, webhook, contacts, files.fields_of(campaign))
    token = settings.webhook_token.get_secret_value() if settings.webhook_token else None
    try:
        delivery.send(token, progress.say)
    except BaseException:
        taken = [contact["reader_id"] for contact in delivery.taken()]
        record(warehouse, campaign, members.filter(pl.col("reader_id").is_in(taken)))
        raise
    record(warehouse, campaign, members)


def summary(settings: Settings, campaign: Campaign) -> dict[str, Any]:
    """What a script and a person need to know of a campaign that was built."""
    folder = files.campaigns_dir(settings) / campaign.id
    return {
        "campaign": campaign.id,
        "task": campaign.task,
        "as_of": campaign.as_of,
        "matures_at": campaign.matures_at,
        "ordered_by": campaign.ordered_by,
        "model_version": campaign.model_version,
        "uplift_version": campaign.uplift_version,
        "funnel": dict(campaign.funnel),
        "suppressed_unknown": campaign.suppressed_unknown,
        "dogs_spared": campaign.dogs_spared,
        "contacts": str(folder / files.CONTACTS),
    }


def _check(wanted: Wanted) -> None:
    terms = wanted.terms
    if not LEAST_CONTROL <= terms.control <= MOST_CONTROL:
        raise InputError(
            f"--control is {terms.control:g}; it must lie between {LEAST_CONTROL} and {MOST_CONTROL}: without readers "
            "who are left alone nobody can tell what the contact did; nothing was written"
        )
    if terms.budget < 1:
        raise InputError(f"--budget is {terms.budget}; it must be 1 contact at least; nothing was written")
    if not 0 <= terms.cost < math.inf:
        raise InputError(f"--cost is {terms.cost:g}; it must be 0 euros or more; nothing was written")
    if not 0 < terms.value < math.inf:
        raise InputError(f"--value is {terms.value:g}; it must be more than 0 euros; nothing was written")
    if wanted.webhook is not None:
        check_address(wanted.webhook)


def _same(campaign: Campaign, terms: dict[str, Any]) -> None:
    other = [
        f"{name.replace('_', ' ')} {campaign.terms[name]} (now {value})"
        for name, value in terms.items()
        if campaign.terms[name] != value
    ]
    if other:
        raise InputError(
            f"campaign {campaign.id} was drawn up with {', '.join(other)}; a list does not change once it is drawn up; "
            "ask for the same, or give another --name; nothing was written or sent"
        )


def _said(campaign: Campaign, wanted: Wanted) -> str:
    if campaign.ordered_by == "uplift":
        return (
            f"ordered by what a contact is expected to gain; {campaign.dogs_spared:,} readers whom a contact is "
            "expected to drive away would be in a list of the same length by probability, and were spared"
        )
    share = wanted.terms.cost / wanted.terms.value
    return (
        "ordered by probability: likely is not the same as persuadable, many of these would do the same without a "
        f"contact; it pays if it changes the mind of more than {share:.1%} of those contacted, and only the control "
        "group can show that"
    )
