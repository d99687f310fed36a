"""What every policy can be asked."""

from typing import Protocol

import numpy as np

from readership.models.bandits.evidence import Evidence, Floats


class Policy(Protocol):
    """Shares out the next impressions of every cell."""

    @property
    def name(self) -> str:
        """As reports call it."""

    def chances(self, evidence: Evidence, rng: np.random.Generator) -> Floats:
        """The chance of each arm in each cell [cells, arms]; rows sum to 1 where an arm is present, else to 0."""
