"""What is kept of one reader, for an access request: every table, file and store, in the words they use."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from readership.datasets.store import ROWS
from readership.errors import InputError, StoreError
from readership.events.consent import PURPOSES
from readership.events.erased import Erased, named
from readership.events.identity import reader_key
from readership.features.clicks.store import ClicksTable
from readership.features.memory import MEMORY, read_memory
from readership.features.online import OnlineFeatures
from readership.features.versions import current, tables
from readership.models.recommendation.recommender import Recommender
from readership.pipelines.erasure import places, states
from readership.pipelines.erasure_files import NAMED
from readership.pipelines.erasure_rows import SQL
from readership.pipelines.truth import TRUTH
from readership.settings import Online, Settings
from readership.warehouse import Warehouse, read_sql


def export_reader(warehouse: Warehouse, settings: Settings, reader_id: str) -> dict[str, Any]:
    """Everything about a reader: `tables`, `files` and `online`, each by name, empty ones left out.

    Raises InputError where nothing at all is kept of them.
    """
    reader = reader_key(reader_id)
    found = {
        "reader_id": reader_id,
        "number": reader,
        "erased": reader in Erased.of(settings),
        "tables": dict(_tables(warehouse, reader, reader_id)),
        "files": dict(_files(settings, {reader_id, str(reader)})),
        "online": dict(_online(settings, reader)),
    }
    if not (found["tables"] or found["files"] or found["online"] or found["erased"]):
        raise InputError(f"nothing is kept of a reader {reader_id!r}; check the id")
    return found


def _tables(warehouse: Warehouse, reader: int, reader_id: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for database, table in warehouse.rows(read_sql(SQL, "reader_tables"), truth=TRUTH):
        frame = warehouse.frame(read_sql(SQL, "rows_of"), database=database, table=table, reader=reader)
        name = table if database == warehouse.database else f"{database}.{table}"
        yield from _rows(name, frame)
    units = [reader_id, str(reader), f"reader:{reader_id}"]
    yield from _rows("exposures", warehouse.frame(read_sql(SQL, "exposures_of"), units=units))
    quarantined = warehouse.frame(read_sql(SQL, "quarantined_of"), text=reader_id.removeprefix("device:"))
    yield from _rows("quarantine", quarantined.filter([reader_id in named(raw) for raw in quarantined["raw"]]))


def _files(settings: Settings, ids: set[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    whole = settings.model_copy(update={"brand": None})
    found = [*whole.artifacts_dir.rglob("*.parquet"), *whole.artifacts_dir.rglob("*.csv")]
    for path in sorted([*found, *whole.root.glob("user_features_*.csv")]):
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
        campaign = "campaigns" in path.parts and path.suffix == ".csv"
        columns = [name for name in frame.columns if campaign or name in NAMED]
        if columns:
            about = pl.any_horizontal(pl.col(columns).cast(pl.String, strict=False).is_in(sorted(ids)).fill_null(False))
            name = path.parent.relative_to(whole.root) if path.name == ROWS else path.relative_to(whole.root)
            yield from _rows(str(name) if path.is_relative_to(whole.root) else str(path), frame.filter(about))


def _online(settings: Settings, reader: int) -> Iterator[tuple[str, Any]]:
    for place, online in places(settings):
        for name, value in (*_stored(online, reader), *_clicks(online, reader), *_memory(online, reader)):
            yield f"{place}/{name}", value
    for place, state in states(settings):
        kept = state.reader(reader)
        if kept.reads or kept.consent is not None:
            yield f"{place}/state", {"consent": _purposes(kept.consent), "reads": kept.reads}


def _stored(online: Online, reader: int) -> Iterator[tuple[str, Any]]:
    """Features, and reasons of every task."""
    try:
        store = OnlineFeatures.open(online)
    except StoreError:
        return
    if (row := store.get(reader)) is not None:
        meta = store.meta
        numbers = {
            name: None if value != value else value
            for name, value in zip(meta.numbers, row.numbers.tolist(), strict=True)
        }
        yield "features", {"as_of": row.as_of, **numbers, **dict(zip(meta.words, row.words, strict=True))}
    for table in tables(online):
        if table.startswith("reasons/") and (told := store.get_reasons(table.removeprefix("reasons/"), reader)):
            yield table, told._asdict()


def _clicks(online: Online, reader: int) -> Iterator[tuple[str, Any]]:
    table = ClicksTable.open(online)
    if table is not None and (row := table.reader(reader)) is not None:
        yield "clicks", {name: getattr(row, name) for name in row.__struct_fields__}


def _memory(online: Online, reader: int) -> Iterator[tuple[str, Any]]:
    if (version := current(online / MEMORY)) is None:
        return
    recommender = Recommender.read(read_memory(online, version)[1])
    history = recommender.memory.of(reader)
    if len(history.place):
        places, times = history.place.tolist(), history.at.tolist()
        titles = [recommender.catalogue.article(place).article_id for place in places]
        yield "recommendation", {"reads": list(zip(titles, times, strict=True))}


def _rows(name: str, frame: pl.DataFrame) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    if not frame.is_empty():
        yield name, frame.to_dicts()


def _purposes(consent: int | None) -> list[str] | None:
    return None if consent is None else [name for name, bit in PURPOSES.items() if consent & bit]
