"""The arm that could be best: optimism in the face of what is not known (Auer, Cesa-Bianchi and Fischer 2002)."""

from dataclasses import dataclass

import numpy as np

from readership.models.bandits.chances import best
from readership.models.bandits.evidence import Evidence, Floats


@dataclass(frozen=True)
class Ucb1:
    """rate + √(2 ln n / n_arm), n impressions of the cell; arms not shown yet come first.

    The bound holds for anything in [0, 1], which is far too wide for click rates of a percent: it explores too much.
    """

    name: str = "ucb1"

    def chances(self, evidence: Evidence, rng: np.random.Generator) -> Floats:
        """All to the highest bound."""
        total = (evidence.shown * evidence.present).sum(axis=1, keepdims=True)
        wide = np.full(evidence.shown.shape, np.inf)
        spread = 2 * np.log(np.maximum(total, 1)) / np.maximum(evidence.shown, 1e-9)
        np.sqrt(np.broadcast_to(spread, wide.shape), out=wide, where=evidence.shown > 0)
        return best(evidence.worth(evidence.rate + wide), evidence.present)
