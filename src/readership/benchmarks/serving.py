"""How many churn answers a second one worker gives over HTTP, and how long the slowest take.

A world is made in a temporary folder: readers with every catalogued feature in an LMDB store, and an XGBoost
bundle of 300 trees that reads them all. The server is the product's own `readership serve`; the load runs in a
process of its own beside it.
"""

import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.benchmarks.http_load import Load
from readership.benchmarks.result import result
from readership.contracts import Dataset, Manifest, ModelSpec
from readership.errors import ReadershipError
from readership.features.catalogue import catalogue
from readership.features.online import OnlineWriter
from readership.models._tabular import build
from readership.registry.bundles import write_bundle
from readership.registry.live import write_live

AS_OF = datetime(2026, 10, 1, tzinfo=UTC)
TREES = 300
WORDS = tuple(f"word{number}" for number in range(8))
WARM_SECONDS, CLOSED_SECONDS, OPEN_SECONDS, ROUNDS = 2.0, 4.0, 5.0, 3
CONNECTIONS = 32
PROTOCOL = (
    "One worker of `readership serve` answers GET /v1/readers/{{id}}/churn for ids drawn at random of {readers:,} "
    "readers in LMDB ({features} features), scored by an XGBoost of {trees} trees through ONNX Runtime. The load runs "
    "on the same machine, as one process over {connections} keep-alive connections on loopback, and takes its share of "
    "the processor. churn_rps: closed loop, the middle of {rounds} rounds of {closed:.0f} s after {warm:.0f} s of "
    "warming. churn_p50_ms and churn_p99_ms: open loop at half that rate (open_rps; random arrivals), the middle of "
    "{rounds} rounds of {open:.0f} s and the worst of them, counted from the moment a request fell due, so waiting "
    "counts; closed_p99_ms is the closed loop's. errors: answers other than 200 and "
    "connections lost, all phases. rss_mib_per_worker: resident memory after the load, touched pages of the shared "
    "store included; private_mib_per_worker: without them. processor_us_per_answer: processor time of the worker over "
    "the closed loop, which other work on the machine disturbs least."
)


def run(*, readers: int = 100_000) -> dict[str, Any]:
    """Build the world, serve it, load it, stop it. Needs about a minute; see PROTOCOL for what each figure means."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="readership-bench-") as folder:
        features = build_world(Path(folder), readers)
        with _server(Path(folder)) as (port, process):
            warm = _load(port, readers, WARM_SECONDS)
            before = _processor_seconds(process.pid)
            closed = [_load(port, readers, CLOSED_SECONDS) for _ in range(ROUNDS)]
            used = _processor_seconds(process.pid) - before
            rate = max(_middle(closed, "rps") / 2, 1.0)
            opened = [_load(port, readers, OPEN_SECONDS, rate) for _ in range(ROUNDS)]
            memory = _memory_mib(process.pid)
    figures = {
        "churn_rps": _middle(closed, "rps"),
        "churn_p50_ms": _middle(opened, "p50_ms"),
        "churn_p99_ms": _middle(opened, "p99_ms"),
        "churn_p99_ms_worst_round": max(load["p99_ms"] for load in opened),
        "open_rps": _middle(opened, "rps"),
        "closed_p99_ms": _middle(closed, "p99_ms"),
        "errors": sum(load["errors"] for load in (warm, *closed, *opened)),
        **memory,
    }
    if used:
        figures["processor_us_per_answer"] = used / sum(load["answered"] for load in closed) * 1e6
    protocol = PROTOCOL.format(
        readers=readers,
        features=features,
        trees=TREES,
        connections=CONNECTIONS,
        warm=WARM_SECONDS,
        rounds=ROUNDS,
        closed=CLOSED_SECONDS,
        open=OPEN_SECONDS,
    )
    figures = {name: round(value, 2) for name, value in figures.items()}
    return result("serving", figures, {}, protocol, time.perf_counter() - started)


def _middle(rounds: list[dict[str, Any]], figure: str) -> float:
    return median(load[figure] for load in rounds)


def build_world(home: Path, readers: int, trees: int = TREES) -> int:
    """Fill `home` with an online store of `readers` readers (ids from 0) and a champion; returns the feature count."""
    chance = np.random.default_rng(7)
    inputs = [feature for feature in catalogue() if feature.serves("churn")]
    numbers = [feature.name for feature in inputs if feature.kind == "number"]
    words = [feature.name for feature in inputs if feature.kind == "category"]
    values = _values(chance, readers, len(numbers))
    codes = chance.integers(0, len(WORDS), (readers, len(words)))
    with OnlineWriter(home / "var" / "online", numbers, words, as_of=AS_OF) as writer:
        texts = [tuple(WORDS[code] for code in row) for row in codes.tolist()]
        writer.put(np.arange(readers, dtype=np.uint64), values, texts)
    sample = slice(0, 4000)
    matrix = np.hstack([values[sample], codes[sample].astype(np.float32)])
    _write_champion(home / "artifacts" / "models", matrix, tuple(numbers), tuple(words), trees, chance)
    return len(numbers) + len(words)


def _values(chance: np.random.Generator, rows: int, columns: int) -> NDArray[np.float32]:
    """Counts with a long tail, one in ten missing."""
    values = np.floor(np.exp(chance.normal(size=(rows, columns), scale=1.2))).astype(np.float32)
    values[chance.random((rows, columns)) < 0.1] = np.nan
    return values


def _write_champion(
    models: Path,
    matrix: NDArray[np.float32],
    numbers: tuple[str, ...],
    words: tuple[str, ...],
    trees: int,
    chance: np.random.Generator,
) -> None:
    rows = len(matrix)
    signal = np.nan_to_num(matrix[:, :20]).sum(axis=1)
    label = (signal + chance.normal(size=rows, scale=10) > np.median(signal)).astype(np.float32)
    dataset = Dataset(
        task="churn",
        features=matrix,
        names=(*numbers, *words),
        label=label,
        reader=np.arange(rows, dtype=np.uint64),
        as_of=np.full(rows, np.datetime64(AS_OF.replace(tzinfo=None), "ms")),
        weight=np.ones(rows),
        categories=dict.fromkeys(words, WORDS),
    )
    model = build(ModelSpec("xgboost", {"rounds": trees})).fit(dataset, None)
    calibrator = io.BytesIO()
    np.savez(calibrator, shift=np.array([0.0]))
    name, native = model.native()
    files = {"model.onnx": model.to_onnx(), "calibrator.npz": calibrator.getvalue(), name: native}
    write_bundle(models, _manifest(model.spec, dataset), files)
    write_live(models, "churn", champion="bench", challenger=None, by="readership bench serving", why="benchmark")


def _manifest(spec: ModelSpec, dataset: Dataset) -> Manifest:
    until = AS_OF.isoformat()
    return Manifest(
        task="churn",
        version="bench",
        model=spec,
        features=dataset.names,
        categories=dataset.categories,
        calibration="shift",
        horizon_days=28,
        lookback_days=56,
        population="registered",
        dataset_hash="",
        sql_hashes={},
        data_from=until,
        data_to=until,
        trained_until=until,
        created_at=datetime.now(UTC).isoformat(),
        libraries={"xgboost": version("xgboost-cpu") if sys.platform != "darwin" else version("xgboost")},
        metrics={},
        operating_points={},
        files={},
    )


@contextmanager
def _server(home: Path) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """`readership serve` of what lies in `home`, on a free port of loopback, stopped by its process id afterwards."""
    port = _free_port()
    log = home / "serve.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("READERSHIP_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", "from readership.cli import main; main()", "serve", "--port", str(port)],
            cwd=home,
            env={**kept, "READERSHIP_HOME": str(home)},
            stdout=output,
            stderr=output,
        )
        try:
            _wait_until_ready(port, process, log)
            yield port, process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(port: int, process: "subprocess.Popen[bytes]", log: Path, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    tail = log.read_text(encoding="utf-8", errors="replace")[-800:]
    raise ReadershipError(f"`readership serve` was not ready in {seconds:.0f} s; it said: {tail}")


def _load(port: int, readers: int, seconds: float, rate: float = 0.0) -> dict[str, Any]:
    load = Load(port, "/v1/readers/", "/churn", readers, seconds, CONNECTIONS, rate)
    command = [sys.executable, "-m", "readership.benchmarks.http_load", json.dumps(asdict(load))]
    done = subprocess.run(command, capture_output=True, check=True, timeout=seconds + 60)
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _memory_mib(pid: int) -> dict[str, float]:
    """Resident memory of a process, and its private part where the system tells."""
    status = Path(f"/proc/{pid}/status")
    if not status.is_file():
        said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True)
        return {"rss_mib_per_worker": int(said.stdout) / 1024}
    kib = {
        name: value.split()[0] for name, _, value in (line.partition(":") for line in status.open()) if value.strip()
    }
    return {"rss_mib_per_worker": int(kib["VmRSS"]) / 1024, "private_mib_per_worker": int(kib["RssAnon"]) / 1024}


def _processor_seconds(pid: int) -> float:
    """Processor time a process has taken so far; 0 where the system does not tell."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.is_file():
        return 0.0
    after_name = stat.read_text().rpartition(")")[2].split()
    ticks: int = os.sysconf("SC_CLK_TCK")
    return (int(after_name[11]) + int(after_name[12])) / ticks
