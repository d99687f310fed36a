"""How fast is a world made, does that stay so with ten and forty times the readers, and does memory grow with the days?

Every world is made in a process of its own, day by day, and thrown away; loading it is `bench ingest`'s matter.
"""

import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from readership.benchmarks.result import result
from readership.errors import InputError
from readership.simulator import World, simulate

SHORT_DAYS = 14
LONG_DAYS = 120
SEED = 7
PROTOCOL = (
    "a world of {readers:,} readers and {long} days, seed 7, made in one process and thrown away: events_per_second, "
    "events_per_cpu_second, peak_rss_gib. growth_10x and growth_40x: processor time for {readers:,} and {most:,} "
    "readers over that for {few:,}, of {short} days each; events_growth_10x and events_growth_40x: the same of the "
    "events they make. memory_growth_with_days: peak memory of {long} days over that of {short}"
)


class Timing(NamedTuple):
    """One world."""

    events: int
    seconds: float
    cpu_seconds: float
    peak_rss_gib: float


def run(*, readers: int = 50_000) -> dict[str, Any]:
    """Figures: events_per_second, peak_rss_gib, growth_10x, growth_40x, memory_growth_with_days."""
    if readers < 1000:
        raise InputError(f"{readers} readers are too few to measure; give at least 1000")
    began = time.monotonic()
    few, most = readers // 10, readers * 4
    small, middle, large = (apart(size, SHORT_DAYS) for size in (few, readers, most))
    long = apart(readers, LONG_DAYS)
    figures = {
        "events_per_second": round(long.events / long.seconds),
        "events_per_cpu_second": round(long.events / long.cpu_seconds),
        "events": long.events,
        "peak_rss_gib": round(long.peak_rss_gib, 2),
        "growth_10x": round(middle.cpu_seconds / small.cpu_seconds, 2),
        "growth_40x": round(large.cpu_seconds / small.cpu_seconds, 2),
        "events_growth_10x": round(middle.events / small.events, 2),
        "events_growth_40x": round(large.events / small.events, 2),
        "peak_rss_gib_40x": round(large.peak_rss_gib, 2),
        "memory_growth_with_days": round(long.peak_rss_gib / middle.peak_rss_gib, 2),
    }
    protocol = PROTOCOL.format(readers=readers, few=few, most=most, short=SHORT_DAYS, long=LONG_DAYS)
    return result("simulate", figures, {}, protocol, time.monotonic() - began)


def apart(readers: int, days: int) -> Timing:
    """Make a world in a process of its own, so that its peak memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, readers, days).result()


def measure(readers: int, days: int) -> Timing:
    """Make a world and count what it leaves."""
    began, worked = time.perf_counter(), time.process_time()
    events = sum(len(day.events) for day in simulate(World(readers, days, SEED)))
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - worked
    return Timing(events, seconds, cpu_seconds, peak_rss_gib())


def peak_rss_gib() -> float:
    """The most memory this process has held. Linux's `ru_maxrss` would include what its parent held when it began."""
    status = Path("/proc/self/status")
    if status.exists():
        (held,) = (line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(held) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**30
