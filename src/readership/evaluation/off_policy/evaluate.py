"""A policy's value by every estimator, each with its interval, or a refusal where the log cannot say."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Metric
from readership.errors import InputError
from readership.evaluation.bootstrap import Draws, metric
from readership.evaluation.off_policy.estimators import ESTIMATORS, Terms
from readership.evaluation.off_policy.logged import Floats, Logged, check_target
from readership.evaluation.off_policy.overlap import LEAST_ESS, MOST_SHARE, Overlap
from readership.evaluation.off_policy.reward_model import fitted, fold_of, sums

FOLDS = 3
REPLICATES = 500


class Valued(NamedTuple):
    """What a decision would bring under the policy asked about, by estimator, and how much of the log speaks of it."""

    estimates: Mapping[str, Metric]
    overlap: Overlap


def evaluate(
    logged: Logged,
    target: Floats,
    *,
    clip: float | None = None,
    replicates: int = REPLICATES,
    least_ess: float = LEAST_ESS,
    most_share: float = MOST_SHARE,
    seed: int = 0,
) -> Valued:
    """The value of `target` [contexts, actions], chances that sum to 1 in each context.

    clip  weights above it count as it: calmer, and biased towards what is shown often
    Intervals draw units with replacement and fit the reward model anew each time.
    ThinOverlap where the log holds too little of what the policy would show.
    """
    check_target(logged, target)
    if clip is not None and not clip > 0:
        raise InputError(f"weights clipped at {clip} leave nothing; clip above 0")
    weight = target[logged.context, logged.action] / logged.propensity
    weight = weight if clip is None else np.minimum(weight, clip)
    overlap = Overlap.of(weight)
    overlap.refuse_if_thin(least_ess, most_share)
    shape = (FOLDS, *target.shape)
    fold = fold_of(logged, FOLDS, seed)
    rows = _Rows(logged.reward, weight, np.ravel_multi_index((fold, logged.context, logged.action), shape))
    draws = Draws.of(logged.unit, replicates=replicates, seed=seed)
    found = _values(rows, target, shape, np.ones(len(logged)))
    drawn = [_values(rows, target, shape, counts[draws.reader].astype(float)) for counts in draws.counts]
    return Valued({name: metric(found[name], np.array([one[name] for one in drawn])) for name in ESTIMATORS}, overlap)


class _Rows(NamedTuple):
    """What each row brings to the estimators; `cell` is its place among folds, contexts and actions."""

    reward: Floats
    weight: Floats
    cell: NDArray[np.intp]


def _values(rows: _Rows, target: Floats, shape: tuple[int, int, int], times: Floats) -> dict[str, float]:
    model = fitted(sums(rows.cell, rows.reward, times, shape))
    expected = (model * target).sum(axis=2).ravel()[rows.cell // shape[2]]
    terms = Terms(rows.weight, rows.reward, model.ravel()[rows.cell], expected, times)
    return {name: estimator(terms) for name, estimator in ESTIMATORS.items()}
