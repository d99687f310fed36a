"""The evaluation of a score from 0 to 100: from expected scores on held-out rows to the whole evaluation file."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, Evaluation
from readership.errors import NotEnoughData
from readership.evaluation.bootstrap import REPLICATES, Draws, Measured, metric, ratio
from readership.evaluation.evaluate import Facts, Scores
from readership.evaluation.metrics import Floats
from readership.evaluation.score_metrics import measure_scores
from readership.evaluation.score_verdict import next_steps, sentence, trust
from readership.evaluation.slices import per_as_of, slices

GROUPS = 10
ERROR_WIDTH = 5.0
FEWEST_ROWS = 50
GOAL = 0.85
"""Share of what an oracle explains that a model should reach; reported, never tuned for."""


class Bands(NamedTuple):
    """Words for expected scores: the lower end of each band, highest first, and the band of a score."""

    least: Mapping[str, float]
    of: Callable[[float], str]


def evaluate_scores(
    test: Dataset,
    scores: Scores,
    facts: Facts,
    *,
    bands: Bands,
    left_out: Mapping[str, str] | None = None,
    valid_mean: float,
    oracle_noise: float = 0.0,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Evaluation:
    """Everything docs/evaluation.md lists for a score, ready to be written as JSON.

    left_out      candidates that were not tried, and why
    valid_mean    mean label of the validation rows
    oracle_noise  mean variance of the oracle's own Monte-Carlo error, in points²

    Rows whose label is nan are left out. Raises NotEnoughData where fewer than 50 are left, or all are the same.
    """
    known = np.isfinite(test.label)
    test, scores = test.take(known), scores.take(known)
    if len(test) < FEWEST_ROWS or not np.ptp(test.label):
        raise NotEnoughData(
            f"the test fold of {test.task!r} has {len(test):,} rows with an answer; an evaluation of a score needs "
            f"{FEWEST_ROWS} that are not all the same; load a longer log"
        )
    draws = Draws.of(test.reader, test.weight, replicates=replicates, seed=seed)
    measured = {name: measure_scores(test.label, given, draws) for name, given in scores.candidates.items()}
    floors = {name: measure_scores(test.label, given, draws) for name, given in scores.floors.items()}
    best, given = measured[scores.champion], scores.candidates[scores.champion]
    oracle = _oracle(test, scores, draws, oracle_noise)
    evaluation: Evaluation = {
        "task": test.task,
        "kind": "score",
        "champion": scores.champion,
        "question": facts.question,
        "who_acts": facts.who_acts,
        "data": dict(facts.data),
        "protocol": {**facts.protocol, "interval": f"reader-clustered bootstrap, {replicates} replicates, 95%"},
        "label": {
            "definition": facts.definition,
            "mean": ratio(test.label, np.ones(len(test)), draws)["value"],
            "mean_validation": round(valid_mean, 4),
            "n_train": int(facts.n_train),
            "n_test": len(test),
            "readers_test": draws.readers,
        },
        "metrics": best.metrics(),
        "headline": {"name": "R²", "metric": best.metrics()["r2"]},
        "targets": {},
        "goal": _goal(oracle),
        "candidates": {name: _beside(best, other) for name, other in measured.items()},
        "left_out": dict(left_out or {}),
        "floors": {name: _beside(best, other) for name, other in floors.items()},
        "oracle": oracle,
        "leakage": dict(facts.leakage),
        "level": _level(test, given, draws),
        "per_as_of": per_as_of(test, given, draws, part),
        "slices": slices(test, given, draws, part),
        "bands": list(_bands(test, given, draws, bands)),
        "drivers": [dict(driver) for driver in facts.drivers],
        "curves": {"by_group": by_group(test, given, draws), "errors": errors(test, given, draws.weight)},
        "timings_seconds": {name: round(float(value), 3) for name, value in facts.timings.items()},
    }
    evaluation["trust"] = trust(evaluation)
    evaluation["sentence"] = sentence(evaluation)
    evaluation["next_steps"] = next_steps(evaluation)
    return evaluation


def part(test: Dataset, score: Floats, draws: Draws, rows: NDArray[np.bool_]) -> dict[str, Any]:
    """Rows, readers, mean score and metrics of some rows; metrics are None below 50 rows."""
    label, chosen = test.label[rows], draws.take(rows)
    enough = len(label) >= FEWEST_ROWS and bool(np.ptp(label))
    return {
        "n": len(label),
        "readers": chosen.readers,
        "mean": ratio(label, np.ones(len(label)), chosen),
        "metrics": measure_scores(label, score[rows], chosen).metrics() if enough else None,
    }


def by_group(test: Dataset, score: Floats, draws: Draws) -> list[dict[str, Any]]:
    """Rows in tenths of the expected score, lowest first: the mean expected, and the mean observed."""
    order = np.argsort(score, kind="stable")
    tenth = np.empty(len(score), dtype=np.intp)
    tenth[order] = np.arange(len(score)) * GROUPS // len(score)
    found = []
    for number in range(GROUPS):
        inside = (tenth == number).astype(np.float64)
        found.append(
            {
                "group": number + 1,
                "expected": ratio(inside * score, inside, draws)["value"],
                "observed": ratio(inside * test.label, inside, draws),
                "n": int(inside.sum()),
            }
        )
    return found


def errors(test: Dataset, score: Floats, weight: Floats) -> list[dict[str, float]]:
    """Share of the rows by how far the observed score lay from the expected one, in steps of 5 points."""
    place = np.floor((test.label - score) / ERROR_WIDTH).astype(int)
    total = weight.sum()
    return [
        {
            "from": float(step * ERROR_WIDTH),
            "to": float((step + 1) * ERROR_WIDTH),
            "share": round(float(weight[place == step].sum() / total), 6),
        }
        for step in range(place.min(), place.max() + 1)
    ]


def _beside(champion: Measured, other: Measured) -> dict[str, Any]:
    return {**other.metrics(), "difference_to_champion": other.minus(champion)}


def _level(test: Dataset, score: Floats, draws: Draws) -> dict[str, Any]:
    """How far expected scores lie above the observed ones on average, in points."""
    return ratio(score - test.label, np.ones(len(test)), draws)


def _bands(test: Dataset, score: Floats, draws: Draws, bands: Bands) -> Iterator[dict[str, Any]]:
    """What was observed of the readers of each band, the highest first."""
    everyone, top = np.ones(len(test)), 100.0
    placed = np.array([bands.of(float(value)) for value in score])
    for name, least in bands.least.items():
        inside = (placed == name).astype(np.float64)
        shares = {"share": ratio(inside, everyone, draws), "observed": ratio(inside * test.label, inside, draws)}
        yield {"band": name, "from": least, "to": top, "n": int(inside.sum()), **shares}
        top = least


def _oracle(test: Dataset, scores: Scores, draws: Draws, noise: float) -> dict[str, Any] | None:
    """The true expectation's metrics, and the champion's share of what it explains, on the rows it covers.

    An expectation from draws has an error of its own, which costs it noise / variance of R²; that is given back.
    """
    if scores.oracle is None:
        return None
    rows = np.isfinite(scores.oracle)
    label, chosen = test.label[rows], draws.take(rows)
    if len(label) < FEWEST_ROWS or not np.ptp(label):
        return None
    ceiling = measure_scores(label, scores.oracle[rows], chosen)
    reached = measure_scores(label, scores.candidates[scores.champion][rows], chosen)
    lost = noise / float(np.cov(label, aweights=chosen.weight, ddof=0))
    above = ceiling.values["r2"] + lost
    with np.errstate(divide="ignore", invalid="ignore"):
        again = reached.replicates["r2"] / (ceiling.replicates["r2"] + lost)
    share = metric(reached.values["r2"] / above, again) if above > 0 else None
    return {
        **ceiling.metrics(),
        "n": len(label),
        "r2_lost_to_draws": round(lost, 6),
        "champion_r2": reached.metrics()["r2"],
        "efficiency": None if share is None else share["value"],
        "efficiency_ci95": None if share is None else share["ci95"],
    }


def _goal(oracle: dict[str, Any] | None) -> dict[str, Any] | None:
    """The share of what can be explained that was aimed at, and whether it was reached."""
    if oracle is None or oracle["efficiency"] is None:
        return None
    return {"efficiency": GOAL, "reached": oracle["efficiency"], "met": oracle["efficiency"] >= GOAL}
