"""A world streamed: every event once, in scaled time, and a stop that leaves nothing half-done."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Self

import polars as pl
import pytest
from pydantic import SecretStr

from readership.pipelines import simulate_stream as pipeline
from readership.pipelines.making import ask
from readership.pipelines.simulate_stream import simulate_stream
from readership.settings import Settings
from readership.simulator import simulate
from readership.simulator.stream import Message

ASKED = ask(25, 2, 4)


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict], list[str | None]]]:
    """A local receiver: its address, the events it took, and the keys it was shown."""
    taken: list[dict] = []
    keys: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            taken.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            keys.append(self.headers.get("Authorization"))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1/events", taken, keys
    server.shutdown()
    thread.join()
    server.server_close()


def made() -> list[str]:
    return [event for day in simulate(ASKED.world) for event in day.events["event_id"].to_pylist()]


def test_every_event_is_sent_once_and_the_rest_lies_in_files(receiver, settings: Settings, tmp_path: Path) -> None:
    address, taken, keys = receiver
    known = settings.model_copy(update={"api_key": SecretStr("k1")})
    summary = simulate_stream(ASKED, address, known, speed=0, out=tmp_path / "rest")
    assert summary["events_sent"] == summary["events"] == len(taken)
    assert sorted(event["event_id"] for event in taken) == sorted(made())
    assert set(keys) == {"Bearer k1"}
    assert not list((tmp_path / "rest").glob("events*"))
    assert len(pl.read_parquet(tmp_path / "rest" / "articles.parquet")) == summary["articles"]
    assert (tmp_path / "rest" / "truth" / "readers.parquet").exists()
    assert not (tmp_path / "var").exists()


def test_two_days_take_two_days_divided_by_the_speed(receiver, settings: Settings) -> None:
    address, taken, _ = receiver
    last = max(value for day in simulate(ASKED.world) for value in day.events["received_at"].cast("int64").to_pylist())
    due = last / 1000 - ASKED.world.start.timestamp()
    began = time.monotonic()
    simulate_stream(ASKED, address, settings, speed=due / 1.5)
    assert 1.4 < time.monotonic() - began < 15
    assert len(taken) == len(made())


class _Stopping:
    """A sink whose user presses Ctrl-C after its third batch."""

    refused = 0

    def __init__(self) -> None:
        self.batches: list[Sequence[Message]] = []
        self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def send(self, batch: Sequence[Message]) -> None:
        if len(self.batches) == 3:
            raise KeyboardInterrupt
        self.batches.append(batch)


class _Said:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def each(self, items, title):
        return items


def test_a_stop_says_how_far_it_came_and_leaves_no_folder(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, said = _Stopping(), _Said()
    monkeypatch.setattr(pipeline, "open_sink", lambda *_: sink)
    monkeypatch.setattr("readership.simulator.stream.BATCH_EVENTS", 4)
    with pytest.raises(KeyboardInterrupt):
        simulate_stream(ASKED, "http://receiver", settings, speed=0, out=tmp_path / "rest", progress=said)
    assert sink.closed
    assert said.lines[0].startswith(f"stopped: {sum(map(len, sink.batches))} events sent, to 2025-01-06")
    assert said.lines[0].endswith("the same command sends the same events again, under the same ids")
    assert list(tmp_path.iterdir()) == []
    first = [json.loads(message.text)["event_id"] for batch in sink.batches for message in batch]
    again = _Stopping()
    monkeypatch.setattr(pipeline, "open_sink", lambda *_: again)
    with pytest.raises(KeyboardInterrupt):
        simulate_stream(ASKED, "http://receiver", settings, speed=0)
    assert [json.loads(message.text)["event_id"] for batch in again.batches for message in batch] == first


def test_late_events_stream_in_the_order_of_arrival(receiver, settings: Settings) -> None:
    address, taken, _ = receiver
    summary = simulate_stream(ask(60, 6, 4, dirty=("late", "duplicates")), address, settings, speed=0)
    assert summary["events_sent"] == len(taken) == summary["events"]
    received = [event["received_at"] for event in taken]
    assert received == sorted(received)
