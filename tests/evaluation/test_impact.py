"""What a policy changed: paired by reader, nothing where nothing changed, a target judged by the interval."""

import numpy as np
import pytest

from readership.evaluation.impact import NOTHING, OUTCOMES, compared, verdict, within


def test_a_policy_that_does_nothing_changes_exactly_nothing() -> None:
    lost = np.array([1.0, 0.0, 0.0, 1.0])
    found = compared({"standing": lost, "idle": lost.copy()}, "standing")
    assert found["idle"]["lift"] == NOTHING == found["idle"]["change"]
    assert found["idle"]["mean"] == 0.5
    assert found["idle"]["total"] == 2.0


def test_lift_and_change_by_hand() -> None:
    worlds = {"standing": np.array([2.0, 0.0, 2.0, 4.0]), "ours": np.array([2.0, 1.0, 2.0, 5.0])}
    ours = compared(worlds, "standing")["ours"]
    assert ours["lift"]["value"] == pytest.approx(10 / 8 - 1)
    assert ours["change"]["value"] == pytest.approx(2 / 4)
    low, high = ours["change"]["ci95"]
    assert 0 <= low < 0.5 < high <= 1


def test_readers_are_paired_so_what_they_differ_in_does_not_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    heavy_tailed = rng.lognormal(0, 2, 2_000)
    ours = compared({"standing": heavy_tailed, "ours": 1.1 * heavy_tailed}, "standing")["ours"]
    assert ours["lift"]["value"] == pytest.approx(0.1)
    low, high = ours["lift"]["ci95"]
    assert high - low < 1e-6


def test_nothing_to_be_lifted_is_not_known() -> None:
    found = compared({"standing": np.zeros(3), "ours": np.array([0.0, 1.0, 0.0])}, "standing")
    assert found["ours"]["lift"]["value"] is None


@pytest.mark.parametrize(
    ("value", "ci95", "target", "said"),
    [
        (-0.12, [-0.15, -0.10], -0.10, "reached"),
        (-0.12, [-0.15, -0.09], -0.10, "cannot be told"),
        (-0.02, [-0.05, 0.01], -0.10, "not reached"),
        (0.30, [0.20, 0.40], -0.10, "not reached"),
        (0.16, [0.15, 0.20], 0.15, "reached"),
        (None, [None, None], 0.15, "cannot be told"),
    ],
)
def test_a_target_is_reached_by_the_whole_interval(value, ci95, target, said) -> None:
    assert verdict({"value": value, "ci95": ci95}, target, events=30) == said
    assert verdict({"value": value, "ci95": ci95}, target, events=29) == "cannot be told"


def test_the_roadmap_s_targets_are_asked_of_these_outcomes() -> None:
    wanted = {name: outcome.target for name, outcome in OUTCOMES.items() if outcome.target}
    assert wanted == {"churn": -0.10, "subscribers_lost": -0.10, "conversion": 0.15, "engaged_minutes": 0.20}
    assert all(outcome.target * outcome.better > 0 for outcome in OUTCOMES.values() if outcome.target)


def test_an_experiment_within_one_world_compares_its_halves() -> None:
    treated = np.array([True] * 50 + [False] * 50)
    outcome = np.array([1.0] * 10 + [0.0] * 40 + [1.0] * 5 + [0.0] * 45)
    found = within(outcome, treated, np.array([1.0] * 10 + [0.0] * 90))
    assert (found["contacted"], found["left_alone"]) == (50, 50)
    assert found["experiment"]["value"] == pytest.approx(0.2 - 0.1)
    error = 1.96 * np.sqrt(0.2 * 0.8 / 50 + 0.1 * 0.9 / 50)
    assert found["experiment"]["ci95"] == pytest.approx([0.1 - error, 0.1 + error], abs=1e-5)
    assert found["twins"]["value"] == pytest.approx(0.1)
    assert within(outcome[:0], treated[:0], outcome[:0])["experiment"]["value"] is None
