"""What came of what was said, beside what was promised."""

from datetime import UTC, datetime

import numpy as np
import pytest

from readership.monitoring.estimate import TAKEN_AS_STATED, learn_truth
from readership.monitoring.inputs import Snapshot
from readership.monitoring.measure import Measure
from readership.monitoring.performance import NOT_MATURE, Promise, expected, matured, promised, unknown

AT = datetime(2026, 3, 1, tzinfo=UTC)


def rows(seed: int, readers: int = 1500, slope: float = 1.0, shift: float = 0.0):
    rng = np.random.default_rng(seed)
    margin = rng.normal(-0.5, 1.5, readers)
    label = (rng.random(readers) < 1 / (1 + np.exp(-(shift + slope * margin)))).astype(float)
    device = np.where(np.arange(readers) % 3 == 0, "app", "web")
    return 1 / (1 + np.exp(-margin)), label, device


@pytest.fixture(scope="module")
def promise() -> Promise:
    said, label, device = rows(0)
    reader = np.arange(len(said), dtype=np.uint64)
    whole, parts = promised(label, said, reader, {"device": device})
    return Promise(whole, parts, learn_truth(label, said, reader, np.zeros(len(said))), 0.5)


def measured(promise: Promise, label_of=None, **how: float) -> dict[tuple[str, str], Measure]:
    said, label, device = rows(1, **how)
    window = Snapshot(AT, np.arange(len(said), dtype=np.uint64), scores=said, version="v1", slices={"device": device})
    found = matured("churn", window, label if label_of is None else label_of(label), promise)
    return {(m.measure, m.part): m for m in found}


def test_a_model_that_keeps_its_promise_is_green(promise: Promise) -> None:
    found = measured(promise)
    assert {m.state for m in found.values()} == {"green"}
    assert {part for _, part in found} == {"", "device: app", "device: web"}
    auc = found["roc_auc", ""]
    assert auc.low < auc.value < auc.high
    assert (auc.usual_low, auc.usual_high) == (promise.metrics["roc_auc"]["ci95"][0], None)


def test_a_model_that_orders_worse_is_red_whole_and_in_part(promise: Promise) -> None:
    found = measured(promise, slope=0.3)
    assert found["roc_auc", ""].state == "red"
    assert found["roc_auc", "device: web"].state == "red"


def test_readers_who_act_differently_show_in_the_share_and_not_in_the_order(promise: Promise) -> None:
    found = measured(promise, shift=0.8)
    assert found["base_rate", ""].state == "red"
    assert found["roc_auc", ""].state == "green"
    assert found["base_rate", ""].value > found["base_rate", ""].usual_high
    assert "were expected" in found["base_rate", ""].reason


def test_one_outcome_alone_is_grey_with_its_numbers(promise: Promise) -> None:
    found = measured(promise, np.zeros_like)
    assert {m.state for m in found.values()} == {"grey"}
    assert found["roc_auc", ""].reason == "0 positives and 1500 others; 15 of each are needed"


def test_labels_not_known_are_left_out(promise: Promise) -> None:
    found = measured(promise, lambda label: np.where(np.arange(len(label)) < 200, np.nan, label))
    assert (found["roc_auc", ""].rows, found["roc_auc", ""].state) == (1300, "green")


def test_where_many_have_no_label_the_others_are_told_of_and_not_judged(promise: Promise) -> None:
    found = measured(promise, lambda label: np.where(np.arange(len(label)) < 500, np.nan, label))
    auc = found["roc_auc", ""]
    assert (auc.rows, auc.state) == (1000, "grey")
    assert auc.reason == "33% of those asked about have no label: an outage touches their time"
    assert auc.value > 0.5


def test_before_labels_are_known_it_is_grey_and_only_the_estimate_speaks(promise: Promise) -> None:
    said, _, _ = rows(1)
    window = Snapshot(AT, np.arange(len(said), dtype=np.uint64), scores=said)
    assert {(m.state, m.reason) for m in unknown("churn", window, "probability")} == {("grey", NOT_MATURE)}
    due = {m.measure: m for m in expected("churn", window, promise)}
    assert (due["roc_auc"].state, due["log_loss"].state) == ("green", "green")
    assert due["precision"].state == "grey"  # told, not judged
    assert [m.state for m in expected("churn", Snapshot(AT, window.reader), promise)] == ["grey"]


def test_a_score_is_held_against_its_own_promise() -> None:
    rng = np.random.default_rng(4)
    said, reader = rng.uniform(0, 100, 600), np.arange(600, dtype=np.uint64)
    whole, parts = promised(said + rng.normal(0, 10, 600), said, reader, {}, "score")
    promise = Promise(whole, parts, TAKEN_AS_STATED, None, "score")
    window = Snapshot(AT, reader, scores=said)
    states = [
        {m.measure: m.state for m in matured("engagement", window, said + rng.normal(0, spread, 600), promise)}
        for spread in (10, 30)
    ]
    assert states[0] == {"rmse": "green", "spearman": "green"}
    assert states[1] == {"rmse": "red", "spearman": "red"}
    assert expected("engagement", window, promise) == []
