"""The evaluation of a policy that chooses what to show: what docs/evaluation.md lists for the kind "policy"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from readership.contracts import Evaluation, Metric
from readership.evaluation.off_policy.compare import Compared, Drawn
from readership.evaluation.off_policy.logged import Floats
from readership.evaluation.policy_verdict import next_steps, sentence, trust

THOUSAND = 1000.0
JUDGED_BY = "dr"
"""Which estimator decides: right if either the logged chances or the model of earnings are."""
EVEN, GREEDY = "uniform", "greedy_ecpm"
UNKNOWN: Metric = {"value": None, "ci95": [None, None]}


@dataclass(frozen=True)
class Truth:
    """What a simulated world knows of the same decisions.

    found     the policies, by what each ad was expected to earn rather than what it happened to
    best_eur  expected of the best ad for that reader, there and then [n]
    """

    found: Compared
    best_eur: Floats


@dataclass(frozen=True)
class Judged:
    """Later decisions, and what each policy would have earned by them.

    champion    chosen on earlier ones; one of `candidates`
    found       every policy on the same draws; euros a decision
    earned_eur  what each decision brought as it was made [n], `clicked` whether it was clicked [n]
    filled      share of the decisions for which some booked ad was eligible
    """

    champion: str
    candidates: Sequence[str]
    floors: Sequence[str]
    found: Compared
    earned_eur: Floats
    clicked: Floats
    filled: float
    truth: Truth | None = None


@dataclass(frozen=True)
class PolicyFacts:
    """What the file says besides numbers measured here; see `evaluate.Facts`.

    n_train   impressions that the policy had learnt from
    revenue   what came in over the last weeks: by placement, campaign, and against plan; what floor prices would do
    """

    question: str
    who_acts: str
    definition: str
    n_train: int
    data: Mapping[str, Any]
    protocol: Mapping[str, Any]
    revenue: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)


def evaluate_policy(task: str, judged: Judged, facts: PolicyFacts) -> Evaluation:
    """Every policy on the same later decisions; all amounts are euros for a thousand places."""
    found, champion = judged.found, judged.champion
    ran = found.mean(judged.earned_eur)
    evaluation: Evaluation = {
        "task": task,
        "kind": "policy",
        "champion": champion,
        "question": facts.question,
        "who_acts": facts.who_acts,
        "data": dict(facts.data),
        "protocol": {"split": "temporal", **facts.protocol, "interval": "reader-clustered bootstrap, 95%"},
        "label": {
            "definition": facts.definition,
            "base_rate": round(float(np.mean(judged.clicked)), 6),
            "clicks_test": int(judged.clicked.sum()),
            "n_train": facts.n_train,
            "n_test": len(judged.earned_eur),
            "readers_test": found.draws.readers,
            "filled": round(judged.filled, 6),
        },
        "metrics": _metrics(judged, ran),
        "ran": {"ecpm": ran.metric(THOUSAND)},
        "targets": {},
        "candidates": {name: _one(judged, name) for name in judged.candidates},
        "floors": {name: _one(judged, name) for name in judged.floors},
        "oracle": _oracle(judged),
        "leakage": {},
        "slices": [],
        "revenue": dict(facts.revenue),
        "timings_seconds": {name: round(float(value), 3) for name, value in facts.timings.items()},
    }
    evaluation["sentence"] = sentence(evaluation)
    evaluation["headline"] = {"name": "eCPM (EUR)", "metric": evaluation["metrics"]["ecpm"]}
    evaluation["trust"] = trust(evaluation)
    evaluation["next_steps"] = next_steps(evaluation)
    return evaluation


def _metrics(judged: Judged, ran: Drawn) -> dict[str, Any]:
    ours = judged.found.values[judged.champion][JUDGED_BY]
    return {
        "ecpm": ours.metric(THOUSAND),
        "revenue_lift": _lift(judged, GREEDY),
        "lift_over_even": _lift(judged, EVEN),
        "lift_over_ran": ours.over(ran).metric(),
        "regret_share": _regret(judged, judged.champion),
        "ess": {"value": round(judged.found.overlap[judged.champion].ess, 1), "ci95": [None, None]},
    }


def _lift(judged: Judged, other: str) -> Metric:
    """By which share the champion earns more than another; unknown where the log cannot tell of the other."""
    if other not in judged.found.values:
        return UNKNOWN
    values = judged.found.values
    return values[judged.champion][JUDGED_BY].over(values[other][JUDGED_BY]).metric()


def _one(judged: Judged, name: str) -> dict[str, Any]:
    """A policy by every estimator, or why the log cannot tell."""
    overlap = judged.found.overlap[name]
    told: dict[str, Any] = {
        "ess": round(overlap.ess, 1),
        "heaviest": round(overlap.heaviest, 6),
        "mean_weight": round(overlap.mean_weight, 6),
        "refused": str(judged.found.refused[name]) if name in judged.found.refused else None,
        "regret_share": _regret(judged, name),
    }
    if name not in judged.found.values:
        return {**told, "ecpm": UNKNOWN, "estimators": {}, "difference_to_champion": {"ecpm": UNKNOWN}}
    values, champion = judged.found.values[name], judged.found.values[judged.champion][JUDGED_BY]
    return {
        **told,
        "ecpm": values[JUDGED_BY].metric(THOUSAND),
        "estimators": {of: drawn.metric(THOUSAND) for of, drawn in values.items()},
        "difference_to_champion": {"ecpm": values[JUDGED_BY].minus(champion).metric(THOUSAND)},
    }


def _regret(judged: Judged, name: str) -> Metric:
    """Share of what the best ad for every reader would earn that this policy leaves; unknown without a known truth."""
    truth = judged.truth
    if truth is None or name not in truth.found.values:
        return UNKNOWN
    best = truth.found.mean(truth.best_eur)
    lost = truth.found.values[name][JUDGED_BY].over(best)
    return Drawn(-lost.value, -lost.replicates).metric()


def _oracle(judged: Judged) -> dict[str, Any] | None:
    truth = judged.truth
    if truth is None:
        return None
    return {
        "ecpm": truth.found.mean(truth.best_eur).metric(THOUSAND),
        "champion_ecpm": truth.found.values[judged.champion][JUDGED_BY].metric(THOUSAND),
    }
