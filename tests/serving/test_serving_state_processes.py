"""Workers as processes: what one takes all know, and what was acknowledged outlives a kill."""

import os
import signal
import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from served_world import World
from test_serving_processes import started

from readership.pipelines.segments import ingest_segments
from readership.warehouse import Warehouse

AGREED = {"analytics": True, "personalisation": True}


def other(client: httpx.Client) -> httpx.Client:
    """A caller on a connection of its own, which may meet another worker."""
    return httpx.Client(base_url=client.base_url, trust_env=False, timeout=10)


def worker(client: httpx.Client) -> str:
    figures = client.get("/metrics").text
    return next(line for line in figures.splitlines() if line.startswith("readership_ready{")).split('"')[1]


def ids(client: httpx.Client, reader: str) -> list[str]:
    body: dict[str, Any] = client.get(f"/v1/readers/{reader}/recommendations").json()
    return [article["article_id"] for article in body["recommendations"]]


def view(n: int, article: str = "a0", reader: str = "7") -> dict[str, object]:
    now = datetime.now(UTC).isoformat()
    told = {"event_id": f"e{n}", "user_id": reader, "event_type": "article_view", "article_id": article}
    return {**told, "timestamp": now, "consent": AGREED}


def wait_until_gone(pid: int) -> None:
    """A killed child stays as a zombie until its parent asks for it, which `started` does."""
    until = time.monotonic() + 10
    while time.monotonic() < until and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        time.sleep(0.01)


def test_every_worker_knows_at_once_what_a_reader_read_and_soon_what_is_published(world: World) -> None:
    with started(world, "--workers", "2") as (first, _):
        callers = {worker(first): first}
        until = time.monotonic() + 30
        while len(callers) < 2 and time.monotonic() < until:
            another = other(first)
            if callers.setdefault(worker(another), another) is not another:
                another.close()
        one, two = callers.values()
        for n in range(3):
            assert one.put(f"/v1/articles/a{n}", json={"title": f"article {n}"}).status_code == 200
        began = time.monotonic()
        while any(len(ids(caller, "x")) < 3 for caller in (one, two)) and time.monotonic() - began < 10:
            time.sleep(0.05)
        assert time.monotonic() - began < 5
        assert one.post("/v1/events", json=view(1)).status_code == 202
        assert "a0" not in ids(two, "7")  # the very next answer, by the other worker
        assert "a0" in ids(two, "8")
        assert two.put("/v1/articles/a1", json={"withdrawn_at": datetime.now(UTC).isoformat()}).status_code == 200
        began = time.monotonic()
        while "a1" in ids(one, "8") and time.monotonic() - began < 10:
            time.sleep(0.05)
        assert time.monotonic() - began < 5
        two.close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on this system")
def test_a_killed_server_loses_nothing_it_acknowledged(world: World, warehouse: Warehouse) -> None:
    acknowledged: list[int] = []
    with started(world) as (client, pid):
        client.put("/v1/articles/a0", json={"title": "read before the kill"})
        client.put("/v1/articles/a1", json={"title": "another"})
        for n in range(40):
            if client.post("/v1/events", json=[view(2 * n), view(2 * n + 1)]).status_code == 202:
                acknowledged += [2 * n, 2 * n + 1]
        os.kill(pid, signal.SIGKILL)
        wait_until_gone(pid)
    assert len(acknowledged) == 80
    with started(world) as (client, _):
        client.put("/v1/articles/a1", json={"title": "another"})
        assert "a0" not in ids(client, "7")  # the state outlived the process
        assert client.post("/v1/events", json=view(3)).status_code == 202  # sent again: counts once
    done = ingest_segments(warehouse, world.settings)
    assert done["bytes_torn"] == done["lines_damaged"] == 0
    assert warehouse.scalar("SELECT count() FROM events WHERE user_id = 7") >= len(acknowledged)
    assert warehouse.scalar("SELECT count() - uniqExact(event_id) FROM events") == 0
    assert not list((world.settings.root / "var/segments").glob("*.open"))
