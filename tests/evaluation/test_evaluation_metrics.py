"""Metrics: fractions worked out by hand, agreement with scikit-learn on anything, and ties."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from readership.evaluation import metrics
from readership.evaluation.metrics import METRICS, binary_metrics, precision_recall

#                 a    b    c    d    e
LABEL = np.array([1, 0, 1, 0, 0])
SCORE = np.array([0.9, 0.8, 0.6, 0.6, 0.05])


def test_by_hand() -> None:
    # pairs (positive, negative): a beats b d e; c loses to b, ties with d, beats e
    assert metrics.roc_auc(LABEL, SCORE) == pytest.approx((3 + 0 + 1 / 2 + 1) / 6)
    # down the distinct scores: recall 1/2 at precision 1/1, then 2/2 at 2/4 (c and d are one step)
    assert metrics.average_precision(LABEL, SCORE) == pytest.approx(1 / 2 * 1 + 1 / 2 * 2 / 4)
    assert metrics.log_loss(LABEL, SCORE) == pytest.approx(
        -(math.log(0.9) + math.log(0.2) + math.log(0.6) + math.log(0.4) + math.log(0.95)) / 5
    )
    assert metrics.brier(LABEL, SCORE) == pytest.approx((0.01 + 0.64 + 0.16 + 0.36 + 0.0025) / 5)
    # bins: {e}: .05 against 0; {c, d}: .6 against 1/2; {b}: .8 against 0; {a}: .9 against 1
    assert metrics.ece(LABEL, SCORE) == pytest.approx(1 / 5 * 0.05 + 2 / 5 * 0.1 + 1 / 5 * 0.8 + 1 / 5 * 0.1)
    # the top tenth of five rows is half of a, which is positive; the base rate is 2/5
    assert metrics.lift_top_decile(LABEL, SCORE) == pytest.approx(1 / (2 / 5))
    assert precision_recall(LABEL, SCORE >= 0.6) == (2 / 4, 2 / 2)


def test_weights_by_hand() -> None:
    # c counts three times: positives a 1, c 3; negatives b d e
    weight = np.array([1, 1, 3, 1, 1])
    assert metrics.roc_auc(LABEL, SCORE, weight) == pytest.approx((1 * 3 + 3 * (0 + 1 / 2 + 1)) / (4 * 3))
    assert metrics.brier(LABEL, SCORE, weight) == pytest.approx((0.01 + 0.64 + 3 * 0.16 + 0.36 + 0.0025) / 7)
    assert precision_recall(LABEL, SCORE >= 0.7, weight) == (1 / 2, 1 / 4)


def test_all_the_same_score_says_nothing() -> None:
    same = binary_metrics([1, 0, 0, 1, 0], [0.4] * 5)
    assert same["roc_auc"] == 0.5
    assert same["average_precision"] == pytest.approx(2 / 5)
    assert same["lift_top_decile"] == pytest.approx(1.0)
    assert same["ece"] == pytest.approx(0.0)


def test_one_class_cannot_be_ranked() -> None:
    only = binary_metrics([0, 0], [0.1, 0.9])
    assert math.isnan(only["roc_auc"])
    assert math.isnan(only["average_precision"])
    assert math.isnan(only["lift_top_decile"])
    assert only["brier"] == pytest.approx((0.01 + 0.81) / 2)


def test_certainty_that_was_wrong_costs_much_but_not_everything() -> None:
    assert metrics.log_loss([1, 0], [0.0, 0.0]) == pytest.approx(-math.log(1e-15) / 2)


@pytest.mark.parametrize(
    ("label", "probability", "words"),
    [
        ([0, 2], [0.1, 0.2], "a label is 0 or 1, not 2.0"),
        ([0, 1], [0.1, 1.2], "a probability lies within [0, 1], not 1.2"),
        ([0, 1], [0.1, float("nan")], "a probability lies within [0, 1], not nan"),
        ([0, 1], [0.1], "must be two vectors of the same length"),
    ],
)
def test_bad_input_is_named(label: list[float], probability: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("[", r"\[")):
        binary_metrics(label, probability)


rows = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([i / 20 for i in range(21)]), st.integers(1, 4)),
    min_size=4,
    max_size=80,
).filter(lambda found: 0 < sum(label for label, _, _ in found) < len(found))


@settings(deadline=None, max_examples=150)
@given(rows)
def test_agrees_with_scikit_learn(found: list[tuple[int, float, int]]) -> None:
    label, score, weight = (np.array(column) for column in zip(*found, strict=True))
    ours = binary_metrics(label, score, weight)
    assert ours["roc_auc"] == pytest.approx(reference.roc_auc_score(label, score, sample_weight=weight))
    expected = reference.average_precision_score(label, score, sample_weight=weight)
    assert ours["average_precision"] == pytest.approx(expected)
    assert ours["brier"] == pytest.approx(reference.brier_score_loss(label, score, sample_weight=weight))
    held = np.clip(score, 1e-15, 1 - 1e-15)
    assert ours["log_loss"] == pytest.approx(reference.log_loss(label, held, sample_weight=weight))


@settings(deadline=None, max_examples=100)
@given(rows, st.randoms(use_true_random=False))
def test_row_order_and_repetition_do_not_matter(found: list[tuple[int, float, int]], random) -> None:
    """Shuffling changes nothing, and a row of weight 3 is three rows."""
    label, score, weight = (np.array(column) for column in zip(*found, strict=True))
    weighted = binary_metrics(label, score, weight)
    shuffled = list(range(len(label)))
    random.shuffle(shuffled)
    again = binary_metrics(label[shuffled], score[shuffled], weight[shuffled])
    repeated = binary_metrics(np.repeat(label, weight), np.repeat(score, weight))
    for name in METRICS:
        assert weighted[name] == pytest.approx(again[name])
        assert weighted[name] == pytest.approx(repeated[name])
