"""The log of predictions: what was answered, from what; and challengers, which are asked and only logged."""

import json
import time
from typing import Any

import numpy as np
import pytest
from served_world import AS_OF, Caller, World, serving

from readership.events.identity import reader_key
from readership.events.segments import read_segment
from readership.features.encoding import inputs_hash
from readership.registry.live import write_live
from readership.serving import predictions as module
from readership.serving.predictions import Prediction, PredictionLog
from readership.settings import Settings


def logged(world: World, least: int = 1) -> list[dict[str, Any]]:
    """The answers in the segment log, once there are so many."""
    until = time.monotonic() + 8
    while True:
        files = sorted((world.settings.root / "var/segments").glob("*.*"))
        told = [json.loads(one.text) for path in files for one in read_segment(path).records if one.kind == "decision"]
        if len(told) >= least or time.monotonic() > until:
            return told
        time.sleep(0.05)


def test_an_answer_is_logged_with_what_it_was_made_from(world: World, client: Caller) -> None:
    first, second = (client.get("/v1/readers/42/churn").json() for _ in range(2))
    one, other = logged(world, 2)
    assert one["decision_id"] != other["decision_id"]
    assert (one["user_id"], one["task"], one["model_version"], one["propensity"]) == (42, "churn", "v1", None)
    assert (one["score"], other["score"]) == (first["probability"], second["probability"])
    assert one["features_as_of"] == first["features_as_of"]
    assert one["inputs_hash"] == inputs_hash(np.array([3, 1], dtype=np.float32))  # three sessions, and DE
    figures = client.get("/metrics").text
    assert 'readership_predictions_logged{worker="' in figures
    assert [line.split()[-1] for line in figures.splitlines() if line.startswith("readership_predictions_shed")] == [
        "0.0"
    ]


def test_the_last_answers_are_written_when_the_worker_stops(world: World) -> None:
    with serving(world.settings) as client:
        client.get("/v1/readers/anna%2Fm%C3%BCller/churn")
    assert [one["user_id"] for one in logged(world)] == [reader_key("anna/müller")]


def test_slates_are_logged_too(world: World, client: Caller) -> None:
    client.put("/v1/articles/a1", json={"title": "today"})
    client.look()
    slate = client.get("/v1/readers/42/recommendations").json()
    (told,) = logged(world)
    assert (told["decision_id"], told["task"], told["user_id"]) == (slate["decision_id"], "recommendation", 42)


def test_a_challenger_is_asked_the_same_and_only_logged(world: World, client: Caller) -> None:
    world.bundle("v2", constant=-5.0)
    write_live(world.models, "churn", champion="v1", challenger="v2", by="a test", why="to see")
    client.look()
    answers = [client.get(f"/v1/readers/{reader}/churn").json() for reader in ("42", "-7")]
    assert {answer["model_version"] for answer in answers} == {"v1"}
    told = logged(world, 4)
    own = {one["decision_id"]: one for one in told if one["model_version"] == "v1"}
    shadows = {one["decision_id"]: one for one in told if one["model_version"] == "v2"}
    assert {f"{decision}/shadow" for decision in own} == set(shadows)
    for decision, one in own.items():
        shadow = shadows[f"{decision}/shadow"]
        assert (shadow["user_id"], shadow["inputs_hash"]) == (one["user_id"], one["inputs_hash"])
        assert shadow["score"] < one["score"]
    assert "readership_predictions_shadowed" in client.get("/metrics").text


def test_a_challenger_that_cannot_be_used_troubles_nobody(world: World, client: Caller) -> None:
    model = world.bundle("v2") / "model.onnx"
    model.write_bytes(model.read_bytes() + b"x")
    write_live(world.models, "churn", champion="v1", challenger="v2", by="a test", why="to see")
    client.look()
    assert client.get("/v1/readers/42/churn").json()["model_version"] == "v1"
    ready = client.get("/readyz")
    assert ready.status_code == 200
    (trouble,) = ready.json()["troubles"]
    assert trouble["code"] == "challenger"
    assert "altered" in trouble["detail"]
    assert len(logged(world)) == 1


def test_without_any_champion_everybody_is_answered_without_a_model(bare: World) -> None:
    bare.features()
    with serving(bare.settings) as client:
        client.put("/v1/articles/a1", json={"title": "today"})
        client.look()
        slate = client.get("/v1/readers/42/recommendations").json()
        assert [one["article_id"] for one in slate["recommendations"]] == ["a1"]
        assert (slate["personalised"], slate["model_version"]) == (False, None)
        assert "no_champion" in {trouble["code"] for trouble in client.get("/readyz").json()["troubles"]}
    assert [one["model_version"] for one in logged(bare)] == ["decayed popularity"]


def test_challengers_may_be_left_alone(world: World) -> None:
    world.settings = Settings(shadow=False)
    world.bundle("v2")
    write_live(world.models, "churn", champion="v1", challenger="v2", by="a test", why="to see")
    with serving(world.settings) as client:
        client.get("/v1/readers/42/churn")
    assert [one["model_version"] for one in logged(world)] == ["v1"]


def test_more_than_can_be_held_is_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_HELD", 2)
    log = PredictionLog(1.0, dict)
    for n in range(5):
        log.decided(prediction(f"d{n}", None))
    assert log.shed == 3
    assert [json.loads(one.text)["decision_id"] for one in log.records()] == ["d0", "d1"]
    assert log.records() == []
    log.decided(prediction("d9", None))
    assert len(log.records()) == 1


def test_a_share_may_be_logged_and_draws_always_are() -> None:
    log = PredictionLog(0.0, dict)
    log.decided(prediction("d1", None))
    log.decided(prediction("d2", 0.25))
    assert [json.loads(one.text)["decision_id"] for one in log.records()] == ["d2"]
    assert log.shed == 0


def prediction(decision_id: str, propensity: float | None) -> Prediction:
    return Prediction(decision_id, 1, "churn", "v1", AS_OF, "h", 0.5, propensity, AS_OF)
