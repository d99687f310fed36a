"""`POST /v1/ads/select` and `/v1/ads/feedback`: what may be shown, what is logged, and what counts once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from ads_world import ADS, kept, sell
from served_world import Caller, World, serving

from readership.features.ad_ledger import WAIT_MS
from readership.models.ads.nouns import Ad
from readership.pipelines.segments import ingest_segments
from readership.warehouse import Warehouse

ALL = {"analytics": True, "personalisation": True, "advertising": True}


@pytest.fixture
def selling(world: World) -> World:
    sell(world)
    return world


@pytest.fixture
def caller(selling: World) -> Iterator[Caller]:
    with serving(selling.settings) as found:
        yield found


def select(client: Caller, placement: str = "top", reader: str | None = None, **context: Any) -> dict[str, Any]:
    answer = client.post("/v1/ads/select", json={"reader_id": reader, "placement": placement, "context": context})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def feed(client: Caller, decision: str, event: str = "impression", **more: Any) -> Any:
    return client.post("/v1/ads/feedback", json={"decision_id": decision, "event": event, **more})


def agree(client: Caller, reader: str, consent: object = ALL) -> None:
    event = {"user_id": reader, "event_type": "login", "timestamp": "2026-10-01T00:00:00Z", "consent": consent}
    assert client.post("/v1/events", json=event).json()["accepted"] == 1


def test_an_ad_is_answered_and_logged_with_the_chance_it_was_drawn_with(selling: World) -> None:
    sell(selling, "a2", ADS[1:])
    with serving(selling.settings) as client:
        found = select(client, "side", "42", country="AT", article_id="a9", category="sport")
        other = select(client, "side", "42")
    assert (found["model_version"], found["note"]) == ("a2", None)
    # both are sold by the thousand, so the dearer always wins: a share of 0.05 is even
    assert {found["ad_id"]: found["propensity"]} in (
        {"austrian": pytest.approx(0.975)}, {"casino": pytest.approx(0.025)},
    )  # fmt: skip
    assert (other["ad_id"], other["propensity"], other["ecpm"]) == ("casino", 1.0, 3.0)
    decision, second = kept(selling, "decision")
    assert {name: decision[name] for name in ("decision_id", "user_id", "task", "model_version", "propensity")} == {
        "decision_id": found["decision_id"], "user_id": 42, "task": "ads", "model_version": "a2",
        "propensity": found["propensity"],
    }  # fmt: skip
    assert second["propensity"] == 1.0


def test_draws_follow_the_logged_chances(selling: World) -> None:
    sell(selling, "a2", (ADS[1], Ad("twin", "c4", per_thousand_eur=8.0, placements=("side",))))
    with serving(selling.settings) as client:
        found = [select(client, "side", country="AT") for _ in range(200)]
    logged = np.array([one["propensity"] for one in found])
    # 1 / propensity estimates the number of ads, without bias
    assert np.mean(1 / logged) == pytest.approx(2, abs=0.35)
    assert {one["ad_id"] for one in found} == {"austrian", "twin"}


def test_nothing_to_show_is_an_answer_and_no_decision(selling: World, caller: Caller) -> None:
    found = select(caller, "empty")
    assert (found["decision_id"], found["ad_id"], found["propensity"], found["ecpm"]) == (None, None, None, None)
    assert found["note"].startswith("no ad that is booked")
    assert select(caller, "side", unsafe=["gambling"])["ad_id"] is None  # brand safety; the other is for Austria
    assert kept(selling, "decision") == []
    unknown = caller.post("/v1/ads/select", json={"placement": "roof"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "placement_unknown")
    assert "placement 'roof' is not sold; there are empty, side, top" in unknown.json()["detail"]
    assert caller.post("/v1/ads/select", json={"place": "top"}).json()["code"] == "request_invalid"


def test_a_cap_holds_for_those_who_agreed_to_advertising_alone(caller: Caller) -> None:
    agree(caller, "42")
    assert [select(caller, reader="42")["ad_id"] for _ in range(3)] == ["capped", "capped", None]
    agree(caller, "43", {"analytics": True, "personalisation": True})
    assert [select(caller, reader="43")["ad_id"] for _ in range(3)] == ["capped"] * 3
    assert [select(caller)["ad_id"] for _ in range(3)] == ["capped"] * 3


def test_what_is_stored_of_a_reader_is_used_where_they_agreed(selling: World) -> None:
    german = Ad("german", "c5", per_thousand_eur=9.0, targeting={"country": ("DE",)}, placements=("side",))
    paying = Ad("paying", "c6", per_thousand_eur=9.0, targeting={"subscription_tier": ("pro",)}, placements=("top",))
    sell(selling, "a2", (german, paying))
    with serving(selling.settings) as client:  # of 42 DE is stored
        assert select(client, "side", "42")["ad_id"] is None
        assert select(client, "top", "42", subscription_tier="pro")["ad_id"] is None
        assert select(client, "side", "42", country="DE")["ad_id"] == "german"  # said by the page, of this visit
        agree(client, "42")
        assert select(client, "side", "42")["ad_id"] == "german"
        assert select(client, "top", "42", subscription_tier="pro")["ad_id"] == "paying"
        assert select(client, "side", "42", country="AT")["ad_id"] is None


def test_feedback_counts_once_in_any_order_and_becomes_events(selling: World, caller: Caller) -> None:
    decision = select(caller, "top", "42", article_id="a9", category="sport")["decision_id"]
    answers = [feed(caller, decision, event).json()["result"] for event in ("click", "impression", "click")]
    assert answers == ["counted", "counted", "duplicate"]
    assert feed(caller, decision, "revenue", revenue_eur=0.25).json() == {
        "decision_id": decision, "event": "revenue", "result": "counted",
    }  # fmt: skip
    click, shown, *rest = [event for event in kept(selling, "event") if "ad_id" in event]
    assert len({click["event_id"], *(event["event_id"] for event in rest)}) == 1  # the repeat counts once there too
    assert (click["event_type"], shown["event_type"]) == ("ad_click", "ad_impression")
    told = ("user_id", "article_id", "category", "placement", "ad_id", "decision_id")
    assert {name: shown[name] for name in told} == {
        "user_id": "42", "article_id": "a9", "category": "sport", "placement": "top", "ad_id": "capped",
        "decision_id": decision,
    }  # fmt: skip
    assert (click["propensity"], click["engagement_metrics"]) == (1.0, {"ad_revenue": 0.5})  # as booked


def test_feedback_that_cannot_count_is_told(caller: Caller) -> None:
    unknown = feed(caller, "nobody-made-this", "click")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "decision_unknown")
    decision = select(caller)["decision_id"]
    for wrong in ({"revenue_eur": -0.1}, {"event": "sale"}, {"when": "now"}):
        answer = caller.post("/v1/ads/feedback", json={"decision_id": decision, "event": "impression"} | wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")
    assert feed(caller, decision, "revenue").json()["detail"] == "body revenue_eur is missing; say how much came in"
    assert feed(caller, decision).json()["result"] == "counted"  # nothing of the wrong ones was


def test_without_analytics_nothing_of_the_reader_is_logged(selling: World, caller: Caller) -> None:
    agree(caller, "42", {"advertising": True})
    decision = select(caller, "top", "42")["decision_id"]
    feed(caller, decision)
    (logged,) = kept(selling, "decision")
    assert logged["user_id"] == 0
    assert [event for event in kept(selling, "event") if "ad_id" in event] == []


def test_a_device_is_logged_as_one(selling: World, caller: Caller) -> None:
    feed(caller, select(caller, "top", "device:d1")["decision_id"])
    (event,) = [event for event in kept(selling, "event") if "ad_id" in event]
    assert (event["device_id"], "user_id" in event) == ("d1", False)


def test_a_spent_budget_ends_a_campaign_with_the_next_refresh_and_after_a_restart(selling: World) -> None:
    with serving(selling.settings) as client:
        for _ in range(4):  # 3 EUR a thousand, 0.01 EUR in all
            feed(client, select(client, "side")["decision_id"])
        client.look()
        assert select(client, "side")["ad_id"] is None
    with serving(selling.settings) as client:
        assert select(client, "side")["ad_id"] is None


def test_what_was_learnt_is_known_after_a_restart_and_not_twice_by_a_newer_model(
    selling: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(selling.settings) as client:
        for _ in range(3):
            feed(client, select(client, "top")["decision_id"], "click")
        later = client.ads.now.time.now_ms() + WAIT_MS + 1
        monkeypatch.setattr(type(client.ads.now.time), "now_ms", lambda _: later)
        client.look()
        assert learnt(client) == (3, 3)
    with serving(selling.settings) as client:
        assert learnt(client) == (3, 3)
        sell(selling, "a2", until=datetime.fromtimestamp(later / 1000, UTC))
        client.look()
        assert client.ads.now.bundle.manifest.version == "a2"
        assert learnt(client) == (0, 0)  # its training has seen them


def learnt(client: Caller) -> tuple[float, float]:
    counts = client.ads.now.market.learner.counts
    return counts.shown.sum(), counts.clicked.sum()


def test_no_market_is_503_and_a_broken_one_leaves_the_last(world: World) -> None:
    with serving(world.settings) as client:
        answer = client.post("/v1/ads/select", json={"placement": "top"})
        assert (answer.status_code, answer.json()["code"]) == (503, "no_champion")
        assert "train ads" in answer.json()["detail"]
        assert client.get("/readyz").json()["troubles"] == []
        sell(world)
        client.look()
        assert select(client)["ad_id"] == "capped"
        sell(world, "a2")
        (world.models / "ads" / "a2" / "market.json").write_text("{}")
        client.look()
        assert select(client)["model_version"] == "a1"
        assert [one["code"] for one in client.get("/readyz").json()["troubles"]] == ["bundle"]
        (live,) = [one for one in client.get("/v1/models").json()["models"] if one["task"] == "ads"]
        assert live["champion"] == "a1"


def test_decisions_and_what_became_of_them_reach_the_warehouse_with_their_chances(
    selling: World, warehouse: Warehouse
) -> None:
    with serving(selling.settings) as client:
        decision = select(client, "top", "42", category="sport")["decision_id"]
        for event in ("impression", "click", "click"):
            feed(client, decision, event)
    done = ingest_segments(warehouse, selling.settings)
    assert (done["decisions"], done["events_loaded"], done["events_duplicate"]) == (1, 2, 1)
    assert warehouse.rows("SELECT decision_id, user_id, task, score, propensity FROM predictions") == [
        (decision, 42, "ads", pytest.approx(5.0), 1.0)  # 1000 · 0.01 · 0.5 EUR
    ]
    columns = ["event_type", "user_id", "placement", "category", "ad_id", "campaign_id", "decision_id", "propensity"]
    found = warehouse.frame("SELECT * FROM events ORDER BY timestamp, event_type DESC").select(columns).rows()
    same = (42, "top", "sport", "capped", "c1", decision, 1.0)
    assert found == [("ad_impression", *same), ("ad_click", *same)]
