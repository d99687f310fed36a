"""Keys, request ids, headers, errors and figures: what is the same for every route."""

import logging
import os
import stat
from dataclasses import replace
from typing import Any

import httpx
import pytest
from served_world import Caller, World, serving

from readership.errors import InputError, SettingsError
from readership.serving import keys
from readership.serving.server import serve

IDLE = ("conversion", "conversion_uplift", "engagement", "segmentation", "recommendation", "click", "ads")
CHURN = "/v1/readers/42/churn"


def beyond(world: World) -> World:
    """The same world, served beyond this machine as far as the application knows."""
    return replace(world, settings=world.settings.model_copy(update={"api_host": "0.0.0.0"}))


def test_key_is_asked_for_beyond_this_machine(world: World) -> None:
    world = beyond(world)
    key = keys.create(world.settings, "newsroom")
    with serving(world.settings) as client:
        for path in (CHURN, "/v1/models", "/metrics"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (401, "key_missing")
            assert answer.headers["www-authenticate"] == "Bearer"
        wrong = client.get(CHURN, headers={"X-API-Key": key + "x"})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "key_unknown")
        assert client.get(CHURN, headers={"X-API-Key": key}).status_code == 200
        assert client.get(CHURN, headers={"Authorization": f"bearer {key}"}).status_code == 200
        for path in ("/healthz", "/readyz", "/docs", "/openapi.json"):
            assert client.get(path).status_code == 200


def test_key_made_while_serving_is_known_within_two_seconds(world: World) -> None:
    world = beyond(world)
    keys.create(world.settings, "first")
    with serving(world.settings) as client:
        second = keys.create(world.settings, "second")
        client.look()
        assert client.get(CHURN, headers={"X-API-Key": second}).status_code == 200
        keys.keys_path(world.settings).write_text("[")
        with pytest.raises(SettingsError, match=r"keys\.json"):
            client.look()
        assert client.get(CHURN, headers={"X-API-Key": second}).status_code == 200


def test_key_is_kept_as_a_hash_for_the_owner_alone(world: World) -> None:
    key = keys.create(world.settings, "newsroom")
    path = keys.keys_path(world.settings)
    assert key not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(InputError, match="there is a key named 'newsroom'"):
        keys.create(world.settings, "newsroom")
    with pytest.raises(InputError, match="'two words' cannot name a key"):
        keys.create(world.settings, "two words")


def test_serving_beyond_this_machine_without_any_key_is_refused(world: World) -> None:
    with pytest.raises(SettingsError, match="make one with `readership keys create NAME`"):
        serve(world.settings, host="0.0.0.0", port=0)


def test_request_ids_and_security_headers(client: Caller) -> None:
    given = client.get(CHURN, headers={"X-Request-ID": "abc-1"})
    assert given.headers["x-request-id"] == "abc-1"
    first, second = (client.get("/healthz").headers["x-request-id"] for _ in range(2))
    assert first != second
    strange = client.get(CHURN, headers={"X-Request-ID": "a b\tc" * 30})
    assert len(strange.headers["x-request-id"]) < 40
    for answer in (given, client.get("/nowhere"), client.get("/v1/readers/999/churn")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_unknown_route_is_a_problem(client: Caller) -> None:
    answer = client.get("/v1/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "route_unknown"


def test_what_nobody_expected_is_logged_under_its_request_id_and_tells_nothing(
    client: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: Any, row: Any) -> float:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("readership.serving.scorer.Scorer.features", fail)
    with caplog.at_level(logging.ERROR, "readership.serving"):
        answer = client.get(CHURN, headers={"X-Request-ID": "find-me"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "find-me" in answer.json()["detail"]
    assert "secret" not in answer.text
    assert "find-me" in caplog.text
    assert "secret detail" in caplog.text
    assert client.get("/healthz").status_code == 200


def samples(client: Caller) -> dict[str, float]:
    lines = [line for line in client.get("/metrics").text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_figures_count_what_was_answered(client: Caller) -> None:
    for reader in ("42", "42", "999"):
        client.get(f"/v1/readers/{reader}/churn")
    figures, worker = samples(client), os.getpid()
    route = "/v1/readers/{reader_id}/churn"
    total = f'readership_http_requests_total{{method="GET",route="{route}",status="%s",worker="{worker}"}}'
    assert figures[total % 200] == 2
    assert figures[total % 404] == 1
    assert figures[f'readership_http_request_seconds_count{{route="{route}",worker="{worker}"}}'] == 3
    assert figures[f'readership_http_request_seconds_bucket{{le="+Inf",route="{route}",worker="{worker}"}}'] == 3
    assert figures[f'readership_ready{{worker="{worker}"}}'] == 1
    assert figures[f'readership_model_live{{task="churn",version="v1",worker="{worker}"}}'] == 1
    assert figures[f'readership_features_as_of_seconds{{worker="{worker}"}}'] == 1790834400
    assert figures["process_resident_memory_bytes"] > 0


def test_models_that_are_live(client: Caller) -> None:
    model, *others = client.get("/v1/models").json()["models"]
    idle = [(other["task"], other["champion"]) for other in others]
    assert idle == [(task, None) for task in IDLE]
    assert model["task"] == "churn"
    assert model["champion"] == "v1"
    assert model["promoted_by"] == "a test"
    assert model["why"] == "to see"
    assert model["metrics"]["roc_auc"]["value"] == 0.8


def test_many_at_once_are_answered_alike(client: Caller) -> None:
    with httpx.Client(base_url=client.base_url, trust_env=False) as other:
        answers = [caller.get(CHURN).json()["probability"] for caller in (client, other) * 20]
    assert len(set(answers)) == 1
