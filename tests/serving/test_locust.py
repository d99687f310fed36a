"""`examples/locustfile.py` against a served world: every request has an answer, every event is accepted."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from served_world import World, serving
from whole_world import fill, publish

FILE = Path(__file__).parents[2] / "examples" / "locustfile.py"


@pytest.mark.skipif(find_spec("locust") is None, reason="needs Locust: pip install locust")
def test_a_short_run_has_no_failures(bare: World) -> None:
    fill(bare)
    command = [sys.executable, "-m", "locust", "-f", str(FILE), "--headless", "--users", "6", "--spawn-rate", "6"]
    with serving(bare.settings) as client:
        publish(client)
        client.look()
        address = str(client.base_url).rstrip("/")
        done = subprocess.run(
            [*command, "--run-time", "6s", "--host", address, "--json"], capture_output=True, text=True, timeout=60
        )
        figures = client.get("/metrics").text
    assert done.returncode == 0, done.stderr[-2000:]
    assert '"num_failures": 0' in done.stdout
    assert 'route="/v1/events",status="202"' in figures
