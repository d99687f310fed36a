"""`readership serve` as a process: it starts, follows, ends well, and needs no more than the extra `serve`."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from served_world import World

REPOSITORY = Path(__file__).parents[2]
START = "from readership.cli import main; main()"
HEAVY = ("torch", "mlflow", "chdb", "sklearn", "xgboost", "lightgbm", "pandas")
IMPORTED = """
import sys
import readership.serving.server, onnxruntime
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


@contextmanager
def started(
    world: World, *arguments: str, python: str = sys.executable, drain_seconds: int = 0
) -> Iterator[tuple[httpx.Client, int]]:
    """`readership serve` of `world` in its own process: a caller, and the process id to send signals to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = world.settings.root
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("READERSHIP_", "PYTHON"))}
    with (home / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [python, "-c", START, "serve", "--port", str(port), *arguments],
            cwd=home,
            env={**environment, "READERSHIP_HOME": str(home), "READERSHIP_API_DRAIN_SECONDS": str(drain_seconds)},
            stdout=log,
            stderr=log,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as client:
            wait_until_ready(client, process, home / "serve.log")
            yield client, process.pid
            process.send_signal(signal.SIGTERM)
            process.wait(20)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_until_ready(client: httpx.Client, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(f"`readership serve` was not ready: {log.read_text()[-2000:]}")


def test_one_worker_follows_the_champion_and_ends_when_told(world: World) -> None:
    with started(world) as (client, pid):
        assert client.get("/v1/readers/42/churn").json()["model_version"] == "v1"
        assert "server" not in client.get("/healthz").headers
        world.bundle("v2")
        world.champion("v2")
        until = time.monotonic() + 10
        while client.get("/v1/readers/42/churn").json()["model_version"] == "v1" and time.monotonic() < until:
            time.sleep(0.1)
        assert client.get("/v1/readers/42/churn").json()["model_version"] == "v2"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    log = (world.settings.root / "serve.log").read_text()
    assert "Finished server process" in log
    assert "/v1/readers/" not in log  # no reader id is written anywhere


def test_two_workers_answer_from_the_same_world_and_end_together(world: World) -> None:
    workers: set[str] = set()
    with started(world, "--workers", "2") as (client, _):
        until = time.monotonic() + 30
        while len(workers) < 2 and time.monotonic() < until:
            with httpx.Client(base_url=client.base_url, trust_env=False) as other:
                assert other.get("/v1/readers/42/churn").json()["model_version"] == "v1"
                figures = other.get("/metrics").text
            line = next(line for line in figures.splitlines() if line.startswith("readership_ready{"))
            workers.add(line.split('"')[1])
    assert len(workers) == 2
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(int(worker), 0)


def test_refusal_to_serve_strangers_without_a_key_is_a_message(world: World) -> None:
    done = subprocess.run(
        [sys.executable, "-c", START, "serve", "--host", "0.0.0.0", "--port", "0"],
        env={**os.environ, "READERSHIP_HOME": str(world.settings.root)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error (settings): READERSHIP_API_HOST is '0.0.0.0', which others can reach")
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_a_message(world: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-c", START, "serve", "--port", port],
            env={**os.environ, "READERSHIP_HOME": str(world.settings.root)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"error (input): the API could not start on 127.0.0.1:{port}")
    assert last.endswith("choose another --port")


def test_serving_imports_neither_frames_nor_the_warehouse() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(done.stdout.split())
    assert not loaded & {*HEAVY, "polars", "pyarrow", "clickhouse_connect"}


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter with `readership[serve]` and nothing else."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "-q"]
    done = subprocess.run([*pip, "install", f"{REPOSITORY}[serve]"], capture_output=True, text=True)
    if done.returncode:
        probe = subprocess.run([*pip, "download", "--no-deps", "-d", str(folder), "hatchling"], capture_output=True)
        if probe.returncode:
            pytest.skip("the package index cannot be reached, and this test installs from it")
        pytest.fail(done.stderr[-2000:])
    return python


def test_extra_serve_alone_is_enough(world: World, bare_python: str) -> None:
    listed = subprocess.run([bare_python, "-m", "pip", "list", "--format=json"], capture_output=True, check=True)
    installed = {package["name"].lower().replace("_", "-") for package in json.loads(listed.stdout)}
    assert not installed & {*HEAVY, "scikit-learn", "xgboost-cpu", "chdb-core", "jinja2"}
    with started(world, python=bare_python) as (client, _):
        body = client.get("/v1/readers/42/churn").json()
        assert (body["band"], body["reasons"]) == ("high", ["no visit for 19 days"])
        assert client.get("/docs").status_code == 200
        assert client.get("/docs/static/swagger-ui/swagger-ui-bundle.js").status_code == 200
        assert client.get("/openapi.json").json()["info"]["title"] == "Readership"
        assert "readership_http_requests_total" in client.get("/metrics").text
