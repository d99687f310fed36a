"""Events as messages: their JSON, when they are due, and what a receiver over HTTP may answer."""

import json
from collections.abc import Iterator

import pyarrow as pa
import pytest
from receiver import Receiver

from readership.errors import DeliveryError, InputError
from readership.simulator import World, simulate, stream
from readership.simulator.stream import Http, Message, Pacer, json_texts, messages, open_sink

SOME = [Message("r", 1000 * n, f'{{"event_id":"{n}"}}') for n in range(3)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def _events(receiver: Receiver) -> list[dict]:
    return [event for body in receiver.taken for event in body]


def test_each_event_is_an_object_of_the_fields_it_has() -> None:
    (day,) = simulate(World(readers=60, days=1, seed=2))
    rows, texts = day.events.to_pylist(), json_texts(day.events).to_list()
    for row, text in zip(rows, texts, strict=True):
        found = json.loads(text)
        assert found["event_id"] == row["event_id"]
        assert found["timestamp"] == round(row["timestamp"].timestamp() * 1000)
        assert found.get("user_id") == row["user_id"]
        assert found.get("engagement_metrics", {}).get("time_on_page") == row["time_on_page"]
        assert None not in found.values()
        if row["consent"] is not None:
            bits = sum(found["consent"][name] << place for place, name in enumerate(stream.PURPOSES))
            assert bits == row["consent"]


def test_text_that_json_must_escape_and_values_that_are_wrong() -> None:
    table = pa.table({"event_id": ['a"b\\c'], "consent": pa.array([99], pa.uint8()), "is_article_complete": [False]})
    assert json.loads(json_texts(table)[0]) == {
        "event_id": 'a"b\\c',
        "consent": 99,
        "engagement_metrics": {"is_article_complete": False},
    }


def test_messages_come_in_the_order_of_arrival_keyed_by_reader() -> None:
    (day,) = simulate(World(readers=60, days=1, seed=2))
    found = messages(day.events)
    assert [message.at_ms for message in found] == sorted(message.at_ms for message in found)
    assert len(found) == len(day.events)
    for message in found:
        event = json.loads(message.text)
        assert message.reader == event.get("user_id", event.get("device_id"))


def test_a_simulated_second_takes_its_share_of_a_real_one() -> None:
    now, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    pacer = Pacer(60.0, 5000, clock=lambda: now[0], sleep=sleep)
    pacer.wait(5000)
    pacer.wait(65_000)
    now[0] += 10
    pacer.wait(125_000)
    assert slept == [1.0]
    Pacer(0, 5000, clock=lambda: now[0], sleep=sleep).wait(10**12)
    assert slept == [1.0]


def test_a_batch_holds_what_is_due_within_a_real_second() -> None:
    pacer = Pacer(10.0, 0)
    waiting = [Message("r", at, "{}") for at in (0, 4000, 9999, 10_000, 30_000)]
    assert [[m.at_ms for m in batch] for batch in pacer.batches(waiting)] == [[0, 4000, 9999], [10_000], [30_000]]
    assert [len(batch) for batch in Pacer(0, 0).batches(waiting * 150)] == [500, 250]
    assert list(pacer.batches([])) == []


def test_a_busy_receiver_is_asked_again_and_nothing_is_lost(receiver: Receiver) -> None:
    receiver.answers = [(503, {}, ""), (429, {"Retry-After": "3"}, ""), (202, {}, '{"errors": [{"index": 1}]}')]
    pauses: list[float] = []
    with Http(receiver.address, "secret", sleep=pauses.append) as sink:
        sink.send(SOME)
        assert sink.refused == 1
    assert 0.25 <= pauses[0] <= 0.5
    assert pauses[1:] == [3.0]
    assert [event["event_id"] for event in _events(receiver)] == ["0", "1", "2"]
    assert receiver.keys == ["Bearer secret"] * 3


def test_a_line_that_was_closed_is_opened_again(receiver: Receiver) -> None:
    receiver.answers = [(202, {"Connection": "close"}, ""), (202, {}, "")]
    with Http(receiver.address, None, sleep=lambda _: None) as sink:
        sink.send(SOME)
        sink.send(SOME)
    assert len(_events(receiver)) == 6
    assert receiver.keys == [None, None]


@pytest.mark.parametrize(
    ("status", "remedy"), [(401, "set READERSHIP_API_KEY to a key made with"), (404, "check the address")]
)
def test_what_trying_again_cannot_mend_is_said_at_once(receiver: Receiver, status: int, remedy: str) -> None:
    receiver.answers = [(status, {}, "no")]
    with Http(receiver.address, None) as sink, pytest.raises(DeliveryError, match=f"it answered {status} no; {remedy}"):
        sink.send(SOME)
    assert receiver.calls == 1


def test_a_receiver_that_is_away_is_named_after_six_attempts() -> None:
    with Receiver() as gone:
        address = gone.address
    pauses: list[float] = []
    with (
        Http(address, None, sleep=pauses.append) as sink,
        pytest.raises(DeliveryError, match=r"does not answer .* 6 times; start the receiver and run the same command"),
    ):
        sink.send(SOME)
    assert len(pauses) == 5


@pytest.mark.parametrize("address", ["ftp://x/y", "localhost:8000", "kafka://localhost:9092", "http://"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(
        InputError, match=r"cannot stream to .*; give http://host:port/v1/events or kafka://.*nothing was"
    ):
        open_sink(address, None)
