"""How much is answered correctly while things break, and whether an event that was acknowledged is ever lost.

The product's own server with two workers and a real broker, under a constant load that looks at every answer, while
workers are killed and replaced, a model is swapped, and the broker and the online store go away and come back.
Afterwards everything is taken to a warehouse, and each acknowledged event looked for by its id.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from readership.benchmarks.faults import Broker, Redis, broker, redis
from readership.benchmarks.recommendation import newsroom
from readership.benchmarks.result import result
from readership.benchmarks.served import Served, free_port, served
from readership.benchmarks.serving_world import build_world
from readership.benchmarks.steady_load import MIX, PATIENCE_SECONDS, Steady
from readership.errors import ReadershipError
from readership.registry.bundles import Bundle, write_bundle
from readership.registry.live import write_live
from readership.settings import RedisPlace, Settings
from readership.warehouse import Warehouse

WORKERS, RATE, ARTICLES, READS_A_READER = 2, 100.0, 2_000, 5
TOPIC, SWAPPED = "web_clicks", "swapped"
FORWARDED_SECONDS = 60.0
START = "from readership.cli import main; main()"
PROTOCOL = (
    "{workers} workers of `readership serve`, {readers:,} readers, {articles:,} articles, online store: {store}, "
    "events to a broker process. {mix} Correct: a success with the documented body for what was asked, within "
    "{patience:.0f} s; a client asks once more where its connection was cut (asked_again). Meanwhile: {faults}. "
    "events_lost: ids of acknowledged events that are not in the warehouse after `readership ingest --kafka` and "
    "`--segments`; events_stored_twice: ids that are there more than once. workers_seen: worker processes, those that "
    "were replaced included."
)


class Fault(NamedTuple):
    """What happens once `at` of the time has passed."""

    at: float
    name: str
    happen: Callable[[], object]


class Scene(NamedTuple):
    """What can be broken."""

    home: Path
    server: Served
    broker: Broker
    redis: Redis | None


def run(*, minutes: float = 5.0, readers: int = 20_000) -> dict[str, Any]:
    """Build the world, load it, break it, count; PROTOCOL says what figures mean."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="readership-bench-") as folder:
        home = Path(folder)
        with standing(home, readers) as scene:
            told = _loaded(scene, minutes * 60, readers, faults(scene))
            away = _forwarded(scene.server.port)
            store = "Redis" if scene.redis else "LMDB"
            happened = [fault.name for fault in faults(scene)]
            figures = shares(told) | {"not_forwarded_bytes": away} | _stored(home, scene.broker)
    protocol = PROTOCOL.format(
        workers=WORKERS,
        readers=readers,
        articles=ARTICLES,
        store=store,
        mix=MIX.format(rate=RATE, minutes=minutes),
        patience=PATIENCE_SECONDS,
        faults=", ".join(happened),
    )
    figures["faults"] = len(happened)
    return result("uptime", figures | told, {}, protocol, time.perf_counter() - began)


@contextmanager
def standing(home: Path, readers: int) -> Iterator[Scene]:
    """The world, served, with its broker, and with Redis where a server and its client are installed."""
    with ExitStack() as stack:
        kafka = stack.enter_context(broker(home))
        kafka.make(TOPIC)
        store = stack.enter_context(redis(home))
        online = RedisPlace(store.address) if store else None
        build_world(home, readers, online=online)
        newsroom(home, readers, readers * READS_A_READER, ARTICLES, online=online)
        swap_in(home / "artifacts" / "models")
        settings = {"READERSHIP_HOME": str(home), "READERSHIP_KAFKA_SERVERS": kafka.address}
        if store:
            settings["READERSHIP_ONLINE_STORE"] = store.address
        port = free_port()
        command = ["-c", START, "serve", "--port", str(port), "--workers", str(WORKERS)]
        yield Scene(home, stack.enter_context(served(command, port, "/readyz", home, settings)), kafka, store)


def swap_in(models: Path) -> None:
    """A second version of the churn model, ready to be promoted."""
    first = Bundle.load(models / "churn" / "bench")
    files = {name: first.read(name) for name in first.manifest.files}
    write_bundle(models, replace(first.manifest, version=SWAPPED), files)


def faults(scene: Scene) -> list[Fault]:
    """What happens, in order; what goes away comes back."""
    models = scene.home / "artifacts" / "models"

    def kill() -> None:
        os.kill(scene.server.workers()[-1], signal.SIGKILL)

    def live(version: str) -> Callable[[], object]:
        return lambda: write_live(models, "churn", champion=version, challenger=None, by="bench", why="uptime")

    found = [
        Fault(0.06, "a worker killed", kill),
        Fault(0.14, "a rolling restart", scene.server.restart),
        Fault(0.24, "another model promoted", live(SWAPPED)),
        Fault(0.36, "the model rolled back", live("bench")),
        Fault(0.38, "the broker paused", scene.broker.pause),
        Fault(0.44, "the broker goes on", scene.broker.resume),
        Fault(0.50, "the broker's port cut", scene.broker.wire.cut),
        Fault(0.56, "the broker's port open again", scene.broker.wire.join),
        Fault(0.62, "a worker killed", kill),
        Fault(0.88, "a worker killed", kill),
    ]
    if scene.redis:
        found += [Fault(0.72, "Redis stopped", scene.redis.stop), Fault(0.74, "Redis started", scene.redis.start)]
    return sorted(found, key=lambda fault: fault.at)


def shares(told: dict[str, Any]) -> dict[str, float]:
    """Correct answers among all that were asked, altogether and by kind.

    >>> shares({"asked": {"churn": 3, "event": 1}, "correct": {"churn": 3}})
    {'success_share': 0.75, 'churn_share': 1.0, 'event_share': 0.0}
    """
    asked, correct = Counter(told["asked"]), Counter(told["correct"])
    each = {f"{kind}_share": round(correct[kind] / number, 6) for kind, number in asked.items()}
    return {"success_share": round(correct.total() / max(asked.total(), 1), 6), **each}


def _loaded(scene: Scene, seconds: float, readers: int, planned: list[Fault]) -> dict[str, Any]:
    """What came of the load while the faults happened."""
    load = Steady(scene.server.port, RATE, seconds, readers, ARTICLES, str(scene.home / "acknowledged"))
    command = [sys.executable, "-m", "readership.benchmarks.steady_load", json.dumps(asdict(load))]
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as asking:
        seen = set(scene.server.workers())
        for fault in planned:
            time.sleep(max(0.0, began + fault.at * seconds - time.monotonic()))
            seen |= set(scene.server.workers())
            fault.happen()
        said, _ = asking.communicate(timeout=seconds + 120)
    if asking.returncode:
        raise ReadershipError("the load ended early; the lines above say why")
    told: dict[str, Any] = json.loads(said)
    return told | {"workers_seen": len(seen | set(scene.server.workers()))}


def _forwarded(port: int) -> int:
    """Wait until no event waits on disk for the broker; bytes that still do."""
    until, left = time.monotonic() + FORWARDED_SECONDS, 1
    while left and time.monotonic() < until:
        time.sleep(1)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        left = int(sum(float(line.split()[-1]) for line in lines if line.startswith("readership_kafka_waiting_bytes{")))
    return left


def _stored(home: Path, kafka: Broker) -> dict[str, int]:
    """Acknowledged events, those of them that the warehouse lacks, and those that it has twice."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("READERSHIP_")}
    settings = {**kept, "READERSHIP_HOME": str(home), "READERSHIP_KAFKA_SERVERS": kafka.address}
    for way in (["--kafka", TOPIC, "--once"], ["--segments"]):
        command = [sys.executable, "-c", START, "ingest", *way, "--json"]
        done = subprocess.run(command, cwd=home, env=settings, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ReadershipError(f"`readership ingest {' '.join(way)}` failed: {done.stderr[-800:]}")
    acknowledged = set((home / "acknowledged").read_text(encoding="utf-8").split())
    with Warehouse.open(Settings(warehouse=f"chdb://{home}/var/warehouse")) as warehouse:
        times = Counter(found for (found,) in warehouse.rows("SELECT toString(event_id) FROM events"))
    twice = sum(times[event] > 1 for event in times)
    return {
        "events_acknowledged": len(acknowledged),
        "events_lost": len(acknowledged - set(times)),
        "events_stored_twice": twice,
    }
