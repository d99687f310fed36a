"""Every arm alike, for ever: what learning is compared with, and the log that evaluates everything else."""

from dataclasses import dataclass

import numpy as np

from readership.models.bandits.chances import evenly
from readership.models.bandits.evidence import Evidence, Floats


@dataclass(frozen=True)
class Uniform:
    """The same chance for every arm."""

    name: str = "uniform"

    def chances(self, evidence: Evidence, rng: np.random.Generator) -> Floats:
        """1 / arms present."""
        return evenly(evidence.present)
