"""What the conversion route answers, beside churn and without it."""

from datetime import UTC, datetime
from math import exp

import pytest
from served_world import Caller, World, calibrator, linear, manifest, serving

from readership.registry.bundles import write_bundle
from readership.serving.answers import ConversionAnswer

ROUTE = "/v1/readers/42/conversion"
POINTS = {"top_k": 0.95, "expected_cost": 0.9, "roadmap": 0.5}


def converting(world: World, **points: float | None) -> None:
    world.bundle("c1", task="conversion", horizon_days=14, lookback_days=28, operating_points={**POINTS, **points})
    world.champion("c1", "conversion")


def test_probability_and_the_action_its_thresholds_say(bare: World) -> None:
    bare.features()
    converting(bare)
    with serving(bare.settings) as client:
        body = client.get(ROUTE).json()
        ConversionAnswer.model_validate(body)
        assert list(body) == list(ConversionAnswer.model_fields)
        assert body["probability"] == pytest.approx(1 / (1 + exp(-2.5)), abs=1e-7)  # .924: over .9, under .95
        assert (body["action"], body["uplift"], body["horizon_days"]) == ("prompt", None, 14)
        assert body["in_population"] is None  # these features do not say who pays
        assert "`readership batch-score conversion`" in body["reasons_note"]
        assert datetime.fromisoformat(body["answered_at"]) <= datetime.now(UTC)
        assert client.get("/v1/readers/-7/conversion").json()["action"] == "none"


def test_a_task_without_a_champion_says_so_and_the_others_answer(client: Caller) -> None:
    assert client.get("/readyz").json() == {"ready": True, "troubles": []}
    answer = client.get(ROUTE)
    assert (answer.status_code, answer.json()["code"]) == (503, "no_champion")
    assert "`readership train conversion`" in answer.json()["detail"]


def test_a_broken_bundle_of_one_task_is_no_readiness(bare: World) -> None:
    bare.features()
    converting(bare)
    bare.bundle("v1")
    bare.champion("v1")
    (bare.models / "conversion" / "c1" / "model.onnx").write_bytes(b"")
    with serving(bare.settings) as client:
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert client.get("/v1/readers/42/churn").status_code == 200
        assert client.get(ROUTE).status_code == 503


@pytest.mark.parametrize(("tier", "member"), [("free", True), (None, True), ("premium", False)])
def test_whoever_pays_already_is_not_asked_about(bare: World, tier: str | None, member: bool) -> None:
    bare.features(words=("country", "tier"), told=("DE", tier))
    converting(bare)
    with serving(bare.settings) as client:
        assert client.get(ROUTE).json()["in_population"] is member


def test_what_an_offer_adds_stands_beside_the_probability_once_a_model_of_it_is_live(bare: World) -> None:
    bare.features()
    converting(bare)
    features = {"features": ("sessions_7d", "days_since_last_session"), "categories": {}}
    changes = {"task": "conversion_uplift", "answer": "uplift", "calibration": "none", **features}
    files = {"model.onnx": linear((0.01, 0.001), -0.02), "calibrator.npz": calibrator()}
    write_bundle(bare.models, manifest("u1", **changes), files)
    with serving(bare.settings) as client:
        assert client.get(ROUTE).json()["uplift"] is None
        bare.champion("u1", "conversion_uplift")
        client.look()
        body = client.get(ROUTE).json()
        assert body["uplift"] == pytest.approx(0.012)  # 3 x .01 + 2 x .001 - .02
        assert body["model_version"] == "c1"
        assert client.get("/readyz").json() == {"ready": True, "troubles": []}
