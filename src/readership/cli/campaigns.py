"""Commands about campaigns: `campaign build`, `campaign measure`."""

import json as json_module
from pathlib import Path
from typing import Annotated, Any

import typer

from readership.cli.application import campaign_app, in_utc, open_warehouse
from readership.cli.options import AsOf, Brand, CampaignTask, Json, OrderedBy, Population


@campaign_app.command("build")
def campaign_build(
    task: Annotated[CampaignTask, typer.Option(help="Whom it is about: readers who may leave, or who may subscribe.")],
    budget: Annotated[int, typer.Option(help="How many readers may be contacted at most.")],
    cost: Annotated[float, typer.Option(help="What one contact costs, EUR.")],
    value: Annotated[float, typer.Option(help="What one subscription, or one reader kept, is worth, EUR.")],
    population: Annotated[Population, typer.Option(help="Whose churn.")] = Population.registered,
    name: Annotated[str | None, typer.Option(help="By default task and day; the same name is the same list.")] = None,
    control: Annotated[float, typer.Option(help="Share of those chosen who are left alone, 0.05 to 0.5.")] = 0.2,
    suppress: Annotated[
        Path | None, typer.Option(help="File of ids that must not be contacted, one a line or a CSV's first column.")
    ] = None,
    rest_days: Annotated[
        int, typer.Option(min=0, help="Leave out whoever was in a campaign in so many days before.")
    ] = 28,
    fields: Annotated[
        str, typer.Option(help="How the receiving tool calls our fields: generic, braze, salesforce, or a TOML file.")
    ] = "generic",
    webhook: Annotated[str | None, typer.Option(help="Post the contacts to this address, each batch once.")] = None,
    by: Annotated[
        OrderedBy, typer.Option(help="What decides who comes first; auto: uplift where a model of it is live.")
    ] = OrderedBy.auto,
    as_of: AsOf = None,
    brand: Brand = None,
    json: Json = False,
) -> None:
    """Choose whom to contact, hold a control group out, write the list, and send it where a webhook is named."""
    from readership.pipelines.campaign import build_campaign
    from readership.pipelines.campaign_drawing import Wanted
    from readership.pipelines.campaign_fields import load_fields
    from readership.pipelines.campaign_list import Terms, read_suppressed
    from readership.pipelines.clock import resolve_now

    wanted = Wanted(
        task=task.value,
        population=population.value,
        terms=Terms(budget, cost, value, control),
        fields=load_fields(fields),
        name=name,
        by=by.value,
        suppressed=read_suppressed(suppress) if suppress else frozenset(),
        rest_days=rest_days,
        webhook=webhook,
    )
    with open_warehouse(brand) as (warehouse, current, progress):
        now = resolve_now(warehouse, current, in_utc(as_of))
        progress.say(now.reason)
        result = build_campaign(warehouse, current, now.at, wanted, progress)
    if json:
        typer.echo(json_module.dumps(result))
        return
    for step, readers in result.pop("funnel").items():
        typer.echo(f"{readers:>9,}  {step.replace('_', ' ')}")
    _tell(result)


@campaign_app.command("measure")
def campaign_measure(
    campaign: Annotated[str, typer.Argument(help="Id or name.")],
    as_of: AsOf = None,
    brand: Brand = None,
    json: Json = False,
) -> None:
    """What the contact did, once its outcome is known: those contacted beside those who were left alone."""
    from readership.pipelines.campaign_measure import measure_campaign
    from readership.pipelines.clock import resolve_now

    with open_warehouse(brand) as (warehouse, current, progress):
        now = resolve_now(warehouse, current, in_utc(as_of))
        progress.say(now.reason)
        measured, report = measure_campaign(warehouse, current, now.at, campaign)
    if json:
        typer.echo(json_module.dumps(measured | {"report": str(report)}))
        return
    for sentence in measured["words"]:
        typer.echo(sentence)
    _tell({"report": str(report)})


def _tell(result: dict[str, Any]) -> None:
    """The values that there are, a line each."""
    for name, value in result.items():
        if value is not None:
            typer.echo(f"{name.replace('_', ' ')}: {value}")
