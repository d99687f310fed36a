"""Try every arm equally often, then show only the best: an A/B test whose winner goes live."""

from dataclasses import dataclass

import numpy as np

from readership.models.bandits.chances import best, evenly
from readership.models.bandits.evidence import Evidence, Floats


@dataclass(frozen=True)
class ExploreThenCommit:
    """Evenly until every arm was shown `each` times, then what has earned most an impression.

    An arm that joins later is tried until it has had as many.
    """

    each: int
    name: str = "explore-then-commit"

    def chances(self, evidence: Evidence, rng: np.random.Generator) -> Floats:
        """Evenly among arms short of impressions; where none is, the best."""
        short = evidence.present & (evidence.shown < self.each)
        found = best(evidence.worth(evidence.rate), evidence.present)
        return np.where(short.any(axis=1, keepdims=True), evenly(short), found)
