"""The evaluation of a yes-or-no model: from probabilities on held-out rows to the whole evaluation file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from readership.contracts import Dataset, Evaluation
from readership.errors import NotEnoughData
from readership.evaluation import curves
from readership.evaluation.bootstrap import REPLICATES, Draws, Measured, measure, ratio
from readership.evaluation.metrics import Floats, roc_auc
from readership.evaluation.operating import BUDGET_SHARE, Campaign, Steps, best_reachable, judged, operating_points
from readership.evaluation.slices import per_as_of, slices
from readership.evaluation.targets import against_roadmap
from readership.evaluation.verdict import next_steps, trust

BANDS = {"high": (0.7, 1.0), "medium": (0.3, 0.7), "low": (0.0, 0.3)}


@dataclass(frozen=True)
class Scores:
    """Probabilities [n] that each model gave the same test rows.

    champion     the candidate that validation chose
    candidates   every model tried, the champion among them
    floors       what must be beaten: rules of thumb and simple models
    oracle       true probabilities where the simulator knows them; nan on rows it was not asked about
    """

    champion: str
    candidates: Mapping[str, Floats]
    floors: Mapping[str, Floats] = field(default_factory=dict)
    oracle: Floats | None = None

    def __post_init__(self) -> None:
        if self.champion not in self.candidates:
            raise ValueError(f"the champion {self.champion!r} is not among the candidates {sorted(self.candidates)}")

    def take(self, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> "Scores":
        """The same scores for some of the rows."""
        return Scores(
            self.champion,
            {name: np.asarray(values, np.float64)[rows] for name, values in self.candidates.items()},
            {name: np.asarray(values, np.float64)[rows] for name, values in self.floors.items()},
            None if self.oracle is None else np.asarray(self.oracle, np.float64)[rows],
        )


@dataclass(frozen=True)
class Facts:
    """What the file says besides numbers measured here.

    question     what is predicted, as a publisher would ask it
    who_acts     who does what with the answer
    outcome      the verb of the outcome: "leave", "subscribe"
    definition   of the label, in words
    n_train      rows the champion was fitted on
    data         source, events, readers, from, to
    protocol     split, cut-offs of each fold, horizon, and what else was chosen where
    leakage      result of the audit; {} when it has not run
    drivers      `{"name", "meaning", "strength", "direction"}` of the features that move the score most
    timings      seconds of each stage
    """

    question: str
    who_acts: str
    outcome: str
    definition: str
    n_train: int
    data: Mapping[str, Any]
    protocol: Mapping[str, Any]
    leakage: Mapping[str, Any] = field(default_factory=dict)
    drivers: Sequence[Mapping[str, Any]] = ()
    timings: Mapping[str, float] = field(default_factory=dict)


def evaluate_binary(
    test: Dataset,
    scores: Scores,
    facts: Facts,
    *,
    valid: Dataset,
    valid_probability: Floats,
    campaign: Campaign | None = None,
    budget_share: float = BUDGET_SHARE,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Evaluation:
    """Everything docs/evaluation.md lists, ready to be written as JSON.

    `valid_probability` are the champion's calibrated probabilities on validation rows it was not fitted on; only
    they choose thresholds. Rows whose label is nan are left out. Raises NotEnoughData when a side has one class.
    """
    test, scores = _labelled(test, scores)
    known = np.isfinite(valid.label)
    valid, valid_probability = valid.take(known), np.asarray(valid_probability, np.float64)[known]
    _both_classes("test", test)
    _both_classes("validation", valid)
    draws = Draws.of(test.reader, test.weight, replicates=replicates, seed=seed)
    best = scores.candidates[scores.champion]
    measured = {name: measure(test.label, values, draws) for name, values in scores.candidates.items()}
    champion = measured[scores.champion]
    points = operating_points(valid, valid_probability, test, best, draws, budget_share=budget_share, campaign=campaign)
    oracle = _oracle(test, scores, draws)
    evaluation: Evaluation = {
        "task": test.task,
        "kind": "probability",
        "champion": scores.champion,
        "question": facts.question,
        "who_acts": facts.who_acts,
        "data": dict(facts.data),
        "protocol": {**facts.protocol, "interval": f"reader-clustered bootstrap, {replicates} replicates, 95%"},
        "label": _label(test, valid, facts, draws),
        "metrics": champion.metrics(),
        "operating_points": points,
        "targets": _targets(champion, points, oracle),
        "candidates": {name: _beside(champion, other) for name, other in measured.items()},
        "floors": _floors(test, scores, measured, draws),
        "oracle": oracle,
        "leakage": dict(facts.leakage),
        "per_as_of": per_as_of(test, best, draws),
        "slices": slices(test, best, draws),
        "bands": _bands(test, best, draws) if facts.outcome == "leave" else [],
        "drivers": [dict(driver) for driver in facts.drivers],
        "curves": _curves(test, scores, draws, Steps.of(valid.label, valid_probability, valid.weight)),
        "timings_seconds": {name: round(float(value), 3) for name, value in facts.timings.items()},
    }
    evaluation["trust"] = trust(evaluation)
    evaluation["next_steps"] = next_steps(evaluation)
    return evaluation


def _labelled(test: Dataset, scores: Scores) -> tuple[Dataset, Scores]:
    known = np.isfinite(test.label)
    return test.take(known), scores.take(known)


def _both_classes(fold: str, rows: Dataset) -> None:
    happened = int(rows.label.sum())
    if not len(rows) or happened in (0, len(rows)):
        raise NotEnoughData(
            f"the {fold} fold of {rows.task!r} has {len(rows):,} rows of which {happened:,} are positive; "
            "an evaluation needs both outcomes; load a longer log, or choose another horizon "
            "(READERSHIP_CHURN_HORIZON_DAYS)"
        )


def _label(test: Dataset, valid: Dataset, facts: Facts, draws: Draws) -> dict[str, Any]:
    return {
        "definition": facts.definition,
        "outcome": facts.outcome,
        "base_rate": ratio(test.label, np.ones(len(test)), draws)["value"],
        "base_rate_validation": round(float(np.average(valid.label, weights=valid.weight)), 6),
        "n_train": int(facts.n_train),
        "n_validation": len(valid),
        "n_test": len(test),
        "readers_test": draws.readers,
    }


def _beside(champion: Measured, other: Measured) -> dict[str, Any]:
    """A model's metrics, and metric − champion's metric on the same draws."""
    return {**other.metrics(), "difference_to_champion": other.minus(champion)}


def _floors(test: Dataset, scores: Scores, measured: dict[str, Measured], draws: Draws) -> dict[str, Any]:
    champion = measured[scores.champion]
    return {
        name: _beside(champion, measured[name] if name in measured else measure(test.label, values, draws))
        for name, values in scores.floors.items()
    }


def _oracle(test: Dataset, scores: Scores, draws: Draws) -> dict[str, Any] | None:
    """The true probabilities' metrics, and the champion's share of them above chance, on the rows they cover."""
    if scores.oracle is None:
        return None
    rows = np.isfinite(scores.oracle)
    label, truth, chosen = test.label[rows], scores.oracle[rows], draws.take(rows)
    if not 0 < label.sum() < len(label):
        return None
    ceiling = measure(label, truth, chosen)
    reached = roc_auc(label, scores.candidates[scores.champion][rows], chosen.weight)
    precision, recall = best_reachable(label, truth, chosen.weight)
    above = ceiling.values["roc_auc"] - 0.5
    return {
        **ceiling.metrics(),
        "n": len(label),
        "precision": round(precision, 6),
        "recall": round(recall, 6),
        "efficiency": round((reached - 0.5) / above, 4) if above > 0 else None,
    }


def _targets(champion: Measured, points: dict[str, Any], oracle: dict[str, Any] | None) -> dict[str, Any]:
    reached = {
        "roc_auc": champion.metrics()["roc_auc"],
        "precision": points["roadmap"]["precision"],
        "recall": points["roadmap"]["recall"],
    }
    ceiling = oracle and {
        "roc_auc": oracle["roc_auc"]["value"],
        "precision": oracle["precision"],
        "recall": oracle["recall"],
    }
    return against_roadmap(reached, ceiling, oracle["efficiency"] if oracle else None)


def _bands(test: Dataset, probability: Floats, draws: Draws) -> list[dict[str, Any]]:
    """What happened to readers of each risk band; high is above 0.7, medium from 0.3 to 0.7."""
    high, medium = probability > BANDS["high"][0], probability >= BANDS["medium"][0]
    inside = {"high": high, "medium": medium & ~high, "low": ~medium}
    found = []
    for name, (low, top) in BANDS.items():
        seen = judged(test.label, inside[name], draws)
        shares = {"share": seen["flagged_share"], "observed": seen["precision"]}
        found.append({"band": name, "from": low, "to": top, "n": int(inside[name].sum()), **shares})
    return found


def _curves(test: Dataset, scores: Scores, draws: Draws, valid: Steps) -> dict[str, Any]:
    best, weight = scores.candidates[scores.champion], draws.weight
    return {
        "roc": curves.roc(test, best, weight),
        "flagging": curves.flagging(test, best, weight),
        "by_threshold": curves.by_threshold(test, best, draws, valid),
        "reliability": curves.reliability(test, best, draws),
        "histogram": curves.histogram(test, best, weight),
    }
