"""Slates over HTTP: readers known and unknown, what they read, what editors decide, and what is withdrawn."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from served_world import Caller, World, serving

AGREED = {"analytics": True, "personalisation": True}
CATEGORIES = ("sport", "travel", "politics")
WORDS = ("goal", "match", "train", "opera", "budget", "storm", "recipe", "comet", "whale", "chess", "river", "violin")


def put(client: Caller, n: int, **more: object) -> dict[str, Any]:
    told = {"title": f"{WORDS[n]} {n}", "category": CATEGORIES[n % 3], "brand": "Kurier"}
    published = datetime.now(UTC) - timedelta(hours=n, minutes=1)
    answer = client.put(f"/v1/articles/a{n}", json={**told, "published_at": published.isoformat(), **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def read(client: Caller, reader: str, article: str, **more: object) -> None:
    event = {"user_id": reader, "event_type": "article_view", "article_id": article, "consent": AGREED}
    answer = client.post("/v1/events", json={**event, "timestamp": datetime.now(UTC).isoformat(), **more})
    assert (answer.status_code, answer.json()["refused"]) == (202, 0)


def slate(client: Caller, reader: str, **query: object) -> dict[str, Any]:
    answer = client.get(f"/v1/readers/{reader}/recommendations", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def ids(body: dict[str, Any]) -> list[str]:
    return [article["article_id"] for article in body["recommendations"]]


@pytest.fixture
def newsroom(bare: World) -> Iterator[tuple[World, Caller]]:
    """Twelve articles put over HTTP, and nothing else: no model, no memory, no features."""
    with serving(bare.settings) as client:
        for n in range(12):
            put(client, n)
        client.look()
        yield bare, client


def test_an_unknown_reader_gets_what_is_new_and_is_told_why(newsroom: tuple[World, Caller]) -> None:
    _, client = newsroom
    body = slate(client, "nobody")
    assert len(body["recommendations"]) == 10
    assert (body["personalised"], body["personalised_note"]) == (
        False,
        "no agreement to personalisation is known of this reader",
    )
    assert body["ranked_by"] == "decayed popularity"
    assert "no model is live: ranked by decayed popularity" in body["notes"][0]
    assert [article["slot"] for article in body["recommendations"]] == list(range(1, 11))
    first = body["recommendations"][0]
    assert (first["source"], first["reason"]) == ("fresh", "new in sport")
    drawn = body["recommendations"][4]
    assert (drawn["source"], 0 < drawn["propensity"] < 1) == ("exploration", True)


def test_without_articles_there_is_an_answer_that_says_so(bare: World) -> None:
    with serving(bare.settings) as client:
        body = slate(client, "42")
    assert body["recommendations"] == []
    assert "there are no articles yet" in body["notes"][1]


def test_a_read_changes_the_same_readers_next_slate_at_once(newsroom: tuple[World, Caller]) -> None:
    _, client = newsroom
    before = ids(slate(client, "42"))
    read(client, "42", before[0])
    after = slate(client, "42")
    assert before[0] not in ids(after)
    assert (after["personalised"], after["personalised_note"]) == (True, None)
    assert before[0] in ids(slate(client, "43"))


def test_a_click_counts_as_read_by_its_reader(newsroom: tuple[World, Caller]) -> None:
    _, client = newsroom
    read(client, "42", "a0", event_type="article_click")
    assert "a0" not in ids(slate(client, "42"))


def test_reads_make_an_article_popular_for_everybody(newsroom: tuple[World, Caller]) -> None:
    _, client = newsroom
    for reader in range(20):
        read(client, str(reader), "a11", consent={"analytics": True})
    client.look()
    first = slate(client, "99")["recommendations"][0]
    assert (first["article_id"], first["source"], first["reason"]) == ("a11", "popular", "much read in the last hours")
    assert slate(client, "99", brand="Kurier")["recommendations"][0]["reason"].endswith("hours at Kurier")


def test_without_consent_nothing_of_a_reader_is_used(newsroom: tuple[World, Caller]) -> None:
    _, client = newsroom
    read(client, "42", "a0", consent=None)
    body = slate(client, "42")
    assert "a0" in ids(body)
    assert body["personalised"] is False
    read(client, "43", "a0")
    read(client, "43", "a1", consent={"analytics": True})  # withdrawn
    body = slate(client, "43", n=12, session="a3")  # not even what is said of the visit
    assert {"a0", "a1", "a3"} <= set(ids(body))
    assert body["personalised"] is False


def test_default_consent_is_a_setting(bare: World) -> None:
    agreeing = bare.settings.model_copy(update={"default_consent": frozenset({"analytics", "personalisation"})})
    with serving(agreeing) as client:
        for n in range(3):
            put(client, n)
        read(client, "42", "a0", consent=None)
        client.look()
        assert ids(slate(client, "42")) == ["a1", "a2"]


def test_readers_with_stored_features_have_agreed(world: World) -> None:
    with serving(world.settings) as client:
        for n in range(3):
            put(client, n)
        read(client, "42", "a0", consent=None)
        read(client, "stranger", "a0", consent=None)
        client.look()
        assert "a0" not in ids(slate(client, "42"))
        assert "a0" in ids(slate(client, "stranger"))


def test_a_visitor_is_served_by_the_visit_alone(newsroom: tuple[World, Caller]) -> None:
    _, client = newsroom
    body = slate(client, "device:abc", session="a0,a1")
    assert (body["personalised"], body["personalised_note"]) == (True, "by this visit alone")
    assert not {"a0", "a1"} & set(ids(body))
    assert "a0" in ids(slate(client, "device:abc", n=12))  # nothing was kept


def test_n_brand_exclude_and_their_limits(newsroom: tuple[World, Caller]) -> None:
    _, client = newsroom
    assert len(ids(slate(client, "42", n=3))) == 3
    assert not {"a0", "a1", "a2"} & set(ids(slate(client, "42", n=12, exclude=["a0,a1", "a2"])))
    assert slate(client, "42", brand="Presse")["recommendations"] == []
    for wrong in ("0", "51", "x"):
        answer = client.get(f"/v1/readers/42/recommendations?n={wrong}")
        assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")
        assert f"query n is '{wrong}'; it must be a number from 1 to 50" in answer.json()["detail"]


def test_an_article_is_changed_and_withdrawn(newsroom: tuple[World, Caller]) -> None:
    _, client = newsroom
    put(client, 0, title="corrected")
    client.look()
    assert slate(client, "42")["recommendations"][0]["title"] == "corrected"
    told = client.put("/v1/articles/a0", json={"withdrawn_at": datetime.now(UTC).isoformat()}).json()
    assert told["published_at"] < told["withdrawn_at"]  # as it was put before
    client.look()
    assert "a0" not in ids(slate(client, "42", n=12))


def test_an_article_that_only_a_read_tells_of_can_be_recommended(newsroom: tuple[World, Caller]) -> None:
    _, client = newsroom
    read(client, "7", "new", article_title="Seen in an event", category="culture")
    client.look()
    found = {article["article_id"]: article for article in slate(client, "42", n=20)["recommendations"]}
    assert (found["new"]["title"], found["new"]["category"]) == ("Seen in an event", "culture")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"titel": "x"}, "titel"),
        ({"published_at": "soon"}, "published_at is 'soon'"),
        ({"published_at": "2026-01-02", "withdrawn_at": "2026-01-01"}, "withdrawn_at lies before published_at"),
    ],
)
def test_an_article_that_is_none_is_refused(bare: World, body: dict[str, str], said: str) -> None:
    with serving(bare.settings) as client:
        answer = client.put("/v1/articles/a1", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")
    assert said in answer.json()["detail"]


def test_rules_are_taken_up_and_a_broken_file_leaves_the_last_good_ones(newsroom: tuple[World, Caller]) -> None:
    world, client = newsroom
    path = world.settings.root / "rules.toml"
    path.write_text('[[pin]]\nname = "look here"\narticle = "a9"\nslot = 1\n')
    client.look()
    first = slate(client, "42")["recommendations"][0]
    assert (first["article_id"], first["source"], first["rule"]) == ("a9", "editors", "look here")
    path.write_text("[[pin]\n")
    os.utime(path, ns=(1, 1))
    client.look()
    assert ids(slate(client, "42"))[0] == "a9"
    troubles = client.get("/readyz").json()["troubles"]
    assert [trouble["code"] for trouble in troubles if "rules.toml is not TOML" in trouble["detail"]] == ["rules"]
    path.unlink()
    client.look()
    assert ids(slate(client, "42"))[0] == "a0"
    assert "rules" not in [trouble["code"] for trouble in client.get("/readyz").json()["troubles"]]


def test_the_last_good_rules_survive_a_restart_with_a_broken_file(bare: World) -> None:
    path = bare.settings.root / "rules.toml"
    path.write_text('[[exclude]]\nname = "court case"\narticle = "a0"\n')
    with serving(bare.settings) as client:
        put(client, 0)
    path.write_text("broken")
    with serving(bare.settings) as client:
        put(client, 1)
        client.look()
        assert ids(slate(client, "42")) == ["a1"]


def test_drawn_slots_are_kept_for_the_warehouse(newsroom: tuple[World, Caller]) -> None:
    world, client = newsroom
    drawn = slate(client, "42")
    time.sleep(0.8)
    lines = [
        line for path in (world.settings.root / "var/segments").glob("*.open") for line in path.read_text().splitlines()
    ]
    told = [line for line in lines if f'"decision_id":"{drawn["decision_id"]}"' in line]
    assert len(told) == 1
    assert f'"propensity":{drawn["recommendations"][4]["propensity"]}' in told[0]
    assert '"user_id":0' in told[0]  # of a reader who may not be known
