"""Qini, AUUC and effects by quantile: by hand, and on worlds whose effects are known."""

import numpy as np
import pytest
from trial_world import trial, true_effect

from readership.contracts import Dataset, Trial
from readership.evaluation.bootstrap import Draws
from readership.evaluation.uplift import Gain, by_quantile, gain_curve, measure_uplift
from readership.evaluation.uplift_evaluation import Effects, UpliftFacts, evaluate_uplift, true_qini


def rows_of(label: list[float], treated: list[bool], weight: list[float], reader: list[int] | None = None) -> Trial:
    n = len(label)
    rows = Dataset(
        "t",
        np.zeros((n, 1), np.float32),
        ("x",),
        np.array(label, np.float32),
        np.array(reader if reader is not None else range(n), np.uint64),
        np.zeros(n, "datetime64[ms]"),
        np.array(weight, np.float64),
    )
    return Trial(rows, np.array(treated), np.zeros(n, "datetime64[ms]"))


def test_the_curve_of_six_rows_by_hand() -> None:
    # order: c1 a1 | c0 a0 | c0 a1   (contacted / alone, with the outcome 1 or 0)
    curve = gain_curve([6, 5, 4, 3, 2, 1], [1, 1, 0, 0, 0, 1], [True, False, True, False, True, False])
    # after 1: nobody alone yet: 0. after 2: 2/6 (1 - 1) = 0. 3: 3/6 (1/2 - 1) = -1/4. 4: 4/6 (1/2 - 1/2) = 0.
    # 5: 5/6 (1/3 - 1/2) = -5/36. 6: 1/3 - 2/3 = -1/3.
    np.testing.assert_allclose(curve.gain, [0, 0, 0, -1 / 4, 0, -5 / 36, -1 / 3])
    area = (0 + 0 - 1 / 8 - 1 / 8 - 5 / 72 - (5 / 72 + 1 / 6)) / 6
    assert float(curve.auuc) == pytest.approx(area)
    assert float(curve.qini) == pytest.approx(area + 1 / 6)
    assert float(curve.ate) == pytest.approx(-1 / 3)


def test_equal_effects_are_one_group_and_one_effect_for_all_has_no_qini() -> None:
    curve = gain_curve([1, 1, 1, 1], [1, 0, 0, 0], [True, True, False, False])
    assert curve.share.tolist() == [0, 1]
    assert float(curve.qini) == 0
    assert float(curve.ate) == 0.5


def test_the_effect_of_the_first_lies_on_the_line_between_points() -> None:
    curve = Gain(np.array([0.0, 0.2, 1.0]), np.array([0.0, 0.1, 0.3]))
    assert curve.effect_of_first(0.1).item() == pytest.approx(0.5)
    assert curve.effect_of_first(0.6).item() == pytest.approx((0.1 + 0.5 * 0.2) / 0.6)


def test_rows_weigh_one_over_their_propensity() -> None:
    # contacted with odds 1 : 3. Weighted shares: contacted 4/8; alone (4/3) / (4/3 * 3) = 1/3
    found = rows_of([1, 0, 1, 0, 0], [True, True, False, False, False], [4, 4, 4 / 3, 4 / 3, 4 / 3])
    measured = measure_uplift(
        found, np.array([2.0, 1.0, 2.0, 1.0, 1.0]), Draws.of(found.rows.reader, found.rows.weight)
    )
    assert measured.values["ate"] == pytest.approx(1000 * (1 / 2 - 1 / 3))
    # first group: 4 + 4/3 of 12 weights, both with the outcome: gain 0; so qini = 0 + (5/9 x 1/6) / 2 - 1/12
    assert measured.values["qini"] == pytest.approx(1000 * (5 / 9 / 12 - 1 / 12))


def test_on_a_known_world_the_true_effects_rank_best_and_the_metrics_are_right() -> None:
    world = trial(20_000, seed=3)
    effect = true_effect(world.rows.features)
    draws = Draws.of(world.rows.reader, world.rows.weight, replicates=200)
    truth, turned = (measure_uplift(world, order, draws) for order in (effect, -effect))
    known = true_qini(effect, effect, np.ones(len(effect)))
    low, high = truth.metrics()["qini"]["ci95"]
    assert low < 1000 * known < high
    assert truth.values["ate"] == pytest.approx(1000 * effect.mean(), abs=12)
    assert truth.metrics()["qini"]["ci95"][0] > 0 > turned.metrics()["qini"]["ci95"][1]
    assert truth.values["effect_top_tenth"] == pytest.approx(250, abs=30)
    assert truth.values["decile_calibration_error"] < 25 < turned.values["decile_calibration_error"]
    assert truth.minus(turned)["qini"]["ci95"][0] > 0


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    held = 0
    for seed in range(40):
        world = trial(800, seed=100 + seed)
        effect = true_effect(world.rows.features)
        draws = Draws.of(world.rows.reader, world.rows.weight, replicates=100, seed=seed)
        low, high = measure_uplift(world, effect, draws).metrics()["qini"]["ci95"]
        held += low <= 1000 * true_qini(effect, effect, np.ones(len(effect))) <= high
    assert held >= 34


def test_intervals_draw_readers_and_not_rows() -> None:
    world = trial(2_000, seed=4)
    effect = true_effect(world.rows.features)
    once = Draws.of(np.arange(2_000), world.rows.weight)
    twice = Trial(
        world.rows.take(np.tile(np.arange(2_000), 2)), np.tile(world.treated, 2), np.tile(world.decided_at, 2)
    )
    same = Draws.of(np.tile(np.arange(2_000), 2), twice.rows.weight)
    single = measure_uplift(world, effect, once).metrics()["qini"]["ci95"]
    doubled = measure_uplift(twice, np.tile(effect, 2), same).metrics()["qini"]["ci95"]
    assert doubled == pytest.approx(single, abs=1e-6)


def test_tenths_state_and_observe_and_few_rows_make_fifths() -> None:
    world = trial(2_400, seed=5)
    effect = true_effect(world.rows.features) + 1e-6 * np.arange(2_400)
    draws = Draws.of(world.rows.reader, world.rows.weight, replicates=100)
    tenths = by_quantile(world, effect, draws)
    assert [row["quantile"] for row in tenths] == list(range(1, 11))
    assert sum(row["n"] for row in tenths) == 2_400
    assert tenths[0]["stated"] > tenths[-1]["stated"]
    assert tenths[0]["observed"]["value"] > 100 > 0 > tenths[-1]["observed"]["value"]
    some = np.arange(500)
    fifths = by_quantile(world.take(some), effect[some], Draws.of(world.rows.reader[some], world.rows.weight[some]))
    assert len(fifths) == 5


FACTS = UpliftFacts(
    question="?",
    who_acts="somebody",
    definition="by lot",
    outcome="subscriptions",
    contact="an offer",
    n_train=10,
    outcomes_train=1,
    data={},
    protocol={},
    chosen={},
    delay={"after_half_of_horizon": 0.37},
    groups=(),
    leakage={"verdict": "clean"},
)


def judged(world: Trial, effect: np.ndarray, response: np.ndarray, oracle: np.ndarray | None = None) -> dict:
    floors = {"constant_effect": np.full(len(effect), 0.05), "response": response}
    return evaluate_uplift(world, Effects("t_learner", {"t_learner": effect}, floors, oracle), FACTS, replicates=100)


def test_an_order_no_better_than_chance_is_not_to_be_used_and_it_says_what_it_would_take() -> None:
    world = trial(600, seed=6)
    noise = np.random.default_rng(2).random(600)
    found = judged(world, noise, world.rows.features[:, 0].astype(float))
    assert found["trust"]["level"] == "low"
    assert "cannot be told from chance on 600 decisions" in found["trust"]["reasons"][0]
    assert found["next_steps"][0].startswith("Do not choose readers by it yet")
    assert "decisions" in found["next_steps"][1]
    assert found["next_steps"][-1].startswith("37% of subscriptions came in the second half of the horizon")
    assert found["oracle"] is None


def test_an_order_better_than_chance_and_than_the_likeliest_can_be_trusted() -> None:
    world = trial(6_000, seed=7)
    effect = true_effect(world.rows.features)
    found = judged(
        world, effect, world.rows.features[:, 0].astype(float), np.where(np.arange(6_000) < 5_000, effect, np.nan)
    )
    assert found["trust"]["level"] == "high"
    assert found["sentence"].startswith("1,000 contacts to the tenth it ranks first bring 2")
    assert found["next_steps"][1].startswith("Spare the 3")
    assert (found["oracle"]["n"], found["oracle"]["efficiency"]) == (5_000, 1.0)
    assert found["oracle"]["share_below_zero"] == pytest.approx(1 / 3, abs=0.03)
    assert set(found["floors"]["response"]["difference_to_champion"]) == {"qini", "effect_top_tenth"}
