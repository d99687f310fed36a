"""The application that commands join, and what they share: settings, the warehouse, output, and how a failure ends."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from readership.errors import ReadershipError
from readership.settings import Settings, load_settings

if TYPE_CHECKING:
    from readership.pipelines.progress import Progress
    from readership.warehouse import Warehouse

app = typer.Typer(
    name="readership",
    help="Machine learning on a news publisher's own first-party events.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
features_app = typer.Typer(no_args_is_help=True, help="Point-in-time features of readers.")
audit_app = typer.Typer(
    no_args_is_help=True, help="Checks that no number knew the future, and that serving sees what training saw."
)
models_app = typer.Typer(no_args_is_help=True, help="Versions of models and which is live.")
keys_app = typer.Typer(no_args_is_help=True, help="API keys.")
reader_app = typer.Typer(no_args_is_help=True, help="What is kept of one reader: all of it shown, or all of it erased.")
campaign_app = typer.Typer(no_args_is_help=True, help="Lists of readers to contact, and what the contact did.")
experiment_app = typer.Typer(no_args_is_help=True, help="Experiments: what they take, and what came of them.")
app.add_typer(features_app, name="features")
app.add_typer(audit_app, name="audit")
app.add_typer(models_app, name="models")
app.add_typer(keys_app, name="keys")
app.add_typer(reader_app, name="reader")
app.add_typer(campaign_app, name="campaign")
app.add_typer(experiment_app, name="experiment")


def main() -> None:
    """Run the command; a failure ends in one message on stderr and exit code 1."""
    try:
        app()
    except ReadershipError as error:
        typer.echo(f"error ({error.code}): {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("interrupted; nothing is half-written, run the same command again", err=True)
        sys.exit(130)


@contextmanager
def open_warehouse(brand: str | None = None) -> Iterator[tuple["Warehouse", Settings, "Progress"]]:
    """The configured warehouse with its schema up to date, the settings, and a line for progress on stderr.

    Erasures that wait for it are carried out first.
    """
    from readership.pipelines.progress import Progress
    from readership.warehouse import Warehouse, migrate

    settings = settings_of(brand)
    with Warehouse.open(settings) as warehouse, Progress() as progress:
        if warehouse.notice:
            progress.say(warehouse.notice)
        migrate(warehouse)
        if settings.erasures_dir.is_dir():
            from readership.pipelines.erasure import erase_waiting

            for receipt in erase_waiting(warehouse, settings):
                rows = ", ".join(f"{name} {count:,}" for name, count in receipt.erased.items())
                progress.say(f"erasure {receipt.id} is done; rows that went: {rows or 'none'}")
        yield warehouse, settings, progress


def settings_of(brand: str | None) -> Settings:
    """The settings, for a brand alone where one is named."""
    settings = load_settings()
    return settings.model_copy(update={"brand": brand}) if brand else settings


def in_utc(moment: datetime | None) -> datetime | None:
    """A time of the command line, which is UTC."""
    return moment.replace(tzinfo=UTC) if moment else None


def emit(result: dict[str, Any], as_json: bool) -> None:
    """One JSON object, or a line for each of its plain values."""
    if as_json:
        typer.echo(json.dumps(result, default=str))
        return
    for name, value in result.items():
        typer.echo(f"{name.replace('_', ' ')}: {value}")
