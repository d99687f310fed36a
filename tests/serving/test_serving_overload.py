"""More than can be answered: what is refused and how, what is compressed or not sent again, and how a worker ends."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import perf_counter

import httpx
import uvicorn
from served_world import Caller, World, serving
from test_serving_processes import started

from readership.serving.admission import Admission, Limits, Rates
from readership.serving.app import create_app
from readership.serving.arrival import NotingProtocol

CHURN = "/v1/readers/42/churn"


def limited(world: World, **limits: float) -> World:
    """The same world under other limits."""
    return World(world.settings.model_copy(update=limits))


def asked(path: str = CHURN, waited: float = 0.0) -> dict[str, object]:
    return {"path": path, "query_string": b"", "state": {"readership.arrived": perf_counter() - waited}}


def test_what_waited_too_long_or_is_too_much_at_once_is_refused() -> None:
    admission = Admission(Limits(at_once=2, wait_seconds=0.5))
    assert admission.refusal(asked(waited=0.4), "a") is None
    late = admission.refusal(asked(waited=0.6), "a")
    assert late is not None
    assert (late.status, late.code, late.headers) == (503, "busy", {"Retry-After": "1"})
    admission.under_way = 1
    assert admission.refusal(asked(), "a") is None
    admission.under_way = 2
    full = admission.refusal(asked(), "a")
    assert full is not None
    assert "2 requests are under way" in str(full)
    for path in ("/healthz", "/readyz", "/metrics"):
        assert admission.refusal(asked(path, waited=9.0), "a") is None


def test_tokens_flow_back_and_callers_do_not_share_them() -> None:
    rates = Rates(4.0)
    assert [rates.wait_seconds("a", 1.0) for _ in range(4)] == [0.0] * 4
    assert rates.wait_seconds("a", 1.0) == 0.25
    assert rates.wait_seconds("b", 1.0) == 0.0
    assert rates.wait_seconds("a", 1.25) == 0.0
    assert rates.wait_seconds("a", 1.25) == 0.25


def test_callers_who_could_ask_again_are_forgotten() -> None:
    rates = Rates(2.0)
    for number in range(10_001):
        rates.wait_seconds(str(number), number / 1000)
    assert len(rates.held) == 1000


def test_a_rate_is_a_problem_with_the_time_to_wait(world: World) -> None:
    with serving(limited(world, api_rate=1.0).settings) as client:
        assert client.get(CHURN).status_code == 200
        answer = client.get(CHURN)
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert answer.headers["retry-after"] == "1"
        assert client.get("/readyz").status_code == 200


def test_an_address_that_is_too_long_is_refused(client: Caller) -> None:
    for path in (f"/v1/readers/{'x' * 2_000}/churn", f"{CHURN}?reasons={'x' * 8_001}"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (414, "address_too_long")


@contextmanager
def noting(world: World) -> Iterator[int]:
    """The port of an application that notes when requests arrive, and has a route that keeps its loop busy."""
    app = create_app(world.settings)

    @app.get("/busy")
    async def busy(seconds: float) -> str:
        time.sleep(seconds)
        return "done"

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, http=NotingProtocol))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)


def test_a_worker_that_is_behind_answers_some_and_refuses_the_others_at_once(world: World) -> None:
    with (
        noting(limited(world, api_wait_seconds=0.2)) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        warm = pool.map(lambda _: client.get("/busy?seconds=0.01"), range(24))
        assert {answer.status_code for answer in warm} == {200}
        answers = list(pool.map(lambda _: client.get("/busy?seconds=0.3"), range(8)))
        found = [answer.status_code for answer in answers]
        assert set(found) == {200, 503}
        refused = next(answer for answer in answers if answer.status_code == 503)
        assert (refused.json()["code"], refused.headers["retry-after"]) == ("busy", "1")
        assert refused.headers["content-type"] == "application/problem+json"
        assert client.get(CHURN).status_code == 200


def test_a_body_that_never_comes_is_answered(world: World) -> None:
    with serving(limited(world, api_answer_seconds=0.1).settings) as client:
        with socket.create_connection(("127.0.0.1", client.base_url.port or 0), timeout=10) as raw:
            raw.sendall(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
            said = raw.recv(4096)
        assert said.startswith(b"HTTP/1.1 503")
        assert b"too_late" in said
        assert client.get(CHURN).status_code == 200


def test_large_answers_are_compressed_for_those_who_can_read_that(client: Caller) -> None:
    packed = client.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 3
    assert packed.content == plain.content
    assert "content-encoding" not in client.get(CHURN, headers={"Accept-Encoding": "gzip"}).headers


def test_what_the_caller_has_is_not_sent_again(world: World, client: Caller) -> None:
    for path in ("/v1/models", "/openapi.json"):
        first = client.get(path)
        assert first.headers["cache-control"] == "no-cache"
        again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    tag = client.get("/v1/models").headers["etag"]
    world.bundle("v2")
    world.champion("v2")
    client.look()
    changed = client.get("/v1/models", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert "etag" not in client.get(CHURN).headers


def test_sigterm_is_not_ready_first_and_answers_until_the_end(world: World) -> None:
    with started(world, drain_seconds=2) as (client, pid):
        assert client.get("/readyz").status_code == 200
        os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + 2
        while (ready := client.get("/readyz")).status_code == 200 and time.monotonic() < until:
            time.sleep(0.02)
        assert ready.status_code == 503
        assert ready.json()["troubles"][0]["code"] == "stopping"
        answer = client.get(CHURN)
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert ended(client, seconds=20)


def ended(client: httpx.Client, seconds: float) -> bool:
    """Whether nobody listens any more within so many seconds; every answer until then is a 200."""
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            assert client.get(CHURN).status_code == 200
            time.sleep(0.02)
    except httpx.TransportError:
        return True
    return False
