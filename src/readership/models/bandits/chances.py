"""From an opinion of the arms to the vector a decision is drawn from; what is logged is the chance in that vector."""

import numpy as np

from readership.models.bandits.evidence import Flags, Floats


def evenly(present: Flags) -> Floats:
    """The same chance for every arm present; a cell without arms has none.

    >>> evenly(np.array([[True, False, True]])).tolist()
    [[0.5, 0.0, 0.5]]
    """
    return present / np.maximum(present.sum(axis=-1, keepdims=True), 1)


def best(score: Floats, present: Flags) -> Floats:
    """All chance to the highest score of each row; equals share it.

    >>> best(np.array([[1.0, 3.0, 3.0, 9.0]]), np.array([[True, True, True, False]])).tolist()
    [[0.0, 0.5, 0.5, 0.0]]
    """
    among = np.where(present, score, -np.inf)
    return evenly(present & (among == among.max(axis=-1, keepdims=True)))


def mixed(chances: Floats, present: Flags, even: float) -> Floats:
    """(1 − even) · chances + even · the same for all present: no arm is ever quite without a chance.

    >>> mixed(np.array([[1.0, 0.0]]), np.array([[True, True]]), 0.1).round(4).tolist()
    [[0.95, 0.05]]
    """
    return (1 - even) * chances + even * evenly(present)


def restricted(chances: Floats, eligible: Flags) -> Floats:
    """One row's chances among the eligible, summing to 1 again; evenly where none of them had any.

    All zeros when nothing is eligible.

    >>> restricted(np.array([0.5, 0.3, 0.2]), np.array([True, False, True])).round(4).tolist()
    [0.7143, 0.0, 0.2857]
    """
    kept = chances * eligible
    total = kept.sum()
    return kept / total if total > 0 else evenly(eligible)


def drawn(chances: Floats, lot: float) -> int:
    """The arm that a lot in [0, 1) falls on; chances sum to 1, and an arm without a chance is never drawn.

    >>> [drawn(np.array([0.5, 0.0, 0.5]), lot) for lot in (0.0, 0.49, 0.5, 0.99)]
    [0, 0, 2, 2]
    """
    steps = np.cumsum(chances)
    return int(np.searchsorted(steps, lot * steps[-1], side="right"))
