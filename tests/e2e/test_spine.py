"""From nothing to a reader's churn over HTTP, by the commands a user types, in a home of its own."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

REPOSITORY = Path(__file__).parents[2]
HORIZON, LOOKBACK = "14", "28"


class Home:
    """A project folder and the commands run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "READERSHIP_HOME": str(folder),
            "READERSHIP_CHURN_HORIZON_DAYS": HORIZON,
            "READERSHIP_CHURN_LOOKBACK_DAYS": LOOKBACK,
        }

    def run(self, *words: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command; its exit code must be the expected one."""
        done = subprocess.run(
            [sys.executable, "-m", "readership.cli", *words],
            env=self.environment,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=1200,
        )
        assert done.returncode == expect, f"{words} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *words: str) -> dict[str, Any]:
        """The one JSON object a command prints."""
        answer: dict[str, Any] = json.loads(self.run(*words, "--json").stdout)
        return answer


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A simulated publisher on which every step has run."""
    made = Home(tmp_path_factory.mktemp("home"))
    made.json("simulate", "--readers", "500", "--days", "140", "--seed", "3")
    made.outcome = made.json("run")  # type: ignore[attr-defined]
    return made


def test_the_run_ends_with_a_model_and_its_pages(home: Home) -> None:
    outcome = home.outcome  # type: ignore[attr-defined]
    assert outcome["models"][0]["task"] == "churn"
    assert all(Path(page).is_file() for page in outcome["reports"])
    evaluation = json.loads((home.folder / "artifacts/evaluation/churn.json").read_text())
    assert evaluation["leakage"]["verdict"] == "clean"
    assert evaluation["oracle"]["roc_auc"]["value"] > evaluation["metrics"]["roc_auc"]["value"] - 0.02
    assert evaluation["metrics"]["roc_auc"]["value"] > 0.6
    assert {"base_rate", "recency", "logistic_regression", "random_forest", "neural_network"} <= set(
        evaluation["floors"]
    )
    for task in ("churn", "engagement"):
        assert (home.folder / f"artifacts/evaluation/baselines/{task}.json").is_file()


def test_the_files_of_the_roadmap_are_there(home: Home) -> None:
    ready = pl.read_csv(home.folder / "user_features_ml_ready.csv", infer_schema_length=None)
    assert {"user_id", "as_of", f"label_churn_{HORIZON}d", "label_conversion_14d"} <= set(ready.columns)
    assert (home.folder / "user_features_sample.csv").is_file()


def test_the_audit_says_what_it_compared(home: Home) -> None:
    report = home.json("audit", "leakage")
    assert report["verdict"] == "clean"
    assert {check["name"] for check in report["checks"]} >= {"time_travel", "brute_force", "shuffled_labels"}
    assert all(check["rows_compared"] > 0 for check in report["checks"] if check["result"] == "pass")


def test_a_peeking_feature_of_the_user_is_caught(home: Home, tmp_path: Path) -> None:
    (tmp_path / "peek.sql").write_text(
        "SELECT user_id, count() AS events_ever FROM events "
        "WHERE loaded_at <= {snapshot_at:DateTime64(3, 'UTC')} GROUP BY user_id"
    )
    caught = home.run("audit", "leakage", "--features", str(tmp_path), "--json", expect=1)
    assert json.loads(caught.stdout)["verdict"] == "leak"
    assert "events_ever" in caught.stdout


def test_the_same_world_again_adds_nothing(home: Home) -> None:
    assert home.json("simulate", "--readers", "500", "--days", "140", "--seed", "3")["events_loaded"] == 0


def test_a_model_that_does_not_beat_the_floors_beyond_doubt_goes_live_only_by_force(home: Home) -> None:
    # 150 held-out readers cannot tell this model from the recency rule
    (model,) = (row for row in home.json("models", "list")["models"] if row["task"] == "churn")
    assert model["role"] == "challenger"
    assert "recency" in home.run("promote", "churn", expect=1).stderr
    assert home.run("promote", "churn", "--force", expect=2).stderr.count("--why") == 1
    done = home.json("promote", "churn", "--force", "--why", "to look at it")
    assert (done["version"], done["forced"], done["why"]) == (model["version"], True, "to look at it")
    assert "champion already" in home.run("promote", "churn", "--version", model["version"], expect=1).stderr
    assert home.json("batch-score", "churn")["readers"] > 100


@pytest.fixture(scope="module")
def api(home: Home) -> Iterator[str]:
    """The address of `readership serve` on this home."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "readership.cli", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=home.environment, stderr=subprocess.DEVNULL) as server:
        address = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{address}/readyz").close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
        server.terminate()


def test_a_reader_over_http_has_the_score_and_the_reasons_of_the_batch(home: Home, api: str) -> None:
    scores = pl.read_parquet(home.folder / "artifacts/scores/churn.parquet")
    worst = scores.row(0, named=True)
    with urllib.request.urlopen(f"{api}/v1/readers/{worst['reader_id']}/churn") as response:
        answer = json.load(response)
    assert answer["probability"] == pytest.approx(worst["probability"], abs=1e-6)
    assert answer["band"] == worst["band"]
    assert answer["reasons"] == worst["reasons"]
    assert answer["in_population"] is True


def test_a_real_log_takes_the_place_of_the_simulated_publisher(home: Home, tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_text(
        json.dumps({"event_id": "1", "user_id": "anna", "event_type": "login", "timestamp": "2026-01-05T10:00:00Z"})
        + "\n"
    )
    done = home.run("ingest", str(log), "--consent", "personalisation", "--json")
    assert json.loads(done.stdout)["readers"] == 1
    assert re.search(r"simulated publisher .* made way", done.stderr)
    assert json.loads((home.folder / "artifacts/models/churn/live.json").read_text())["champion"] is None
