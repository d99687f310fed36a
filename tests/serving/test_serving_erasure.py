"""A reader who was erased, or who withdrew, is nobody to every route, at the next request."""

import json
import time

import pytest
from served_world import READERS, Caller, World

from readership.events.erased import Erased
from readership.events.identity import reader_key
from readership.events.receipts import Receipts
from readership.events.segments import read_segment


def event(reader: str, **more: object) -> dict[str, object]:
    return {"user_id": reader, "event_type": "article_view", "timestamp": time.time(), "article_id": "a1", **more}


def said(world: World) -> str:
    """All that lies in the segment log."""
    folder = world.settings.path(world.settings.segments)
    return " ".join(record.text.decode() for path in folder.glob("*.*") for record in read_segment(path).records)


def test_an_erasure_answers_with_a_receipt_that_says_how_far_it_is(client: Caller, world: World) -> None:
    answer = client.delete("/v1/readers/anna/müller")
    assert answer.status_code == 202
    told = answer.json()
    assert (told["state"], told["warehouse_erased_at"], told["erased"]) == ("online_erased", None, {})
    assert told["accepted_at"] <= told["online_erased_at"]
    assert answer.headers["location"] == f"/v1/erasures/{told['erasure_id']}"
    assert client.get(answer.headers["location"]).json() == told
    (waiting,) = Receipts.of(world.settings).pending()
    assert waiting.reader_id == "anna/müller"
    Receipts.of(world.settings).done(waiting, {"events": 3})
    done = client.get(answer.headers["location"]).json()
    assert (done["state"], done["erased"]) == ("erased", {"events": 3})


@pytest.mark.parametrize("unknown", ["nothing", "0" * 32, "..%2Freceipts"])
def test_an_unknown_receipt_is_said(client: Caller, unknown: str) -> None:
    answer = client.get(f"/v1/erasures/{unknown}")
    assert answer.status_code == 404
    assert answer.json()["code"] in ("erasure_unknown", "route_unknown")


def test_nothing_is_answered_of_a_reader_who_was_erased(client: Caller) -> None:
    assert client.get("/v1/readers/42/churn").status_code == 200
    client.delete("/v1/readers/42")
    answer = client.get("/v1/readers/42/churn")
    assert (answer.status_code, answer.json()["code"]) == (404, "reader_unknown")
    assert client.get("/v1/readers/-7/churn").status_code == 200
    slate = client.get("/v1/readers/42/recommendations").json()
    assert slate["personalised"] is False
    many = client.post("/v1/readers/churn", json={"reader_ids": ["42", "-7"]}).json()
    assert ([one["reader_id"] for one in many["answers"]], many["unknown"]) == (["-7"], ["42"])


def test_what_another_process_erases_is_known_at_once(client: Caller, world: World) -> None:
    assert client.get("/v1/readers/42/churn").status_code == 200
    Erased.of(world.settings).add(reader_key("42"))  # as the command line does
    assert client.get("/v1/readers/42/churn").status_code == 404
    assert client.get("/v1/readers/-7/churn").status_code == 200


def test_events_of_a_reader_who_was_erased_are_neither_kept_nor_learnt(client: Caller, world: World) -> None:
    client.delete("/v1/readers/42")
    bad = {"user_id": 42, "event_type": "article_view", "timestamp": "soon"}
    answer = client.post("/v1/events", content=json.dumps([event("42"), event("-7"), bad]))
    assert answer.status_code == 202
    told = answer.json()
    assert (told["accepted"], told["refused"]) == (1, 2)
    assert [(error["index"], error["reason"]) for error in told["errors"]] == [
        (0, "was erased; nothing of it is kept"),
        (2, "was erased; nothing of it is kept"),
    ]
    kept = said(world)
    assert '"-7"' in kept
    assert '"42"' not in kept
    assert "soon" not in kept


def withdraw(client: Caller, reader: str) -> None:
    said = event(reader, event_type="navigation", article_id="", consent={"analytics": True, "personalisation": False})
    assert client.post("/v1/events", json=said).json()["accepted"] == 1


def test_withdrawal_acts_on_the_next_request(client: Caller) -> None:
    assert client.get("/v1/readers/42/churn").status_code == 200
    withdraw(client, "42")
    answer = client.get("/v1/readers/42/churn")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_agreed")
    assert "withdrawn" in answer.json()["detail"]
    assert client.get("/v1/readers/42/recommendations").json()["personalised"] is False
    assert client.get("/v1/readers/-7/churn").status_code == 200
    many = client.post("/v1/readers/churn", json={"reader_ids": ["42", "-7"]}).json()
    assert ([one["reader_id"] for one in many["answers"]], many["unknown"]) == (["-7"], ["42"])
    again = event("42", consent={"analytics": True, "personalisation": True}, timestamp=time.time() + 1)
    client.post("/v1/events", json=again)
    assert client.get("/v1/readers/42/churn").status_code == 200


@pytest.mark.parametrize("reader", [*READERS])
def test_any_id_can_be_erased(client: Caller, reader: str) -> None:
    assert client.delete(f"/v1/readers/{reader}").status_code == 202
    assert client.get(f"/v1/readers/{reader}/churn").status_code == 404
