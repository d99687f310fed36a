"""Two workers sell places together: what they answered is kept, even when they are killed."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import httpx
from ads_world import ADS, kept, sell
from served_world import World
from test_serving_processes import started

from readership.features.ad_ledger import AdLedger
from readership.features.lmdb_file import LmdbFile
from readership.features.state import START
from readership.features.state_lmdb import TABLES
from readership.models.ads.nouns import Ad

CAP = 7
READER = {"user_id": "42", "event_type": "login", "timestamp": "2026-10-01T00:00:00Z", "consent": 7}


def sold(url: httpx.URL, number: int) -> tuple[str | None, str]:
    """One place filled and two pieces of feedback, by a connection of its own: the decision, and who answered last."""
    with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
        reader = "42" if number % 2 else None
        chosen = client.post("/v1/ads/select", json={"reader_id": reader, "placement": "side"})
        assert chosen.status_code == 200, chosen.text
        found = chosen.json()
        decision: str | None = found["decision_id"]
        for event in ("impression", "click", "impression") if decision else ():
            answer = client.post("/v1/ads/feedback", json={"decision_id": decision, "event": event})
            assert answer.status_code == 200
        lines = client.get("/metrics").text.splitlines()
        return decision, next(line for line in lines if line.startswith("readership_ready{")).split('"')[1]


def test_nothing_answered_is_lost_by_two_workers_that_are_killed(world: World) -> None:
    sell(
        world,
        ads=(ADS[0], Ad("side", "c9", per_click_eur=0.5, per_thousand_eur=2.0, placements=("side",), most_a_day=CAP)),
    )
    with started(world, "--workers", "2") as (client, parent):
        assert client.post("/v1/events", json=READER).json()["accepted"] == 1
        with ThreadPoolExecutor(8) as pool:
            done = list(pool.map(lambda number: sold(client.base_url, number), range(120)))
        workers = {worker for _, worker in done}
        for process in (parent, *map(int, workers)):
            os.kill(process, signal.SIGKILL)
    decisions = [decision for decision, _ in done if decision]
    assert len(workers) == 2
    assert len(decisions) == len(set(decisions)) == 60 + CAP  # the reader's cap was filled together, not once a worker
    ledger = AdLedger(LmdbFile(world.settings.state_dir, TABLES))
    entries = ledger.feed_after(START, 10_000)[0]
    assert (sum(one.delivered for one in entries), sum(one.micro for one in entries)) == (67, 67 * (2_000 + 500_000))
    assert {one["decision_id"] for one in kept(world, "decision")} == set(decisions)
    events = {one["event_id"]: one for one in kept(world, "event") if "ad_id" in one}
    assert len(events) == 2 * CAP  # of nobody there is no event
    with started(world) as (client, _):
        again = client.post("/v1/ads/feedback", json={"decision_id": decisions[0], "event": "click"})
        assert again.json()["result"] == "duplicate"
        full = client.post("/v1/ads/select", json={"reader_id": "42", "placement": "side"}).json()
        assert full["decision_id"] is None
