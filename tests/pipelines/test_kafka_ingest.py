"""A topic into the warehouse: each event once, what is none handed on, offsets committed last."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kafka_broker import Broker

from readership.errors import DeliveryError, InputError, SettingsError
from readership.events.mapping import load_mapping
from readership.pipelines import kafka as module
from readership.pipelines.kafka import ingest_kafka
from readership.pipelines.progress import Progress
from readership.settings import Settings
from readership.warehouse import Warehouse

AT = 1_767_225_600_000
RUN = [sys.executable, "-m", "readership.cli", "ingest", "--kafka"]


def event(n: int, **more: object) -> bytes:
    told = {"event_id": f"e{n}", "user_id": str(n % 7), "event_type": "article_view", "timestamp": AT + n}
    return json.dumps({**told, "article_id": "a1", "received_at": AT + n, **more}).encode()


class Shared:
    """The test's warehouse where the command opens its own: one path a process."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def __enter__(self) -> Warehouse:
        return self._warehouse

    def __exit__(self, *_: object) -> None:
        pass


Take = Callable[..., dict[str, Any]]


@pytest.fixture
def take(broker: Broker, warehouse: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Take:
    """`ingest --kafka TOPIC --once` into the test's warehouse."""

    class Opened:
        @staticmethod
        def open(_: Settings) -> Shared:
            return Shared(warehouse)

    monkeypatch.setattr(module, "Warehouse", Opened)
    monkeypatch.setattr(module, "make_way", lambda *_: None)

    def run(topic: str, mapping: str | Path = "native", **more: Any) -> dict[str, Any]:
        current = settings.model_copy(update={"kafka_servers": broker.address, "kafka_group": topic})
        with Progress() as progress:
            stop = threading.Event()
            return ingest_kafka(current, topic, load_mapping(mapping), once=True, progress=progress, stop=stop, **more)

    return run


def test_events_are_stored_once_and_what_is_none_is_handed_on(
    broker: Broker, warehouse: Warehouse, take: Take, tmp_path: Path
) -> None:
    topic = broker.topic("poison")
    pretty = json.dumps(json.loads(event(3)), indent=2).encode()
    nothing = [
        b"nonsense",
        b"5",
        b"\xff\xfe\x00",
        None,
        b"",
        b"[]",
        event(4, timestamp="soon"),
        event(5, pad="x" * 2**20),
    ]
    broker.write(topic, [event(1), event(1), event(2), pretty, *nothing[:-1]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("readership.pipelines.dead_letters.MOST_BYTES", 100)
        done = take(topic, metrics=tmp_path / "kafka.prom")
    assert (done["events_loaded"], done["events_duplicate"], done["events_quarantined"]) == (3, 1, 7)
    assert (done["messages"], done["lag"], done["readers"], done["rounds_uncommitted"]) == (11, 0, 3, 0)
    rows = warehouse.rows("SELECT source, line, field, reason FROM quarantine ORDER BY line")
    assert [(source, line) for source, line, _, _ in rows] == [(f"{topic}-0", line) for line in range(4, 11)]
    reasons = [reason for _, _, _, reason in rows]
    assert reasons[0] == "line is not JSON"
    assert reasons[1] == "line is not a JSON object"
    assert reasons[2] == "line is not UTF-8 text"
    assert reasons[-1].startswith("'soon' is not a time")
    dead = broker.written(f"{topic}.dead")
    assert [letter.value for letter in dead] == [(value or b"")[:100] for value in nothing[:-1]]
    assert [letter.headers["offset"] for letter in dead] == [str(offset) for offset in range(4, 11)]
    assert [letter.headers["reason"] for letter in dead] == reasons
    assert dead[-1].headers["bytes"] == str(len(nothing[-2] or b""))
    told = (tmp_path / "kafka.prom").read_text()
    assert f'readership_kafka_lag{{topic="{topic}",group="{topic}",partition="0"}} 0\n' in told
    assert f'readership_kafka_events_total{{topic="{topic}",group="{topic}",result="quarantined"}} 7\n' in told
