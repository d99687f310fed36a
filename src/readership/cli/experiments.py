"""Commands about experiments: `experiment list`, `experiment plan`, `experiment analyze`."""

import json as json_module
from typing import Annotated, Any

import typer

from readership.cli.application import experiment_app, in_utc, open_warehouse
from readership.cli.options import AsOf, Json

Key = Annotated[str, typer.Argument(help="Key of the experiment: the name of its file in `experiments/`.")]


@experiment_app.command("list")
def experiment_list(as_of: AsOf = None, json: Json = False) -> None:
    """Every experiment of the home: its state, times and variants."""
    from readership.pipelines.experiments import list_experiments, now_of

    with open_warehouse() as (warehouse, current, _):
        found = list_experiments(current, now_of(warehouse, current, in_utc(as_of)))
    if json:
        typer.echo(json_module.dumps({"experiments": found}))
        return
    for one in found:
        variants = ", ".join(f"{variant} {weight:.0%}" for variant, weight in one["variants"].items())
        typer.echo(
            f"{one['key']:<28} {one['state']:<9} {one['start'][:10]} to {one['end'][:10]}  {one['unit']}: {variants}"
        )
    if not found:
        typer.echo("there are none; write one as experiments/<key>.toml, see docs/experiments.md")


@experiment_app.command("plan")
def experiment_plan(
    key: Key,
    effect: Annotated[float, typer.Option(help="Smallest effect to be found, as a share: 0.05 for 5%.")] = 0.05,
    power: Annotated[float, typer.Option(help="Chance to find it.")] = 0.8,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """How many units each metric takes, which effect it can show, and how long that lasts."""
    from readership.pipelines.clock import resolve_now
    from readership.pipelines.experiment_plan import Wanted, plan_experiment, told

    with open_warehouse() as (warehouse, current, progress):
        now = resolve_now(warehouse, current, in_utc(as_of))
        progress.say(now.reason)
        found = plan_experiment(warehouse, current, now.at, key, Wanted(effect, power))
    _tell(found, told(found), json)


@experiment_app.command("analyze")
def experiment_analyze(key: Key, as_of: AsOf = None, json: Json = False) -> None:
    """What came of it so far: differences with intervals that may be looked at every day, and one page."""
    from readership.evaluation.reports.experiment_words import sentences
    from readership.pipelines.clock import resolve_now
    from readership.pipelines.experiments import analyze_experiment

    with open_warehouse() as (warehouse, current, progress):
        now = resolve_now(warehouse, current, in_utc(as_of))
        progress.say(now.reason)
        measured, report = analyze_experiment(warehouse, current, now.at, key)
    _tell(measured | {"report": str(report)}, [*sentences(measured), f"report: {report}"], json)


def _tell(found: dict[str, Any], lines: list[str], json: bool) -> None:
    for line in [json_module.dumps(found)] if json else lines:
        typer.echo(line)
