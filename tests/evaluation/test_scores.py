"""The evaluation of a score by hand: metrics, intervals, tenths, bands, the oracle's share, and what is said of it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from readership.contracts import Dataset
from readership.errors import NotEnoughData
from readership.evaluation.bootstrap import Draws
from readership.evaluation.evaluate import Facts, Scores
from readership.evaluation.score_metrics import measure_scores, score_metrics
from readership.evaluation.scores import Bands, evaluate_scores
from readership.registry.rule import beats_floors

READERS, ROWS = 400, 1200


def test_metrics_by_hand() -> None:
    found = score_metrics([0, 10, 20, 50], [10, 10, 10, 30])
    assert found["rmse"] == pytest.approx((600 / 4) ** 0.5)  # 100 + 0 + 100 + 400
    assert found["mae"] == pytest.approx(10)
    assert found["r2"] == pytest.approx(1 - 600 / 1400)  # variance sum 400 + 100 + 0 + 900
    ranks = np.corrcoef([1, 2, 3, 4], [2, 2, 2, 4])[0, 1]
    assert found["spearman"] == pytest.approx(ranks)


def test_metrics_of_repeated_rows_are_those_of_weights() -> None:
    label, score = [1.0, 5.0, 9.0, 2.0], [2.0, 4.0, 4.0, 3.0]
    twice = score_metrics(label + label[:2], score + score[:2])
    weighted = score_metrics(label, score, [2, 2, 1, 1])
    assert weighted == pytest.approx(twice)


def test_a_constant_score_has_no_rank_and_a_constant_label_explains_nothing() -> None:
    assert np.isnan(score_metrics([1, 2, 3], [5, 5, 5])["spearman"])
    assert np.isnan(score_metrics([2, 2], [1, 3])["r2"])


def test_replicates_are_the_metrics_of_drawn_readers() -> None:
    rng = np.random.default_rng(1)
    label, score = rng.normal(size=60), rng.normal(size=60)
    draws = Draws.of(np.arange(60) // 3, replicates=5)
    measured = measure_scores(label, score, draws)
    for replicate in range(5):
        weight = draws.counts[replicate][draws.reader].astype(float)
        expected = score_metrics(label, score, weight)
        assert {n: values[replicate] for n, values in measured.replicates.items()} == pytest.approx(expected)


def a_test(seed: int = 0) -> tuple[Dataset, np.ndarray]:
    """Readers whose next score is their own mean and chance; and those means."""
    rng = np.random.default_rng(seed)
    reader = np.arange(ROWS) % READERS
    mean = (28 + 8 * rng.normal(size=READERS))[reader]
    label = np.clip(mean + 15 * rng.normal(size=ROWS), 0, 100)
    times = np.array(["2026-01-01", "2026-01-15", "2026-01-29"], dtype="datetime64[ms]")
    test = Dataset(
        task="engagement",
        features=np.zeros((ROWS, 1), np.float32),
        names=("x",),
        label=label.astype(np.float32),
        reader=reader.astype(np.uint64),
        as_of=times[np.arange(ROWS) * 3 // ROWS],
        weight=np.ones(ROWS),
        slices={"device": np.where(reader % 2, "app", "mobile")},
    )
    return test, mean


def evaluated(oracle: bool = True, oracle_noise: float = 0.0, **changes: Any) -> dict[str, Any]:
    test, mean = a_test()
    rng = np.random.default_rng(9)
    scores = {"ridge": 28 + 0.6 * (mean - 28), "gru": 28 + 0.6 * (mean - 28) + 3 * rng.normal(size=ROWS)}
    floors = {"global_mean": np.full(ROWS, 28.0), "last_score": mean + 15 * rng.normal(size=ROWS)}
    truth = np.where(np.arange(ROWS) % 10, mean, np.nan) if oracle else None
    facts = Facts("how deeply?", "editors", "read", "a score", 5000, {"source": "made up"}, {}, **changes)
    words = Bands(
        {"deep": 35.0, "usual": 25.0, "brief": 0.0}, lambda s: "deep" if s > 35 else "usual" if s >= 25 else "brief"
    )
    return evaluate_scores(
        test,
        Scores("ridge", scores, floors, truth),
        facts,
        bands=words,
        valid_mean=28.0,
        replicates=60,
        oracle_noise=oracle_noise,
    )


def test_what_the_file_holds() -> None:
    found = evaluated(leakage={"verdict": "clean"})
    common = {
        "task",
        "kind",
        "champion",
        "question",
        "who_acts",
        "data",
        "protocol",
        "metrics",
        "targets",
        "candidates",
    }
    assert common | {"floors", "oracle", "leakage", "trust", "next_steps", "sentence", "headline"} <= set(found)
    assert (found["kind"], found["targets"]) == ("score", {})
    assert found["headline"] == {"name": "R²", "metric": found["metrics"]["r2"]}
    assert list(found["metrics"]) == ["rmse", "mae", "r2", "spearman"]
    low, high = found["metrics"]["r2"]["ci95"]
    assert low < found["metrics"]["r2"]["value"] < high
    difference = found["floors"]["global_mean"]["difference_to_champion"]["rmse"]
    assert difference["value"] == pytest.approx(
        found["floors"]["global_mean"]["rmse"]["value"] - found["metrics"]["rmse"]["value"], abs=1e-5
    )
    assert beats_floors(found).allowed
    assert found["trust"]["level"] == "high"


def test_the_oracle_is_asked_only_where_it_answers_and_the_share_is_of_what_it_explains() -> None:
    found = evaluated()
    test, mean = a_test()
    rows = np.arange(ROWS) % 10 != 0
    ceiling = score_metrics(test.label[rows], mean[rows])["r2"]
    reached = score_metrics(test.label[rows], (28 + 0.6 * (mean - 28))[rows])["r2"]
    assert found["oracle"]["n"] == rows.sum()
    assert found["oracle"]["r2"]["value"] == pytest.approx(ceiling, abs=1e-5)
    assert found["oracle"]["efficiency"] == pytest.approx(reached / ceiling, abs=1e-5)
    assert found["goal"] == {
        "efficiency": 0.85,
        "reached": found["oracle"]["efficiency"],
        "met": reached / ceiling >= 0.85,
    }
    assert any("of what an oracle does" in step for step in found["next_steps"])
    assert evaluated(oracle=False)["goal"] is None


def test_what_the_oracle_s_own_draws_cost_it_is_given_back() -> None:
    plain, noisy = evaluated(), evaluated(oracle_noise=9.0)
    test, _ = a_test()
    lost = 9.0 / np.var(test.label[np.arange(ROWS) % 10 != 0])
    assert noisy["oracle"]["r2"] == plain["oracle"]["r2"]
    assert noisy["oracle"]["r2_lost_to_draws"] == pytest.approx(lost, abs=1e-5)
    ceiling = plain["oracle"]["r2"]["value"]
    assert noisy["oracle"]["efficiency"] == pytest.approx(
        plain["oracle"]["efficiency"] * ceiling / (ceiling + lost), abs=1e-4
    )


def test_tenths_and_bands() -> None:
    found = evaluated()
    test, mean = a_test()
    score = 28 + 0.6 * (mean - 28)
    tenths = found["curves"]["by_group"]
    assert [part["n"] for part in tenths] == [120] * 10
    top = np.sort(np.argsort(score, kind="stable")[-120:])
    assert tenths[-1]["expected"] == pytest.approx(score[top].mean(), abs=1e-5)
    assert tenths[-1]["observed"]["value"] == pytest.approx(float(test.label[top].mean()), abs=1e-4)
    bands = {part["band"]: part for part in found["bands"]}
    assert bands["deep"]["n"] == (score > 35).sum()
    assert bands["usual"]["n"] == ((score >= 25) & (score <= 35)).sum()
    assert (bands["usual"]["from"], bands["usual"]["to"]) == (25, 35)
    assert sum(part["share"] for part in found["curves"]["errors"]) == pytest.approx(1, abs=1e-4)
    assert sum(part["n"] for part in found["per_as_of"]) == ROWS
    assert {part["value"] for part in found["slices"]} == {"app", "mobile"}


def test_a_model_that_a_rule_of_thumb_beats_is_not_to_be_used() -> None:
    test, mean = a_test()
    facts = Facts("?", "editors", "read", "a score", 1, {}, {})
    words = Bands({"all": 0.0}, lambda s: "all")
    scores = Scores("ridge", {"ridge": np.full(ROWS, 50.0)}, {"reader_mean": mean})
    found = evaluate_scores(
        test, scores, facts, bands=words, valid_mean=28.0, replicates=60, left_out={"gru": "no PyTorch"}
    )
    assert found["trust"]["level"] == "low"
    assert "as usual for this reader" in found["trust"]["reasons"][0]
    assert any("points more than were observed on average" in reason for reason in found["trust"]["reasons"])
    assert found["next_steps"][0].startswith("Do not act")
    assert "No PyTorch." in found["next_steps"]
    assert not beats_floors(found).allowed


def test_too_few_answers_are_refused() -> None:
    test, mean = a_test()
    unknown = replace(test, label=np.where(np.arange(ROWS) < 40, test.label, np.nan).astype(np.float32))
    with pytest.raises(NotEnoughData, match="'engagement' has 40 rows with an answer"):
        evaluate_scores(
            unknown,
            Scores("ridge", {"ridge": mean}),
            Facts("?", "editors", "read", "a score", 1, {}, {}),
            bands=Bands({"all": 0.0}, lambda s: "all"),
            valid_mean=28.0,
        )
