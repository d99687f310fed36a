"""`readership simulate`: a world into the warehouse by the one way in, its truth beside it; or into files."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from readership.errors import InputError
from readership.events.mapping import load_mapping
from readership.pipelines.ingest import ingest
from readership.pipelines.progress import Progress
from readership.pipelines.truth import SQL, TABLES, TRUTH, create_truth, held_world, record_world, rows_held
from readership.settings import Settings
from readership.simulator import DEFAULT_START, Day, World, batches
from readership.simulator import simulate as simulated_days
from readership.warehouse import Warehouse, migrate, read_sql

EVENTS_PER_FILE = 500_000
MOMENT = pa.timestamp("ms", "UTC")


class Totals(NamedTuple):
    """What a run of the simulator has made so far, and how long making it took (loading apart)."""

    events: int = 0
    articles: int = 0
    seconds: float = 0.0


def simulate(
    warehouse: Warehouse,
    settings: Settings,
    *,
    readers: int,
    days: int,
    seed: int,
    start: datetime | None = None,
    out: Path | None = None,
    truth: str = TRUTH,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Make a world and load it; `out` writes Parquet files there and leaves the warehouse alone.

    The same world twice adds nothing; an interrupted run is completed by the same command. A warehouse that holds
    anything else is refused. `truth` is the database of the hidden state.
    """
    world = _world(readers, days, seed, start)
    began = time.monotonic()
    if out is not None:
        totals = _to_files(world, out, progress)
        loaded: dict[str, Any] = {"folder": str(out)}
    elif _is_loaded(warehouse, world, truth):
        if progress:
            progress.say("this very world is in the warehouse already; nothing was added")
        totals, loaded = Totals(), {"events_loaded": 0}
    else:
        totals, loaded = _to_warehouse(warehouse, settings, world, truth, progress)
    return {
        "world": f"{readers} readers, {days} days from {world.start:%Y-%m-%d}, seed {seed}",
        "events": totals.events,
        "articles": totals.articles,
        **loaded,
        "events_per_second": round(totals.events / totals.seconds) if totals.seconds else None,
        "seconds": round(time.monotonic() - began, 1),
    }


def _world(readers: int, days: int, seed: int, start: datetime | None) -> World:
    try:
        world = World(readers, days, seed, start or DEFAULT_START)
    except ValueError as error:
        raise InputError(f"{error}; nothing was changed") from error
    if world.end > datetime.now(UTC):
        raise InputError(
            f"a world of {days} days from {world.start:%Y-%m-%d} ends on {world.end:%Y-%m-%d}, which lies in the "
            "future; choose an earlier --start or fewer --days; nothing was changed"
        )
    return world


def _is_loaded(warehouse: Warehouse, world: World, truth: str) -> bool:
    """Whether this world is there, whole. Raises InputError where something else is."""
    migrate(warehouse)
    there = held_world(warehouse, truth)
    if there is not None and there.world == world:
        return there.complete
    if there is not None:
        raise InputError(
            f"the warehouse holds another simulated world ({there}); two would mix; set READERSHIP_WAREHOUSE to "
            "another path, or remove this one; nothing was changed"
        )
    if held := rows_held(warehouse):
        raise InputError(
            f"the warehouse holds data from another source ({held}); a simulated world would mix with it; "
            "set READERSHIP_WAREHOUSE to another path, e.g. chdb://var/simulated; nothing was changed"
        )
    return False


def _to_warehouse(
    warehouse: Warehouse, settings: Settings, world: World, truth: str, progress: Progress | None
) -> tuple[Totals, dict[str, Any]]:
    create_truth(warehouse, truth)
    record_world(warehouse, truth, world, "writing")
    _forget_half_written(warehouse, truth)
    made = _Made(world, progress)
    counts = dict.fromkeys(("events_loaded", "events_duplicate", "events_quarantined", "sessions", "readers"), 0)
    with tempfile.TemporaryDirectory(prefix="readership-simulate-") as folder:
        for number, table in enumerate(batches(made.event_tables(), EVENTS_PER_FILE)):
            file = Path(folder) / f"events-{number:05}.parquet"
            pq.write_table(table, file, compression="lz4")
            summary = ingest(warehouse, [file], load_mapping("native"), settings=settings)
            file.unlink()
            for name in ("events_loaded", "events_duplicate", "events_quarantined"):
                counts[name] += getattr(summary, name)
            counts |= {"sessions": summary.sessions, "readers": summary.readers}
            made.store(warehouse, truth)
    made.store(warehouse, truth)
    record_world(warehouse, truth, world, "complete")
    return made.totals, counts


def _forget_half_written(warehouse: Warehouse, truth: str) -> None:
    """Empty the tables an interrupted run may have begun; its events count as duplicates."""
    own = [(warehouse.database, table) for table in ("articles", "subscriptions")]
    for database, table in [*own, *((truth, table) for table in TABLES)]:
        warehouse.command(read_sql(SQL, "empty_table"), database=database, table=table)


class _Made:
    """A world while it is being made: events flow on, the other tables wait until they are stored."""

    def __init__(self, world: World, progress: Progress | None) -> None:
        self.totals = Totals()
        self._world, self._progress = world, progress
        self._waiting: dict[str, list[pa.Table]] = {}

    def days(self) -> Iterator[Day]:
        """The world's days, timed; with a bar on a terminal."""
        days = simulated_days(self._world)
        title = f"simulating {self._world.days} days"
        for _ in self._progress.each(range(self._world.days), title) if self._progress else range(self._world.days):
            began = time.perf_counter()
            day = next(days)
            spent = time.perf_counter() - began
            self.totals = Totals(
                self.totals.events + len(day.events),
                self.totals.articles + len(day.articles),
                self.totals.seconds + spent,
            )
            yield day

    def event_tables(self) -> Iterator[pa.Table]:
        """The events of each day; what else the day made is kept for `store`."""
        for day in self.days():
            for name, table in {"articles": day.articles, "subscriptions": day.subscriptions}.items():
                self._waiting.setdefault(name, []).append(table)
            for name, table in day.truth.items():
                self._waiting.setdefault(f"truth/{name}", []).append(table)
            yield day.events

    def store(self, warehouse: Warehouse, truth: str) -> None:
        """Append what waits to its tables."""
        now = datetime.now(UTC)
        for name, tables in self._waiting.items():
            table = pa.concat_tables(tables)
            if not len(table):
                continue
            if name.startswith("truth/"):
                warehouse.insert(f"{truth}.{name.removeprefix('truth/')}", table)
            else:
                warehouse.insert(name, _stored(table, now))
        self._waiting.clear()


def _stored(table: pa.Table, now: datetime) -> pa.Table:
    """With the columns every stored row carries; an article is known as it is published."""
    if "received_at" not in table.column_names:
        table = table.append_column("received_at", table["published_at"])
    return table.append_column("loaded_at", pa.array([now] * len(table), MOMENT))


def _to_files(world: World, out: Path, progress: Progress | None) -> Totals:
    """Parquet files: events/, articles, subscriptions and truth/. The folder appears when it is whole."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} exists and is not an empty folder; choose another --out; nothing was changed")
    out.parent.mkdir(parents=True, exist_ok=True)
    made = _Made(world, progress)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as partial, _Files(Path(partial)) as files:
        for day in made.days():
            files.add("events", day.events)
            files.add("articles", day.articles)
            files.add("subscriptions", day.subscriptions)
            for name, table in day.truth.items():
                files.add(f"truth/{name}", table)
        files.close()
        if out.exists():
            out.rmdir()
        Path(partial).rename(out)
        Path(partial).mkdir()
    return made.totals


class _Files(ExitStack):
    """One Parquet file a table, written as the rows come."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}

    def add(self, name: str, table: pa.Table) -> None:
        """Append rows to `name`.parquet."""
        if name not in self._writers:
            path = self._folder / f"{name}.parquet"
            path.parent.mkdir(exist_ok=True)
            self._writers[name] = self.enter_context(pq.ParquetWriter(path, table.schema, compression="zstd"))
        self._writers[name].write_table(table)
