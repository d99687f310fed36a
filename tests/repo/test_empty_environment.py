"""The roadmap's own way in: an empty environment, `cd ml && pip install -r requirements_ml.txt`, then the scripts."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from repository import copy

pytestmark = pytest.mark.slow
STEPS = [
    "01_data_exploration.py",
    "02_feature_engineering.py",
    "03_baseline_models.py",
    "04_churn_prediction.py",
    "07_conversion_prediction.py",
]
LOADER = "from utils.data_loader import user_features as f; print(f().select('total_sessions', 'country').rows())"


class Stranger(NamedTuple):
    """A checkout and the Python of an environment that was empty before."""

    checkout: Path
    python: Path

    def run(self, folder: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Start a script, or with "-m"/"-c" what follows, in a folder of the checkout."""
        return quiet([str(self.python), *command], self.checkout / folder)


def quiet(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("READERSHIP_")}
    env["PIP_NO_COMPILE"] = "1"
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    """What the roadmap's first two commands leave; skipped where no package index answers."""
    folder = tmp_path_factory.mktemp("stranger")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "ml_env")], check=True)
    found = Stranger(copy(folder / "checkout"), folder / "ml_env" / "bin" / "python")
    probe = found.run(".", "-m", "pip", "download", "--no-deps", "--dest", str(folder / "probe"), "hatchling")
    if probe.returncode:
        pytest.skip(f"no package index answers: {probe.stderr.strip().splitlines()[-1:]}")
    done = found.run("ml", "-m", "pip", "install", "--quiet", "-r", "requirements_ml.txt")
    assert done.returncode == 0, done.stderr
    yield found
    shutil.rmtree(folder)


def test_what_was_installed_fits_together(stranger):
    done = stranger.run(".", "-m", "pip", "check")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("folder", "script"), [*(("ml", step) for step in STEPS), (".", "run_ml.py")])
def test_on_an_empty_warehouse_each_step_names_three_ways_on(stranger, folder, script):
    done = stranger.run(folder, script)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    for way in ("demo", "simulate", "ingest"):
        assert f"`readership {way}" in done.stderr


def test_from_the_root_and_from_ml_it_is_one_warehouse(stranger):
    events = stranger.checkout / "events.jsonl"
    event = {"user_id": "ada", "session_id": "s1", "event_type": "article_view", "country": "NO"}
    times = ("2026-01-05T08:00:00Z", "2026-01-05T08:03:00Z")
    rows = [
        {**event, "event_id": f"00000000-0000-4000-8000-00000000000{n}", "timestamp": t} for n, t in enumerate(times)
    ]
    events.write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = ["-m", "readership.cli", "ingest", "events.jsonl", "--consent", "analytics,personalisation", "--json"]
    loaded = stranger.run(".", *command)
    assert loaded.returncode == 0, loaded.stderr
    assert json.loads(loaded.stdout)["events_loaded"] == 2
    assert stranger.run("ml", "-c", LOADER).stdout == "[(1, 'NO')]\n"
    assert not (stranger.checkout / "ml" / "var").exists()
