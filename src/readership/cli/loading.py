"""Commands that bring events in: `simulate`, `ingest`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from readership.cli.application import app, emit, in_utc, open_warehouse
from readership.cli.options import EventFormat, Json, Received
from readership.settings import Settings, load_settings

if TYPE_CHECKING:
    from readership.warehouse import Warehouse


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
    campaign: Annotated[
        list[str] | None,
        typer.Option(help="Go on from the world that is loaded, with this campaign carried out; may be repeated."),
    ] = None,
    json: Json = False,
) -> None:
    """Make a publisher whose truth is known, and load its events, write them to files, or stream them."""
    from readership.pipelines.contacts import contacts_of
    from readership.pipelines.making import Asked, ask
    from readership.pipelines.progress import Progress

    if campaign and (stream or out):
        raise typer.BadParameter("--campaign goes on from the world in the warehouse; leave --out and --stream away")
    kinds = tuple(part.strip() for part in dirt.split(",")) if dirt else ()
    contacts = tuple(contacts_of(load_settings(), name) for name in campaign or ())
    asked: Asked = ask(readers, days, seed, in_utc(start), kinds, contacts)
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

        with open_warehouse() as (warehouse, current, progress):
            result = run(warehouse, current, asked, progress=progress)
    emit(result, json)


@app.command()
def ingest(
    files: Annotated[list[Path] | None, typer.Argument(help="JSON lines, CSV or Parquet; plain or gzipped.")] = None,
    mapping: Annotated[
        str | None, typer.Option(help="native (the default of files), one that ships, or a TOML file; see --propose.")
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
    segments: Annotated[
        bool,
        typer.Option("--segments", help="What came over HTTP; a folder may be named, by default READERSHIP_SEGMENTS."),
    ] = False,
    kafka: Annotated[
        str | None, typer.Option("--kafka", help="A topic of READERSHIP_KAFKA_SERVERS, in rounds until told to stop.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="With --kafka: what is there now, then end.")] = False,
    avro: Annotated[
        bool, typer.Option("--avro", help="With --kafka: messages are Avro, schemas in READERSHIP_SCHEMA_REGISTRY.")
    ] = False,
    metrics: Annotated[
        Path | None, typer.Option(help="With --kafka: write lag and counts to this file for Prometheus.")
    ] = None,
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
    if kafka:
        if files or source or table or segments or propose or again or check:
            raise typer.BadParameter("--kafka names the topic; of the other ways in, none goes with it")
        _ingest_kafka(kafka, mapping or "native", purposes, once, avro, metrics, json)
        return
    if once or avro or metrics:
        raise typer.BadParameter("--once, --avro and --metrics need --kafka")
    if segments:
        if source or table or mapping or check or consent or len(files or []) > 1:
            raise typer.BadParameter("--segments takes the folder of the segment log alone")
        _ingest_segments(files[0] if files else None, json)
        return
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
    with open_warehouse() as (warehouse, current, progress):
        if not check and (said := make_way(warehouse, current, files, delimited=chosen.form.stated)):
            progress.say(said)
        if chosen.kind == "sessions":
            from readership.pipelines.adopt import ingest_session_files

            result = ingest_session_files(
                warehouse, files, chosen, settings=current, check=check, consent=purposes, progress=progress
            )
            emit(result | ({} if check else _too_old(warehouse, current)), json)
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
        gone = {} if check else _too_old(warehouse, current)
    emit(summary.as_dict() | gone, json)


def _too_old(warehouse: "Warehouse", settings: Settings) -> dict[str, dict[str, int]]:
    """Delete what is older than READERSHIP_RETENTION_DAYS; nothing to say where it is not set."""
    from readership.pipelines.retention import enforce_retention

    return {"too_old": enforce_retention(warehouse, settings)} if settings.retention_days else {}


def _ingest_kafka(
    topic: str,
    mapping: str,
    consent: tuple[str, ...] | None,
    once: bool,
    avro: bool,
    metrics: Path | None,
    as_json: bool,
) -> None:
    """Take a topic in rounds."""
    from readership.events.mapping import load_mapping
    from readership.pipelines.kafka import ingest_kafka, told_to_stop
    from readership.pipelines.progress import Progress

    with Progress() as progress, told_to_stop() as stop:
        result = ingest_kafka(
            load_settings(),
            topic,
            load_mapping(mapping),
            once=once,
            avro=avro,
            consent=consent,
            metrics=metrics,
            progress=progress,
            stop=stop,
        )
    emit(result, as_json)


def _ingest_segments(folder: Path | None, as_json: bool) -> None:
    """Take what the API kept."""
    from readership.pipelines.segments import ingest_segments

    with open_warehouse() as (warehouse, current, progress):
        emit(ingest_segments(warehouse, current, folder, progress) | _too_old(warehouse, current), as_json)


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
        emit({"proposed": str(propose), **proposal.as_dict()}, as_json)
        return
    with open_warehouse() as (warehouse, current, progress), open_source(source, current) as server:
        there = server.table(table)
        chosen = mapping_for(there, mapping, current)
        if not check and (said := make_way(warehouse, current)):
            progress.say(said)
        result = adopt(
            warehouse, there, chosen, settings=current, check=check, again=again, consent=consent, progress=progress
        )
        gone = {} if check else _too_old(warehouse, current)
    emit(result | gone, as_json)


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
    with open_warehouse() as (warehouse, current, progress):
        if not check and (said := make_way(warehouse, current, files or [], delimited=chosen.form.stated)):
            progress.say(said)
        if source and source_table:
            summary = adopt_records(
                warehouse, current, table, source, source_table, chosen, check=check, received=received.value
            )
        else:
            summary = ingest_records(
                warehouse, table, files or [], chosen, check=check, received=received.value, progress=progress
            )
    emit(summary.as_dict(), as_json)
