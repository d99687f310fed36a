"""What the churn route answers."""

from datetime import UTC, datetime, timedelta
from math import exp

import numpy as np
import pytest
from served_world import AS_OF, Caller, World, calibrator, manifest, serving

from readership.contracts import Dataset, ModelSpec
from readership.models._tabular import build
from readership.registry.bundles import write_bundle
from readership.serving.answers import ChurnAnswer


def sigmoid(margin: float) -> float:
    return 1 / (1 + exp(-margin))


def test_answer_is_what_model_and_calibrator_say_by_hand(client: Caller) -> None:
    answer = client.get("/v1/readers/42/churn")
    body = answer.json()
    # 3 sessions, country DE has code 1: margin 0 + 3 + 0.5, shifted by -1
    assert body.pop("probability") == pytest.approx(sigmoid(2.5), abs=1e-7)
    answered_at = datetime.fromisoformat(body.pop("answered_at"))
    assert abs(datetime.now(UTC) - answered_at) < timedelta(seconds=60)
    assert body == {
        "reader_id": "42",
        "task": "churn",
        "population": "registered",
        "in_population": True,
        "horizon_days": 28,
        "band": "high",
        "reasons": ["no visit for 19 days"],
        "reasons_note": None,
        "model_version": "v1",
        "features_as_of": "2026-10-01T06:00:00Z",
    }
    assert answer.headers["content-type"] == "application/json"


def test_answer_is_what_openapi_says(client: Caller) -> None:
    body = client.get("/v1/readers/42/churn").json()
    assert list(body) == list(ChurnAnswer.model_fields)
    ChurnAnswer.model_validate(body)
    example = ChurnAnswer.model_config["json_schema_extra"]["example"]  # type: ignore[index]
    assert list(example) == list(body)  # type: ignore[arg-type]


def test_negative_id_missing_number_and_missing_word(client: Caller) -> None:
    body = client.get("/v1/readers/-7/churn").json()
    assert body["probability"] == pytest.approx(sigmoid(-1), abs=1e-7)
    assert (body["reader_id"], body["band"]) == ("-7", "low")
    assert body["in_population"] is False  # last seen 70 days ago, which is over 56


def test_any_text_is_an_id_and_an_unseen_word_has_its_own_code(client: Caller) -> None:
    body = client.get("/v1/readers/anna%2Fm%C3%BCller/churn").json()
    # 1 session, country ZZ is unseen, which is code 2: margin 1 + 1, shifted by -1
    assert body["probability"] == pytest.approx(sigmoid(1), abs=1e-7)
    assert body["reader_id"] == "anna/müller"
    assert body["in_population"] is False  # never registered


def test_unknown_reader_is_told_what_to_do(client: Caller) -> None:
    answer = client.get("/v1/readers/999/churn")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "reader_unknown"
    assert problem["type"] == "urn:readership:problem:reader_unknown"
    assert problem["instance"] == "/v1/readers/999/churn"
    assert problem["detail"] == (
        "reader '999' has no features as of 2026-10-01T06:00:00Z: never seen before that, or without consent to "
        "personalisation; check the id, or `readership ingest` newer events and then `readership features build`"
    )


def test_reasons_are_stored_or_live_and_nothing_else(client: Caller) -> None:
    wrong = client.get("/v1/readers/42/churn?reasons=please")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "request_invalid")
    assert "'please'" in wrong.json()["detail"]
    assert client.get("/v1/readers/42/churn?reasons=stored").json()["reasons"] == ["no visit for 19 days"]
    assert client.get("/v1/readers/42/churn?unheard=of").status_code == 200


def fitted_champion(world: World) -> None:
    """Make a logistic regression live that was fitted on readers who leave when they read little."""
    sessions = np.tile(np.arange(10, dtype=np.float32), 20)
    dataset = Dataset(
        task="churn",
        features=np.stack([sessions, np.arange(200) % 2], axis=1).astype(np.float32),
        names=("sessions_7d", "country"),
        label=(sessions < 5).astype(np.float32),
        reader=np.arange(200, dtype=np.uint64),
        as_of=np.full(200, np.datetime64("2026-08-01", "ms")),
        weight=np.ones(200),
        categories={"country": ("AT", "DE")},
    )
    model = build(ModelSpec("logistic_regression", {"C": 0.5})).fit(dataset, None)
    name, content = model.native()
    files = {"model.onnx": model.to_onnx(), "calibrator.npz": calibrator(), name: content}
    write_bundle(world.models, manifest("fitted", calibration="none"), files)
    world.champion("fitted")


def test_live_reasons_are_the_models_own_contributions(world: World) -> None:
    fitted_champion(world)
    with serving(world.settings) as client:
        stored = client.get("/v1/readers/42/churn").json()
        live = client.get("/v1/readers/42/churn?reasons=live").json()
    assert stored["reasons"] is None
    assert "`?reasons=live` computes them" in stored["reasons_note"]
    assert live["reasons_note"] is None
    assert live["reasons"][0] == "sessions that ended in the last 7 days: 3 (raises the risk)"
    assert live["probability"] == stored["probability"] > 0.5


def test_live_reasons_without_the_library_say_so(world: World, client: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'xgboost'", name="xgboost")

    monkeypatch.setattr("readership.models._native.restore", lacking)
    body = client.get("/v1/readers/42/churn?reasons=live").json()
    assert body["reasons"] is None
    assert body["reasons_note"] == (
        "exact contributions of logistic_regression need xgboost, which is not installed here; ask for `stored`"
    )
    assert body["band"] == "high"


def test_live_reasons_of_a_bundle_without_its_own_file_say_so(client: Caller) -> None:
    body = client.get("/v1/readers/42/churn?reasons=live").json()
    assert (body["reasons"], body["band"]) == (None, "high")
    assert body["reasons_note"].startswith("the model's own file cannot be read back")


@pytest.mark.parametrize(("version", "as_of"), [("v0", AS_OF), ("v1", AS_OF - timedelta(days=1))])
def test_reasons_of_another_model_or_time_are_left_out(world: World, version: str, as_of: datetime) -> None:
    world.reasons(version, as_of)
    with serving(world.settings) as client:
        body = client.get("/v1/readers/42/churn").json()
    assert body["reasons"] is None
    assert "`readership batch-score churn`" in body["reasons_note"]


def test_other_methods_are_refused(client: Caller) -> None:
    answer = client.post("/v1/readers/42/churn")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
