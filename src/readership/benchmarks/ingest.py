"""How fast do events get in? JSON lines through the product's own ingest into an embedded warehouse.

The rate counts everything up to stored events: reading, checking every field, quarantine, de-duplication against
what is stored, and readers; building sessions is timed apart. Its peer is Python reading the same lines one by one.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from readership.benchmarks.result import result
from readership.errors import InputError
from readership.events.mapping import load_mapping
from readership.pipelines.ingest import IngestSummary, ingest
from readership.settings import Settings
from readership.warehouse import Warehouse

THREADS = 2
ROUNDS = 3
VISIT = 12
"""Events a visit."""
FIRST_MS = 1_767_225_600_000
KINDS = ("article_impression", "article_click", "article_view", "scroll", "article_complete", "ad_impression")
BROKEN_EVERY = 1000
REPEATED_EVERY = 200
PEER_LINES = 100_000
PROTOCOL = (
    "{events:,} generated events in visits of 12 as one file of JSON lines ({bytes_per_line} bytes a line; 1 in 1000 "
    "broken, 1 in 200 a repeat), into an empty embedded warehouse, {threads} threads; events_per_second is up to "
    "stored events, with every field checked, quarantine, de-duplication and readers; sessions are timed apart; then "
    "the same file again (again_per_second: all duplicates); fastest of {rounds} rounds, each in its own process; the "
    "peer reads the same lines by json.loads and checks three fields, storing nothing"
)


class Timing(NamedTuple):
    """What one round took, and what it found."""

    events_seconds: float
    sessions_seconds: float
    again_seconds: float
    peak_rss_gib: float
    loaded: int
    duplicate: int
    quarantined: int
    again_loaded: int


def run(*, events: int = 2_000_000) -> dict[str, Any]:
    """Figures: events_per_second, with_sessions_per_second, again_per_second, peak_rss_gib and the counts."""
    if events < 10_000:
        raise InputError(f"{events} events are too few to measure; give at least 10000")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="readership-bench-") as folder:
        file = Path(folder) / "events.jsonl"
        write_events(file, events)
        rounds = [_apart(measure, file, Path(folder) / f"round{number}") for number in range(ROUNDS)]
        peer = _python_rate(file)
        size = file.stat().st_size
    best = min(rounds, key=lambda timing: timing.events_seconds)
    lines = best.loaded + best.duplicate + best.quarantined
    figures = {
        "events_per_second": round(lines / best.events_seconds),
        "with_sessions_per_second": round(lines / (best.events_seconds + best.sessions_seconds)),
        "again_per_second": round(lines / best.again_seconds),
        "peak_rss_gib": round(max(timing.peak_rss_gib for timing in rounds), 2),
        "events_loaded": best.loaded,
        "events_duplicate": best.duplicate,
        "events_quarantined": best.quarantined,
        "loaded_again": best.again_loaded,
    }
    protocol = PROTOCOL.format(events=events, bytes_per_line=size // lines, threads=THREADS, rounds=ROUNDS)
    return result("ingest", figures, {"python_json": {"events_per_second": peer}}, protocol, time.monotonic() - began)


def write_events(file: Path, events: int) -> None:
    """A log of visits: each event a JSON object with the fields that trackers send, some broken, some repeated."""
    random = np.random.default_rng(1)
    with file.open("w", encoding="utf-8") as out:
        last = ""
        for number, line in enumerate(_lines(random, events)):
            broken, repeated = number % BROKEN_EVERY == 7, number % REPEATED_EVERY == 9
            last = line[: len(line) // 2] if broken else (last if repeated and last.endswith("}") else line)
            out.write(last + "\n")


def measure(file: Path, store: Path) -> Timing:
    """Load the file twice into a new store."""
    settings = Settings(warehouse=f"chdb://{store}", query_threads=THREADS)
    with Warehouse.open(settings) as warehouse:
        first = _load(warehouse, file, settings)
        again = _load(warehouse, file, settings)
    unit = 2**10 if sys.platform == "linux" else 1
    return Timing(
        events_seconds=first.seconds["events"],
        sessions_seconds=first.seconds["sessions"],
        again_seconds=again.seconds["events"],
        peak_rss_gib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30,
        loaded=first.events_loaded,
        duplicate=first.events_duplicate,
        quarantined=first.events_quarantined,
        again_loaded=again.events_loaded,
    )


def _load(warehouse: Warehouse, file: Path, settings: Settings) -> IngestSummary:
    return ingest(warehouse, [file], load_mapping("native"), settings=settings)


def _lines(random: np.random.Generator, events: int) -> Iterator[str]:
    visits = -(-events // VISIT)
    reader = random.integers(1, max(visits // 3, 2), visits)
    start = FIRST_MS + np.sort(random.integers(0, 30 * 86_400_000, visits))
    for visit in range(visits):
        steps = random.integers(2_000, 60_000, VISIT).cumsum() + start[visit]
        ids = random.bytes(16 * VISIT).hex()
        choice = random.integers(0, 1000, (VISIT, 4))
        for step in range(min(VISIT, events - visit * VISIT)):
            yield _line(
                int(reader[visit]), visit, step, ids[32 * step : 32 * step + 32], int(steps[step]), choice[step]
            )


def _line(reader: int, visit: int, step: int, mark: str, at: int, choice: np.ndarray) -> str:
    kind = KINDS[choice[0] % len(KINDS)]
    event = {
        "event_id": f"{mark[:8]}-{mark[8:12]}-{mark[12:16]}-{mark[16:20]}-{mark[20:]}",
        "user_id": f"reader-{reader}",
        "session_id": f"visit-{visit}",
        "event_type": kind,
        "timestamp": at,
        "received_at": at + 50 + int(choice[2]),
        "brand": "herald",
        "category": ("politics", "sport", "culture", "economy")[choice[1] % 4],
        "article_id": f"article-{choice[1] * 7 % 3000}",
        "referrer": ("search", "direct", "social")[visit % 3],
        "device_type": ("mobile", "desktop")[visit % 2],
        "device_os": ("iOS", "Windows")[visit % 2],
        "browser": ("Safari", "Chrome")[visit % 2],
        "country": "FR",
        "timezone": "Europe/Paris",
        "subscription_tier": "free",
    }
    if step == 0:
        event["consent"] = {"analytics": True, "personalisation": True, "advertising": False, "marketing": False}
    if kind in ("scroll", "article_complete"):
        event["engagement_metrics"] = {"scroll_depth": int(choice[3] % 101), "time_on_page": int(choice[2]) / 10}
    return json.dumps(event)


def _python_rate(file: Path) -> int:
    """Lines a second that plain Python reads and checks, with nothing stored."""
    began, good, number = time.perf_counter(), 0, 0
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                event = json.loads(line)
                good += bool(event["user_id"] and event["event_type"]) and 0 <= event["timestamp"] < 4e12
            except (ValueError, KeyError):
                continue
            if number == PEER_LINES:
                break
    return round(number / (time.perf_counter() - began))


def _apart(work: Any, *arguments: Path) -> Any:
    """Call `work` in a process of its own (the engine holds one path a process and must not be forked)."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()
