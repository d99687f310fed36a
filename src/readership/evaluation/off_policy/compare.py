"""Several policies on one log and on the same draws of it, so that differences between them are paired."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Metric
from readership.errors import InputError
from readership.evaluation.bootstrap import Draws, metric
from readership.evaluation.off_policy.estimators import ESTIMATORS, Terms
from readership.evaluation.off_policy.logged import Floats, Logged, check_target
from readership.evaluation.off_policy.overlap import LEAST_ESS, MOST_SHARE, Overlap, ThinOverlap
from readership.evaluation.off_policy.reward_model import fitted, fold_of, sums

FOLDS = 3
REPLICATES = 500


class Drawn(NamedTuple):
    """A number of a log, and what it was in each draw of the log's units."""

    value: float
    replicates: Floats

    def metric(self, scale: float = 1.0) -> Metric:
        """With its interval, times `scale`."""
        return metric(scale * self.value, scale * self.replicates)

    def minus(self, other: "Drawn") -> "Drawn":
        """The difference, draw by draw."""
        return Drawn(self.value - other.value, self.replicates - other.replicates)

    def over(self, other: "Drawn") -> "Drawn":
        """By which share of the other this is more, draw by draw: 3 over 2 is 0.5."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return Drawn(float(np.divide(self.value, other.value)) - 1, self.replicates / other.replicates - 1)


class Compared(NamedTuple):
    """What a decision would bring under each policy, by policy and estimator.

    refused  why the log cannot tell, of the policies it holds too little of
    """

    values: Mapping[str, Mapping[str, Drawn]]
    overlap: Mapping[str, Overlap]
    refused: Mapping[str, ThinOverlap]
    draws: Draws

    def mean(self, of: Floats) -> Drawn:
        """The mean of a column of the log [n], on the same draws."""
        both = self.draws.sums(np.column_stack([of, np.ones(len(of))]))
        return Drawn(float(np.mean(of)), both[:, 0] / both[:, 1])


def compare(
    logged: Logged,
    targets: Mapping[str, Floats],
    *,
    clip: float | None = None,
    replicates: int = REPLICATES,
    least_ess: float = LEAST_ESS,
    most_share: float = MOST_SHARE,
    seed: int = 0,
) -> Compared:
    """The value of each of `targets` [contexts, actions]; see `evaluate.evaluate` of the options.

    A policy that the log holds too little of has no value, but a reason in `refused`.
    """
    if clip is not None and not clip > 0:
        raise InputError(f"weights clipped at {clip} leave nothing; clip above 0")
    overlap, refused, asked = {}, {}, {}
    for name, target in targets.items():
        check_target(logged, target)
        weight = target[logged.context, logged.action] / logged.propensity
        weight = weight if clip is None else np.minimum(weight, clip)
        overlap[name] = Overlap.of(weight)
        try:
            overlap[name].refuse_if_thin(least_ess, most_share)
            asked[name] = _Asked(target, weight)
        except ThinOverlap as reason:
            refused[name] = reason
    draws = Draws.of(logged.unit, replicates=replicates, seed=seed)
    return Compared(_valued(logged, asked, draws, seed) if asked else {}, overlap, refused, draws)


class _Asked(NamedTuple):
    target: Floats
    weight: Floats


def _valued(logged: Logged, asked: Mapping[str, _Asked], draws: Draws, seed: int) -> dict[str, dict[str, Drawn]]:
    shape = (FOLDS, *next(iter(asked.values())).target.shape)
    cell = np.ravel_multi_index((fold_of(logged, FOLDS, seed), logged.context, logged.action), shape)
    found = _values(logged.reward, asked, cell, shape, np.ones(len(logged)))
    drawn = [_values(logged.reward, asked, cell, shape, row[draws.reader].astype(float)) for row in draws.counts]
    return {
        name: {
            estimator: Drawn(found[name][estimator], np.array([one[name][estimator] for one in drawn]))
            for estimator in ESTIMATORS
        }
        for name in asked
    }


def _values(
    reward: Floats,
    asked: Mapping[str, _Asked],
    cell: NDArray[np.intp],
    shape: tuple[int, ...],
    times: Floats,
) -> dict[str, dict[str, float]]:
    model = fitted(sums(cell, reward, times, (shape[0], shape[1], shape[2])))
    predicted, place = model.ravel()[cell], cell // shape[2]
    values = {}
    for name, (target, weight) in asked.items():
        terms = Terms(weight, reward, predicted, (model * target).sum(axis=2).ravel()[place], times)
        values[name] = {of: estimator(terms) for of, estimator in ESTIMATORS.items()}
    return values
