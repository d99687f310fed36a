"""Posting to a receiver that is busy, silent or gone: asked again where that can help, never otherwise."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from receiver import DROP, HANG, Receiver

from readership import posting
from readership.errors import DeliveryError
from readership.posting import ATTEMPTS, Post, Remedies

REMEDIES = Remedies("set THE_TOKEN", "run it again")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver("/hook?token=secret") as running:
        yield running


def _post(address: str, pauses: list[float], chance: float = 1.0) -> Post:
    return Post(address, None, REMEDIES, sleep=pauses.append, chance=lambda: chance)


@pytest.mark.parametrize(("chance", "expected"), [(0.0, [0.25, 0.5, 1.0]), (1.0, [0.5, 1.0, 2.0])])
def test_pauses_double_and_up_to_a_half_of_each_is_chance(receiver, chance, expected) -> None:
    receiver.answers = [(503, {}, ""), (500, {}, ""), (429, {}, "")]
    pauses: list[float] = []
    with _post(receiver.address, pauses, chance) as line:
        assert line.send(b"{}", {"Idempotency-Key": "a-1"}) == b"{}"
    assert pauses == expected
    assert [found["Idempotency-Key"] for found in receiver.headers] == ["a-1"] * 4


def test_a_pause_asked_for_as_a_date_is_kept(receiver) -> None:
    until = datetime.now(UTC) + timedelta(seconds=30)
    receiver.answers = [(429, {"Retry-After": format_datetime(until, usegmt=True)}, "")]
    pauses: list[float] = []
    with _post(receiver.address, pauses) as line:
        line.send(b"{}")
    assert 27 < pauses[0] <= 30


def test_who_asks_for_a_long_pause_is_not_waited_for(receiver) -> None:
    receiver.answers = [(503, {"Retry-After": "3600"}, "")]
    pauses: list[float] = []
    with (
        _post(receiver.address, pauses) as line,
        pytest.raises(DeliveryError, match="answered 503 , and asks to wait 3,600 s; run it again"),
    ):
        line.send(b"{}")
    assert pauses == []


def test_silence_and_a_line_cut_off_are_tried_again(receiver, monkeypatch) -> None:
    monkeypatch.setattr(posting, "ANSWER_SECONDS", 0.2)
    receiver.answers = [(HANG, {}, ""), (DROP, {}, "")]
    with _post(receiver.address, []) as line:
        line.send(b"[1]")
    assert (receiver.calls, receiver.taken) == (3, [[1]])


@pytest.mark.parametrize("status", [301, 400, 401, 404, 410, 422])
def test_what_trying_again_cannot_mend_is_said_at_once_without_the_secrets(receiver, status) -> None:
    receiver.answers = [(status, {"Location": "http://127.0.0.1:1/"}, "no")]
    remedy = "set THE_TOKEN" if status == 401 else "check the address"
    with (
        _post(receiver.address, []) as line,
        pytest.raises(
            DeliveryError, match=rf"/hook: it answered {status} no; {remedy}; the batch was not taken"
        ) as said,
    ):
        line.send(b"{}")
    assert receiver.calls == 1
    assert "secret" not in str(said.value)


def test_after_six_attempts_it_is_given_up(receiver) -> None:
    receiver.answers = [(500, {}, "")] * ATTEMPTS
    pauses: list[float] = []
    with _post(receiver.address, pauses) as line, pytest.raises(DeliveryError, match="500 , 6 times; run it again"):
        line.send(b"{}")
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0]
