"""The evaluation of clicks: normalised entropy and efficiency by hand, verdicts in words."""

from dataclasses import replace

import numpy as np
import pytest
from click_world import parts, world

from readership.evaluation.bootstrap import Draws
from readership.evaluation.click_evaluation import (
    PositionFree,
    base_rates,
    efficiency,
    entropies,
    evaluate_clicks,
    measure_clicks,
)
from readership.evaluation.click_verdict import trust
from readership.evaluation.evaluate import Facts, Scores
from readership.evaluation.reports.report import write_report
from readership.registry.rule import beats_floors

TEST = parts(world())[2]
BASE = float(TEST.label.mean())
TRUE = 1 / (1 + np.exp(1.5 + 0.25 * TEST.features[:, 0].astype(float) - 0.8 * (TEST.features[:, 1] - 1)))


def evaluation(champion: np.ndarray = TRUE, oracle: np.ndarray | None = TRUE) -> dict:
    flat = np.full(len(TEST), BASE)
    facts = Facts(
        "Which article will be clicked?", "the ranker", "click", "one row an impression", 1_000,
        {"source": "a test", "events": 1, "readers": 1, "from": "2026-03-02", "to": "2026-03-06"},
        {"unclicked_training_rows_kept": 0.5, "correction": "counts twice", "counts_known_up_to": "ten minutes",
         "calibration": "none", "train_as_of": ["2026-03-02"]},
        leakage={"verdict": "clean"},
    )  # fmt: skip
    test = replace(TEST, slices={"placement": np.where(TEST.features[:, 6] == 0, "front", "related")})
    return evaluate_clicks(
        test, Scores("click_xgboost", {"click_xgboost": champion}, {"base_rate": flat}, oracle),
        PositionFree(flat, None if oracle is None else oracle), facts, left_out={}, valid_rate=BASE, replicates=40,
    )  # fmt: skip


def test_who_knows_the_share_alone_has_normalised_entropy_of_one() -> None:
    draws = Draws.of(TEST.reader, replicates=20)
    found = measure_clicks(TEST, np.full(len(TEST), BASE), draws, base_rates(TEST, draws))
    assert found.values["normalised_entropy"] == pytest.approx(1.0)
    assert entropies(np.array([0.5, 0.25])).tolist() == pytest.approx([np.log(2), 0.5623351], abs=1e-6)


def test_efficiency_is_one_for_the_oracle_itself_and_zero_for_a_coin() -> None:
    draws = Draws.of(TEST.reader, replicates=20)
    shares = base_rates(TEST, draws)
    best, coin = (measure_clicks(TEST, p, draws, shares) for p in (TRUE, np.full(len(TEST), BASE)))
    assert efficiency(best, best) == {"value": 1.0, "ci95": [None, None]}
    assert efficiency(coin, best)["value"] == 0.0


def test_the_file_has_both_kinds_of_answer_and_goes_by_the_rule_of_log_loss(tmp_path) -> None:
    found = evaluation()
    assert found["kind"] == "click"
    assert found["oracle"]["efficiency"] == found["targets"]["auc_efficiency"]["reached"] == 1.0
    assert found["position_free"]["metrics"]["roc_auc"]["value"] == 0.5
    assert found["position_free"]["oracle"]["efficiency"] == 0.0
    assert found["label"]["clicks_test"] == int(TEST.label.sum())
    assert {part["value"] for part in found["slices"]} == {"front", "related"}
    assert found["floors"]["base_rate"]["difference_to_champion"]["log_loss"]["value"] > 0
    assert beats_floors(found).allowed
    assert not beats_floors(evaluation(champion=np.full(len(TEST), BASE))).allowed
    page = write_report(found, tmp_path).read_text(encoding="utf-8")
    assert "With the position, and without" in page
    assert "50.0% of unclicked training rows kept; counts twice" in page


def test_without_a_truth_nothing_is_said_of_an_oracle(tmp_path) -> None:
    found = evaluation(oracle=None)
    assert found["oracle"] is None
    assert found["position_free"]["oracle"] is None
    assert list(found["targets"]) == ["ece"]
    assert "unknown" in write_report(found, tmp_path).read_text(encoding="utf-8")


def test_doubts_are_named() -> None:
    found = evaluation()
    found["metrics"]["ece"] = {"value": 0.004, "ci95": [0.0, 0.01]}
    assert trust(found)["level"] == "high", trust(found)
    found["metrics"]["ece"] = {"value": 0.05, "ci95": [0.04, 0.06]}
    assert trust(found)["reasons"] == [
        "its probabilities are off by 5.0 points on average; their order may still be used"
    ]
    found["floors"]["base_rate"]["difference_to_champion"]["log_loss"] = {"value": -0.1, "ci95": [-0.2, 0.0]}
    assert trust(found)["level"] == "low"
    assert "no better than one rate for everything" in trust(found)["reasons"][0]
