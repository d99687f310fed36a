"""Does the log hold what the other policy would have shown? Where it does not, no formula helps."""

from typing import NamedTuple

from readership.errors import NotEnoughData
from readership.evaluation.off_policy.logged import Floats

LEAST_ESS = 100.0
MOST_SHARE = 0.05


class ThinOverlap(NotEnoughData):
    """The policy asked about does what the log hardly ever shows."""

    code = "thin_overlap"


class Overlap(NamedTuple):
    """How much of a log speaks of another policy.

    ess            effective sample size (Σw)² / Σw²: how many rows of equal weight would be as good (Kish 1965)
    heaviest       share of all weight that the heaviest row carries
    mean_weight    about 1 where the log covers the policy and its propensities are right
    """

    rows: int
    ess: float
    heaviest: float
    mean_weight: float

    @classmethod
    def of(cls, weight: Floats) -> "Overlap":
        """Of weights, chance under the policy asked about over chance logged [n].

        >>> import numpy as np
        >>> Overlap.of(np.array([1.0, 1.0, 2.0]))   # 16 / 6
        Overlap(rows=3, ess=2.6666666666666665, heaviest=0.5, mean_weight=1.3333333333333333)
        """
        total = float(weight.sum())
        if total <= 0:
            return cls(len(weight), 0.0, 0.0, 0.0)
        squares = float(weight @ weight)
        return cls(len(weight), total**2 / squares, float(weight.max()) / total, total / len(weight))

    def refuse_if_thin(self, least_ess: float = LEAST_ESS, most_share: float = MOST_SHARE) -> None:
        """ThinOverlap where too few rows carry the answer."""
        if self.ess >= least_ess and self.heaviest <= most_share:
            return
        raise ThinOverlap(
            f"of {self.rows:,} logged decisions, only as much as {self.ess:.0f} speaks of the policy asked about "
            f"(at least {least_ess:.0f} needed), and one of them carries {self.heaviest:.0%} of the weight (at most "
            f"{most_share:.0%}); let the policies run side by side, or log more decisions drawn evenly"
        )
