"""Champion against challenger over HTTP: each reader is answered by the version of their variant."""

from datetime import datetime

import pytest
from served_world import World, serving
from test_serving_assignment import define, logged

from readership.experiments.assignment import bucket

MODELS = '[models]\ntask = "churn"\nchampion = "v1"\nchallenger = "v2"\n'
NAMES = ('["control", "hybrid"]', '["champion", "challenger"]')
ODDS = {"v1": 0.9241, "v2": 0.8176}  # 42 stays 3 sessions + 0.5 · DE's code 1 - 1 = 2.5; v2 has 1 less


@pytest.fixture
def compared(world: World) -> World:
    """ "v1" against "v2", on the second day."""
    world.bundle("v2", constant=-1.0)
    define(world.settings.root, NAMES, more=MODELS, key="churn-v2")
    return World(world.settings.model_copy(update={"now": datetime.fromisoformat("2026-03-03T12:00:00Z")}))


def test_the_version_of_the_variant_answers_and_is_logged_once(compared: World) -> None:
    expected = "v1" if bucket("churn-v2", "42") < 0.5 else "v2"
    with serving(compared.settings) as client:
        answers = [client.get("/v1/readers/42/churn").json() for _ in range(3)]
        assert {answer["model_version"] for answer in answers} == {expected}
        assert answers[0]["probability"] == pytest.approx(ODDS[expected], abs=1e-4)
        found = client.get("/v1/experiments/churn-v2/assignment?reader_id=42").json()
        assert found["variant"] == {"v1": "champion", "v2": "challenger"}[expected]
        live = client.get("/v1/readers/42/churn?reasons=live").json()
        assert live["model_version"] == expected
    (exposure,) = logged(compared)
    assert (exposure["experiment"], exposure["variant"], exposure["treatment"]) == (
        "churn-v2", found["variant"], expected,
    )  # fmt: skip


def test_both_versions_answer_some(compared: World) -> None:
    with serving(compared.settings) as client:
        told = {reader: client.get(f"/v1/readers/{reader}/churn").json()["model_version"]
                for reader in ("42", "-7", "anna%2Fm%C3%BCller")}  # fmt: skip
    assert told["-7"] == ("v1" if bucket("churn-v2", "-7") < 0.5 else "v2")
    assert set(told.values()) == {"v1", "v2"}
    assert len(logged(compared)) == 3


def test_whoever_withdrew_analytics_is_answered_by_the_champion(compared: World) -> None:
    reader = next(r for r in ("42", "-7", "anna/müller") if bucket("churn-v2", r) >= 0.5)
    with serving(compared.settings) as client:
        event = {"user_id": reader, "event_type": "login", "timestamp": "2026-03-01T00:00:00Z", "consent": 2}
        assert client.post("/v1/events", json=event).json()["accepted"] == 1
        assert client.get(f"/v1/readers/{reader}/churn").json()["model_version"] == "v1"
    assert logged(compared) == []


def test_a_version_that_is_not_there_leaves_the_champion_and_a_trouble(compared: World) -> None:
    define(compared.settings.root, NAMES, more=MODELS.replace("v2", "v3"), key="churn-v2")
    with serving(compared.settings) as client:
        assert client.get("/v1/readers/42/churn").json()["model_version"] == "v1"
        details = [one["detail"] for one in client.get("/readyz").json()["troubles"]]
        assert any(
            detail.startswith("experiment 'churn-v2' compares no models, the champion answers: ") for detail in details
        )
    assert logged(compared) == []


def test_after_its_end_the_champion_answers_all(compared: World) -> None:
    over = compared.settings.model_copy(update={"now": datetime.fromisoformat("2026-03-30T00:00:00Z")})
    with serving(over) as client:
        for reader in ("42", "-7"):
            assert client.get(f"/v1/readers/{reader}/churn").json()["model_version"] == "v1"
    assert logged(compared) == []
