"""The API on a Redis server: the same answers, and what is answered while the server is stopped or answers nothing."""

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis_server import MISSING, PROGRAM, RedisServer
from served_world import AS_OF, Caller, World, serving

from readership.errors import StoreError
from readership.events.identity import reader_key
from readership.features.memory import write_memory
from readership.features.state import START, open_state
from readership.models.recommendation.nouns import Article, Read
from readership.models.recommendation.recommender import Recommender
from readership.settings import Settings

pytestmark = pytest.mark.skipif(PROGRAM is None, reason=MISSING)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server of this test alone, to be stopped."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(bare: World, server: RedisServer) -> Iterator[Caller]:
    """Features, reasons, a champion and a memory, served from the Redis server."""
    bare.settings = Settings(online_store=f"{server.address}?prefix=paper")  # type: ignore[arg-type]
    bare.features()
    bare.bundle("v1")
    bare.champion("v1")
    bare.reasons("v1")
    engine, at = Recommender(), datetime.now(UTC)
    engine.put(Article("a0", int(at.timestamp() * 1000) - 3_600_000, category="sport", title="thing"))
    engine.learn([Read(int(at.timestamp() * 1000) - 1000, 42, "a0")])
    write_memory(bare.settings.online, engine.files(int(at.timestamp() * 1000)), as_of=at, learnt_until=at)
    with serving(bare.settings) as caller:
        yield caller


def event(reader: str, article: str, number: int, **more: object) -> dict[str, object]:
    return {
        "event_id": f"e{number}",
        "user_id": reader,
        "event_type": "article_view",
        "article_id": article,
        "timestamp": (datetime.now(UTC) - timedelta(seconds=5)).isoformat(),
        **more,
    }


def until(client: Caller, status: int, seconds: float = 8) -> float:
    """Seconds until the reader's answer has this status."""
    began = time.monotonic()
    while client.get("/v1/readers/42/churn").status_code != status:
        assert time.monotonic() - began < seconds, client.get("/readyz").text
        time.sleep(0.05)
    return time.monotonic() - began


def test_it_answers_from_the_server(client: Caller, bare: World) -> None:
    body = client.get("/v1/readers/42/churn").json()
    assert (body["model_version"], body["reasons"]) == ("v1", ["no visit for 19 days"])
    assert client.get("/v1/readers/nobody/churn").status_code == 404
    bare.features(as_of=AS_OF + timedelta(days=1))
    client.look()
    assert client.get("/v1/readers/42/churn").json()["features_as_of"] == "2026-10-02T06:00:00Z"
    slate = client.get("/v1/readers/nobody/recommendations").json()
    assert [one["article_id"] for one in slate["recommendations"]] == ["a0"]
    assert client.post("/v1/events", json=event("42", "a0", 1)).status_code == 202
    assert client.put("/v1/articles/new", json={"title": "today"}).status_code == 200
    client.look()
    slate = client.get("/v1/readers/42/recommendations").json()
    assert ([one["article_id"] for one in slate["recommendations"]], slate["personalised"]) == (["new"], True)


def test_while_it_is_stopped_the_documented_fallbacks_answer_and_nothing_is_lost(
    client: Caller, server: RedisServer, bare: World
) -> None:
    server.stop()
    answer = client.get("/v1/readers/42/churn")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["code"] == "online_store_unreachable"
    slate = client.get("/v1/readers/42/recommendations")
    assert (slate.status_code, slate.json()["personalised"]) == (200, False)
    assert slate.json()["personalised_note"] == "what is known of this reader cannot be read at the moment"
    assert [one["article_id"] for one in slate.json()["recommendations"]] == ["a0"]
    told = client.post("/v1/events", json=[event("42", "a0", 1), event("-7", "a0", 2, consent=1)])
    assert (told.status_code, told.json()["accepted"]) == (202, 2)
    time.sleep(1.2)
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert "online_store_unreachable" in {trouble["code"] for trouble in ready.json()["troubles"]}
    server.start()
    assert until(client, 200) < 5
    time.sleep(1.2)
    state = open_state(bare.settings.online, bare.settings.state_dir)
    assert [article for article, _ in state.reader(42).reads] == ["a0"]  # its features say that it agreed
    assert (state.reader(reader_key("-7")).consent, state.reader(reader_key("-7")).reads) == (1, ())
    assert len(state.reads_after(START, 10)[0]) == 2
    assert client.get("/readyz").json()["troubles"] == []


def test_a_server_that_hangs_holds_nobody_up_for_long(client: Caller, server: RedisServer) -> None:
    server.pause()
    took, codes = [], set()
    for _ in range(40):
        began = time.monotonic()
        codes.add(client.get("/v1/readers/42/churn").status_code)
        assert client.get("/healthz").status_code == 200
        took.append(time.monotonic() - began)
        time.sleep(0.02)
    server.resume()
    assert codes == {503}
    assert max(took) < 2.0
    assert statistics.median(took) < 0.1  # who asks while it is known to be away does not wait for it
    assert until(client, 200) < 5


def test_before_the_server_is_up_it_starts_and_then_answers(bare: World, server: RedisServer) -> None:
    bare.settings = Settings(online_store=server.address)  # type: ignore[arg-type]
    bare.features()
    bare.bundle("v1")
    bare.champion("v1")
    server.stop()
    with serving(bare.settings) as client:
        answer = client.get("/v1/readers/42/churn")
        assert (answer.status_code, answer.json()["code"]) == (503, "online_store_unreachable")
        assert client.get("/readyz").status_code == 503
        server.start()
        assert until(client, 200) < 5


def test_a_wrong_password_is_told_without_it(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, "--requirepass", "right")
    server.start()
    try:
        good, bad = (
            Settings(online_store=f"redis://:{word}@127.0.0.1:{server.port}/0")  # type: ignore[arg-type]
            for word in ("right", "hidden")
        )
        state = open_state(good.online, tmp_path)
        assert state.put_article("a", b"1", now_ms=1) == 1
        with pytest.raises(StoreError, match=r"redis://:\*\*\*@127.0.0.1:\d+/0 does not answer: .*password") as told:
            open_state(bad.online, tmp_path).article("a")
        assert "hidden" not in str(told.value)
    finally:
        server.stop()
