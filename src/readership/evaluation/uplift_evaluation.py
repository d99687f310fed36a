"""The evaluation of an uplift model: from effects on later decisions to the whole evaluation file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from readership.contracts import Evaluation, Trial
from readership.evaluation.bootstrap import REPLICATES, Draws, ratio
from readership.evaluation.metrics import Floats
from readership.evaluation.uplift import PER, Gain, MeasuredUplift, by_quantile, measure_uplift
from readership.evaluation.uplift_verdict import sentence, uplift_steps, uplift_trust

CURVE_DIGITS = 4


@dataclass(frozen=True)
class Effects:
    """What each model says of the same test rows [n].

    champion     the learner that earlier decisions chose
    candidates   every learner, the champion among them
    floors       one effect for everybody; the order by probability
    oracle       true effects where the simulator knows them; nan on rows it was not asked about
    """

    champion: str
    candidates: Mapping[str, Floats]
    floors: Mapping[str, Floats]
    oracle: Floats | None = None


@dataclass(frozen=True)
class UpliftFacts:
    """What the file says besides numbers measured here.

    question, who_acts, definition   in words
    outcome   what a contact may add: "subscriptions"; contact: what it is
    chosen    for each learner its Qini on earlier decisions, and how far behind the best
    delay     how long after a decision the outcomes came
    groups    who stands at the top and at the bottom, in words
    n_train   decisions the champion was fitted on; outcomes among them
    """

    question: str
    who_acts: str
    definition: str
    outcome: str
    contact: str
    n_train: int
    outcomes_train: int
    data: Mapping[str, Any]
    protocol: Mapping[str, Any]
    chosen: Mapping[str, Any]
    delay: Mapping[str, Any]
    groups: Sequence[Mapping[str, Any]]
    leakage: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)


def evaluate_uplift(
    test: Trial, effects: Effects, facts: UpliftFacts, *, replicates: int = REPLICATES, seed: int = 0
) -> Evaluation:
    """Everything docs/evaluation.md lists of kind "uplift", ready to be written as JSON."""
    draws = Draws.of(test.rows.reader, test.rows.weight, replicates=replicates, seed=seed)
    measured = {name: measure_uplift(test, effect, draws) for name, effect in effects.candidates.items()}
    floors = {name: measure_uplift(test, effect, draws) for name, effect in effects.floors.items()}
    champion = measured[effects.champion]
    evaluation: Evaluation = {
        "task": test.rows.task,
        "kind": "uplift",
        "champion": effects.champion,
        "question": facts.question,
        "who_acts": facts.who_acts,
        "data": dict(facts.data),
        "protocol": {**facts.protocol, "interval": f"reader-clustered bootstrap, {replicates} replicates, 95%"},
        "label": _label(test, facts, draws),
        "metrics": champion.metrics(),
        "targets": {},
        "candidates": {name: _beside(champion, other) for name, other in measured.items()},
        "floors": {name: _floor(champion, other) for name, other in floors.items()},
        "oracle": _oracle(test, effects, draws),
        "leakage": dict(facts.leakage),
        "chosen": dict(facts.chosen),
        "delay": dict(facts.delay),
        "groups": [dict(group) for group in facts.groups],
        "quantiles": by_quantile(test, effects.candidates[effects.champion], draws),
        "curves": {
            effects.champion: _points(champion.curve, champion.curves),
            "response": _points(floors["response"].curve, floors["response"].curves),
        },
        "timings_seconds": {name: round(float(value), 3) for name, value in facts.timings.items()},
    }
    evaluation["headline"] = {"name": "Qini per 1,000 readers", "metric": evaluation["metrics"]["qini"]}
    evaluation["sentence"] = sentence(evaluation)
    evaluation["trust"] = uplift_trust(evaluation)
    evaluation["next_steps"] = uplift_steps(evaluation)
    return evaluation


def _label(test: Trial, facts: UpliftFacts, draws: Draws) -> dict[str, Any]:
    outcome = test.rows.label.astype(np.float64)
    arms = {"contacted": test.treated, "alone": ~test.treated}
    return {
        "definition": facts.definition,
        "outcome": facts.outcome,
        "contact": facts.contact,
        "n_train": facts.n_train,
        "outcomes_train": facts.outcomes_train,
        "n_test": len(test),
        "outcomes_test": int(outcome.sum()),
        "readers_test": draws.readers,
        **{f"n_test_{name}": int(arm.sum()) for name, arm in arms.items()},
        **{f"rate_{name}": ratio(arm * outcome, arm.astype(np.float64), draws) for name, arm in arms.items()},
    }


def _beside(champion: MeasuredUplift, other: MeasuredUplift) -> dict[str, Any]:
    return {**other.metrics(), "difference_to_champion": other.minus(champion)}


def _floor(champion: MeasuredUplift, other: MeasuredUplift) -> dict[str, Any]:
    """A floor ranks; only the constant one states an effect, so the error of what is stated is left out."""
    found = _beside(champion, other)
    found.pop("decile_calibration_error")
    return found


def _oracle(test: Trial, effects: Effects, draws: Draws) -> dict[str, Any] | None:
    """What the true effects reach on the rows they cover, and the champion's share of that Qini by the true effects."""
    if effects.oracle is None:
        return None
    known = np.isfinite(effects.oracle)
    if not known.any():
        return None
    truth, said = effects.oracle[known], effects.candidates[effects.champion][known]
    best = measure_uplift(test.take(known), truth, draws.take(known))
    weight = test.rows.weight[known]
    reached, possible = (true_qini(scores, truth, weight) for scores in (said, truth))
    return {
        **best.metrics(),
        "n": int(known.sum()),
        "mean_effect": round(PER * float(np.average(truth, weights=weight)), 4),
        "qini_of_true_effects": round(PER * possible, 4),
        "champion_qini_of_true_effects": round(PER * reached, 4),
        "efficiency": round(reached / possible, 4) if possible > 0 else None,
        "share_below_zero": round(float(np.average(truth < 0, weights=weight)), 6),
    }


def true_qini(scores: Floats, truth: Floats, weight: Floats) -> float:
    """Qini of an order of readers by their true effects, without any noise of outcomes.

    >>> true_qini(np.array([2.0, 1.0]), np.array([1.0, 0.0]), np.ones(2))    # 0.125 + 0.25 - 0.25
    0.125
    """
    order = np.argsort(-scores, kind="stable")
    share = np.concatenate([[0.0], np.cumsum(weight[order])]) / weight.sum()
    gain = np.concatenate([[0.0], np.cumsum((weight * truth)[order])]) / weight.sum()
    return float(Gain(share, gain).qini)


def _points(curve: Gain, replicates: Gain) -> list[dict[str, Any]]:
    """Gain per 1,000 readers at each share contacted, with its interval."""
    shares = np.linspace(0, 1, 21)
    value = PER * np.interp(shares, curve.share, curve.gain)
    drawn = np.array([np.interp(shares, x, y) for x, y in zip(replicates.share, replicates.gain, strict=True)])
    low, high = PER * np.quantile(drawn, (0.025, 0.975), axis=0)
    return [
        {
            "share": round(float(at), 3),
            "gain": round(float(g), CURVE_DIGITS),
            "ci95": [round(float(a), CURVE_DIGITS), round(float(b), CURVE_DIGITS)],
        }
        for at, g, a, b in zip(shares, value, low, high, strict=True)
    ]
