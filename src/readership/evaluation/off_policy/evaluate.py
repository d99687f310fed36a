"""A policy's value by every estimator, each with its interval, or a refusal where the log cannot say."""

from collections.abc import Mapping
from typing import NamedTuple

from readership.contracts import Metric
from readership.evaluation.off_policy.compare import REPLICATES, compare
from readership.evaluation.off_policy.logged import Floats, Logged
from readership.evaluation.off_policy.overlap import LEAST_ESS, MOST_SHARE, Overlap


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
    found = compare(
        logged,
        {"asked": target},
        clip=clip,
        replicates=replicates,
        least_ess=least_ess,
        most_share=most_share,
        seed=seed,
    )
    for reason in found.refused.values():
        raise reason
    return Valued({name: of.metric() for name, of in found.values["asked"].items()}, found.overlap["asked"])
