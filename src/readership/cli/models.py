"""Commands about models: `train`, `evaluate`, `models`, `promote`, `rollback`, `batch-score`."""

import json as json_module
from typing import Annotated

import typer

from readership.cli.application import (
    app,
    emit,
    in_utc,
    models_app,
    open_warehouse,
    settings_of,
)
from readership.cli.options import AsOf, Brand, Json, Model, Population, Task
from readership.errors import InputError, NotEnoughData
from readership.settings import load_settings


@app.command()
def train(
    task: Annotated[Task | None, typer.Argument(help="What to train.")] = None,
    baselines: Annotated[bool, typer.Option("--baselines", help="Step 03: the simple models only.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Every task.")] = False,
    population: Annotated[Population, typer.Option(help="Whose churn.")] = Population.registered,
    tune: Annotated[
        int,
        typer.Option(
            min=0, help="Try so many settings of the candidates first, on validation; goes on if asked again."
        ),
    ] = 0,
    uplift: Annotated[bool, typer.Option("--uplift", help="Whom an offer moves, from decisions made by lot.")] = False,
    as_of: AsOf = None,
    brand: Brand = None,
    json: Json = False,
) -> None:
    """Fit, choose on validation, calibrate, judge on held-out time, register, report; baselines beside (step 03)."""
    from readership.datasets.rules import label_rule
    from readership.pipelines.clock import resolve_now
    from readership.pipelines.tasks import Order, train_every
    from readership.pipelines.tasks import train as run

    if task is None and not (baselines or every):
        raise typer.BadParameter("name a task, or --baselines, or --all")
    if task is not None and every:
        raise typer.BadParameter(f"--all is every task; name {task.value} or --all")
    if uplift and (task is None or baselines or tune):
        raise typer.BadParameter("--uplift needs a task, and goes with neither --baselines nor --tune")
    with open_warehouse(brand) as (warehouse, current, progress):
        now = resolve_now(warehouse, current, in_utc(as_of))
        progress.say(now.reason)
        if task is not None:
            order = Order(population.value, baselines=baselines, tune=tune)
            if uplift:
                name, order = f"{label_rule(task.value, current, population.value).name}_uplift", Order()
            else:
                name = task.value
            *_, last = run(warehouse, current, now.at, name, order, progress)
            emit(last.as_dict(), json)
            return
        made, skipped = train_every(warehouse, current, now.at, progress, baselines=baselines, tune=tune)
    if not made:
        raise NotEnoughData("; ".join(f"{name}: {reason}" for name, reason in skipped.items()))
    found = [one.as_dict() for one in made if baselines or one.version]
    if json:
        emit({"models": found, "skipped": skipped}, json)
        return
    for result in found:
        emit(result, json)


@app.command()
def evaluate(task: Model, brand: Brand = None, json: Json = False) -> None:
    """The newest evaluation of a task, as it was measured on held-out time."""
    from readership.pipelines.run import evaluation_table, read_evaluation

    evaluation = read_evaluation(settings_of(brand), task.value)
    if json:
        typer.echo(json_module.dumps(evaluation))
        return
    typer.echo(evaluation_table([evaluation]))


@models_app.command("list")
def models_list(json: Json = False) -> None:
    """Versions, their metrics, and which is champion or challenger."""
    from readership.registry.versions import list_models

    rows = list_models(load_settings())
    if json:
        typer.echo(json_module.dumps({"models": rows}, default=str))
        return
    for row in rows:
        typer.echo("  ".join(f"{name}={value}" for name, value in row.items()))


@models_app.command("sync")
def models_sync(json: Json = False) -> None:
    """Make `live.json` and the registry's aliases agree again."""
    from readership.registry.promotion import sync

    emit(sync(load_settings()), json)


@app.command()
def promote(
    task: Model,
    version: Annotated[str | None, typer.Option(help="By default the newest challenger.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Even where the rule refuses; needs --why.")] = False,
    why: Annotated[str | None, typer.Option(help="Recorded with the promotion.")] = None,
    experiment: Annotated[
        str | None, typer.Option(help="Its analysed experiment decides instead of held-out rows.", metavar="KEY")
    ] = None,
    json: Json = False,
) -> None:
    """Make a version champion if it meets the rule; serving picks it up without a restart."""
    from readership.pipelines.model_experiment import shown_by
    from readership.registry.promotion import promote as run

    if force and not why:
        raise typer.BadParameter("--force needs --why")
    current, proof = load_settings(), None
    if experiment is not None:
        version, proof = shown_by(current, experiment, task.value, version)
    emit(run(current, task.value, version, force=force, why=why, proof=proof).as_dict(), json)


@app.command()
def rollback(
    task: Model,
    why: Annotated[str | None, typer.Option(help="Recorded with the change.")] = None,
    json: Json = False,
) -> None:
    """Make the previous champion live again."""
    from readership.registry.promotion import rollback as run

    emit(run(load_settings(), task.value, why=why).as_dict(), json)


@app.command("batch-score")
def batch_score(task: Model, as_of: AsOf = None, brand: Brand = None, json: Json = False) -> None:
    """Score every reader of the task's population: the `predictions` table, Parquet, and reasons for the API."""
    from readership.pipelines.clock import resolve_now
    from readership.pipelines.score import score_task

    with open_warehouse(brand) as (warehouse, current, progress):
        now = resolve_now(warehouse, current, in_utc(as_of))
        progress.say(now.reason)
        result = score_task(warehouse, current, now.at, task.value)
    emit(result, json)


@app.command(context_settings={"ignore_unknown_options": True})
def recommend(
    reader: Annotated[str, typer.Argument(help="Your own reader id, or device:<device_id>.")],
    n: Annotated[int, typer.Option("--n", min=1, max=50, help="How many articles.")] = 10,
    brand: Annotated[
        str, typer.Option("--brand", help="Articles of this brand, and of those that belong to none.")
    ] = "",
    explain: Annotated[
        bool, typer.Option("--explain", help="Also features, the slate before the rules, and what each rule did.")
    ] = False,
    json: Json = False,
) -> None:
    """The slate the API would answer with now, and why each article is there."""
    try:
        from readership.pipelines.recommend import lines
        from readership.pipelines.recommend import recommend as run
    except ModuleNotFoundError as error:
        raise InputError(f"`readership recommend` needs {error.name}; `pip install 'readership[serve]'`") from error

    told = run(load_settings(), reader, n=n, brand=brand, explain=explain)
    if json:
        emit(told, json)
        return
    for line in lines(told):
        typer.echo(line)
