"""The recommender that answers: a published memory, the reads after it, the champion, and the time of an ended log."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from served_world import World, calibrator, linear, manifest, serving

from readership.features.memory import write_memory
from readership.models.recommendation.features import NAMES
from readership.models.recommendation.nouns import Article, Read
from readership.models.recommendation.recommender import Recommender
from readership.registry.bundles import write_bundle
from readership.serving.own_time import LIVE_MS, OwnTime

HOUR_MS = 3_600_000


def publish(world: World, as_of: datetime, reads: int = 3) -> Recommender:
    """Four articles, the last hour's reads of the oldest, and reader 42 who read a1."""
    at_ms = int(as_of.timestamp() * 1000)
    engine = Recommender()
    for n in range(4):
        engine.put(Article(f"a{n}", at_ms - (n + 1) * HOUR_MS, category="sport", title=f"thing {n}"))
    engine.learn([Read(at_ms - 1000 - n, 100 + n, "a3") for n in range(reads)] + [Read(at_ms - 900, 42, "a1")])
    write_memory(
        world.settings.online_dir, engine.files(at_ms), as_of=as_of, learnt_until=as_of - timedelta(milliseconds=900)
    )
    return engine


def rank_by(world: World, version: str, feature: str, **changes: object) -> Path:
    """A champion that ranks by one feature alone."""
    weights = tuple(float(name == feature) for name in NAMES)
    told = manifest(
        version,
        **{"task": "recommendation", "features": NAMES, "categories": {}, "calibration": "none", "answer": "score"}
        | changes,
    )
    files = {"model.onnx": linear(weights, 0.0), "calibrator.npz": calibrator()}
    path = write_bundle(world.models, told, files)
    world.champion(version, task="recommendation")
    return path


def slate(client: object, reader: str) -> dict[str, object]:
    body: dict[str, object] = client.get(f"/v1/readers/{reader}/recommendations").json()  # type: ignore[attr-defined]
    return body


def ids(body: dict[str, object]) -> list[str]:
    return [one["article_id"] for one in body["recommendations"]]  # type: ignore[attr-defined, index]


def test_a_memory_answers_and_a_reader_it_remembers_has_agreed_by_their_features(world: World) -> None:
    publish(world, datetime.now(UTC))
    with serving(world.settings) as client:
        body = slate(client, "42")
        assert (ids(body)[0], body["personalised"], body["memory_as_of"] is None) == ("a3", True, False)
        assert "a1" not in ids(body)
        assert "a1" in ids(slate(client, "100"))  # remembered, and without stored features or consent: nobody


def test_a_log_that_ended_long_ago_goes_on(world: World) -> None:
    publish(world, datetime.now(UTC) - timedelta(days=400))
    with serving(world.settings) as client:
        assert ids(slate(client, "nobody"))[0] == "a3"  # the last hour of the log is the last hour
        event = {"user_id": "42", "event_type": "article_view", "article_id": "a3"}
        client.post("/v1/events", json={**event, "timestamp": datetime.now(UTC).isoformat()})
        assert "a3" not in ids(slate(client, "42"))
        client.put("/v1/articles/new", json={"title": "today"})
        client.look()
        assert "new" in ids(slate(client, "nobody"))


def test_a_newer_memory_and_a_champion_are_taken_up_while_serving(world: World) -> None:
    with serving(world.settings) as client:
        assert ids(slate(client, "x")) == []
        publish(world, datetime.now(UTC))
        client.look()
        body = slate(client, "x")
        assert (ids(body)[0], body["ranked_by"]) == ("a3", "decayed popularity")
        rank_by(world, "v1", "newest_rank")  # the oldest first
        client.look()
        body = slate(client, "100")
        assert (ids(body)[0], body["model_version"], body["notes"]) == ("a3", "v1", ["4 of 10 slots could be filled"])
        live = {one["task"]: one["champion"] for one in client.get("/v1/models").json()["models"]}
        assert live["recommendation"] == "v1"


def test_a_champion_that_cannot_be_used_leaves_the_last_good_one(world: World) -> None:
    publish(world, datetime.now(UTC))
    rank_by(world, "v1", "newest_rank")
    with serving(world.settings) as client:
        rank_by(world, "v2", "newest_rank", features=(*NAMES[:-1], "something else"))
        client.look()
        assert slate(client, "x")["model_version"] == "v1"
        details = [trouble["detail"] for trouble in client.get("/readyz").json()["troubles"]]
        assert any(
            "recommendation v2 was trained on other features than this version makes" in said for said in details
        )


def test_a_memory_that_cannot_be_read_leaves_the_last_good_one(world: World) -> None:
    publish(world, datetime.now(UTC))
    with serving(world.settings) as client:
        table = world.settings.online_dir / "recommendation"
        (table / "CURRENT").write_text("gone")
        client.look()
        client.look()
        assert ids(slate(client, "x"))[0] == "a3"
        details = [trouble["detail"] for trouble in client.get("/readyz").json()["troubles"]]
        assert sum("gone cannot be read" in said for said in details) == 1


@pytest.mark.parametrize(("days", "behind"), [(0, 0), (2, 0), (3, 3 * 24 * HOUR_MS)])
def test_a_log_of_the_last_two_days_is_alive(days: int, behind: int) -> None:
    now = datetime(2026, 10, 1, tzinfo=UTC)
    assert OwnTime.of(now - timedelta(days=days), now, None).behind_ms == behind


def test_stated_times_are_laid_onto_the_logs_own() -> None:
    time = OwnTime(10 * LIVE_MS)
    assert time.of_wall(50 * LIVE_MS, 50 * LIVE_MS) == 40 * LIVE_MS
    assert time.of_wall(30 * LIVE_MS, 50 * LIVE_MS) == 30 * LIVE_MS  # stated in the log's time: it streams an old world


def test_what_was_shown_over_http_is_counted(world: World) -> None:
    publish(world, datetime.now(UTC))
    rank_by(world, "v1", "shown_share_2")
    with serving(world.settings) as client:
        event = {"event_type": "article_impression", "article_id": "a2", "timestamp": datetime.now(UTC).isoformat()}
        client.post("/v1/events", json=[{**event, "user_id": f"{n}", "consent": 1, "position": 1} for n in range(5)])
        client.look()
        assert ids(slate(client, "nobody"))[0] == "a2"
