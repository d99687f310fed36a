"""The `readership` command. Each command imports what it needs when it runs, so that `--help` is quick."""

import json as json_module
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from readership import __version__
from readership.errors import InputError, ReadershipError
from readership.settings import Settings, load_settings

if TYPE_CHECKING:
    from readership.evaluation.readiness import Facts
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
audit_app = typer.Typer(no_args_is_help=True, help="Checks that no number knew the future.")
models_app = typer.Typer(no_args_is_help=True, help="Versions of models and which is live.")
keys_app = typer.Typer(no_args_is_help=True, help="API keys.")
app.add_typer(features_app, name="features")
app.add_typer(audit_app, name="audit")
app.add_typer(models_app, name="models")
app.add_typer(keys_app, name="keys")

Brand = Annotated[str | None, typer.Option("--brand", help="This brand alone, in folders of its own.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", help="Pretend that it is this time (UTC).", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
]


class Task(StrEnum):
    """What can be trained."""

    churn = "churn"
    conversion = "conversion"


class Population(StrEnum):
    """Whose churn."""

    registered = "registered"
    subscribers = "subscribers"


class Received(StrEnum):
    """What `received_at` is where a row has none."""

    file = "file"
    now = "now"


class EventFormat(StrEnum):
    """How files of events are written."""

    parquet = "parquet"
    jsonl = "jsonl"


class Bench(StrEnum):
    """Benchmarks, each one file of `readership.benchmarks`."""

    aa = "aa"
    adopt = "adopt"
    churn_cdnow = "churn-cdnow"
    churn_deskdrop = "churn-deskdrop"
    conversion_bank = "conversion-bank"
    conversion_shoppers = "conversion-shoppers"
    features = "features"
    ingest = "ingest"
    serving = "serving"
    simulate = "simulate"


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
def _warehouse(brand: str | None = None) -> Iterator[tuple["Warehouse", Settings, "Progress"]]:
    """The configured warehouse with its schema up to date, the settings, and a line for progress on stderr."""
    from readership.pipelines.progress import Progress
    from readership.warehouse import Warehouse, migrate

    settings = _of(brand)
    with Warehouse.open(settings) as warehouse, Progress() as progress:
        if warehouse.notice:
            progress.say(warehouse.notice)
        migrate(warehouse)
        yield warehouse, settings, progress


def _of(brand: str | None) -> Settings:
    settings = load_settings()
    return settings.model_copy(update={"brand": brand}) if brand else settings


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


def _emit(result: dict[str, Any], as_json: bool) -> None:
    """One JSON object, or a line for each of its plain values."""
    if as_json:
        typer.echo(json_module.dumps(result, default=str))
        return
    for name, value in result.items():
        typer.echo(f"{name.replace('_', ' ')}: {value}")


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
        _emit({"database": warehouse.database, "applied": applied or "nothing new", **left_alone}, json)


@app.command()
def simulate(
    readers: Annotated[int, typer.Option(min=1, help="How many readers the world begins with.")] = 4000,
    days: Annotated[int, typer.Option(min=1, help="How many days it runs.")] = 270,
    seed: Annotated[int, typer.Option(help="The same seed gives the same world.")] = 7,
    start: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day (UTC).")] = None,
    dirt: Annotated[
        str | None,
        typer.Option(help="What is wrong with its log: late,duplicates,bots,skew,malformed,outage,schema,drift."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write files to this folder instead of the warehouse.")] = None,
    format: Annotated[EventFormat, typer.Option(help="Of the events under --out.")] = EventFormat.parquet,
    stream: Annotated[
        str | None, typer.Option(help="Send the events to http://host:port/v1/events or kafka://host:port/topic.")
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0, help="With --stream: simulated seconds a second; 0 is as fast as they are taken.")
    ] = 3600.0,
    json: Json = False,
) -> None:
    """Make a publisher whose truth is known, and load its events, write them to files, or stream them."""
    from readership.pipelines.making import Asked, ask
    from readership.pipelines.progress import Progress

    kinds = tuple(part.strip() for part in dirt.split(",")) if dirt else ()
    asked: Asked = ask(readers, days, seed, _utc(start), kinds)
    if stream:
        from readership.pipelines.simulate_stream import simulate_stream

        with Progress() as progress:
            result = simulate_stream(asked, stream, load_settings(), speed=speed, out=out, progress=progress)
    elif out:
        from readership.pipelines.simulate_files import simulate_files

        with Progress() as progress:
            result = simulate_files(asked, out, format=format.value, progress=progress)
    else:
        from readership.pipelines.simulate import simulate as run

        with _warehouse() as (warehouse, current, progress):
            result = run(warehouse, current, asked, progress=progress)
    _emit(result, json)


@app.command()
def ingest(
    files: Annotated[list[Path] | None, typer.Argument(help="JSON lines, CSV or Parquet; plain or gzipped.")] = None,
    mapping: Annotated[
        str | None, typer.Option(help="native (the default of files), deskdrop, or a TOML file; see --propose.")
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(
            "--table",
            help="With --from: database.table of sessions or events. Else: subscriptions, articles or ads.",
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", help="clickhouse://user:password@host:port of somebody's own server.")
    ] = None,
    source_table: Annotated[
        str | None, typer.Option(help="With --from: the table there of subscriptions, articles or ads, database.table.")
    ] = None,
    propose: Annotated[
        Path | None, typer.Option(help="With --from: write a mapping for the table to this file, and read nothing.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="With --from: forget what was read of the table, and read it anew.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Read and report, load nothing.")] = False,
    received: Annotated[Received, typer.Option(help="Where a row has no received_at: its own time, or now.")] = (
        Received.file
    ),
    consent: Annotated[
        str | None, typer.Option(help="Purposes these readers agreed to, e.g. analytics,personalisation.")
    ] = None,
    json: Json = False,
) -> None:
    """Load events, or what is known besides them; what cannot be understood goes to quarantine, the rest loads."""
    from readership.events.mapping import load_mapping
    from readership.events.records import RECORD_TABLES
    from readership.pipelines.ingest import ingest as run
    from readership.pipelines.make_way import make_way

    purposes = tuple(part.strip() for part in consent.split(",")) if consent else None
    if source and table and table not in RECORD_TABLES:
        if files or source_table:
            raise typer.BadParameter("--from with --table reads one table; name neither files nor --source-table")
        _adopt(source, table, mapping, propose, again, check, purposes, json)
        return
    if propose or again:
        raise typer.BadParameter("--propose and --again need --from and --table")
    mapping = mapping or "native"
    if table is not None:
        if table not in RECORD_TABLES:
            raise typer.BadParameter(f"--table is {table!r}; it can be {', '.join(RECORD_TABLES)}; events need none")
        if consent:
            raise typer.BadParameter(f"--consent is about events; rows of {table} carry none")
        _ingest_records(table, files, source, source_table, mapping, check, received, json)
        return
    if not files or source:
        raise typer.BadParameter("name the files to load; --from also needs --table")
    chosen = load_mapping(mapping)
    with _warehouse() as (warehouse, current, progress):
        if not check and (said := make_way(warehouse, current, files)):
            progress.say(said)
        if chosen.kind == "sessions":
            from readership.pipelines.adopt import ingest_session_files

            _emit(
                ingest_session_files(
                    warehouse, files, chosen, settings=current, check=check, consent=purposes, progress=progress
                ),
                json,
            )
            return
        summary = run(
            warehouse,
            files,
            chosen,
            settings=current,
            check=check,
            received=received.value,
            consent=purposes,
            progress=progress,
        )
    _emit(summary.as_dict(), json)


def _adopt(
    source: str,
    table: str,
    mapping: str | None,
    propose: Path | None,
    again: bool,
    check: bool,
    consent: tuple[str, ...] | None,
    as_json: bool,
) -> None:
    """Read a table of sessions or events on somebody's own server, or only propose a mapping for it."""
    from readership.pipelines.adopt import adopt, mapping_for, propose_mapping, write_proposal
    from readership.pipelines.make_way import make_way
    from readership.warehouse.remote import open_source

    if propose:
        with open_source(source, load_settings()) as server:
            proposal = propose_mapping(server.table(table))
        write_proposal(proposal, propose)
        _emit({"proposed": str(propose), **proposal.as_dict()}, as_json)
        return
    with _warehouse() as (warehouse, current, progress), open_source(source, current) as server:
        there = server.table(table)
        chosen = mapping_for(there, mapping, current)
        if not check and (said := make_way(warehouse, current)):
            progress.say(said)
        result = adopt(
            warehouse, there, chosen, settings=current, check=check, again=again, consent=consent, progress=progress
        )
    _emit(result, as_json)


def _ingest_records(
    table: str,
    files: list[Path] | None,
    source: str | None,
    source_table: str | None,
    mapping: str,
    check: bool,
    received: Received,
    as_json: bool,
) -> None:
    """Load subscriptions, articles or ads, of files or of a table on somebody's own server."""
    from readership.events.record_mapping import load_record_mapping
    from readership.events.records import RECORD_TABLES
    from readership.pipelines.make_way import make_way
    from readership.pipelines.records import adopt_records, ingest_records

    if bool(files) == bool(source):
        raise typer.BadParameter(f"name either the files of {table} to load, or --from")
    if source and not source_table:
        raise typer.BadParameter(f"--from needs --source-table: the table there that holds {table}, database.table")
    chosen = load_record_mapping(mapping, RECORD_TABLES[table])
    with _warehouse() as (warehouse, current, progress):
        if not check and (said := make_way(warehouse, current, files or [])):
            progress.say(said)
        if source and source_table:
            summary = adopt_records(
                warehouse, current, table, source, source_table, chosen, check=check, received=received.value
            )
        else:
            summary = ingest_records(
                warehouse, table, files or [], chosen, check=check, received=received.value, progress=progress
            )
    _emit(summary.as_dict(), as_json)


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
    facts = _facts(files or [], source, table, mapping, consent, brand, _utc(as_of))
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

        current = agreeing(_of(brand), consent)
        with open_source(source, current) as server:
            return examine_table(server.table(table), load_mapping(mapping) if mapping else None, current, as_of)
    with _warehouse(brand) as (warehouse, current, progress):
        current = agreeing(current, consent)
        if files:
            return examine_files(warehouse, current, files, load_mapping(mapping or "native"), progress)
        return examine(warehouse, current, as_of)


@app.command()
def explore(as_of: AsOf = None, json: Json = False) -> None:
    """Step 01: the quality and the shape of the data, as one page with plots."""
    from readership.pipelines.clock import resolve_now
    from readership.pipelines.explore import explore as run

    with _warehouse() as (warehouse, current, progress):
        now = resolve_now(warehouse, current, _utc(as_of))
        progress.say(now.reason)
        report = run(warehouse, current, now.at)
    _emit({"report": str(report)}, json)


@features_app.command("build")
def features_build(as_of: AsOf = None, brand: Brand = None, json: Json = False) -> None:
    """Step 02: the feature table, `user_features_ml_ready.csv`, and the online store."""
    from readership.pipelines.clock import resolve_now
    from readership.pipelines.features import build_features

    with _warehouse(brand) as (warehouse, current, progress):
        now = resolve_now(warehouse, current, _utc(as_of))
        progress.say(now.reason)
        result = build_features(warehouse, current, now.at)
    _emit(result.as_dict(), json)


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


@app.command()
def train(
    task: Annotated[Task | None, typer.Argument(help="What to train.")] = None,
    baselines: Annotated[bool, typer.Option("--baselines", help="Step 03: the simple models only.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Every task.")] = False,
    population: Annotated[Population, typer.Option(help="Whose churn.")] = Population.registered,
    as_of: AsOf = None,
    brand: Brand = None,
    json: Json = False,
) -> None:
    """Steps 03 and 04: fit, choose on validation, calibrate, judge on held-out time, register, report."""
    from readership.pipelines.clock import resolve_now
    from readership.pipelines.train import Trained, prepare, train_baselines, train_task

    if (task is None) == (not (baselines or every)):
        raise typer.BadParameter("name a task, or --baselines, or --all")
    with _warehouse(brand) as (warehouse, current, progress):
        now = resolve_now(warehouse, current, _utc(as_of))
        progress.say(now.reason)
        step = train_baselines if baselines else train_task
        results: list[Trained] = []
        for name in Task if every else [task or Task.churn]:
            of = Population.registered if every and name is not Task.churn else population
            audit = results[0].audit if results else None
            prepared = prepare(
                warehouse, current, now.at, task=name.value, population=of.value, audit=audit, progress=progress
            )
            results.append(step(prepared, current, progress=progress))
    found = [result.as_dict() for result in results]
    if every and json:
        _emit({"models": found}, json)
        return
    for result in found:
        _emit(result, json)


@app.command()
def evaluate(task: Task, brand: Brand = None, json: Json = False) -> None:
    """The newest evaluation of a task, as it was measured on held-out time."""
    from readership.pipelines.run import evaluation_table, read_evaluation

    evaluation = read_evaluation(_of(brand), task.value)
    if json:
        typer.echo(json_module.dumps(evaluation))
        return
    typer.echo(evaluation_table([evaluation]))


@audit_app.command("leakage")
def audit_leakage(
    features: Annotated[Path | None, typer.Option(help="A folder of your own feature SQL files.")] = None,
    json: Json = False,
) -> None:
    """Rebuild features without the future and compare; exit 1 on a leak or when nothing was compared."""
    from readership.pipelines.audit import audit_leakage as run

    with _warehouse() as (warehouse, current, progress):
        report = run(warehouse, current, features_dir=features, progress=progress)
    _emit(report.as_dict(), json)
    if report.verdict != "clean":
        raise typer.Exit(1)


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

    _emit(sync(load_settings()), json)


@app.command()
def promote(
    task: Task,
    version: Annotated[str | None, typer.Option(help="By default the newest challenger.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Even where the rule refuses; needs --why.")] = False,
    why: Annotated[str | None, typer.Option(help="Recorded with the promotion.")] = None,
    json: Json = False,
) -> None:
    """Make a version champion if it meets the rule; serving picks it up without a restart."""
    from readership.registry.promotion import promote as run

    if force and not why:
        raise typer.BadParameter("--force needs --why")
    _emit(run(load_settings(), task.value, version, force=force, why=why).as_dict(), json)


@app.command()
def rollback(
    task: Task,
    why: Annotated[str | None, typer.Option(help="Recorded with the change.")] = None,
    json: Json = False,
) -> None:
    """Make the previous champion live again."""
    from readership.registry.promotion import rollback as run

    _emit(run(load_settings(), task.value, why=why).as_dict(), json)


@app.command("batch-score")
def batch_score(task: Task, as_of: AsOf = None, brand: Brand = None, json: Json = False) -> None:
    """Score every reader of the task's population: the `predictions` table, Parquet, and reasons for the API."""
    from readership.pipelines.clock import resolve_now
    from readership.pipelines.score import score_task

    with _warehouse(brand) as (warehouse, current, progress):
        now = resolve_now(warehouse, current, _utc(as_of))
        progress.say(now.reason)
        result = score_task(warehouse, current, now.at, task.value)
    _emit(result, json)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address; other than loopback needs a key.")] = None,
    port: Annotated[int | None, typer.Option(help="Port.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 1,
) -> None:
    """Answer over HTTP from the live models and the online store."""
    try:
        from readership.serving.server import serve as run
    except ModuleNotFoundError as error:
        raise InputError(f"`readership serve` needs {error.name}; `pip install 'readership[serve]'`") from error
    current = load_settings()
    run(current, host=host or current.api_host, port=current.api_port if port is None else port, workers=workers)


@keys_app.command("create")
def keys_create(name: Annotated[str, typer.Argument(help="Who will use it.")]) -> None:
    """Make an API key; it is shown once and only its hash is kept."""
    from readership.serving.keys import create

    typer.echo(create(load_settings(), name))


@app.command()
def bench(
    name: Bench,
    data: Annotated[Path | None, typer.Option(help="Folder of the public data sets.")] = None,
    sessions: Annotated[int | None, typer.Option(help="adopt, features: how many sessions.")] = None,
    readers: Annotated[int | None, typer.Option(help="features, serving, simulate, aa: how many readers.")] = None,
    events: Annotated[int | None, typer.Option(help="ingest: how many events.")] = None,
    json: Json = False,
) -> None:
    """Measure speed or quality against a named peer, in a temporary warehouse of its own."""
    from readership.benchmarks import run

    options = {"data": data or load_settings().bench_data, "sessions": sessions, "readers": readers, "events": events}
    result = run(name.value, {key: value for key, value in options.items() if value is not None})
    if json:
        typer.echo(json_module.dumps(result, default=str))
        return
    typer.echo(json_module.dumps(result, indent=2, default=str))


SkipExploration = Annotated[bool, typer.Option("--skip-exploration", help="Leave out step 01.")]
SkipFeatures = Annotated[bool, typer.Option("--skip-features", help="Leave out step 02.")]
ModelsOnly = Annotated[bool, typer.Option("--models-only", help="Leave out steps 01 and 02.")]
SkipPrerequisites = Annotated[
    bool, typer.Option("--skip-prerequisites", help="Do not check Python, packages, warehouse and free disk.")
]


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
    with _warehouse(brand) as (warehouse, current, progress):
        outcome = run_all(
            warehouse,
            current,
            as_of=_utc(as_of),
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


if __name__ == "__main__":
    main()
