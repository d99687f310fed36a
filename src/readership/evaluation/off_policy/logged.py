"""Decisions as they were logged, and the policy that is asked about."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readership.errors import InputError

Floats = NDArray[np.float64]
Codes = NDArray[np.integer]
ROUNDING = 1e-6


@dataclass(frozen=True)
class Logged:
    """One row a decision; of a slate, one row a position.

    context     number of what was known at the decision (placement and context, position) [n]
    action      number of what was shown [n]
    reward      what came of it: a click, euros [n]
    propensity  the chance with which it was drawn, as logged [n]
    unit        reader, visit or slate: rows of one are not independent, and are drawn together [n]
    """

    context: Codes
    action: Codes
    reward: Floats
    propensity: Floats
    unit: NDArray[np.generic]

    def __post_init__(self) -> None:
        lengths = {len(column) for column in vars(self).values()}
        if len(lengths) != 1 or not len(self.action):
            raise InputError(f"a log needs rows, and as many in each column; it has {sorted(lengths)}")
        wrong = np.flatnonzero(~((self.propensity > 0) & (self.propensity <= 1)))
        if len(wrong):
            raise InputError(
                f"{len(wrong):,} of {len(self.action):,} logged propensities are not in (0, 1] (first: row {wrong[0]}, "
                f"{self.propensity[wrong[0]]}); leave out decisions whose chance is not known"
            )
        if not np.isfinite(self.reward).all():
            raise InputError("rewards of a log hold values that are no numbers; leave those rows out")

    def __len__(self) -> int:
        return len(self.action)

    @classmethod
    def of_slates(cls, action: Codes, reward: Floats, propensity: Floats) -> "Logged":
        """Of slates [slates, positions]: the position is the context, the slate the unit.

        The chance is that of the article at its position. What is estimated is the mean of a position, as if what
        stands at one did not change what is clicked at another; times the positions it is that of a slate.
        """
        slates, positions = action.shape
        return cls(
            context=np.tile(np.arange(positions), slates),
            action=action.ravel(),
            reward=np.asarray(reward, np.float64).ravel(),
            propensity=np.asarray(propensity, np.float64).ravel(),
            unit=np.repeat(np.arange(slates), positions),
        )


def check_target(logged: Logged, target: Floats) -> None:
    """InputError where the policy asked about has no chances for a context of the log, or they do not sum to 1.

    target  chances [contexts, actions]
    """
    if logged.context.max() >= len(target) or logged.action.max() >= target.shape[1]:
        raise InputError(
            f"the log has contexts to {logged.context.max()} and actions to {logged.action.max()}, the policy asked "
            f"about chances for {target.shape[0]} contexts and {target.shape[1]} actions; give it the missing ones"
        )
    total = target[np.unique(logged.context)].sum(axis=1)
    if (target < 0).any() or (np.abs(total - 1) > ROUNDING).any():
        raise InputError(
            f"chances of the policy asked about sum to between {total.min():.6f} and {total.max():.6f} in a context; "
            "they must be 0 or more and sum to 1"
        )
