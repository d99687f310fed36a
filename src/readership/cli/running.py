"""Commands that run for longer: the whole way, the API, benchmarks."""

import json as json_module
import os
from pathlib import Path
from typing import Annotated

import typer

from readership.cli.application import (
    app,
    in_utc,
    keys_app,
    open_warehouse,
)
from readership.cli.options import AsOf, Bench, Brand, Json
from readership.errors import InputError
from readership.settings import load_settings

SkipExploration = Annotated[bool, typer.Option("--skip-exploration", help="Leave out step 01.")]
SkipFeatures = Annotated[bool, typer.Option("--skip-features", help="Leave out step 02.")]
ModelsOnly = Annotated[bool, typer.Option("--models-only", help="Leave out steps 01 and 02.")]
SkipPrerequisites = Annotated[
    bool, typer.Option("--skip-prerequisites", help="Do not check Python, packages, warehouse and free disk.")
]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address; other than loopback needs a key.")] = None,
    port: Annotated[int | None, typer.Option(help="Port.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 1,
) -> None:
    """Answer over HTTP from the live models and the online store."""
    for library in ("OPENBLAS", "OMP", "MKL", "VECLIB"):  # workers share the cores; read when numpy is first imported
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    try:
        from readership.serving.server import serve as run
    except ModuleNotFoundError as error:
        raise InputError(f"`readership serve` needs {error.name}; `pip install 'readership[serve]'`") from error
    current = load_settings()
    run(current, host=host or current.api_host, port=current.api_port if port is None else port, workers=workers)


@keys_app.command("create")
def keys_create(
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    scopes: Annotated[str, typer.Option(help="What it may do: read, score, ingest, admin.")] = "read,score,ingest",
) -> None:
    """Make an API key; it is shown once and only its hash is kept."""
    from readership.serving.keys import create

    typer.echo(create(load_settings(), name, [part.strip() for part in scopes.split(",") if part.strip()]))


@keys_app.command("list")
def keys_list(json: Json = False) -> None:
    """The keys there are: names, scopes, and until when those that were replaced are taken."""
    from readership.serving.keys import listed

    found = listed(load_settings())
    if json:
        typer.echo(json_module.dumps({"keys": found}))
        return
    for key in found:
        until = f"  until {key['until']}" if key["until"] else ""
        typer.echo(f"{key['name']}  {','.join(key['scopes'])}  made {key['created_at']}{until}")


@keys_app.command("rotate")
def keys_rotate(
    name: Annotated[str, typer.Argument(help="Whose key.")],
    grace_hours: Annotated[float, typer.Option(min=0, help="For so long the old key is taken yet.")] = 24,
) -> None:
    """Make a key in place of another, with its scopes; the old one is taken for a while yet."""
    from datetime import timedelta

    from readership.serving.keys import rotate

    typer.echo(rotate(load_settings(), name, timedelta(hours=grace_hours)))


@keys_app.command("revoke")
def keys_revoke(name: Annotated[str, typer.Argument(help="Whose keys.")]) -> None:
    """Take no key of this name any more; workers know it within a second."""
    from readership.serving.keys import revoke

    revoke(load_settings(), name)
    typer.echo(f"no key named {name} is taken any more")


@app.command()
def bench(
    name: Bench,
    data: Annotated[Path | None, typer.Option(help="Folder of the public data sets.")] = None,
    sessions: Annotated[int | None, typer.Option(help="adopt, features: how many sessions.")] = None,
    readers: Annotated[
        int | None, typer.Option(help="ads, features, serving, simulate, aa, uptime: how many readers.")
    ] = None,
    events: Annotated[int | None, typer.Option(help="ingest: how many events.")] = None,
    budget_minutes: Annotated[
        float | None, typer.Option(min=0, help="recs-diginetica: to train the network in; 0 leaves it out.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="uptime, soak: how long the load lasts.")] = None,
    json: Json = False,
) -> None:
    """Measure speed or quality against a named peer, in a temporary warehouse of its own."""
    from readership.benchmarks import run

    options = {
        "data": data or load_settings().bench_data,
        "sessions": sessions,
        "readers": readers,
        "events": events,
        "budget_minutes": budget_minutes,
        "minutes": minutes,
    }
    result = run(name.value, {key: value for key, value in options.items() if value is not None})
    if json:
        typer.echo(json_module.dumps(result, default=str))
        return
    typer.echo(json_module.dumps(result, indent=2, default=str))


@app.command()
def impact(
    readers: Annotated[int, typer.Option(help="How many readers the simulated publisher has as it begins.")] = 3_000,
    days: Annotated[int, typer.Option(help="How many days are lived under each policy, 60 at least.")] = 60,
    worlds: Annotated[int, typer.Option(min=1, help="How many worlds are pooled, of seed 11 and those after it.")] = 1,
    json: Json = False,
) -> None:
    """SIMULATED: what the product's decisions would bring, beside the roadmap's targets and simpler policies."""
    from readership.evaluation.reports.impact_words import told
    from readership.pipelines.impact import impact as run
    from readership.pipelines.progress import Progress

    with Progress() as progress:
        measured = run(load_settings(), readers=readers, days=days, worlds=worlds, progress=progress)
    if json:
        typer.echo(json_module.dumps(measured))
        return
    for line in told(measured):
        typer.echo(line)


@app.command()
def run(
    skip_exploration: SkipExploration = False,
    skip_features: SkipFeatures = False,
    models_only: ModelsOnly = False,
    skip_prerequisites: SkipPrerequisites = False,
    as_of: AsOf = None,
    brand: Brand = None,
    json: Json = False,
) -> None:
    """Every step on the configured warehouse: exploration, features, baselines, models, audit, reports."""
    from readership.pipelines.prerequisites import check_prerequisites
    from readership.pipelines.run import run_all

    if not skip_prerequisites:
        check_prerequisites(load_settings())
    with open_warehouse(brand) as (warehouse, current, progress):
        outcome = run_all(
            warehouse,
            current,
            as_of=in_utc(as_of),
            exploration=not (skip_exploration or models_only),
            features=not (skip_features or models_only),
            progress=progress,
        )
    typer.echo(json_module.dumps(outcome.as_dict(), default=str) if json else outcome.table())


@app.command()
def demo(
    readers: Annotated[int, typer.Option(min=1, help="How many simulated readers.")] = 4000,
    days: Annotated[int, typer.Option(min=1, help="How many simulated days.")] = 270,
    json: Json = False,
) -> None:
    """Simulate a publisher and run every step on it."""
    from readership.pipelines.demo import demo as run_demo

    outcome = run_demo(load_settings(), readers=readers, days=days)
    typer.echo(json_module.dumps(outcome.as_dict(), default=str) if json else outcome.table())
