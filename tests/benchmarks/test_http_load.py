"""The load generator counts what it asked, and the bench's world is one that can be served. Nothing here is timed."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from readership.benchmarks.http_load import Ask, Caller, Load, Outcome, written
from readership.benchmarks.mlflow_server import ask, model_folder
from readership.benchmarks.serving_world import TREES, build_world
from readership.features.online import OnlineFeatures
from readership.registry.bundles import Bundle
from readership.registry.live import read_live


class OddReaders(BaseHTTPRequestHandler):
    """200 for odd ids, 404 for even ones."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        odd = int(self.path.split("/")[2]) % 2
        self.send_response(200 if odd else 404)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """Where `OddReaders` answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), OddReaders) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("rate", [0.0, 100.0])
def test_answers_other_than_200_are_errors(port: int, rate: float) -> None:
    load = Load(port, (Ask("/readers/{reader}/churn"),), readers=2, seconds=0.5, connections=2, rate=rate)
    outcome = asyncio.run(Caller(load).run())
    assert outcome.answered > 0
    assert outcome.errors > 0
    assert len(outcome.latencies) == outcome.answered
    if rate:
        assert outcome.answered + outcome.errors < 100


def test_summary_by_hand() -> None:
    outcome = Outcome(answered=200, errors=1, seconds=4.0, latencies=[float(number) for number in range(200)])
    summary = outcome.summary()
    assert (summary["rps"], summary["errors"]) == (50.0, 1)
    assert (summary["p50_ms"], summary["p99_ms"], summary["p999_ms"]) == (100.0, 198.0, 199.0)


def test_world_of_the_bench_can_be_scored(tmp_path: Path) -> None:
    features = build_world(tmp_path, readers=300, trees=3)
    live = read_live(tmp_path / "artifacts" / "models", "churn")
    bundle = Bundle.load(tmp_path / "artifacts" / "models" / "churn" / str(live.champion))
    assert len(bundle.manifest.features) == features > 100
    assert bundle.manifest.model.parameters["rounds"] == 3 < TREES
    assert OnlineFeatures.open(tmp_path / "var" / "online").get(299) is not None
    probability = bundle.score(np.full((1, features), np.nan, dtype=np.float32))[0]
    assert 0 < probability < 1


def test_a_post_is_written_with_its_length_and_who_it_is_about() -> None:
    request = written(Ask("/v1/events", '{"user_id": "{reader}", "event_id": "{number}"}'), 7, 3, 1)
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/events HTTP/1.1\r\n")
    assert body == b'{"user_id": "7", "event_id": "1-3"}'
    assert f"Content-Length: {len(body)}".encode() in head


def test_asks_are_mixed_by_their_shares() -> None:
    load = Load(0, (Ask("/a", share=0.0), Ask("/b", share=1.0)), readers=2, seconds=0.5, connections=2)
    assert {next(Caller(load)._requests) for _ in range(20)} == {b"GET /b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"}


def test_the_peers_model_has_the_same_trees_and_no_pickle(tmp_path: Path) -> None:
    build_world(tmp_path, readers=300, trees=3)
    native = tmp_path / "artifacts" / "models" / "churn" / "bench" / "xgboost.json"
    folder = model_folder(tmp_path / "mlflow", native)
    assert sorted(path.name for path in folder.iterdir()) == ["MLmodel", "model.json"]
    kept, given = (json.loads(path.read_text())["learner"] for path in (folder / "model.json", native))
    assert kept["gradient_booster"] == given["gradient_booster"]
    assert kept["feature_names"] == []
    assert json.loads(ask([1.0, None]).body) == {"inputs": [[1.0, None]]}
