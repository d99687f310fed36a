"""Commands that look before a model is made: `doctor`, `explore`, `features`, `audit`."""

import json as json_module
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from readership.cli.application import (
    app,
    audit_app,
    emit,
    features_app,
    in_utc,
    open_warehouse,
    settings_of,
)
from readership.cli.options import AsOf, Brand, Json

if TYPE_CHECKING:
    from readership.evaluation.readiness import Facts


@app.command()
def doctor(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files of events to judge before they are loaded; else the warehouse.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", help="clickhouse://user:password@host:port of somebody's own server.")
    ] = None,
    table: Annotated[str | None, typer.Option(help="With --from: database.table, of events or of sessions.")] = None,
    mapping: Annotated[str | None, typer.Option(help="A TOML file; of files also native or deskdrop.")] = None,
    consent: Annotated[str | None, typer.Option(help="Judge as if readers had agreed to these purposes.")] = None,
    brand: Annotated[str | None, typer.Option(help="Ask about this brand alone.")] = None,
    as_of: AsOf = None,
    html: Annotated[Path | None, typer.Option(help="Write the same as one page to send round.")] = None,
    json: Json = False,
) -> None:
    """What this data allows, step by step: ready, degraded or impossible, why, and what would help."""
    from readership.evaluation.readiness import diagnose
    from readership.evaluation.reports.doctor import lines
    from readership.pipelines.doctor import report

    if (source is None) != (table is None) or (source and files):
        raise typer.BadParameter("name --from and --table together, or files, or neither")
    facts = _facts(files or [], source, table, mapping, consent, brand, in_utc(as_of))
    diagnosis = diagnose(facts)
    page = report(facts, diagnosis, html) if html else None
    if json:
        typer.echo(json_module.dumps(diagnosis.as_dict() | {"source": facts.source, "page": page}, default=str))
    else:
        for line in [*lines(facts, diagnosis), *([str(page)] if page else [])]:
            typer.echo(line)
    if not diagnosis.anything_runs:
        raise typer.Exit(1)


def _facts(
    files: list[Path],
    source: str | None,
    table: str | None,
    mapping: str | None,
    consent: str | None,
    brand: str | None,
    as_of: datetime | None,
) -> "Facts":
    """What the doctor reads: somebody's table (our own warehouse stays closed), files, or the warehouse."""
    from readership.events.mapping import load_mapping
    from readership.pipelines.doctor import agreeing, examine, examine_files

    if source and table:
        from readership.pipelines.doctor_table import examine_table
        from readership.warehouse.remote import open_source

        current = agreeing(settings_of(brand), consent)
        with open_source(source, current) as server:
            return examine_table(server.table(table), load_mapping(mapping) if mapping else None, current, as_of)
    with open_warehouse(brand) as (warehouse, current, progress):
        current = agreeing(current, consent)
        if files:
            return examine_files(warehouse, current, files, load_mapping(mapping or "native"), progress)
        return examine(warehouse, current, as_of)


@app.command()
def explore(as_of: AsOf = None, json: Json = False) -> None:
    """Step 01: the quality and the shape of the data, as one page with plots."""
    from readership.pipelines.clock import resolve_now
    from readership.pipelines.explore import explore as run

    with open_warehouse() as (warehouse, current, progress):
        now = resolve_now(warehouse, current, in_utc(as_of))
        progress.say(now.reason)
        report = run(warehouse, current, now.at)
    emit({"report": str(report)}, json)


@features_app.command("build")
def features_build(as_of: AsOf = None, brand: Brand = None, json: Json = False) -> None:
    """Step 02: the feature table, `user_features_ml_ready.csv`, and the online store."""
    from readership.pipelines.clock import resolve_now
    from readership.pipelines.features import build_features

    with open_warehouse(brand) as (warehouse, current, progress):
        now = resolve_now(warehouse, current, in_utc(as_of))
        progress.say(now.reason)
        result = build_features(warehouse, current, now.at)
    emit(result.as_dict(), json)


@features_app.command("list")
def features_list(json: Json = False) -> None:
    """The catalogue: every feature, its group, meaning, unit and null rule."""
    from dataclasses import asdict

    from readership.features.catalogue import catalogue

    entries = [asdict(feature) for feature in catalogue()]
    if json:
        typer.echo(json_module.dumps({"features": entries}))
        return
    for entry in entries:
        typer.echo(
            f"{entry['group']:<12} {entry['name']:<36} {entry['unit']:<14} {entry['meaning']} · {entry['null_rule']}"
        )


@audit_app.command("skew")
def audit_skew(brand: Brand = None, json: Json = False) -> None:
    """Compare what the API reads of readers with what the feature SQL gives; exit 1 on skew or when nothing was."""
    from readership.pipelines.skew import audit_skew as run

    with open_warehouse(brand) as (warehouse, current, _):
        report = run(warehouse, current)
    emit(report.as_dict(), json)
    if report.verdict != "equal":
        raise typer.Exit(1)


@audit_app.command("leakage")
def audit_leakage(
    features: Annotated[Path | None, typer.Option(help="A folder of your own feature SQL files.")] = None,
    json: Json = False,
) -> None:
    """Rebuild features without the future and compare; exit 1 on a leak or when nothing was compared."""
    from readership.pipelines.audit import audit_leakage as run

    with open_warehouse() as (warehouse, current, progress):
        report = run(warehouse, current, features_dir=features, progress=progress)
    emit(report.as_dict(), json)
    if report.verdict != "clean":
        raise typer.Exit(1)
