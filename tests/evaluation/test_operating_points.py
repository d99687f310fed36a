"""Thresholds: chosen on validation alone, each by its own rule, judged on test."""

import numpy as np
import pytest

from readership.contracts import Dataset
from readership.evaluation.bootstrap import Draws
from readership.evaluation.operating import (
    Campaign,
    Steps,
    aimed_threshold,
    operating_points,
    paying_threshold,
    top_share,
)

LABEL = np.array([1, 1, 0, 1, 0, 0, 1, 0, 0, 0])
SCORE = np.array([0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])


def rows(label: np.ndarray) -> Dataset:
    many = len(label)
    return Dataset(
        task="churn",
        features=np.zeros((many, 1), np.float32),
        names=("x",),
        label=label.astype(np.float32),
        reader=np.arange(many, dtype=np.uint64),
        as_of=np.full(many, np.datetime64("2026-06-01", "ms")),
        weight=np.ones(many),
    )


def test_steps_by_hand() -> None:
    steps = Steps.of(LABEL, SCORE, np.ones(10))
    assert steps.threshold[:3].tolist() == [0.9, 0.8, 0.7]
    assert steps.precision[:3] == pytest.approx([1 / 1, 2 / 3, 3 / 4])
    assert steps.recall[:3] == pytest.approx([1 / 4, 2 / 4, 3 / 4])


def test_aim_that_cannot_be_reached_gives_the_nearest_threshold() -> None:
    # at .7: precision 3/4 falls .05 short of .80, recall 3/4 is met; every other threshold falls shorter
    assert aimed_threshold(Steps.of(LABEL, SCORE, np.ones(10))) == (0.7, False)


def test_aim_that_can_be_reached() -> None:
    steps = Steps.of(LABEL, SCORE, np.ones(10))
    assert aimed_threshold(steps, {"precision": 0.70, "recall": 0.70}) == (0.7, True)


def test_paying_threshold_by_hand() -> None:
    steps = Steps.of(LABEL, SCORE, np.ones(10))
    # a leaver reached brings 2, a contact costs 1: gains 1, 1, 2, 1, 0, … so flag down to .7
    assert paying_threshold(steps, Campaign(contact_eur=1, kept_eur=20, kept_share=0.1)) == 0.7
    assert paying_threshold(steps, Campaign(contact_eur=3, kept_eur=20, kept_share=0.1)) is None
    assert Campaign(contact_eur=1, kept_eur=20, kept_share=0.1).break_even == pytest.approx(1 / 2)


def test_top_share_is_taken_at_every_cutoff_and_splits_ties() -> None:
    as_of = np.array(["2026-01-01"] * 4 + ["2026-02-01"] * 4, dtype="datetime64[ms]")
    score = np.array([0.9, 0.8, 0.7, 0.6, 0.2, 0.2, 0.2, 0.1])
    flagged = top_share(score, np.ones(8), as_of, 0.5)
    assert flagged == pytest.approx([1, 1, 0, 0, 2 / 3, 2 / 3, 2 / 3, 0])


def test_points_are_judged_on_test_at_thresholds_of_validation() -> None:
    """Validation says .7; on test everything at or above .7 is flagged, whatever would be best there."""
    truth = np.array([0, 1, 1, 1, 1, 1, 1, 0, 0, 0])
    test = rows(truth)
    draws = Draws.of(test.reader, replicates=50)
    found = operating_points(rows(LABEL), SCORE, test, SCORE, draws, budget_share=0.2)
    assert found["roadmap"]["threshold"] == 0.7
    assert found["roadmap"]["precision"]["value"] == pytest.approx(3 / 4)
    assert found["roadmap"]["recall"]["value"] == pytest.approx(3 / 6)
    assert found["roadmap"]["on_validation"] == {"precision": 0.75, "recall": 0.75, "aim_reached": False}
    # top two of ten: .9 fails, and one half of the two at .8 (both left) fits
    assert found["top_k"]["precision"]["value"] == pytest.approx((0 + 1 / 2 + 1 / 2) / 2)
    assert found["top_k"]["k_per_as_of"] == [2]
    assert found["top_k"]["at_random"]["value"] == pytest.approx(6 / 10)
    # four flagged, three leave: 3 · 2 − 4 · 1 = 2 euros on ten readers
    assert found["expected_cost"]["gain_eur_per_1000_readers"]["value"] == pytest.approx(200)
    assert found["expected_cost"]["contact_everyone_eur_per_1000_readers"]["value"] == pytest.approx(200)


def test_contacting_nobody_is_an_answer() -> None:
    test = rows(LABEL)
    dear = Campaign(contact_eur=30)
    found = operating_points(test, SCORE, test, SCORE, Draws.of(test.reader, replicates=20), campaign=dear)
    assert found["expected_cost"]["threshold"] is None
    assert found["expected_cost"]["gain_eur_per_1000_readers"]["value"] == 0
    assert found["expected_cost"]["precision"]["value"] is None
