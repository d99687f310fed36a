"""`POST /v1/events`: what is taken, what is told, and what is kept."""

import json
from pathlib import Path
from typing import Any

import pytest
from served_world import World, serving

from readership.events.segments import read_segment, segments
from readership.serving.intake import NoBatch, TooMany, take

NOW = 1_767_225_600_000
EVENT = {"user_id": "42", "event_type": "article_view", "timestamp": NOW, "article_id": "a1"}


def taken(*events: object) -> Any:
    return take(json.dumps(list(events)).encode(), NOW)


@pytest.mark.parametrize(
    ("event", "field", "reason"),
    [
        (5, "line", "is not a JSON object"),
        ({**EVENT, "user_id": ""}, "user_id", "is empty, and so is device_id"),
        ({**EVENT, "user_id": None, "device_id": None}, "user_id", "is empty, and so is device_id"),
        ({**EVENT, "event_type": ""}, "event_type", "is empty"),
        ({**EVENT, "timestamp": None}, "timestamp", "is empty"),
        ({**EVENT, "timestamp": "soon"}, "timestamp", "'soon' is not a time"),
        ({**EVENT, "timestamp": True}, "timestamp", "'true' is not a time"),
        ({**EVENT, "timestamp": -5}, "timestamp", "'-5' is before 1970"),
        ({**EVENT, "timestamp": NOW + 600_001}, "timestamp", f"'{NOW + 600_001}' is in the future"),
        ({**EVENT, "received_at": "soon"}, "received_at", "'soon' is not a time that has passed"),
        ({**EVENT, "consent": "perhaps"}, "consent", "'perhaps' is not a consent"),
    ],
)
def test_what_is_no_event_is_named_and_kept(event: object, field: str, reason: str) -> None:
    found = taken(EVENT, event)
    (refusal,) = found.refusals
    assert (refusal.index, refusal.field) == (1, field)
    assert refusal.reason.startswith(reason)
    assert len(found.records) == 2


def test_an_event_just_early_enough_is_one() -> None:
    found = taken({**EVENT, "timestamp": NOW + 600_000})
    assert found.refusals == []
    assert found.doings[0].at_ms == NOW  # the clock of the reader's device is ahead


@pytest.mark.parametrize(
    ("consent", "bits"),
    [({"analytics": True, "personalisation": "true"}, 3), (["personalisation"], 2), (5, 5), ("15", 15), (None, None)],
)
def test_consent_in_every_form(consent: object, bits: int | None) -> None:
    assert taken({**EVENT, "consent": consent}).doings[0].consent == bits


def test_readers_devices_and_what_they_do() -> None:
    found = taken(
        {**EVENT, "user_id": 42},
        {**EVENT, "user_id": "", "device_id": "x"},
        {**EVENT, "event_type": "scroll"},
        {**EVENT, "event_type": "login", "consent": 3},
        {**EVENT, "event_type": "article_click"},
    )
    first, device, login, click = found.doings  # a scroll tells the state nothing
    assert (first.reader, first.known, device.known) == (42, True, False)
    assert (login.article_id, login.consent) == ("", 3)
    assert (click.article_id, click.counted) == ("a1", False)


def test_a_repeat_is_known_by_its_id_or_else_by_what_it_says() -> None:
    one, other = taken({**EVENT, "event_id": "x"}, {**EVENT, "event_id": "x", "brand": "late field"}).doings
    assert one.event == other.event
    one, other = taken(EVENT, {**EVENT, "timestamp": NOW - 1}).doings
    assert one.event != other.event


def test_arrival_is_written_down_where_the_event_does_not_state_it() -> None:
    texts = [
        record.text
        for record in taken(EVENT, {**EVENT, "received_at": NOW - 5}, {**EVENT, "received_at": None}).records
    ]
    assert [json.loads(text)["received_at"] for text in texts] == [NOW, NOW - 5, NOW]
    (record,) = take(b'{\n "user_id": "42",\r\n "event_type": "x", "timestamp": 5 }', NOW).records
    assert b"\n" not in record.text
    assert json.loads(record.text)["received_at"] == NOW


def test_a_body_that_is_no_batch_is_refused() -> None:
    for body in (b"", b"{", b"[{},", b"\xff\xfe"):
        with pytest.raises(NoBatch, match="the body is not JSON"):
            take(body, NOW)
    with pytest.raises(NoBatch, match="empty array"):
        take(b"[]", NOW)
    with pytest.raises(TooMany, match="holds 1,001 events; send at most 1,000"):
        take(b"[" + b",".join([b"1"] * 1001) + b"]", NOW)


def test_over_http_everything_is_on_disk_when_it_is_acknowledged(bare: World) -> None:
    with serving(bare.settings) as client:
        answer = client.post("/v1/events", json=[EVENT, {"event_type": "x"}])
        assert (answer.status_code, answer.json()) == (
            202,
            {
                "accepted": 1,
                "refused": 1,
                "errors": [{"index": 1, "field": "user_id", "reason": "is empty, and so is device_id"}],
            },
        )
        folder = bare.settings.path(bare.settings.segments)
        assert len(kept(folder)) == 2
        assert client.post("/v1/events", json=EVENT).status_code == 202
        assert client.post("/v1/events", content=b"nonsense").json()["code"] == "events_invalid"
        too_many = client.post("/v1/events", json=[1] * 1001)
        assert (too_many.status_code, too_many.json()["code"]) == (413, "events_invalid")
        too_long = client.post("/v1/events", content=b"x" * (5 * 2**20 + 1))
        assert (too_long.status_code, too_long.json()["code"]) == (413, "body_too_long")

        def chunks() -> Any:
            for _ in range(6):
                yield b"x" * 2**20

        assert client.post("/v1/events", content=chunks()).status_code == 413
        assert len(kept(folder)) == 3
    assert [segment.path.suffix for segment in segments(folder)] == [".done"]


def kept(folder: Path) -> list[Any]:
    return [record for segment in segments(folder) for record in read_segment(segment.path).records]


def test_a_log_that_cannot_be_written_is_no_acknowledgement(bare: World) -> None:
    blocked = bare.settings.path(bare.settings.segments)
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("a file where the folder should be")
    with serving(bare.settings) as client:
        answer = client.post("/v1/events", json=EVENT)
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "online_store", "5")
        assert "the batch was not taken, send it again" in answer.json()["detail"]
        blocked.unlink()
        assert client.post("/v1/events", json=EVENT).status_code == 202


def test_what_was_shown_is_taken_with_its_position() -> None:
    shown = {**EVENT, "event_type": "article_impression"}
    found = taken(
        {**shown, "position": 3},
        {**shown, "user_id": "", "device_id": "x", "position": "x"},
        {**shown, "article_id": ""},
        {**shown, "timestamp": "soon"},
        EVENT,
    )
    assert [(one.article_id, one.position) for one in found.seen] == [("a1", 3), ("a1", 0)]
    assert (found.seen[0].reader, found.seen[0].at_ms) == (42, NOW)
    assert len(found.doings) == len(found.refusals) == 1
