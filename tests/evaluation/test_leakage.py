"""The audit's comparisons, on frames and vectors whose answer is known."""

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from readership.contracts import Dataset
from readership.evaluation.leakage import (
    AuditReport,
    Check,
    compare,
    deal_labels,
    shuffled_labels,
    single_feature_aucs,
    strongest_single_feature,
    verdict,
)


def frame(**columns: list) -> pl.DataFrame:
    return pl.DataFrame(columns)


def test_equal_frames_have_no_difference_whatever_their_order() -> None:
    full = frame(user_id=[1, 2], reads=[1.0, None], tier=["free", None])
    assert compare(full, full[::-1]).equal


@pytest.mark.parametrize(
    ("full", "cut"),
    [(1.0, 1.1), (None, 0.0), (0.0, None), (1e9, 1e9 + 1e5), (math.nan, 0.0), (1.0, math.nan)],
)
def test_a_changed_number_names_its_column_and_reader(full: float, cut: float) -> None:
    found = compare(frame(user_id=[7], reads=[full]), frame(user_id=[7], reads=[cut]))
    assert found.columns == {"reads": 1}
    assert "reads of reader 7" in found.examples[0]


def test_numbers_within_rounding_are_equal() -> None:
    assert compare(frame(user_id=[7], reads=[1e9]), frame(user_id=[7], reads=[1e9 + 1])).equal


def test_a_changed_word_is_a_difference() -> None:
    assert compare(frame(user_id=[7], tier=["free"]), frame(user_id=[7], tier=["pro"])).columns == {"tier": 1}


def test_a_reader_in_only_one_frame_is_a_difference() -> None:
    found = compare(frame(user_id=[1, 2], reads=[1, 2]), frame(user_id=[2, 3], reads=[2, 3]))
    assert (found.rows, found.only_one, found.columns) == (3, 2, {})


def rows(seed: int = 0, count: int = 600) -> Dataset:
    generator = np.random.default_rng(seed)
    label = (generator.random(count) < 0.4).astype(np.float32)
    noise = generator.normal(size=count)
    peeks = label + 0.01 * noise
    peeks[:5] = np.nan
    word = generator.integers(0, 3, size=count)
    return Dataset(
        task="churn",
        features=np.column_stack([noise, -peeks, word]).astype(np.float32),
        names=("noise", "peeks", "word"),
        label=label,
        reader=np.arange(count, dtype=np.uint64),
        as_of=np.repeat(np.array(["2026-01-01", "2026-01-29"], dtype="datetime64[ms]"), count // 2),
        weight=np.ones(count),
        categories={"word": ("a", "b", "c")},
    )


def test_a_feature_that_knows_the_answer_is_named() -> None:
    aucs = single_feature_aucs(rows())
    assert next(iter(aucs)) == "peeks"
    assert aucs["peeks"] > 0.97
    assert aucs["noise"] < 0.6
    assert aucs["word"] < 0.6
    check = strongest_single_feature(rows())
    assert (check.result, check.found["feature"]["name"]) == ("fail", "peeks")


def test_honest_features_pass() -> None:
    check = strongest_single_feature(rows().select(("noise", "word")))
    assert check.result == "pass"
    assert check.rows_compared == 600


def test_a_category_that_knows_the_answer_is_named() -> None:
    dataset = rows()
    features = dataset.features.copy()
    features[:, 2] = dataset.label
    assert single_feature_aucs(replace(dataset, features=features))["word"] > 0.95


def test_labels_are_dealt_within_their_cutoff() -> None:
    dataset = rows()
    dealt = deal_labels(dataset, seed=1)
    assert dealt.tolist() != dataset.label.tolist()
    for half in (slice(0, 300), slice(300, 600)):
        assert dealt[half].sum() == dataset.label[half].sum()


def test_shuffled_labels_catch_a_way_of_fitting_that_sees_the_test() -> None:
    def honest(train: Dataset, test: Dataset) -> np.ndarray:
        return test.features[:, 0].astype(float)

    def peeking(train: Dataset, test: Dataset) -> np.ndarray:
        return test.label + 0.5 * test.features[:, 0]

    dataset = rows()
    assert shuffled_labels(dataset, dataset, honest).result == "pass"
    caught = shuffled_labels(dataset, dataset, peeking)
    assert caught.result == "fail"
    assert caught.found["auc"] > 0.7


def test_the_verdict() -> None:
    good, bad, none = Check("a", "pass", 5, ""), Check("b", "fail", 5, ""), Check("c", "skipped", 0, "")
    assert verdict([good, bad], ["a"]) == "leak"
    assert verdict([good, none], ["a"]) == "clean"
    assert verdict([good, none], ["a", "c"]) == "nothing_compared"
    assert verdict([], []) == "nothing_compared"


def test_the_report_is_the_json_of_the_contract() -> None:
    report = AuditReport(
        (
            Check("time_travel", "pass", 12, "said"),
            Check("shuffled_labels", "pass", 9, "said", {"auc": 0.51}),
            Check("strongest_single_feature", "pass", 9, "said", {"feature": {"name": "noise", "auc": 0.55}}),
        ),
        148,
        "clean",
    )
    printed = report.as_dict()
    assert set(printed) == {"checks", "features_checked", "verdict"}
    assert {"name", "result", "rows_compared"} <= set(printed["checks"][0])
    assert report.summary() == {
        "time_travel": "pass",
        "shuffled_label_auc": 0.51,
        "strongest_single_feature": {"name": "noise", "auc": 0.55},
        "verdict": "clean",
    }
