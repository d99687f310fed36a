"""A policy's evaluation: several policies on the same draws, what it means in words, and whether it may go live."""

from typing import Any

import numpy as np
import pytest

from readership.evaluation.off_policy.compare import Compared, Drawn, compare
from readership.evaluation.off_policy.evaluate import evaluate
from readership.evaluation.off_policy.logged import Logged
from readership.evaluation.policy_evaluation import Judged, PolicyFacts, Truth, evaluate_policy
from readership.evaluation.policy_verdict import next_steps, sentence, trust
from readership.registry.rule import beats_floors

TRUE = np.array([[0.002, 0.006, 0.001]])
POLICIES = {
    "thompson": np.array([[0.02, 0.96, 0.02]]),
    "uniform": np.full((1, 3), 1 / 3),
    "greedy_ecpm": np.array([[0.0, 1.0, 0.0]]),
    "rare": np.array([[1.0, 0.0, 0.0]]),
}


def log(rows: int = 6_000, seed: int = 0) -> Logged:
    """Ads drawn by chances 0.012, 0.494 and 0.494, each earning around what it is worth."""
    rng = np.random.default_rng(seed)
    chance = np.array([0.012, 0.494, 0.494])
    action = np.searchsorted(np.cumsum(chance), rng.random(rows))
    reward = TRUE[0, action] * rng.gamma(2.0, 0.5, rows)
    return Logged(np.zeros(rows, int), action, reward, chance[action], rng.integers(0, 900, rows))


@pytest.fixture(scope="module")
def compared() -> tuple[Logged, Compared]:
    logged = log()
    return logged, compare(logged, POLICIES, replicates=200)


def evaluation(logged: Logged, found: Compared, **revenue: Any) -> dict[str, Any]:
    facts = PolicyFacts("Which?", "the ad desk", "ads", 9, {}, {"even": 0.05}, revenue)
    judged = Judged(
        "thompson", ["thompson"], ["uniform", "greedy_ecpm", "rare"], found, logged.reward,
        np.ones(len(logged)), 1.0, Truth(found, np.full(len(logged), 0.012)),
    )  # fmt: skip
    return evaluate_policy("ads", judged, facts)


def test_differences_are_paired_and_each_value_is_that_of_a_policy_asked_alone(
    compared: tuple[Logged, Compared],
) -> None:
    logged, found = compared
    alone = evaluate(logged, POLICIES["thompson"], replicates=200)
    assert found.values["thompson"]["dr"].metric() == alone.estimates["dr"]
    ours, greedy = (found.values[name]["dr"] for name in ("thompson", "greedy_ecpm"))
    apart = ours.minus(greedy).metric()
    # 0.96 · 6 + 0.02 · 2 + 0.02 · 1 = 5.82 against 6 thousandths
    assert apart["value"] == pytest.approx(-0.00018, abs=0.00008)
    assert np.ptp(apart["ci95"]) < np.ptp(ours.metric()["ci95"])
    assert list(found.refused) == ["rare"]
    assert "only as much as" in str(found.refused["rare"])
    assert found.mean(logged.reward).value == pytest.approx(logged.reward.mean())


def test_shares_by_hand() -> None:
    three, two = Drawn(3.0, np.array([3.0, 6.0])), Drawn(2.0, np.array([2.0, 2.0]))
    assert three.over(two).value == 0.5
    assert three.over(two).replicates.tolist() == [0.5, 2.0]
    assert three.minus(two).metric(1000.0)["value"] == 1000.0


def test_amounts_are_for_a_thousand_places(compared: tuple[Logged, Compared]) -> None:
    found = evaluation(*compared)
    metrics = found["metrics"]
    assert metrics["ecpm"]["value"] == pytest.approx(5.82, abs=0.15)
    assert found["floors"]["uniform"]["ecpm"]["value"] == pytest.approx(3.0, abs=0.5)
    assert metrics["revenue_lift"]["value"] == pytest.approx(5.82 / 6 - 1, abs=0.015)
    assert metrics["regret_share"]["value"] == pytest.approx(1 - 5.82 / 12, abs=0.02)
    assert found["oracle"]["ecpm"]["value"] == 12.0
    assert found["floors"]["rare"]["refused"]
    assert found["floors"]["rare"]["ecpm"]["value"] is None
    assert found["floors"]["greedy_ecpm"]["difference_to_champion"]["ecpm"]["value"] > 0


def told(**changes: Any) -> dict[str, Any]:
    """An evaluation to be put into words."""

    def metric(value: float, low: float, high: float) -> dict[str, Any]:
        return {"value": value, "ci95": [low, high]}

    estimators = {"dr": metric(6, 5, 7), "snipw": metric(6, 5, 7)}
    found: dict[str, Any] = {
        "champion": "thompson",
        "kind": "policy",
        "protocol": {"even": 0.05},
        "label": {"n_test": 9_000, "readers_test": 900, "clicks_test": 400},
        "metrics": {
            "ecpm": metric(6, 5, 7),
            "revenue_lift": metric(0.1, 0.02, 0.2),
            "lift_over_even": metric(0.5, 0.3, 0.7),
            "ess": {"value": 3_000.0, "ci95": [None, None]},
        },
        "ran": {"ecpm": metric(4, 3, 5)},
        "candidates": {"thompson": {"estimators": estimators}},
        "floors": {"uniform": {"ecpm": metric(3, 2, 4)}},
        "revenue": {"campaigns": [], "floor_prices": [], "budgets_allow_eur": None},
    }
    for path, value in changes.items():
        *where, last = path.split("__")
        part = found
        for name in where:
            part = part[name]
        part[last] = value
    return {**found, "trust": trust(found)}


def test_what_it_is_worth_in_words() -> None:
    assert sentence(told()) == (
        "A thousand places are expected to bring €6.00 [5.00–7.00]; with the ads that were shown they brought €4.00, "
        "and ads drawn evenly would bring €3.00."
    )
    assert told()["trust"]["level"] == "high"
    assert next_steps(told())[0].startswith("Let this policy fill the places of a random half")


@pytest.mark.parametrize(
    ("changes", "level", "reason"),
    [
        ({"metrics__lift_over_even": {"value": -0.1, "ci95": [-0.2, 0.1]}}, "low", "no more than ads drawn evenly"),
        ({"metrics__revenue_lift": {"value": -0.2, "ci95": [-0.3, -0.06]}}, "low", "earns less than always showing"),
        ({"metrics__revenue_lift": {"value": -0.02, "ci95": [-0.1, 0.04]}}, "fair", "is not shown: -2% [-10%, +4%]"),
        ({"metrics__revenue_lift": {"value": None, "ci95": [None, None]}}, "fair", "the log holds too little"),
        ({"label__clicks_test": 5}, "fair", "5 clicks only"),
        ({"metrics__ess": {"value": 120.0, "ci95": [None, None]}}, "fair", "only as much as 120 speaks"),
        ({"label__readers_test": 12}, "fair", "12 readers only"),
        ({"revenue__budgets_allow_eur": 2.5}, "fair", "what is booked allows about €2.50"),
        (
            {"candidates__thompson__estimators__snipw": {"value": 1, "ci95": [0.5, 1.5]}},
            "fair",
            "two ways of estimating contradict each other",
        ),
    ],
)
def test_doubts(changes: dict[str, Any], level: str, reason: str) -> None:
    found = told(**changes)["trust"]
    assert found["level"] == level
    assert any(reason in said for said in found["reasons"]), found


def test_next_steps_name_campaigns_and_floors() -> None:
    campaigns = [{"campaign": name, "of_plan": of} for name, of in (("a", 1.3), ("b", 0.5), ("c", 1.0), ("d", None))]
    prices = [{"floor_eur": 0.0, "revenue_eur": 5.0}, {"floor_eur": 3.0, "revenue_eur": 6.0}]
    steps = next_steps(told(revenue__campaigns=campaigns, revenue__floor_prices=prices))
    assert steps[1:] == [
        "Look at a: spending ran ahead of the plan by more than a fifth.",
        "Look at b: spending fell behind the plan by more than a fifth.",
        "Consider a floor of €3.00: by what is believed of each ad, a thousand places would bring €6.00 instead of "
        "€5.00.",
    ]
    steps = next_steps(told(revenue__floor_prices=prices[:1]))
    assert steps[1].startswith("Keep floor prices low")


@pytest.mark.parametrize(
    ("even", "greedy", "allowed", "words"),
    [
        ((0.3, 0.7), (-0.04, 0.1), True, "it earns more than ads drawn evenly"),
        ((0.3, 0.7), (-0.06, -0.04), True, "of which 5% are drawn evenly to learn"),
        ((0.3, 0.7), (-0.09, -0.06), False, "it earns less than always showing the best so far"),
        ((-0.1, 0.7), (-0.04, 0.1), False, "does not earn more than ads drawn evenly beyond doubt"),
        ((None, None), (-0.04, 0.1), False, "the log cannot tell"),
        ((0.3, 0.7), (None, None), True, "of always showing the best so far the log says too little"),
    ],
)
def test_a_first_policy_beats_even_choice_and_does_not_lose_to_greedy(
    even: tuple[Any, Any], greedy: tuple[Any, Any], allowed: bool, words: str
) -> None:
    metrics = {"lift_over_even": {"value": 0.5, "ci95": [*even]}, "revenue_lift": {"value": -0.05, "ci95": [*greedy]}}
    decision = beats_floors({"kind": "policy", "protocol": {"even": 0.05}, "metrics": metrics})
    assert decision.allowed is allowed
    assert words in decision.reason
