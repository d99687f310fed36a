"""Streaming to Kafka, against a real broker process on a loopback port."""

import json
import socket

import pytest
from kafka_broker import Broker

from readership.errors import DeliveryError
from readership.pipelines.making import ask
from readership.pipelines.simulate_stream import simulate_stream
from readership.settings import Settings
from readership.simulator import simulate


def test_every_event_is_written_once_keyed_by_its_reader(broker: Broker, settings: Settings) -> None:
    topic = broker.topic("streamed")
    asked = ask(60, 2, 4)
    summary = simulate_stream(asked, f"kafka://{broker.address}/{topic}", settings, speed=0)
    found = [((message.key or b"").decode(), json.loads(message.value)) for message in broker.written(topic)]
    made = sorted(event for day in simulate(asked.world) for event in day.events["event_id"].to_pylist())
    assert sorted(event["event_id"] for _, event in found) == made
    assert summary["events_sent"] == len(made)
    assert all(key == event.get("user_id", event.get("device_id")) for key, event in found)


def test_a_broker_that_is_away_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("confluent_kafka", reason="needs the extra `kafka`: pip install 'readership[kafka]'")
    monkeypatch.setattr("readership.simulator.stream.BROKER_SECONDS", 1)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"kafka://127.0.0.1:{nobody.getsockname()[1]}/web_clicks"
        with pytest.raises(DeliveryError, match=r"kafka://127.0.0.1:\d+ does not answer: .*; nothing was sent"):
            simulate_stream(ask(5, 1, 4), address, settings)
