"""`readership simulate`: a world into the warehouse by the one way in, its truth beside it."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from readership.errors import InputError
from readership.events.mapping import load_mapping
from readership.pipelines.contacts import Contacts, held_contacts, joined, store_contacts
from readership.pipelines.ingest import ingest
from readership.pipelines.making import Asked, Making
from readership.pipelines.progress import Progress
from readership.pipelines.records import load_records
from readership.pipelines.truth import SQL, TABLES, TRUTH, create_truth, held_world, record_world, rows_held
from readership.settings import Settings
from readership.simulator import batches, dirt
from readership.simulator.bookings import bookings
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
    """Make a world and load it, or the further days of the one that is there.

    The same world twice adds nothing; an interrupted run is completed by the same command. A world with more days than
    the one held goes on from it: the first days are lived again, and only those after them are loaded. A warehouse
    that holds anything else is refused. `truth` is the database of the hidden state.
    """
    there = _there(warehouse, asked, truth)
    asked = replace(asked, contacts=there.contacts)
    making = Making(asked, progress)
    if there.days == asked.world.days:
        if progress:
            progress.say("this very world is in the warehouse already; nothing was added")
        return making.summary({"events_loaded": 0})
    if there.days and progress:
        progress.say(f"{there.days} days are loaded; the world goes on from {there.end:%Y-%m-%d}")
    return making.summary(_load(warehouse, settings, asked, making, truth, there.days))


class _There(NamedTuple):
    """How many whole days of the world asked for are loaded, and the campaigns it is lived with from now on."""

    days: int
    end: datetime
    contacts: tuple[Contacts, ...]


def _there(warehouse: Warehouse, asked: Asked, truth: str) -> _There:
    """What is there of this world. Raises InputError where something else is, or what cannot go on."""
    migrate(warehouse)
    there = held_world(warehouse, truth)
    if there is None:
        if held_rows := rows_held(warehouse):
            raise InputError(
                f"the warehouse holds data from another source ({held_rows}); a simulated world would mix with it; "
                "set READERSHIP_WAREHOUSE to another path, e.g. chdb://var/simulated; nothing was changed"
            )
        return _There(0, asked.world.start, joined((), asked.contacts, asked.world.start))
    create_truth(warehouse, truth)
    kinds = dirt.kinds(kind for (kind,) in warehouse.rows(read_sql(SQL, "held_dirt"), truth=truth))
    known = held_contacts(warehouse, truth)
    held = Asked(there.world, kinds, known)
    longer = replace(there.world, days=max(there.world.days, asked.world.days)) if not kinds else there.world
    if (longer, kinds) != (asked.world, asked.dirt) or there.version != VERSION:
        rules = "" if there.version == VERSION else f", made by the rules of version {there.version}, now {VERSION}"
        raise InputError(
            f"the warehouse holds another simulated world ({held}{rules}); two would mix; set READERSHIP_WAREHOUSE to "
            "another path, or remove this one; nothing was changed"
        )
    if not there.complete:
        return _There(0, there.world.start, joined(known, asked.contacts, there.world.end))
    return _There(there.world.days, there.world.end, joined(known, asked.contacts, there.world.end))


def _load(
    warehouse: Warehouse, settings: Settings, asked: Asked, making: Making, truth: str, loaded_days: int
) -> dict[str, Any]:
    _begin(warehouse, asked, truth, anew=loaded_days == 0)
    store = _Store(warehouse, truth)
    counts = dict.fromkeys(("events_loaded", "events_duplicate", "events_quarantined", "sessions", "readers"), 0)
    with tempfile.TemporaryDirectory(prefix="readership-simulate-") as folder:
        days = store.events_of(making, loaded_days)
        for number, table in enumerate(batches(days, EVENTS_PER_FILE)):
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


def _begin(warehouse: Warehouse, asked: Asked, truth: str, *, anew: bool) -> None:
    """Say what is written; anew: empty the tables an interrupted run may have begun (its events count as duplicates).

    A run that goes on and is interrupted is begun anew by the next one: which days are whole is not known.
    """
    create_truth(warehouse, truth)
    store_contacts(warehouse, truth, asked.contacts)
    if not anew:
        record_world(warehouse, truth, asked.world, "writing")
        return
    own = [(warehouse.database, table) for table in ("ads", "articles", "subscriptions", "outages", "quarantine")]
    for database, table in [*own, *((truth, table) for table in TABLES)]:
        warehouse.command(read_sql(SQL, "empty_table"), database=database, table=table)
    if asked.dirt:
        warehouse.insert(f"{truth}.dirt", asked.planned())
    record_world(warehouse, truth, asked.world, "writing")
    if (outages := asked.outages()) is not None:
        warehouse.insert("outages", _stored(outages, datetime.now(UTC)))
    load_records(warehouse, "ads", [bookings(asked.world)], source="the simulated world's ads")


class _Store:
    """Tables other than the events' own wait here until the events made with them are stored."""

    def __init__(self, warehouse: Warehouse, truth: str) -> None:
        self._warehouse, self._truth = warehouse, truth
        self._waiting: dict[str, list[pa.Table]] = {}

    def events_of(self, making: Making, loaded_days: int) -> Iterator[pa.Table]:
        """The events of each day that is not loaded; what else the day made is kept for `flush`."""
        for number, day in enumerate(making.days()):
            if number == 0 and loaded_days:
                self._newcomers(day.truth["readers"], loaded_days)
            if number < loaded_days:
                continue
            for name, table in {"articles": day.articles, "subscriptions": day.subscriptions}.items():
                self._waiting.setdefault(name, []).append(table)
            for name, table in day.truth.items():
                self._waiting.setdefault(f"{self._truth}.{name}", []).append(table)
            yield day.events

    def _newcomers(self, everybody: pa.Table, loaded_days: int) -> None:
        """The first day lists everybody, whenever they arrive; those who do so after the loaded days are new."""
        self._waiting[f"{self._truth}.readers"] = [everybody.filter(pc.field("arrived") >= loaded_days)]

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
