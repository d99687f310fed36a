"""The roadmap's scripts: short, each answers --help, started from anywhere, by any Python."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from repository import ROOT

COMMANDS = {
    "ml/01_data_exploration.py": "explore",
    "ml/02_feature_engineering.py": "features build",
    "ml/03_baseline_models.py": "train",
    "ml/04_churn_prediction.py": "train",
    "ml/05_user_segmentation.py": "train",
    "ml/06_recommendation_system.py": "train",
    "ml/07_conversion_prediction.py": "train",
    "ml/08_click_prediction.py": "train",
    "ml/09_engagement_prediction.py": "train",
    "ml/10_ad_optimization.py": "train",
    "ml/run_all_ml_models.py": "run",
    "run_ml.py": "run",
}
DOORS = sorted(COMMANDS)
NO_SITE_PACKAGES = [sys.executable, "-S"]


def start(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "READERSHIP_HOME"} | {"COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_every_script_of_the_roadmap_so_far_is_listed():
    assert sorted(["run_ml.py", *(f"ml/{path.name}" for path in (ROOT / "ml").glob("*.py"))]) == DOORS


@pytest.mark.parametrize("door", DOORS)
def test_a_door_is_no_room(door):
    assert len((ROOT / door).read_text(encoding="utf-8").splitlines()) <= 15


@pytest.mark.parametrize("door", DOORS)
def test_each_answers_help_from_any_folder(door, tmp_path):
    done = start([sys.executable, str(ROOT / door), "--help"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"Usage: readership {COMMANDS[door]} [OPTIONS]" in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("flag", ["--skip-exploration", "--skip-features", "--models-only", "--skip-prerequisites"])
def test_the_four_flags_of_the_whole_run(flag):
    assert flag in start([sys.executable, str(ROOT / "run_ml.py"), "--help"], ROOT).stdout


def test_bad_usage_exits_2():
    assert start([sys.executable, str(ROOT / "run_ml.py"), "--no-such-flag"], ROOT).returncode == 2


@pytest.fixture
def checkout(tmp_path):
    """The scripts alone, in a folder without an environment."""
    shutil.copytree(ROOT / "ml", tmp_path / "ml", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "run_ml.py", tmp_path)
    return tmp_path


@pytest.mark.parametrize("door", ["run_ml.py", "ml/04_churn_prediction.py"])
def test_outside_of_an_environment_it_starts_again_inside(door, checkout):
    inside = checkout / ".venv" / "bin" / "python"
    inside.parent.mkdir(parents=True)
    inside.write_text('#!/bin/sh\necho "inside: $@, home $READERSHIP_HOME"\n')
    inside.chmod(0o755)
    done = start([*NO_SITE_PACKAGES, str(checkout / door), "--as-of", "2026-01-01"], ROOT)
    assert done.stdout == f"inside: {checkout / door} --as-of 2026-01-01, home {checkout}\n", done.stderr


@pytest.mark.parametrize("door", ["run_ml.py", "ml/04_churn_prediction.py"])
def test_without_any_environment_it_says_what_to_do(door, checkout):
    done = start([*NO_SITE_PACKAGES, str(checkout / door)], checkout)
    assert done.returncode == 1
    assert "`make demo`" in done.stderr
    assert "pip install -r requirements_ml.txt" in done.stderr
