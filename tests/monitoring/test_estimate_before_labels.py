"""What probabilities make expect: inside its interval where they are true, and blind where readers change."""

import numpy as np
import pytest

from readership.evaluation.metrics import log_loss, roc_auc
from readership.monitoring.estimate import TAKEN_AS_STATED, estimate, learn_truth


def truth(margin: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-margin))


def world(rng: np.random.Generator, readers: int, centre: float, slope: float = 1.0, shift: float = 0.0):
    """Stated probabilities, and labels whose log-odds are `shift + slope` times the stated ones."""
    margin = rng.normal(centre, 1.2, readers)
    return truth(margin), (rng.random(readers) < truth(shift + slope * margin)).astype(float)


def held_out(rng: np.random.Generator, readers: int, **how: float):
    parts = [world(rng, readers, -1.0, **how) for _ in range(3)]
    p, y = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    return learn_truth(y, p, np.tile(np.arange(readers, dtype=np.uint64), 3), np.repeat(np.arange(3), readers))


@pytest.mark.parametrize("how", [{}, {"slope": 0.8, "shift": 0.3}])
def test_the_matured_figure_lies_in_the_interval(how: dict[str, float]) -> None:
    """120 windows of 300 readers, whose mix differs from that of the held-out rows."""
    rng = np.random.default_rng(0)
    inside = {"roc_auc": 0, "log_loss": 0, "base_rate": 0}
    for seed in range(120):
        learnt = held_out(rng, 300, **how)
        p, y = world(rng, 300, -0.5, **how)
        due = estimate(p, learnt, draws=200, seed=seed)
        seen = {"roc_auc": roc_auc(y, p), "log_loss": log_loss(y, p), "base_rate": y.mean()}
        for name, value in seen.items():
            inside[name] += due[name]["ci95"][0] <= value <= due[name]["ci95"][1]
    assert min(inside.values()) >= 108, inside  # 90 %


def test_the_truth_is_learnt() -> None:
    learnt = held_out(np.random.default_rng(1), 20_000, slope=0.8, shift=0.3)
    assert learnt.slope == pytest.approx(0.8, abs=0.03)
    assert learnt.shift == pytest.approx(0.3, abs=0.05)


def test_periods_that_differ_widen_what_is_known_of_the_shift() -> None:
    rng = np.random.default_rng(2)
    parts = [world(rng, 2_000, -1.0, shift=shift) for shift in (-0.5, 0.0, 0.5)]
    p, y = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    learnt = learn_truth(y, p, np.arange(6_000, dtype=np.uint64), np.repeat([0, 1, 2], 2_000))
    # the variance of -.5, 0, .5 counts for two, the .15² that is assumed for two
    assert learnt.covariance[0, 0] == pytest.approx((2 * 0.25 + 2 * 0.15**2) / 4, rel=0.2)
    assert learnt.covariance[1, 1] < 0.01


def test_of_one_period_alone_something_is_assumed() -> None:
    p, y = world(np.random.default_rng(5), 20_000, -1.0)
    learnt = learn_truth(y, p, np.arange(20_000, dtype=np.uint64), np.zeros(20_000))
    assert learnt.covariance[0, 0] == pytest.approx(0.15**2, rel=0.1)


def test_concept_drift_is_its_blind_spot() -> None:
    """The same readers, who now act by half: the estimate does not move, what happened does."""
    rng = np.random.default_rng(3)
    learnt = held_out(rng, 2_000)
    before, _ = world(rng, 2_000, -1.0)
    after, label = world(rng, 2_000, -1.0, slope=0.2, shift=1.0)
    due = [estimate(p, learnt)["roc_auc"]["value"] for p in (before, after)]
    assert due[0] == pytest.approx(due[1], abs=0.02)
    assert roc_auc(label, after) < due[1] - 0.1


def test_precision_and_recall_at_the_threshold_by_hand() -> None:
    p = np.repeat([0.9, 0.1], 500)
    due = estimate(p, TAKEN_AS_STATED, threshold=0.5)
    assert due["precision"]["value"] == pytest.approx(0.9, abs=0.005)
    assert due["recall"]["value"] == pytest.approx(0.9, abs=0.005)
    assert due["base_rate"]["value"] == pytest.approx(0.5, abs=0.005)
    # pairs won: .9 · .9 of (high, low); ties: half of the two within; lost: .1 · .1
    assert due["roc_auc"]["value"] == pytest.approx(0.81 + 0.5 * 0.18, abs=0.005)
    assert due["log_loss"]["value"] == pytest.approx(-(0.9 * np.log(0.9) + 0.1 * np.log(0.1)), abs=0.01)


def test_where_one_class_is_all_but_sure_nothing_is_said_of_the_order() -> None:
    due = estimate(np.full(50, 1e-9), TAKEN_AS_STATED)
    assert due["roc_auc"] == {"value": None, "ci95": [None, None]}
    assert due["base_rate"]["value"] == 0.0
