"""What a key may do, how long, and what of it and of readers stands in a log: nothing."""

import io
import json
import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from served_world import Caller, World, serving

from readership.errors import InputError
from readership.serving import keys
from readership.serving.edge import OPEN_PATHS
from readership.serving.redaction import Redaction, redacted

CHURN = "/v1/readers/42/churn"
ASKED = {
    "read": ("GET", CHURN),
    "score": ("POST", "/v1/clicks/score"),
    "ingest": ("POST", "/v1/events"),
    "admin": ("GET", "/v1/models"),
}


@pytest.fixture
def beyond(world: World) -> World:
    """The same world, served beyond this machine as far as the application knows."""
    return replace(world, settings=world.settings.model_copy(update={"api_host": "0.0.0.0"}))


def ask(client: Caller, key: str, method: str = "GET", path: str = CHURN) -> tuple[int, str]:
    answer = client.request(method, path, headers={"X-API-Key": key})
    return answer.status_code, answer.json().get("code", "")


def test_each_scope_opens_its_routes_and_no_others(beyond: World) -> None:
    made = {scope: keys.create(beyond.settings, scope, [scope]) for scope in keys.SCOPES}
    with serving(beyond.settings) as client:
        for scope, key in made.items():
            for needed, (method, path) in ASKED.items():
                status, code = ask(client, key, method, path)
                assert (code == "scope_lacking") == (scope != needed), (scope, needed, status, code)
        answer = client.delete("/v1/readers/42", headers={"X-API-Key": made["read"]})
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] == "this key lacks the scope 'admin', and has read; use another key"
        assert ask(client, made["read"])[0] == 200  # the reader is there
        assert ask(client, made["admin"], "DELETE", "/v1/readers/42")[0] == 202


def test_every_route_says_which_scope_it_takes(client: Caller) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    found = {
        (method, path): route.get("x-scope") for path, methods in paths.items() for method, route in methods.items()
    }
    assert {path for (_, path), scope in found.items() if scope is None} <= set(OPEN_PATHS)
    assert found["delete", "/v1/readers/{reader_id}"] == "admin"
    assert found["put", "/v1/articles/{article_id}"] == "ingest"
    assert keys.scope_of("PATCH", "/v1/anything/new") == "admin"
    assert keys.scope_of("POST", "/v2/models/churn/infer") == "score"


def test_a_key_without_scopes_was_made_before_there_were_any(beyond: World) -> None:
    key = keys.create(beyond.settings, "old")
    path = keys.keys_path(beyond.settings)
    (kept,) = json.loads(path.read_text())
    path.write_text(json.dumps([{name: kept[name] for name in ("name", "sha256", "created_at")}]))
    with serving(beyond.settings) as client:
        assert ask(client, key)[0] == 200
        assert ask(client, key, *ASKED["admin"]) == (403, "scope_lacking")


def test_rotation_lets_the_old_key_in_until_its_grace_is_over(beyond: World) -> None:
    old = keys.create(beyond.settings, "newsroom", ["read"])
    with serving(beyond.settings) as client:
        new = keys.rotate(beyond.settings, "newsroom", timedelta(hours=1))
        client.look()
        assert ask(client, old)[0] == ask(client, new)[0] == 200
        assert ask(client, new, *ASKED["ingest"]) == (403, "scope_lacking")
        newest = keys.rotate(beyond.settings, "newsroom", timedelta(0))
        client.look()
        assert ask(client, old) == ask(client, new) == (401, "key_unknown")
        assert ask(client, newest)[0] == 200
        keys.create(beyond.settings, "another", ["read"])
        keys.revoke(beyond.settings, "newsroom")
        client.look()
        assert ask(client, newest) == (401, "key_unknown")
    (left,) = keys.listed(beyond.settings)
    assert (left["name"], left["scopes"], left["until"]) == ("another", ["read"], None)


def test_what_cannot_be_is_said(beyond: World) -> None:
    with pytest.raises(InputError, match="scopes are read, all; a key has one or more of read, score, ingest, admin"):
        keys.create(beyond.settings, "k", ["read", "all"])
    with pytest.raises(InputError, match="scopes are none"):
        keys.create(beyond.settings, "k", [])
    keys.create(beyond.settings, "newsroom")
    with pytest.raises(InputError, match="there is no key named 'desk'; there are: newsroom; nothing was changed"):
        keys.rotate(beyond.settings, "desk", timedelta(0))


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("GET /v1/readers/anna/müller/churn?x=1 failed", "GET /v1/readers/***/churn?x=1 failed"),
        ("DELETE /v1/readers/42", "DELETE /v1/readers/***"),
        ("headers {'authorization': 'Bearer abc.def'}", "headers {'authorization': '***'}"),
        ("X-API-Key: secret", "X-API-Key: ***"),
        ("key rdr_0123456789abcdef-_X was sent", "key rdr_*** was sent"),
        ('{"user_id": "42", "n": 1}', '{"user_id": ***", "n": 1}'),
        ("redis://u:pass@host/0 is away", "redis://u:***@host/0 is away"),
        ("no_champion: no model of click is live", "no_champion: no model of click is live"),
    ],
)
def test_a_line_of_the_log_holds_no_secret_and_no_reader(line: str, left: str) -> None:
    assert redacted(line) == left


def test_what_was_raised_is_redacted_as_well() -> None:
    text = io.StringIO()
    log, handler = logging.getLogger("redacted"), logging.StreamHandler(text)
    handler.addFilter(Redaction())
    log.addHandler(handler)
    try:
        raise ValueError("reader_id=anna came with rdr_0123456789")
    except ValueError:
        log.exception("request %s failed", "r1")
    finally:
        log.removeHandler(handler)
    assert "request r1 failed" in text.getvalue()
    assert "ValueError: reader_id=*** came with rdr_***" in text.getvalue()
    assert "anna" not in text.getvalue().split("ValueError: ")[1]
