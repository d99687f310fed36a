"""Commands about one reader: what is kept of them, and its erasure."""

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from readership.cli.application import emit, open_warehouse, reader_app
from readership.cli.options import Json
from readership.errors import InputError, WarehouseLocked
from readership.settings import load_settings

ANY_ID = {"ignore_unknown_options": True}
"""Ids may begin with a minus."""


@reader_app.command("erase", context_settings=ANY_ID)
def reader_erase(
    reader: Annotated[str | None, typer.Argument(help="Your own reader id, or device:<device_id>.")] = None,
    pending: Annotated[bool, typer.Option("--pending", help="Only carry out what is asked for already.")] = False,
    json: Json = False,
) -> None:
    """Erase a reader everywhere; what the API was asked to erase, and what a backup brought back, goes as well."""
    from readership.events.receipts import Receipts
    from readership.pipelines.erasure import ask_to_erase

    if (reader is None) != pending:
        raise typer.BadParameter("name a reader, or --pending")
    current = load_settings()
    receipts = Receipts.of(current)
    asked = [receipt.id for receipt in receipts.pending()]
    if reader is not None:
        asked.append(ask_to_erase(current, reader).id)
    try:
        with open_warehouse():
            pass
    except WarehouseLocked as error:
        raise WarehouseLocked(
            f"{error}; nothing is answered of {'this reader' if reader else 'these readers'} any more, and the rows go "
            "as soon as `readership reader erase --pending` or another command has the warehouse"
        ) from error
    done = [receipts.read(receipt).as_dict() for receipt in asked]
    if json:
        emit({"erasures": done}, json)
        return
    for receipt in done:
        emit(receipt, json)


@reader_app.command("export", context_settings=ANY_ID)
def reader_export(
    reader: Annotated[str, typer.Argument(help="Your own reader id, or device:<device_id>.")],
    out: Annotated[Path | None, typer.Option(help="Write it to this file rather than to stdout.")] = None,
) -> None:
    """Everything that is kept of a reader, in every table and store, as one JSON object."""
    from readership.pipelines.reader_export import export_reader

    if out and out.exists():
        raise InputError(f"{out} exists and was not overwritten; name another file with --out, or remove it")
    with open_warehouse() as (warehouse, current, _):
        told = json_module.dumps(export_reader(warehouse, current, reader), indent=1, ensure_ascii=False, default=str)
    if out is None:
        typer.echo(told)
        return
    out.write_text(told + "\n", encoding="utf-8")
    typer.echo(f"{out}: what is kept of this reader; treat it like the reader's own post")
