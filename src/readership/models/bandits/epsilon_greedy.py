"""Mostly the best so far, now and then any."""

from dataclasses import dataclass

import numpy as np

from readership.errors import InputError
from readership.models.bandits.chances import best, mixed
from readership.models.bandits.evidence import Evidence, Floats


@dataclass(frozen=True)
class EpsilonGreedy:
    """A share `epsilon` of the impressions evenly, the rest to the arm that has earned most an impression.

    An arm not shown yet counts as the best, so each is tried.
    """

    epsilon: float
    name: str = "epsilon-greedy"

    def __post_init__(self) -> None:
        if not 0 <= self.epsilon <= 1:
            raise InputError(f"epsilon is {self.epsilon}; give a share from 0 to 1")

    def chances(self, evidence: Evidence, rng: np.random.Generator) -> Floats:
        """(1 − ε) to the best, ε / arms to each."""
        worth = np.where(evidence.shown > 0, evidence.worth(evidence.rate), np.inf)
        return mixed(best(worth, evidence.present), evidence.present, self.epsilon)
