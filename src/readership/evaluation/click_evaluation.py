"""The evaluation of a click model: impressions of later days, with the logged position and without it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from readership.contracts import Dataset, Evaluation, Metric
from readership.evaluation import curves
from readership.evaluation.bootstrap import Draws, Measured, measure, metric, ratio
from readership.evaluation.click_verdict import next_steps, sentence, targets, trust
from readership.evaluation.evaluate import Facts, Scores
from readership.evaluation.metrics import Floats
from readership.evaluation.slices import per_as_of, slices

REPLICATES = 200
ENTROPY = "normalised_entropy"


class PositionFree(NamedTuple):
    """Probabilities [n] of the champion and of the oracle (or None) that are not told the position."""

    champion: Floats
    oracle: Floats | None


def evaluate_clicks(
    test: Dataset,
    scores: Scores,
    free: PositionFree,
    facts: Facts,
    *,
    left_out: Mapping[str, str],
    valid_rate: float,
    replicates: int = REPLICATES,
) -> Evaluation:
    """Everything docs/evaluation.md lists of clicks. Intervals draw readers, the same ones for every model.

    `scores` know the logged position, models and oracle alike; `valid_rate` is the share clicked on validation.
    """
    draws = Draws.of(test.reader, test.weight, replicates=replicates)
    shares = base_rates(test, draws)
    measured = {name: measure_clicks(test, values, draws, shares) for name, values in scores.candidates.items()}
    champion = measured[scores.champion]
    floors = {name: measure_clicks(test, values, draws, shares) for name, values in scores.floors.items()}
    best = scores.candidates[scores.champion]
    evaluation: Evaluation = {
        "task": test.task,
        "kind": "click",
        "champion": scores.champion,
        "question": facts.question,
        "who_acts": facts.who_acts,
        "data": dict(facts.data),
        "protocol": {**facts.protocol, "interval": f"reader-clustered bootstrap, {replicates} replicates, 95%"},
        "label": _label(test, facts, draws, valid_rate),
        "metrics": champion.metrics(),
        "position_free": _without_position(test, free, draws, shares),
        "candidates": {name: _beside(champion, other) for name, other in measured.items()},
        "floors": {name: _beside(champion, other) for name, other in floors.items()},
        "oracle": _oracle(test, best, scores.oracle, draws, shares),
        "leakage": dict(facts.leakage),
        "per_as_of": per_as_of(test, best, draws),
        "slices": slices(test, best, draws),
        "drivers": [dict(driver) for driver in facts.drivers],
        "curves": {"reliability": curves.reliability(test, best, draws)},
        "left_out": dict(left_out),
        "timings_seconds": {name: round(float(value), 3) for name, value in facts.timings.items()},
    }
    evaluation["targets"] = targets(evaluation)
    evaluation["sentence"] = sentence(evaluation)
    evaluation["headline"] = {"name": "log loss", "metric": evaluation["metrics"]["log_loss"]}
    evaluation["trust"] = trust(evaluation)
    evaluation["next_steps"] = next_steps(evaluation)
    return evaluation


def base_rates(test: Dataset, draws: Draws) -> Floats:
    """Share of clicked impressions on the rows as they are, then in every replicate."""
    label = test.label.astype(np.float64)
    sums = draws.sums(np.stack([label, np.ones(len(test))], axis=1))
    return np.append(np.average(label, weights=draws.weight), sums[:, 0] / sums[:, 1])


def measure_clicks(test: Dataset, probability: Floats, draws: Draws, shares: Floats) -> Measured:
    """The metrics of a probability, and its log loss over the entropy of the share clicked.

    Normalised entropy is 1 for a model that knows the share alone, less for one that knows more (He et al., 2014).
    """
    found = measure(test.label, probability, draws)
    entropy = entropies(shares)
    return Measured(
        {**found.values, ENTROPY: found.values["log_loss"] / float(entropy[0])},
        {**found.replicates, ENTROPY: found.replicates["log_loss"] / entropy[1:]},
    )


def entropies(share: Floats) -> Floats:
    """-(s ln s + (1 - s) ln(1 - s)) of each share, in nats.

    >>> entropies(np.array([0.5])).round(4).tolist()    # ln 2
    [0.6931]
    """
    held = np.clip(share, 1e-12, 1 - 1e-12)
    found: Floats = -(held * np.log(held) + (1 - held) * np.log1p(-held))
    return found


def efficiency(reached: Measured, ceiling: Measured) -> Metric:
    """(auc - 0.5) / (oracle's auc - 0.5), with the interval of the paired draws."""
    values = (reached.values["roc_auc"] - 0.5) / (ceiling.values["roc_auc"] - 0.5)
    drawn = (reached.replicates["roc_auc"] - 0.5) / (ceiling.replicates["roc_auc"] - 0.5)
    return metric(values, drawn)


def _label(test: Dataset, facts: Facts, draws: Draws, valid_rate: float) -> dict[str, Any]:
    return {
        "definition": facts.definition,
        "outcome": facts.outcome,
        "base_rate": ratio(test.label, np.ones(len(test)), draws)["value"],
        "base_rate_validation": round(valid_rate, 6),
        "n_train": int(facts.n_train),
        "n_test": len(test),
        "clicks_test": int(test.label.sum()),
        "readers_test": draws.readers,
    }


def _beside(champion: Measured, other: Measured) -> dict[str, Any]:
    return {**other.metrics(), "difference_to_champion": other.minus(champion)}


def _oracle(
    test: Dataset, champion: Floats, truth: Floats | None, draws: Draws, shares: Floats
) -> dict[str, Any] | None:
    """The metrics of the true probabilities, and the champion's share of them above chance, on the rows they cover."""
    if truth is None or not (known := np.isfinite(truth)).any():
        return None
    whole = bool(known.all())
    rows = test if whole else test.take(known)
    drawn = draws if whole else draws.take(known)
    over = shares if whole else base_rates(rows, drawn)
    ceiling, reached = (measure_clicks(rows, values[known], drawn, over) for values in (truth, champion))
    found = efficiency(reached, ceiling)
    return {**ceiling.metrics(), "n": len(rows), "efficiency": found["value"], "efficiency_ci95": found["ci95"]}


def _without_position(test: Dataset, free: PositionFree, draws: Draws, shares: Floats) -> dict[str, Any]:
    return {
        "metrics": measure_clicks(test, free.champion, draws, shares).metrics(),
        "oracle": _oracle(test, free.champion, free.oracle, draws, shares),
    }
