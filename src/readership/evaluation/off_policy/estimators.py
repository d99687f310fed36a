"""The value of a policy from the log of another, in five ways; all of one row a decision.

weight     chance under the policy asked about over chance logged [n]
reward     what came of the decision [n]
predicted  what a reward model expects of the action logged [n]
expected   what it expects under the policy asked about, Σ_a π(a | context) q(context, a) [n]
times      how often each row counts [n], as a bootstrap draws it
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from readership.evaluation.off_policy.logged import Floats

SWITCH = 10.0
"""Weights above this trust the reward model alone (Switch-DR)."""


class Terms(NamedTuple):
    """What estimators are made of, row by row; names as above."""

    weight: Floats
    reward: Floats
    predicted: Floats
    expected: Floats
    times: Floats

    def mean(self, values: Floats) -> float:
        """Σ times · values / Σ times."""
        return float(self.times @ values / self.times.sum())


def ipw(terms: Terms) -> float:
    """Inverse propensity weighting, mean of w·r: right whatever the rewards, loud where weights are (Horvitz and
    Thompson 1952).
    """
    return terms.mean(terms.weight * terms.reward)


def snipw(terms: Terms) -> float:
    """Self-normalised: Σ w·r / Σ w; a little biased, much calmer (Swaminathan and Joachims 2015)."""
    total = terms.times @ terms.weight
    return float(terms.times @ (terms.weight * terms.reward) / total) if total > 0 else float("nan")


def dm(terms: Terms) -> float:
    """Direct method, mean of what the model expects: calm, and as wrong as the model."""
    return terms.mean(terms.expected)


def dr(terms: Terms) -> float:
    """Doubly robust, expected + w·(r − predicted): right if model or propensities are (Dudík and others 2014)."""
    return terms.mean(terms.expected + terms.weight * (terms.reward - terms.predicted))


def switch_dr(terms: Terms) -> float:
    """Doubly robust where the weight is small, the model alone where it is large (Wang and others 2017)."""
    kept = np.where(terms.weight <= SWITCH, terms.weight, 0.0)
    return terms.mean(terms.expected + kept * (terms.reward - terms.predicted))


ESTIMATORS: dict[str, Callable[[Terms], float]] = {
    "ipw": ipw, "snipw": snipw, "dm": dm, "dr": dr, "switch_dr": switch_dr,
}  # fmt: skip
