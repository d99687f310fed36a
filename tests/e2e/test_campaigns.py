"""A campaign from list to euros, by the commands a user types: built, delivered, lived with, measured."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from campaign_world import make_live
from receiver import Receiver

REPOSITORY = Path(__file__).parents[2]
WORLD = ("--readers", "300", "--seed", "5")


class Home:
    """A project folder and the commands run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "READERSHIP_HOME": str(folder),
            "READERSHIP_WEBHOOK_TOKEN": "tok",
            "READERSHIP_CONVERSION_HORIZON_DAYS": "7",
        }

    def run(self, *words: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command; its exit code must be the expected one."""
        command = [sys.executable, "-m", "readership.cli", *words]
        done = subprocess.run(
            command, env=self.environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=1200
        )
        assert done.returncode == expect, f"{words} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *words: str) -> dict[str, Any]:
        """The one JSON object a command prints."""
        answer: dict[str, Any] = json.loads(self.run(*words, "--json").stdout)
        return answer


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every step, in order, with what it said."""
    home = Home(tmp_path_factory.mktemp("home"))
    home.json("simulate", *WORLD, "--days", "14")
    make_live(home.folder / "artifacts/models", "conversion")
    build = ("campaign", "build", "--task", "conversion", "--budget", "60", "--cost", "0.5", "--value", "60")
    build += ("--name", "spring", "--control", "0.3", "--as-of", "2025-01-20", "--fields", "braze")
    with Receiver("/users/track") as receiver:
        built = home.json(*build, "--webhook", receiver.address)
    early = home.run("campaign", "measure", "spring", expect=1)
    went_on = home.json("simulate", *WORLD, "--days", "22", "--campaign", "spring")
    measured = home.json("campaign", "measure", "spring")
    return {
        "home": home,
        "built": built,
        "receiver": receiver,
        "early": early,
        "went_on": went_on,
        "measured": measured,
    }


def test_the_contacts_arrive_once_in_the_tool_s_words(walked: dict[str, Any]) -> None:
    receiver, built = walked["receiver"], walked["built"]
    (body,) = receiver.taken
    assert receiver.headers[0]["Idempotency-Key"] == "spring-1"
    assert receiver.keys == ["Bearer tok"]
    sent = [contact["external_id"] for contact in body["attributes"]]
    file = pl.read_csv(built["contacts"], schema_overrides={"external_id": pl.String})
    assert sent == file["external_id"].to_list()
    assert len(sent) == built["funnel"]["treatment"] <= 60


def test_it_is_not_measured_before_its_outcome_is_known(walked: dict[str, Any]) -> None:
    assert "spring of 2025-01-20 is complete on 2025-01-27 00:00 UTC" in walked["early"].stderr


def test_the_world_goes_on_with_it_and_it_is_measured(walked: dict[str, Any]) -> None:
    measured, built, home = walked["measured"], walked["built"], walked["home"]
    assert 0 < walked["went_on"]["events_loaded"] < walked["went_on"]["events"]
    for arm in ("treatment", "control"):
        assert measured["arms"][arm]["readers"] == built["funnel"][arm]
    assert measured["contacts"] == built["funnel"]["treatment"]
    assert measured["cost_eur"] == measured["contacts"] * 0.5
    assert measured["words"][0]
    assert Path(measured["report"]) == home.folder / "artifacts/reports/campaign-spring.html"
    assert measured["words"][0] in Path(measured["report"]).read_text()
    rows = pl.read_parquet(home.folder / "artifacts/campaigns/spring/measured.parquet")
    assert rows.height == built["funnel"]["chosen"]


def test_no_list_without_a_control_group(walked: dict[str, Any]) -> None:
    order = ("campaign", "build", "--task", "churn", "--budget", "5", "--cost", "1", "--value", "60", "--control", "0")
    assert "--control is 0; it must lie between" in walked["home"].run(*order, expect=1).stderr
