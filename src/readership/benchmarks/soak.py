"""Whether the memory of a worker stays flat under a load of everything, for as long as one cares to wait."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from readership.benchmarks.result import result
from readership.benchmarks.steady_load import MIX, Steady
from readership.benchmarks.uptime import ARTICLES, WORKERS, Scene, shares, standing
from readership.errors import ReadershipError

RATE, LOOK_SECONDS, WARM_SHARE = 200.0, 2.0, 0.3
PROTOCOL = (
    "{workers} workers of `readership serve`, {readers:,} readers, {articles:,} articles, online store: {store}, "
    "events to a broker process. {mix} Memory of each worker is read every {look:.0f} s. rss_growth_mib: slope of the "
    "line of least squares through what was resident after the first {warm:.0%} of the time, times the rest of it; the "
    "worker that grew most. private_growth_mib: the same without pages of files. rss_mib: at the end, largest worker."
)


class Sample(NamedTuple):
    """Memory of one worker, `at` seconds after the load began."""

    worker: int
    at: float
    rss_mib: float
    private_mib: float


def run(*, minutes: float = 10.0, readers: int = 20_000) -> dict[str, Any]:
    """Build the world, load it, look; PROTOCOL says what figures mean."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="readership-bench-") as folder, standing(Path(folder), readers) as scene:
        samples, told = _loaded(scene, minutes * 60, readers)
        store = "Redis" if scene.redis else "LMDB"
    after = minutes * 60 * WARM_SHARE
    warm = [sample for sample in samples if sample.at >= after]
    workers = sorted({sample.worker for sample in warm})
    of_each = [[sample for sample in warm if sample.worker == worker] for worker in workers]
    figures = {
        "rss_growth_mib": max(growth([(one.at, one.rss_mib) for one in each]) for each in of_each),
        "private_growth_mib": max(growth([(one.at, one.private_mib) for one in each]) for each in of_each),
        "rss_mib": max(each[-1].rss_mib for each in of_each),
        "workers_seen": len(workers),
        "samples": len(samples),
        **shares(told),
        "wrong": told["wrong"],
    }
    protocol = PROTOCOL.format(
        workers=WORKERS,
        readers=readers,
        articles=ARTICLES,
        store=store,
        mix=MIX.format(rate=RATE, minutes=minutes),
        look=LOOK_SECONDS,
        warm=WARM_SHARE,
    )
    return result("soak", figures, {}, protocol, time.perf_counter() - began)


def growth(points: Sequence[tuple[float, float]]) -> float:
    """What the line of least squares through (seconds, MiB) rises by from the first point to the last.

    >>> growth([(0.0, 100.0), (10.0, 101.0), (20.0, 102.0)])
    2.0
    """
    if len(points) < 2:
        return float("nan")
    at, mib = np.array(points).T
    slope = np.polyfit(at - at[0], mib, 1)[0]
    return round(float(slope * (at[-1] - at[0])), 2)


def _loaded(scene: Scene, seconds: float, readers: int) -> tuple[list[Sample], dict[str, Any]]:
    """Samples of the whole time, and what came of the load."""
    load = Steady(scene.server.port, RATE, seconds, readers, ARTICLES, str(scene.home / "acknowledged"))
    command = [sys.executable, "-m", "readership.benchmarks.steady_load", json.dumps(asdict(load))]
    began, samples = time.monotonic(), list[Sample]()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as asking:
        while asking.poll() is None:
            at = time.monotonic() - began
            for worker, memory in scene.server.memory_by_worker().items():
                private = memory.get("private_mib_per_worker", float("nan"))
                samples.append(Sample(worker, at, memory["rss_mib_per_worker"], private))
            time.sleep(LOOK_SECONDS)
        said, _ = asking.communicate()
    if asking.returncode:
        raise ReadershipError("the load ended early; the lines above say why")
    return samples, json.loads(said)
