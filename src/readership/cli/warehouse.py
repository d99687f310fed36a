"""Commands about the installation itself: version, settings, schema."""

import json as json_module

import typer

from readership import __version__
from readership.cli.application import (
    app,
    emit,
)
from readership.cli.options import Json
from readership.settings import Settings, load_settings


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.command()
def settings(json: Json = False) -> None:
    """Every setting, its value and its meaning (secrets hidden)."""
    current = load_settings()
    values = current.shown()
    if json:
        typer.echo(json_module.dumps(values))
        return
    for (name, value), field in zip(values.items(), Settings.model_fields.values(), strict=True):
        typer.echo(f"{name} = {value}\n    {field.description}")


@app.command()
def migrate(json: Json = False) -> None:
    """Bring the warehouse to the newest schema."""
    from readership.warehouse import Warehouse
    from readership.warehouse import migrate as apply

    with Warehouse.open(load_settings()) as warehouse:
        applied = apply(warehouse)
        left_alone = {"left_alone": warehouse.notice} if warehouse.notice else {}
        emit({"database": warehouse.database, "applied": applied or "nothing new", **left_alone}, json)
