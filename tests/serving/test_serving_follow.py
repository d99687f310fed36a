"""What is live changes under a running server, and what is broken changes nothing."""

import time
from datetime import timedelta

from served_world import AS_OF, NUMBERS, Caller, World, serving

from readership.registry.live import write_live


def churn(client: Caller) -> dict[str, object]:
    answer = client.get("/v1/readers/42/churn")
    assert answer.status_code == 200, answer.text
    body: dict[str, object] = answer.json()
    return body


def troubles(client: Caller) -> list[tuple[str, str]]:
    return [(trouble["code"], trouble["detail"]) for trouble in client.get("/readyz").json()["troubles"]]


def test_new_champion_answers_within_two_seconds_without_restart(world: World, client: Caller) -> None:
    before = churn(client)
    world.bundle("v2", constant=-5.0)
    world.champion("v2")
    until = time.monotonic() + 5
    while churn(client)["model_version"] == "v1" and time.monotonic() < until:
        time.sleep(0.05)
    after = churn(client)
    assert after["model_version"] == "v2"
    assert after["probability"] < before["probability"]  # type: ignore[operator]
    assert after["reasons"] is None  # those stored are of v1


def test_new_features_are_taken_up(world: World, client: Caller) -> None:
    world.features(as_of=AS_OF + timedelta(days=1))
    client.look()
    body = churn(client)
    assert body["features_as_of"] == "2026-10-02T06:00:00Z"
    assert body["reasons"] is None  # those stored are of the day before
    world.reasons("v1", AS_OF + timedelta(days=1))
    client.look()
    assert churn(client)["reasons"] == ["no visit for 19 days"]


def test_columns_in_another_order_give_the_same_answer(world: World, client: Caller) -> None:
    before = churn(client)["probability"]
    world.features(names=("a_new_one", *reversed(NUMBERS)))
    client.look()
    assert churn(client)["probability"] == before


def test_altered_bundle_leaves_the_last_good_one(world: World, client: Caller) -> None:
    folder = world.bundle("v2")
    model = folder / "model.onnx"
    model.write_bytes(model.read_bytes() + b"x")
    world.champion("v2")
    client.look()
    assert churn(client)["model_version"] == "v1"
    assert client.get("/readyz").status_code == 200
    ((code, detail),) = troubles(client)
    assert code == "bundle"
    assert str(model) in detail
    assert "altered" in detail
    world.champion("v1")
    client.look()
    assert troubles(client) == []


def test_bundle_that_needs_features_nobody_stores_leaves_the_last_good_one(world: World, client: Caller) -> None:
    world.bundle("v2", features=("sessions_400d", "country"))
    world.champion("v2")
    client.look()
    assert churn(client)["model_version"] == "v1"
    ((code, detail),) = troubles(client)
    assert code == "bundle"
    assert "sessions_400d" in detail
    world.features(names=(*NUMBERS, "sessions_400d"))
    client.look()
    assert churn(client)["model_version"] == "v2"


def test_features_that_no_longer_feed_the_champion_are_not_taken_up(world: World, client: Caller) -> None:
    world.features(names=("registered",), as_of=AS_OF + timedelta(days=1))
    client.look()
    assert churn(client)["features_as_of"] == "2026-10-01T06:00:00Z"
    ((_, detail),) = troubles(client)
    assert "sessions_7d" in detail


def test_broken_live_json_and_broken_store_leave_the_last_good_pair(world: World, client: Caller) -> None:
    (world.models / "churn" / "live.json").write_text("{")
    (world.settings.online_dir / "features" / "CURRENT").write_text("gone")
    client.look()
    assert churn(client)["model_version"] == "v1"
    assert {code for code, _ in troubles(client)} == {"bundle", "online_store"}


def test_model_that_answers_no_probability_is_never_taken_up(world: World, client: Caller) -> None:
    world.bundle("v2", constant=float("nan"))
    world.champion("v2")
    client.look()
    assert churn(client)["model_version"] == "v1"
    assert "no probability" in troubles(client)[0][1]


def test_nothing_trained_yet(bare: World) -> None:
    bare.features()
    with serving(bare.settings) as client:
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["ready"] is False
        answer = client.get("/v1/readers/42/churn")
        assert (answer.status_code, answer.json()["code"]) == (503, "no_champion")
        assert answer.headers["retry-after"] == "5"
        assert "`readership train churn`" in answer.json()["detail"]
        assert client.get("/healthz").status_code == 200
        bare.bundle("v1")
        bare.champion("v1")
        client.look()
        assert client.get("/readyz").status_code == 200
        bare.champion(None)
        client.look()
        assert client.get("/v1/readers/42/churn").json()["code"] == "no_champion"


def test_trained_but_not_let_through_by_the_rule(bare: World) -> None:
    bare.features()
    bare.bundle("v1")
    write_live(bare.models, "churn", champion=None, challenger="v1", by="", why="")
    with serving(bare.settings) as client:
        answer = client.get("/v1/readers/42/churn").json()
    assert answer["code"] == "no_champion"
    assert answer["detail"] == "version v1 of churn is trained but not live; `readership promote churn` says why"


def test_nothing_materialised_yet(bare: World) -> None:
    bare.bundle("v1")
    bare.champion("v1")
    with serving(bare.settings) as client:
        answer = client.get("/v1/readers/42/churn")
        assert (answer.status_code, answer.json()["code"]) == (503, "online_store")
        assert "`readership features build`" in answer.json()["detail"]
        bare.features()
        client.look()
        assert churn(client)["model_version"] == "v1"
