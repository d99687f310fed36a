"""`POST /v1/events` with Kafka: there before it is acknowledged, on disk while Kafka is away, forwarded afterwards."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka_broker import Broker
from served_world import Caller, World, serving

from readership.errors import SettingsError
from readership.events.segments import Record, SegmentLog, line, read_segment, segments
from readership.events.taken import taking
from readership.serving.outbox import FOLDER, Outbox
from readership.serving.server import serve
from readership.settings import Settings

NOW = 1_767_225_600_000


def event(n: int) -> dict[str, object]:
    return {"event_id": f"e{n}", "user_id": "42", "event_type": "article_view", "timestamp": NOW + n, "article_id": "a"}


def kept(n: int) -> Record:
    return Record("event", json.dumps(event(n)).encode())


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka is waited for but a second."""
    monkeypatch.setattr("readership.serving.broker.ACK_SECONDS", 1.0)
    monkeypatch.setattr("readership.serving.outbox.ACK_SECONDS", 1.0)
    monkeypatch.setattr("readership.serving.outbox._SLACK_SECONDS", 0.2)


def with_kafka(settings: Settings, broker: Broker, topic: str) -> Settings:
    return settings.model_copy(update={"kafka_servers": broker.address, "kafka_topic": topic})


def ids(broker: Broker, topic: str) -> list[str]:
    return [json.loads(message.value)["event_id"] for message in broker.written(topic)]


def waiting(settings: Settings) -> list[Path]:
    return [segment.path for segment in segments(settings.path(settings.segments) / FOLDER)]


def until(true: Callable[[], object], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_events_are_in_kafka_when_they_are_acknowledged(bare: World, broker: Broker) -> None:
    topic = broker.topic("posted")
    settings = with_kafka(bare.settings, broker, topic)
    huge = {**event(3), "pad": "x" * 1_100_000}
    with serving(settings) as client:
        nameless = {name: value for name, value in event(2).items() if name != "event_id"}
        answer = client.post("/v1/events", json=[event(1), nameless, {"event_type": "x"}, huge])
        assert (answer.status_code, answer.json()["accepted"], answer.json()["refused"]) == (202, 3, 1)
        first, second, third = broker.written(topic)
        assert (first.key, third.key) == (b"42", None)
        assert json.loads(first.value)["event_id"] == "e1"
        assert len(json.loads(second.value)["event_id"]) == 36
        assert "kafka" not in {trouble["code"] for trouble in client.get("/readyz").json()["troubles"]}
        figures = client.get("/metrics").text
        assert re.search(r'^readership_kafka_reached\{worker="\d+"\} 1.0$', figures, re.MULTILINE)
        assert re.search(r'^readership_kafka_events\{way="kafka",worker="\d+"\} 3.0$', figures, re.MULTILINE)
    assert waiting(settings) == []
    (segment,) = segments(settings.path(settings.segments))  # Kafka would never take it
    assert [json.loads(record.text)["event_id"] for record in read_segment(segment.path).records] == ["e3"]


def test_events_wait_on_disk_while_kafka_stands_still(bare: World, broker: Broker, away: None) -> None:
    topic = broker.topic("paused")
    settings = with_kafka(bare.settings, broker, topic)
    with serving(settings) as client:
        assert client.post("/v1/events", json=event(0)).status_code == 202
        with broker.paused():
            began = time.monotonic()
            assert client.post("/v1/events", json=event(1)).status_code == 202
            assert time.monotonic() - began < 6  # it was waited for, not for ever
            began = time.monotonic()
            for n in range(2, 12):
                assert client.post("/v1/events", json=event(n)).status_code == 202
            assert time.monotonic() - began < 6  # from then on it is not asked: that would take ten seconds
            assert len(waiting(settings)) == 1
            assert "kafka_away" in _troubles(client)
        until(lambda: not waiting(settings))
        until(lambda: "kafka_away" not in _troubles(client))
        assert client.post("/v1/events", json=event(12)).status_code == 202
    found = ids(broker, topic)
    assert set(found) == {f"e{n}" for n in range(13)}
    assert [name for name in found if name in {f"e{n}" for n in range(2, 12)}] == [f"e{n}" for n in range(2, 12)]


def _troubles(client: Caller) -> str:
    return str(client.get("/readyz").json()["troubles"])


def test_what_waits_survives_the_end_of_the_process(bare: World, broker: Broker) -> None:
    topic = broker.topic("left_behind")
    settings = with_kafka(bare.settings, broker, topic)
    folder = settings.path(settings.segments) / FOLDER
    folder.mkdir(parents=True)
    damaged = line(kept(2)).replace(b"42", b"43")
    (folder / "1.open").write_bytes(line(kept(1)) + damaged + line(kept(3)) + line(kept(4))[:-9])  # it was killed
    (folder / "2.done").write_bytes(line(kept(5)))
    with serving(settings):
        until(lambda: not waiting(settings))
    assert ids(broker, topic) == ["e1", "e3", "e5"]
    assert (folder / "damaged.log").read_bytes() == damaged


def test_one_process_at_a_time_forwards(bare: World, broker: Broker) -> None:
    topic = broker.topic("one_owner")
    settings = with_kafka(bare.settings, broker, topic)
    log = SegmentLog(settings.path(settings.segments) / FOLDER)
    log.append([kept(1), kept(2)])
    outbox = Outbox(settings)
    with taking(log.folder):
        outbox.look()
        assert ids(broker, topic) == []
    outbox.look()
    outbox.look()
    assert ids(broker, topic) == ["e1", "e2"]
    assert len(waiting(settings)) == 1  # its writer lives, and goes on
    log.append([kept(3)])
    log.close()
    outbox.look()
    assert (ids(broker, topic), waiting(settings)) == (["e1", "e2", "e3"], [])
    outbox.close()


def test_neither_kafka_nor_disk_is_no_acknowledgement(bare: World, away: None) -> None:
    settings = bare.settings.model_copy(update={"kafka_servers": "127.0.0.1:1"})
    blocked = settings.path(settings.segments)
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("a file where the folder should be")
    with serving(settings) as client:
        answer = client.post("/v1/events", json=event(1))
        assert (answer.status_code, answer.json()["code"]) == (503, "online_store")


def test_the_event_loop_is_not_held_up(bare: World, broker: Broker, away: None) -> None:
    settings = with_kafka(bare.settings, broker, broker.topic("loop"))

    async def posted() -> float:
        outbox = Outbox(settings)
        outbox.look()
        with broker.paused():
            sending = [asyncio.create_task(outbox.send([kept(n)])) for n in range(50)]
            longest, before = 0.0, time.monotonic()
            while not all(task.done() for task in sending):
                await asyncio.sleep(0.01)
                longest, before = max(longest, time.monotonic() - before), time.monotonic()
        assert [await task for task in sending] == [[]] * 50
        outbox.close()
        return longest

    assert asyncio.run(posted()) < 0.9  # Kafka is waited for a second
    (path,) = waiting(settings)
    assert len(read_segment(path).records) == 50


def test_half_a_setting_is_refused_before_anything_listens(settings: Settings) -> None:
    half = settings.model_copy(update={"kafka_servers": "127.0.0.1:1", "kafka_security": "sasl_ssl"})
    with pytest.raises(SettingsError, match="'sasl_ssl', which needs READERSHIP_KAFKA_SASL_USER and"):
        serve(half, host="127.0.0.1", port=0)
