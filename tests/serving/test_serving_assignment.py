"""`GET /v1/experiments/{key}/assignment`: who gets what, what is logged, and what follows the files."""

import json
from pathlib import Path
from typing import Any

import pytest
from served_world import Caller, World, serving

from readership.events.segments import read_segment, segments
from readership.experiments.assignment import bucket
from readership.experiments.started import FILE

NOW = "2026-03-03T12:00:00Z"
DEFINITION = """
hypothesis = "Personal ranking on the home page brings readers back on more days."
unit = "reader"
variants = ["control", "hybrid"]
weights = [0.5, 0.5]
start = 2026-03-02
end = 2026-03-30

[metrics.active_days]
kind = "mean"
"""
EVENT = {"user_id": "7", "event_type": "login", "timestamp": "2026-03-01T00:00:00Z"}


def define(home: Path, *changes: tuple[str, str], key: str = "home", text: str = DEFINITION, more: str = "") -> None:
    """The definition with some words changed, and more tables at its end."""
    folder = home / "experiments"
    folder.mkdir(exist_ok=True)
    for before, after in changes:
        text = text.replace(before, after)
    (folder / f"{key}.toml").write_text(text + more)


def logged(world: World) -> list[Any]:
    """Exposures in the segment log."""
    found = [record for segment in segments(world.settings.path(world.settings.segments))
             for record in read_segment(segment.path).records]  # fmt: skip
    return [json.loads(record.text) for record in found if record.kind == "exposure"]


@pytest.fixture
def running(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world on the second day of the experiment "home"."""
    define(world.settings.root)
    now = world.settings.model_validate({"now": NOW}).now
    return World(world.settings.model_copy(update={"now": now}))


def ask(client: Caller, reader: str = "42", key: str = "home", **query: str) -> dict[str, Any]:
    answer = client.get(f"/v1/experiments/{key}/assignment", params={"reader_id": reader, **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_reader_gets_the_variant_of_the_hash_and_is_logged_once(running: World) -> None:
    expected = "control" if bucket("home", "42") < 0.5 else "hybrid"
    with serving(running.settings) as client:
        first = ask(client)
        assert first == {
            "experiment": "home", "unit": "42", "variant": expected, "in_experiment": True, "propensity": 0.5,
            "decision_id": f"home/42/{expected}", "note": None,
        }  # fmt: skip
        assert [ask(client) for _ in range(3)] == [first] * 3
        ask(client, "anna/müller")
        mine, hers = logged(running)
        assert mine["at"].startswith("2026-03-03T12:00:")
        assert {name: mine[name] for name in mine if name != "at"} == {
            "unit": "42", "experiment": "home", "variant": expected, "treatment": expected, "propensity": 0.5,
            "decision_id": f"home/42/{expected}",
        }  # fmt: skip
        assert hers["unit"].isdigit()  # the reader's key: the warehouse joins it to user_id


def test_many_readers_meet_the_weights(running: World) -> None:
    with serving(running.settings) as client:
        variants = [ask(client, f"r{n}")["variant"] for n in range(200)]
    assert variants.count("hybrid") == sum(bucket("home", f"r{n}") >= 0.5 for n in range(200))
    assert len(logged(running)) == 200


def test_what_was_given_stays_when_the_reader_is_of_the_audience_no_more(running: World) -> None:
    define(running.settings.root, more='[audience]\nsubscription_tier = ["free"]\n')
    with serving(running.settings) as client:
        first = ask(client, subscription_tier="free")
        assert first["in_experiment"]
        assert ask(client, subscription_tier="premium") == first
        other = ask(client, "43", subscription_tier="premium")
        assert (other["variant"], other["in_experiment"], other["decision_id"]) == ("control", False, None)
        assert other["note"].startswith("of another audience")
    assert len(logged(running)) == 1


def test_the_audience_is_asked_of_the_stored_features_where_nothing_is_said(running: World) -> None:
    define(running.settings.root, more='[audience]\ncountry = ["DE"]\n')  # of 42 stored as DE, of anna as ZZ
    with serving(running.settings) as client:
        assert ask(client)["in_experiment"]
        assert not ask(client, "anna/müller")["in_experiment"]
        assert ask(client, "anna/müller", country="DE")["in_experiment"]
        client.post("/v1/events", json={**EVENT, "user_id": "42", "consent": {"analytics": True}})
        define(running.settings.root, key="other", more='[audience]\ncountry = ["DE"]\n')
        client.look()
        assert not ask(client, "42", "other")["in_experiment"]  # no longer agrees to be known by what is stored


def test_without_agreement_to_analytics_the_control_and_no_exposure(running: World) -> None:
    with serving(running.settings) as client:
        client.post("/v1/events", json={**EVENT, "consent": {"personalisation": True}})
        found = ask(client, "7")
        assert (found["variant"], found["in_experiment"], found["propensity"]) == ("control", False, None)
        assert "no agreement to analytics" in found["note"]
        assert logged(running) == []
        client.post("/v1/events", json={**EVENT, "timestamp": "2026-03-02T00:00:00Z", "consent": {"analytics": True}})
        assert ask(client, "7")["in_experiment"]


def test_namespaces_share_nobody(running: World) -> None:
    define(running.settings.root, more='[namespace]\nname = "n"\nrange = [0.0, 0.5]\n')
    define(running.settings.root, key="other", more='[namespace]\nname = "n"\nrange = [0.5, 1.0]\n')
    with serving(running.settings) as client:
        parts = [(ask(client, f"r{n}")["in_experiment"], ask(client, f"r{n}", "other")["in_experiment"])
                 for n in range(100)]  # fmt: skip
    assert {one + other for one, other in parts} == {1}
    assert {one for one, _ in parts} == {True, False}


@pytest.mark.parametrize(
    ("now", "note"),
    [("2026-03-01T23:59:59Z", "it starts at 2026-03-02T00:00Z: the control"),
     ("2026-03-30T00:00:00Z", "it ended at 2026-03-30T00:00Z: the control")],
)  # fmt: skip
def test_one_that_does_not_run_is_the_control(running: World, now: str, note: str) -> None:
    settings = running.settings.model_copy(update={"now": running.settings.model_validate({"now": now}).now})
    with serving(settings) as client:
        found = ask(client, "r5")
        assert (found["variant"], found["in_experiment"], found["note"]) == ("control", False, note)
    assert logged(running) == []


def test_wrong_questions_are_told(running: World) -> None:
    define(running.settings.root, ('unit = "reader"', 'unit = "device"'), key="on-devices")
    with serving(running.settings) as client:
        unknown = client.get("/v1/experiments/nowhere/assignment?reader_id=42")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "experiment_unknown")
        assert unknown.json()["detail"] == "there is no experiment 'nowhere'; there are: home, on-devices"
        nobody = client.get("/v1/experiments/home/assignment")
        assert (nobody.status_code, nobody.json()["detail"]) == (
            422, "query reader_id is missing; 'home' assigns a reader",
        )  # fmt: skip
        other = client.get("/v1/experiments/on-devices/assignment?reader_id=42").json()
        assert other["detail"] == "query device_id is missing; 'on-devices' assigns a device"
        assert client.get("/v1/experiments/on-devices/assignment?device_id=d1").json()["in_experiment"]
    (exposure,) = logged(running)
    assert exposure["unit"] == "d1"


def test_a_definition_changed_after_its_start_leaves_the_last_good_one(running: World) -> None:
    reader = next(f"r{n}" for n in range(100) if 0.5 <= bucket("home", f"r{n}") < 0.9)
    with serving(running.settings) as client:
        assert (running.settings.root / "experiments" / FILE).is_file()  # remembered by the API itself
        define(running.settings.root, ("[0.5, 0.5]", "[0.9, 0.1]"))
        client.look()
        assert ask(client, reader)["variant"] == "hybrid"
        (told,) = [one for one in client.get("/readyz").json()["troubles"] if one["code"] == "experiment"]
        assert "experiment 'home' was changed after its start on 2026-03-02: weights" in told["detail"]
    with serving(running.settings) as client:  # a restart knows it as well
        assert ask(client, reader)["variant"] == "hybrid"
        define(running.settings.root)
        client.look()
        assert not [one for one in client.get("/readyz").json()["troubles"] if one["code"] == "experiment"]


def test_a_broken_definition_stops_no_other(running: World) -> None:
    define(running.settings.root, ("[0.5, 0.5]", "[0.5, 0.4]"), key="broken")
    with serving(running.settings) as client:
        assert ask(client)["in_experiment"]
        assert client.get("/v1/experiments/broken/assignment?reader_id=1").status_code == 404
        details = [one["detail"] for one in client.get("/readyz").json()["troubles"]]
        assert any("weights [0.5, 0.4] sum to 0.9" in detail for detail in details)


def test_a_new_definition_is_followed_and_a_removed_one_gone(running: World) -> None:
    with serving(running.settings) as client:
        define(running.settings.root, key="second")
        client.look()
        assert ask(client, key="second")["in_experiment"]
        (running.settings.root / "experiments" / "second.toml").unlink()
        client.look()
        assert client.get("/v1/experiments/second/assignment?reader_id=42").status_code == 404
