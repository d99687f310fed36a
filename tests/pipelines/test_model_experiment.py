"""What an experiment says of a model version: enough to promote it, or the figures that speak against it."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from readership.cli import app
from readership.errors import InputError, PromotionRefused
from readership.experiments.reading import read_experiment
from readership.pipelines.model_experiment import shown_by
from readership.registry.live import read_live, write_live
from readership.settings import Settings

DEFINITION = """
hypothesis = "The newer model finds readers who can still be kept."
unit = "reader"
variants = ["champion", "challenger"]
weights = [0.5, 0.5]
start = 2026-03-02
end = 2026-03-30

[models]
task = "churn"
champion = "v1"
challenger = "v2"

[metrics.active_days]
kind = "mean"

[guardrails.cancelled]
kind = "conversion"
measure = "subscription_cancels"
better = "less"
margin = 0.1
"""


def found(metric: str, difference: float, verdict: str, *, guardrail: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "metric": metric, "variant": "challenger", "units_control": 9_950, "units_treatment": 10_050, "unknown": "",
        "difference": difference, "low": difference - 0.1, "high": difference + 0.1, "always_low": difference - 0.2,
        "always_high": difference + 0.2, "guardrail": guardrail, "verdict": verdict, **more,
    }  # fmt: skip


SAFE = found("cancelled", 0.001, "safe", guardrail=True)


@pytest.fixture
def home(settings: Settings) -> Settings:
    """v1 is live, v2 its challenger, and an experiment compares them."""
    (settings.root / "experiments").mkdir()
    (settings.root / "experiments" / "churn-v2.toml").write_text(DEFINITION)
    models = settings.artifacts_dir / "models"
    for version in ("v1", "v2"):
        (models / "churn" / version).mkdir(parents=True)
        (models / "churn" / version / "manifest.json").write_text("{}")
    write_live(models, "churn", champion="v1", challenger="v2", by="ada", why="to see")
    return settings


def analysed(
    home: Settings, first: dict[str, Any], *rails: dict[str, Any], verdict: str = "adopt", **more: Any
) -> None:
    """Write the analysis as `experiment analyze` does."""
    experiment = read_experiment(home.root / "experiments" / "churn-v2.toml")
    measured = {
        "definition_sha256": experiment.content_hash(), "as_of": "2026-04-10T00:00:00+00:00", "complete": True,
        "split": {"broken": False, "p": 0.5}, "findings": [first, *rails], "verdicts": {"challenger": verdict}, **more,
    }  # fmt: skip
    folder = home.artifacts_dir / "experiments"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "churn-v2.json").write_text(json.dumps(measured))


def test_better_and_safe_is_a_proof_with_its_figures(home: Settings) -> None:
    analysed(home, found("active_days", 0.3, "better"), SAFE)
    version, proof = shown_by(home, "churn-v2", "churn")
    assert (version, proof.allowed, proof.difference) == ("v2", True, {"value": 0.3, "ci95": [0.3 - 0.1, 0.3 + 0.1]})
    assert proof.reason == (
        "experiment 'churn-v2' (9,950 and 10,050 readers as of 2026-04-10): active_days +0.3 [+0.2, +0.4], better; "
        "cancelled +0.001 [-0.099, +0.101], safe"
    )


def test_while_it_runs_the_always_valid_interval_is_the_proof(home: Settings) -> None:
    analysed(home, found("active_days", 0.3, "better"), SAFE, complete=False)
    _, proof = shown_by(home, "churn-v2", "churn", "v2")
    assert proof.difference == {"value": 0.3, "ci95": [0.3 - 0.2, 0.3 + 0.2]}
    assert "[+0.1, +0.5, always valid]" in proof.reason


@pytest.mark.parametrize(
    ("first", "rail", "more", "why"),
    [
        (found("active_days", 0.05, "open"), SAFE, {"verdict": "no difference"}, "its verdict is 'no difference'"),
        (found("active_days", -0.3, "worse"), SAFE, {"verdict": "drop"}, "its verdict is 'drop'"),
        (found("active_days", 0.3, "better"), {**SAFE, "verdict": "harmed"}, {"verdict": "harm"},
         "guard-rail cancelled is not shown to be safe"),
        (found("active_days", 0.3, "better"), {**SAFE, "verdict": "open"}, {}, "guard-rail cancelled is not shown"),
        (found("active_days", 0.3, "better"), SAFE, {"split": {"broken": True, "p": 1e-9}},
         "its arms are not as drawn (p = 1e-09)"),
        (found("active_days", 0.3, "unknown", always_low=None, always_high=None), SAFE,
         {"complete": False, "verdict": "wait"}, "active_days +0.3, too few readers for an interval"),
    ],
)  # fmt: skip
def test_anything_less_is_no_proof(
    home: Settings, first: dict[str, Any], rail: dict[str, Any], more: dict[str, Any], why: str
) -> None:
    analysed(home, first, rail, **more)
    _, proof = shown_by(home, "churn-v2", "churn")
    assert not proof.allowed
    assert why in proof.reason


def test_what_it_does_not_speak_of_is_refused(home: Settings) -> None:
    with pytest.raises(PromotionRefused, match="was not analysed; `readership experiment analyze churn-v2` first"):
        shown_by(home, "churn-v2", "churn")
    with pytest.raises(InputError, match="'churn-v2' is about churn, not conversion; nothing changed"):
        shown_by(home, "churn-v2", "conversion")
    with pytest.raises(InputError, match="tries v2, not v9; name one of them with --version"):
        shown_by(home, "churn-v2", "churn", "v9")
    with pytest.raises(InputError, match="there is no experiment 'other'"):
        shown_by(home, "other", "churn")


def test_an_analysis_of_another_definition_or_champion_is_refused(home: Settings) -> None:
    analysed(home, found("active_days", 0.3, "better"), SAFE)
    definition = home.root / "experiments" / "churn-v2.toml"
    definition.write_text(DEFINITION.replace("margin = 0.1", "margin = 0.2"))
    with pytest.raises(PromotionRefused, match="is of another definition of experiment 'churn-v2'"):
        shown_by(home, "churn-v2", "churn")
    definition.write_text(DEFINITION)
    write_live(home.artifacts_dir / "models", "churn", champion="v2", challenger=None, by="ada", why="in the meantime")
    with pytest.raises(PromotionRefused, match="compared churn v2 with v1, but the champion is v2"):
        shown_by(home, "churn-v2", "churn")


def test_the_command_refuses_with_the_figures_and_changes_nothing(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    analysed(home, found("active_days", 0.05, "open"), SAFE, verdict="no difference")
    monkeypatch.setattr("readership.registry.promotion.Bundle.load", lambda _: None)
    done = CliRunner().invoke(app, ["promote", "churn", "--experiment", "churn-v2"])
    assert isinstance(done.exception, PromotionRefused)
    assert "churn v2 is not promoted: experiment 'churn-v2' (9,950 and 10,050 readers" in str(done.exception)
    assert read_live(home.artifacts_dir / "models", "churn").champion == "v1"
