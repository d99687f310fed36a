"""A bandit at work: counts, the vectors decisions are drawn from, arms that come and go.

Chances are worked out at a `refresh`, over many draws and seconds apart; a request only restricts one vector of them
to what is eligible, and draws. What it logs is the chance in the very vector it drew from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.errors import InputError
from readership.models.bandits.chances import drawn, mixed, restricted
from readership.models.bandits.counts import Counts
from readership.models.bandits.evidence import Evidence, Flags, Floats
from readership.models.bandits.feedback import Settled
from readership.models.bandits.policy import Policy


class Choice(NamedTuple):
    """The place of the arm chosen, and the chance it had."""

    arm: int
    propensity: float


@dataclass
class Learner:
    """Shares out impressions by a policy, all but a share `even` of them, and learns from what came of it.

    counts   of this replica, or of all of them merged
    even     share of the impressions given evenly to all, so that each can be evaluated afterwards
    present  which arms take part now [arms], `wanted` from the next refresh on; one that has left keeps its counts
    chances  [cells, arms] as of the last refresh
    """

    policy: Policy
    counts: Counts
    even: float
    seed: int = 0
    present: Flags = field(default_factory=lambda: np.zeros(0, bool))
    wanted: Flags = field(default_factory=lambda: np.zeros(0, bool))
    chances: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    refreshed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.even <= 1:
            raise InputError(f"an even share of {self.even} is no share; give one from 0 to 1")
        if not len(self.wanted):
            self.wanted = np.ones(len(self.counts.arms), bool)
            self.present = np.zeros(len(self.counts.arms), bool)
        if self.chances.shape != (len(self.counts.cells), len(self.counts.arms)):
            self.chances = np.zeros((len(self.counts.cells), len(self.counts.arms)))

    def arms(self, names: Sequence[str]) -> None:
        """These take part from the next refresh on, known and new ones; those not named leave at once."""
        self.counts = self.counts.with_arms(names)
        more = len(self.counts.arms) - self.chances.shape[1]
        self.chances = np.pad(self.chances, ((0, 0), (0, more)))
        self.wanted = np.isin(self.counts.arms, list(names))
        self.present = np.pad(self.present, (0, more)) & self.wanted

    def learn(self, settled: Sequence[Settled]) -> None:
        """Count what was settled, in any order; what speaks of an arm or cell nobody knows is refused as a whole."""
        places = [self._places(one.decision.cell, one.decision.arm) for one in settled]
        if settled:
            self.counts = self.counts.add(
                np.array([cell for cell, _ in places]),
                np.array([arm for _, arm in places]),
                np.array([one.decision.at_ms for one in settled]),
                np.array([one.clicked for one in settled]),
                np.array([one.shown for one in settled]),
            )

    def refresh(self, now_ms: int, per_click: Floats | float = 1.0, per_show: Floats | float = 0.0) -> None:
        """Work out the chances anew: what arms are worth a click and an impression, [arms] or [cells, arms]."""
        self.present = self.wanted.copy()
        present = np.broadcast_to(self.present, self.chances.shape)
        evidence = Evidence.of(*self.counts.at(now_ms), present=present, per_click=per_click, per_show=per_show)
        rng = np.random.default_rng([self.seed, self.refreshed])
        self.chances = mixed(self.policy.chances(evidence, rng), present, self.even)
        self.refreshed += 1

    def choose(self, cell: int, eligible: Flags, lot: float) -> Choice | None:
        """Drawn from the cell's chances among the eligible [arms] by a lot in [0, 1); None where nothing is."""
        vector = restricted(self.chances[cell], eligible & self.present)
        if not vector.any():
            return None
        arm = drawn(vector, lot)
        return Choice(arm, float(vector[arm]))

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """What to store, without objects; with the same policy, `from_arrays` decides as this one does."""
        own = {
            "present": self.present,
            "wanted": self.wanted,
            "chances": self.chances,
            "refreshed": np.array(self.refreshed),
        }
        return {**self.counts.to_arrays(), **own, "even": np.array(self.even), "seed": np.array(self.seed)}

    @classmethod
    def from_arrays(cls, policy: Policy, arrays: Mapping[str, NDArray[Any]]) -> "Learner":
        """The learner stored as these arrays."""
        return cls(
            policy,
            Counts.from_arrays(arrays),
            float(arrays["even"]),
            int(arrays["seed"]),
            np.asarray(arrays["present"], bool),
            np.asarray(arrays["wanted"], bool),
            np.asarray(arrays["chances"], np.float64),
            int(arrays["refreshed"]),
        )

    def _places(self, cell: str, arm: str) -> tuple[int, int]:
        try:
            return self.counts.cells.index(cell), self.counts.arms.index(arm)
        except ValueError:
            raise InputError(
                f"feedback of {arm!r} in {cell!r}, which this bandit never decided; name its arms with `arms` first"
            ) from None
