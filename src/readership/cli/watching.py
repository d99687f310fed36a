"""Commands about what came of it: `monitor`."""

import json as json_module
from typing import Annotated

import typer

from readership.cli.application import app, in_utc, open_warehouse
from readership.cli.options import AsOf, Brand, Json


@app.command()
def monitor(
    days: Annotated[int, typer.Option(min=1, help="How far back to look.")] = 182,
    brand: Brand = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Is it still true? What arrives, what models see and say, what came of it; page, metrics and alerts."""
    from readership.pipelines.clock import resolve_now
    from readership.pipelines.monitor import monitor as run

    with open_warehouse(brand) as (warehouse, current, progress):
        now = resolve_now(warehouse, current, in_utc(as_of))
        progress.say(now.reason)
        found = run(warehouse, current, now.at, days, progress)
    if json:
        typer.echo(json_module.dumps(found))
        return
    typer.echo(", ".join(f"{count:,} {state}" for state, count in found["states"].items()))
    for alert in found["alerts"]:
        typer.echo(f"[{alert['severity']}] {alert['rule']} {alert['task']}: {alert['says']}")
    typer.echo(f"alerts that stand: {len(found['alerts'])}; told now: {len(found['told'])}\nreport: {found['report']}")
