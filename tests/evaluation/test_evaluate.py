"""The evaluation file: complete, honest about what it cannot know, and the same every time."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from readership.errors import InputError, NotEnoughData
from readership.evaluation.evaluate import Scores, evaluate_binary
from readership.evaluation.files import read_evaluations, write_evaluation
from readership.evaluation.metrics import METRICS, binary_metrics

CONTRACT = {
    "task", "champion", "data", "protocol", "label", "metrics", "operating_points", "targets", "candidates", "floors",
    "oracle", "leakage", "slices", "timings_seconds",
}  # fmt: skip


def test_it_has_every_key_of_the_contract_and_is_strict_json(evaluation: dict[str, Any]) -> None:
    assert set(evaluation) >= CONTRACT
    assert set(evaluation["metrics"]) == set(METRICS)
    assert set(evaluation["operating_points"]) == {"roadmap", "top_k", "expected_cost"}
    assert set(evaluation["targets"]) == {"roc_auc", "precision", "recall"}
    assert set(evaluation["targets"]["roc_auc"]) >= {"roadmap", "reached", "ci95", "oracle", "met", "reason"}
    assert json.loads(json.dumps(evaluation, allow_nan=False)) == evaluation


def test_every_key_is_in_the_docs(evaluation: dict[str, Any]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    words = set(re.findall(r"`([a-z0-9_]+)`", page))
    assert set(evaluation) - words == set()
    for key in ("label", "operating_points", "targets", "curves", "trust"):
        assert set(evaluation[key]) - words == set(), key
    for key in ("slices", "per_as_of", "bands", "drivers"):
        assert set(evaluation[key][0]) - words == set(), key
    for point in evaluation["operating_points"].values():
        assert set(point) - words == set()


def test_metrics_are_those_of_the_test_rows(evaluation: dict[str, Any], cutoffs, make_rows, blurred) -> None:
    test, truth = make_rows(cutoffs, seed=0)
    expected = binary_metrics(test.label, blurred(truth, 0.5, 1))
    for name, metric in evaluation["metrics"].items():
        assert metric["value"] == pytest.approx(expected[name], abs=1e-6)
        assert metric["ci95"][0] <= metric["value"] <= metric["ci95"][1]
    assert evaluation["candidates"]["xgboost"]["roc_auc"] == evaluation["metrics"]["roc_auc"]


def test_differences_to_the_champion_are_paired_and_signed(evaluation: dict[str, Any]) -> None:
    rule = evaluation["floors"]["recency"]
    assert rule["difference_to_champion"]["log_loss"]["value"] == pytest.approx(
        rule["log_loss"]["value"] - evaluation["metrics"]["log_loss"]["value"], abs=2e-6
    )
    assert rule["difference_to_champion"]["log_loss"]["ci95"][0] > 0
    assert rule["difference_to_champion"]["roc_auc"]["ci95"][1] < 0


def test_cutoffs_slices_and_bands_add_up(evaluation: dict[str, Any], cutoffs) -> None:
    whole = evaluation["label"]["n_test"]
    assert [part["as_of"] for part in evaluation["per_as_of"]] == [f"{c}T00:00:00Z" for c in cutoffs]
    assert sum(part["n"] for part in evaluation["per_as_of"]) == whole
    assert sum(band["n"] for band in evaluation["bands"]) == whole
    countries = {part["value"]: part for part in evaluation["slices"] if part["slice"] == "country"}
    assert sum(part["n"] for part in countries.values()) == whole
    assert countries["LU"]["metrics"] is None
    assert countries["LU"]["base_rate"]["value"] is not None
    assert {part["value"] for part in evaluation["slices"] if part["slice"] == "tier"} == {"free", "(none)"}


def test_oracle_and_efficiency(evaluation: dict[str, Any]) -> None:
    oracle, reached = evaluation["oracle"], evaluation["metrics"]["roc_auc"]["value"]
    assert oracle["efficiency"] == pytest.approx((reached - 0.5) / (oracle["roc_auc"]["value"] - 0.5), abs=1e-3)
    assert evaluation["targets"]["roc_auc"]["oracle"] == oracle["roc_auc"]["value"]
    assert "even the true probabilities of this world reach only" in evaluation["targets"]["roc_auc"]["reason"]


def test_oracle_asked_about_some_rows_only(cutoffs, make_rows, blurred, make_facts) -> None:
    test, truth = make_rows(cutoffs, seed=0)
    valid, valid_truth = make_rows(("2026-04-06",), seed=1)
    partial = np.where(np.arange(len(truth)) % 2, truth, np.nan)
    scores = Scores("xgboost", {"xgboost": blurred(truth, 0.5, 1)}, oracle=partial)
    found = evaluate_binary(test, scores, make_facts(), valid=valid, valid_probability=valid_truth, replicates=20)
    half = np.isfinite(partial)
    assert found["oracle"]["n"] == half.sum()
    assert found["oracle"]["roc_auc"]["value"] == pytest.approx(
        binary_metrics(test.label[half], truth[half])["roc_auc"], abs=1e-6
    )


def test_without_an_oracle_the_ceiling_is_said_to_be_unknown(make_evaluation) -> None:
    found = make_evaluation(oracle=False)
    assert found["oracle"] is None
    assert found["targets"]["roc_auc"]["oracle"] is None
    assert "how much is possible is not known" in found["targets"]["roc_auc"]["reason"]


def test_same_inputs_same_file(evaluation: dict[str, Any], make_evaluation) -> None:
    assert make_evaluation() == evaluation


def test_inputs_are_left_alone(cutoffs, make_rows, make_facts) -> None:
    test, truth = make_rows(cutoffs, seed=0)
    before = test.label.copy(), truth.copy()
    evaluate_binary(
        test,
        Scores("m", {"m": truth}),
        make_facts(),
        valid=test,
        valid_probability=truth,
        replicates=10,
    )
    assert (test.label == before[0]).all()
    assert (truth == before[1]).all()


def test_rows_without_a_label_are_left_out(cutoffs, make_rows, make_facts) -> None:
    test, truth = make_rows(cutoffs, seed=0)
    label = test.label.copy()
    label[:100] = np.nan
    scores = Scores("m", {"m": truth})
    holes = evaluate_binary(
        replace(test, label=label), scores, make_facts(), valid=test, valid_probability=truth, replicates=10
    )
    assert holes["label"]["n_test"] == len(test) - 100


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_class_is_refused_with_the_next_step(outcome: float, cutoffs, make_rows, make_facts) -> None:
    test, truth = make_rows(cutoffs, seed=0)
    lone = replace(test, label=np.full(len(test), outcome, np.float32))
    scores, facts = Scores("m", {"m": truth}), make_facts()
    with pytest.raises(NotEnoughData, match=r"the test fold of 'churn' has .* needs both outcomes; load a longer log"):
        evaluate_binary(lone, scores, facts, valid=test, valid_probability=truth)
    with pytest.raises(NotEnoughData, match="the validation fold of 'churn'"):
        evaluate_binary(test, scores, facts, valid=lone, valid_probability=truth)


def test_a_champion_must_be_a_candidate() -> None:
    with pytest.raises(ValueError, match="the champion 'a' is not among the candidates"):
        Scores("a", {"b": np.zeros(1)})


def test_trust_falls_with_doubt(evaluation: dict[str, Any], make_facts, make_evaluation) -> None:
    assert evaluation["trust"]["level"] == "high"
    unaudited = make_evaluation(facts=make_facts(leakage={}))["trust"]
    assert unaudited["level"] == "fair"
    assert "readership audit leakage" in unaudited["reasons"][0]
    leaking = make_evaluation(facts=make_facts(leakage={"verdict": "leak"}))
    assert leaking["trust"]["level"] == "low"
    assert leaking["next_steps"][0].startswith("Do not act")


def test_trust_is_low_when_a_rule_of_thumb_is_as_good(cutoffs, make_rows, blurred, make_facts) -> None:
    test, truth = make_rows(cutoffs, seed=0)
    scores = Scores("m", {"m": blurred(truth, 1.0, 1)}, {"recency": truth})
    found = evaluate_binary(test, scores, make_facts(), valid=test, valid_probability=truth, replicates=50)
    assert found["trust"]["level"] == "low"
    assert "no better than looking at the last visit" in found["trust"]["reasons"][0]


def test_trust_mentions_a_candidate_that_overtook(make_rows, cutoffs, blurred, make_facts) -> None:
    test, truth = make_rows(cutoffs, seed=0)
    scores = Scores("m", {"m": blurred(truth, 1.5, 1), "other": truth})
    found = evaluate_binary(test, scores, make_facts(), valid=test, valid_probability=truth, replicates=50)
    assert found["trust"]["level"] == "fair"
    assert any("it was overtaken: other is better here by" in reason for reason in found["trust"]["reasons"])


def test_trust_mentions_probabilities_that_are_off(cutoffs, make_rows, make_facts) -> None:
    test, truth = make_rows(cutoffs, seed=0)
    scores = Scores("m", {"m": np.clip(truth + 0.15, 0, 1)})
    found = evaluate_binary(test, scores, make_facts(), valid=test, valid_probability=truth, replicates=50)
    assert found["trust"]["level"] == "fair"
    assert any("probabilities are off by" in reason for reason in found["trust"]["reasons"])


def test_files_are_written_whole_and_read_back(tmp_path: Path, evaluation: dict[str, Any]) -> None:
    path = write_evaluation(evaluation, tmp_path / "evaluation")
    assert path.name == "churn.json"
    assert read_evaluations(path.parent) == [evaluation]
    with pytest.raises(ValueError, match="JSON compliant"):
        write_evaluation({**evaluation, "metrics": {"roc_auc": float("nan")}}, path.parent)
    assert read_evaluations(path.parent) == [evaluation]
    assert read_evaluations(tmp_path / "nowhere") == []
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"churn.json is not an evaluation file"):
        read_evaluations(path.parent)
