"""`readership simulate`: a world into the warehouse by the one way in, its truth beside it."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from readership.errors import InputError
from readership.events.mapping import load_mapping
from readership.pipelines.ingest import ingest
from readership.pipelines.making import Asked, Making
from readership.pipelines.progress import Progress
from readership.pipelines.truth import SQL, TABLES, TRUTH, create_truth, held_world, record_world, rows_held
from readership.settings import Settings
from readership.simulator import batches, dirt
from readership.simulator.parameters import VERSION
from readership.warehouse import Warehouse, migrate, read_sql

EVENTS_PER_FILE = 500_000
MOMENT = pa.timestamp("ms", "UTC")


def simulate(
    warehouse: Warehouse,
    settings: Settings,
    asked: Asked,
    *,
    truth: str = TRUTH,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Make a world and load it.

    The same world twice adds nothing; an interrupted run is completed by the same command. A warehouse that holds
    anything else is refused. `truth` is the database of the hidden state.
    """
    making = Making(asked, progress)
    if _is_loaded(warehouse, asked, truth):
        if progress:
            progress.say("this very world is in the warehouse already; nothing was added")
        return making.summary({"events_loaded": 0})
    return making.summary(_load(warehouse, settings, asked, making, truth))


def _is_loaded(warehouse: Warehouse, asked: Asked, truth: str) -> bool:
    """Whether this world is there, whole. Raises InputError where something else is."""
    migrate(warehouse)
    there = held_world(warehouse, truth)
    if there is not None:
        create_truth(warehouse, truth)
        kinds = dirt.kinds(kind for (kind,) in warehouse.rows(read_sql(SQL, "held_dirt"), truth=truth))
        held = Asked(there.world, kinds)
        if held == asked and there.version == VERSION:
            return there.complete
        rules = "" if there.version == VERSION else f", made by the rules of version {there.version}, now {VERSION}"
        raise InputError(
            f"the warehouse holds another simulated world ({held}{rules}); two would mix; set READERSHIP_WAREHOUSE to "
            "another path, or remove this one; nothing was changed"
        )
    if held_rows := rows_held(warehouse):
        raise InputError(
            f"the warehouse holds data from another source ({held_rows}); a simulated world would mix with it; "
            "set READERSHIP_WAREHOUSE to another path, e.g. chdb://var/simulated; nothing was changed"
        )
    return False


def _load(warehouse: Warehouse, settings: Settings, asked: Asked, making: Making, truth: str) -> dict[str, Any]:
    _begin(warehouse, asked, truth)
    store = _Store(warehouse, truth)
    counts = dict.fromkeys(("events_loaded", "events_duplicate", "events_quarantined", "sessions", "readers"), 0)
    with tempfile.TemporaryDirectory(prefix="readership-simulate-") as folder:
        for number, table in enumerate(batches(store.events_of(making), EVENTS_PER_FILE)):
            file = Path(folder) / f"events-{number:05}.parquet"
            pq.write_table(table, file, compression="lz4")
            summary = ingest(warehouse, [file], load_mapping("native"), settings=settings)
            file.unlink()
            for name in ("events_loaded", "events_duplicate", "events_quarantined"):
                counts[name] += getattr(summary, name)
            counts |= {"sessions": summary.sessions, "readers": summary.readers}
            store.flush()
    store.flush()
    record_world(warehouse, truth, asked.world, "complete")
    return counts


def _begin(warehouse: Warehouse, asked: Asked, truth: str) -> None:
    """Empty the tables an interrupted run may have begun (its events count as duplicates), and say what is written."""
    create_truth(warehouse, truth)
    own = [(warehouse.database, table) for table in ("articles", "subscriptions", "outages", "quarantine")]
    for database, table in [*own, *((truth, table) for table in TABLES)]:
        warehouse.command(read_sql(SQL, "empty_table"), database=database, table=table)
    if asked.dirt:
        warehouse.insert(f"{truth}.dirt", asked.planned())
    record_world(warehouse, truth, asked.world, "writing")
    if (outages := asked.outages()) is not None:
        warehouse.insert("outages", _stored(outages, datetime.now(UTC)))


class _Store:
    """Tables other than the events' own wait here until the events made with them are stored."""

    def __init__(self, warehouse: Warehouse, truth: str) -> None:
        self._warehouse, self._truth = warehouse, truth
        self._waiting: dict[str, list[pa.Table]] = {}

    def events_of(self, making: Making) -> Iterator[pa.Table]:
        """The events of each day; what else the day made is kept for `flush`."""
        for day in making.days():
            for name, table in {"articles": day.articles, "subscriptions": day.subscriptions}.items():
                self._waiting.setdefault(name, []).append(table)
            for name, table in day.truth.items():
                self._waiting.setdefault(f"{self._truth}.{name}", []).append(table)
            yield day.events

    def flush(self) -> None:
        """Append what waits to its tables."""
        now = datetime.now(UTC)
        for name, tables in self._waiting.items():
            table = pa.concat_tables(tables)
            if len(table):
                self._warehouse.insert(name, table if "." in name else _stored(table, now))
        self._waiting.clear()


def _stored(table: pa.Table, now: datetime) -> pa.Table:
    """With the columns every stored row carries; an article is known as it is published."""
    if "received_at" not in table.column_names:
        table = table.append_column("received_at", table["published_at"])
    return table.append_column("loaded_at", pa.array([now] * len(table), MOMENT))
