"""How fast is a publisher's own table of sessions read into the warehouse?

From rows in the source to sessions, readers and derived events stored: reading, checking every field, versions, tiers,
articles unfolded. Its peer is the engine copying the same rows from table to table.
"""

import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from readership.benchmarks.result import result
from readership.errors import InputError
from readership.events.mapping import load_mapping
from readership.pipelines.adopt import adopt, propose_mapping
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql
from readership.warehouse.remote import Source

SQL = "readership.benchmarks.sql"
TABLE = "publisher.visits"
READERS_A_SESSION = 20
THREADS = 2
PROTOCOL = (
    "{sessions:,} generated sessions of a year with {articles} articles each on average, in a publisher's own "
    "MergeTree table (UUIDs, hashed reader ids, local times, own names), read by the proposed mapping into an empty "
    "warehouse, {threads} threads, in a process of its own; source and warehouse are two databases of one embedded "
    "engine, so no network and no HTTP is measured, and peak memory is that of both; then the same command "
    "again (again_seconds: nothing new); the peer copies the rows from table to table in the engine, checking nothing"
)


class Timing(NamedTuple):
    """What adoption took, and what it found."""

    seconds: float
    again_seconds: float
    copy_seconds: float
    peak_rss_gib: float
    sessions: int
    events: int
    loaded_again: int


def run(*, sessions: int = 10_000_000) -> dict[str, Any]:
    """Figures: sessions_per_second, peak_rss_gib, events_per_second, again_seconds and the counts."""
    if sessions < 1000:
        raise InputError(f"{sessions} sessions are too few to measure; give at least 1000")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="readership-bench-") as folder:
        _apart(generate, Path(folder) / "store", sessions)
        timing: Timing = _apart(measure, Path(folder) / "store")
    figures = {
        "sessions_per_second": round(timing.sessions / timing.seconds),
        "events_per_second": round(timing.events / timing.seconds),
        "seconds": round(timing.seconds, 1),
        "again_seconds": round(timing.again_seconds, 1),
        "peak_rss_gib": round(timing.peak_rss_gib, 2),
        "sessions": timing.sessions,
        "events": timing.events,
        "loaded_again": timing.loaded_again,
    }
    protocol = PROTOCOL.format(sessions=sessions, articles=2, threads=THREADS)
    peers = {"copy_inside_the_engine": {"sessions_per_second": round(timing.sessions / timing.copy_seconds)}}
    return result("adopt", figures, peers, protocol, time.monotonic() - began)


def generate(store: Path, sessions: int) -> None:
    """Fill the publisher's table."""
    with Warehouse.open(_settings(store)) as warehouse:
        warehouse.command(read_sql(SQL, "adopt_database"))
        warehouse.command(read_sql(SQL, "adopt_table"))
        readers = max(1, sessions // READERS_A_SESSION)
        warehouse.command(read_sql(SQL, "adopt_rows"), sessions=sessions, readers=readers)


def measure(store: Path) -> Timing:
    """Adopt the table twice."""
    settings = _settings(store)
    with Warehouse.open(settings) as warehouse:
        table = Source.of(warehouse).table(TABLE)
        file = store.with_name("visits.toml")
        file.write_text(propose_mapping(table).toml, encoding="utf-8")
        mapping = load_mapping(file)
        timings = []
        for _ in range(2):
            began = time.monotonic()
            found = adopt(warehouse, table, mapping, settings=settings, consent=("analytics", "personalisation"))
            timings.append((time.monotonic() - began, found))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (2**10 if sys.platform == "linux" else 1)
        began = time.monotonic()
        warehouse.command(read_sql(SQL, "adopt_copy"))
        copying = time.monotonic() - began
    (first, done), (second, again) = timings
    return Timing(
        seconds=first,
        again_seconds=second,
        copy_seconds=copying,
        peak_rss_gib=peak / 2**30,
        sessions=done["sessions_loaded"],
        events=done["events_loaded"],
        loaded_again=again["sessions_loaded"] + again["events_loaded"],
    )


def _settings(store: Path) -> Settings:
    return Settings(warehouse=f"chdb://{store}", query_threads=THREADS)


def _apart(work: Any, *arguments: Any) -> Any:
    """Call `work` in a process of its own (the engine holds one path a process and must not be forked)."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()
