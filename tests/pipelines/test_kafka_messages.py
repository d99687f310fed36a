"""Messages as lines: one a message, at the place of its offset."""

import json
from pathlib import Path

import pytest

from readership.events.mapping import load_mapping
from readership.pipelines.kafka_messages import NO_TIME, Message, Reading
from readership.pipelines.kafka_subscription import Subscription
from readership.settings import Settings

AT = 1_767_225_600_000
READING = Reading("t", load_mapping("native"), None)


def message(offset: int, value: bytes = b'{"a":1}', at_ms: int = AT) -> Message:
    return Message(2, offset, at_ms, None, value)


def lines(*messages: Message, reading: Reading = READING) -> list[list[bytes]]:
    return [piece.text.split(b"\n")[:-1] for piece in reading.lines(messages)]


def test_a_line_stands_where_its_offset_says() -> None:
    near, far = READING.lines([message(5, b"x"), message(7, b"y"), message(1008, b"z")])
    assert (near.first, near.last, near.text) == (5, 7, b"x\n\ny\n")
    assert (far.first, far.last, far.text) == (1008, 1008, b"z\n")


def test_what_an_event_does_not_state_is_that_of_its_message() -> None:
    ((bare, stated, null),) = lines(
        message(0), message(1, b'{"event_id":"e", "received_at":5}'), message(2, b'{"event_id":null,"x":"\xc3\xa9"}')
    )
    assert json.loads(bare) == {"a": 1, "event_id": "t/2/0", "received_at": AT}
    assert stated == b'{"event_id":"e", "received_at":5}'
    assert json.loads(null) == {"event_id": "t/2/2", "x": "é", "received_at": AT}
    ((timeless,),) = lines(message(0, at_ms=NO_TIME))
    assert json.loads(timeless) == {"a": 1, "event_id": "t/2/0"}


@pytest.mark.parametrize("value", [b"", b" \n", b"[1,\n2]", b'{"a":\r\n 1', b"{}", b"[" * 100_000])
def test_every_message_is_one_line_that_is_not_blank(value: bytes) -> None:
    ((line,),) = lines(message(0, value))
    assert line.strip()


@pytest.mark.parametrize(
    ("format", "received"), [("epoch_seconds", AT / 1000), ("epoch_milliseconds", AT), ("%Y", None)]
)
def test_arrival_in_the_form_of_the_mapping(tmp_path: Path, format: str, received: float | None) -> None:
    file = tmp_path / "theirs.toml"
    file.write_text(
        '[columns]\nuser_id = "who"\nevent_type = "what"\ntimestamp = "when"\n'
        f'[time]\nformat = "{format}"\nzone = "UTC"\n'
    )
    reading = Reading("t", load_mapping(file), None)
    ((line,),) = lines(message(0), reading=reading)
    told = {"a": 1, "kafka_event_id": "t/2/0"} | ({"kafka_received_at": received} if received else {})
    assert json.loads(line) == told
    assert (reading.mapping.column("event_id"), reading.mapping.column("user_id")) == ("kafka_event_id", "who")


def test_what_goes_to_another_member_is_forgotten(settings: Settings) -> None:
    pytest.importorskip("confluent_kafka", reason="needs the extra `kafka`: pip install 'readership[kafka]'")
    subscription = Subscription(settings.model_copy(update={"kafka_servers": "127.0.0.1:1"}), "t")
    subscription._batch = [message(0)]
    subscription._revoked(None, [])
    assert subscription.batch == []
    assert not subscription.at_end
