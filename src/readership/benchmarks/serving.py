"""How many answers a second the API gives over HTTP, how long the slowest take, and how that compares with MLflow's.

A world is made in a temporary folder: readers with every catalogued feature in an LMDB store and an XGBoost bundle
that reads them all; articles, reads, what was shown, a ranker and rules for recommendations. The server is the
product's own `readership serve`; the load runs in a process of its own beside it.
"""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from readership.benchmarks import mlflow_server
from readership.benchmarks.http_load import Ask, Load
from readership.benchmarks.recommendation import RULES, newsroom
from readership.benchmarks.result import result
from readership.benchmarks.served import Served, free_port, served
from readership.benchmarks.serving_world import TREES, build_world

WORKERS = 2
ARTICLES, READS_A_READER = 20_000, 5
WARM_SECONDS, CLOSED_SECONDS, OPEN_SECONDS, ROUNDS = 2.0, 4.0, 5.0, 3
CONNECTIONS = 32
CHURN = Ask("/v1/readers/{reader}/churn")
SLATE = Ask("/v1/readers/{reader}/recommendations")
EVENT = Ask(
    "/v1/events",
    json.dumps(
        {
            "event_id": "bench-{number}",
            "user_id": "{reader}",
            "event_type": "article_view",
            "timestamp": "{now}",
            "article_id": "a19990",
            "consent": {"analytics": True, "personalisation": True},
        }
    ),
)
MIXED = tuple(Ask(ask.path, ask.body, share) for ask, share in ((CHURN, 0.6), (SLATE, 0.25), (EVENT, 0.15)))
PROTOCOL = (
    "{workers} workers of `readership serve` answer for ids drawn at random of {readers:,} readers. churn: {features} "
    "features in LMDB, an XGBoost of {trees} trees through ONNX Runtime. recommendations: slates of 10 of {articles:,} "
    "live articles, {reads:,} reads and 20,000 impressions learnt, state, ranker, four rules, diversity, slot by lot. "
    "mixed: 60 % churn, 25 % recommendations, 15 % POST of one event, answered once it is on disk and learnt by every "
    "worker. The load runs on the same machine, as one process over {connections} keep-alive connections on loopback, "
    "and takes its share of the processor. *_rps: closed loop, the middle of {rounds} rounds of {closed:.0f} s after "
    "{warm:.0f} s of warming. *_p50_ms and *_p99_ms: open loop at half that rate (*_open_rps; random arrivals), the "
    "middle of {rounds} rounds of {open:.0f} s (*_worst_round: the worst of them), counted from the moment a request "
    "fell due, so waiting counts; *_closed_p99_ms is the closed loop's. errors: answers other than 200 and 202, and "
    "connections lost, all phases. *_processor_us: processor time of the workers for an answer in the closed loop, "
    "which other work on the machine disturbs least. rss_mib_per_worker: resident memory after the load, touched pages "
    "of the shared store included; private_mib_per_worker: without them. mlflow: `mlflow models serve` with as many "
    "workers and the same trees, one ready-made row of features in each request; ratio_to_mlflow: churn_rps to its rps."
)


class Measured(NamedTuple):
    """Rounds of one kind of load, and the processor time that the workers took for an answer, in µs."""

    closed: list[dict[str, Any]]
    opened: list[dict[str, Any]]
    processor_us: float

    def figures(self, name: str) -> dict[str, float]:
        """As PROTOCOL says."""
        return {
            f"{name}_rps": _middle(self.closed, "rps"),
            f"{name}_p50_ms": _middle(self.opened, "p50_ms"),
            f"{name}_p99_ms": _middle(self.opened, "p99_ms"),
            f"{name}_p99_ms_worst_round": max(load["p99_ms"] for load in self.opened),
            f"{name}_open_rps": _middle(self.opened, "rps"),
            f"{name}_closed_p99_ms": _middle(self.closed, "p99_ms"),
            f"{name}_processor_us": self.processor_us,
        }

    @property
    def errors(self) -> int:
        """Of all rounds."""
        return sum(load["errors"] for load in (*self.closed, *self.opened))


def run(*, readers: int = 100_000) -> dict[str, Any]:
    """Build the world, serve it, load it, then the peer. Needs about five minutes; PROTOCOL says what figures mean."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="readership-bench-") as folder:
        home = Path(folder)
        features = build_world(home, readers)
        reads = readers * READS_A_READER
        newsroom(home, readers, reads, ARTICLES)
        (home / "rules.toml").write_text(RULES, encoding="utf-8")
        with _product(home) as server:
            found = {name: _measured(server, asks, readers) for name, asks in _KINDS.items()}
            memory = server.memory_mib()
        row = np.random.default_rng(7).integers(0, 5, features).astype(float).tolist()
        trees = home / "artifacts" / "models" / "churn" / "bench" / "xgboost.json"
        with mlflow_server.mlflow_server(home, trees, WORKERS) as server:
            peer = _measured(server, (mlflow_server.ask(row),), readers)
    figures = {name: value for kind, each in found.items() for name, value in each.figures(kind).items()}
    figures |= {"errors": sum(each.errors for each in found.values()), **memory}
    figures["ratio_to_mlflow"] = figures["churn_rps"] / max(_middle(peer.closed, "rps"), 1.0)
    protocol = PROTOCOL.format(
        workers=WORKERS,
        readers=readers,
        features=features,
        trees=TREES,
        articles=ARTICLES,
        reads=reads,
        connections=CONNECTIONS,
        warm=WARM_SECONDS,
        rounds=ROUNDS,
        closed=CLOSED_SECONDS,
        open=OPEN_SECONDS,
    )
    peers = {"mlflow": _rounded({**peer.figures("churn"), "errors": peer.errors})}
    return result("serving", _rounded(figures), peers, protocol, time.perf_counter() - started)


_KINDS = {"churn": (CHURN,), "recommendations": (SLATE,), "mixed": MIXED}


def _product(home: Path) -> Any:
    """`readership serve` of what lies in `home`."""
    port = free_port()
    code = "from readership.cli import main; main()"
    command = ["-c", code, "serve", "--port", str(port), "--workers", str(WORKERS)]
    return served(command, port, "/readyz", home, {"READERSHIP_HOME": str(home)})


def _measured(server: Served, asks: tuple[Ask, ...], readers: int) -> Measured:
    _load(server, asks, readers, WARM_SECONDS, seed=0)
    before = server.processor_seconds()
    closed = [_load(server, asks, readers, CLOSED_SECONDS, seed=seed) for seed in range(1, ROUNDS + 1)]
    used = server.processor_seconds() - before
    rate = max(_middle(closed, "rps") / 2, 1.0)
    opened = [_load(server, asks, readers, OPEN_SECONDS, rate, seed=10 + seed) for seed in range(ROUNDS)]
    return Measured(closed, opened, used / max(sum(load["answered"] for load in closed), 1) * 1e6)


def _load(
    server: Served, asks: tuple[Ask, ...], readers: int, seconds: float, rate: float = 0.0, *, seed: int
) -> dict[str, Any]:
    load = Load(server.port, asks, readers, seconds, CONNECTIONS, rate, seed)
    command = [sys.executable, "-m", "readership.benchmarks.http_load", json.dumps(asdict(load))]
    done = subprocess.run(command, capture_output=True, check=True, timeout=seconds + 60)
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def _middle(rounds: list[dict[str, Any]], figure: str) -> float:
    return median(load[figure] for load in rounds)


def _rounded(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 2) for name, value in figures.items()}
