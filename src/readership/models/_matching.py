"""Segments keep their ids from one training to the next: new centres are matched to the old ones."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def match(centres: Floats, old: Floats, old_ids: Sequence[int], next_id: int) -> tuple[int, ...]:
    """An id for each of `centres` [k, t], given the `old` ones [m, t] in the same standardised traits.

    Pairs are those of least total distance (Hungarian method). A pair is one segment only if the new centre lies
    nearer to the old one than the old one's nearest neighbour did; any other centre gets a new id, from `next_id` on,
    so that an id never comes to mean something else.

    >>> match(np.array([[5.0], [0.1], [9.0]]), np.array([[0.0], [4.8]]), old_ids=(1, 2), next_id=3)
    (2, 1, 3)
    """
    from scipy.optimize import linear_sum_assignment

    apart = np.linalg.norm(centres[:, None, :] - old[None, :, :], axis=2)
    pairs = {int(new): int(before) for new, before in zip(*linear_sum_assignment(apart), strict=True)}
    among_old = np.linalg.norm(old[:, None, :] - old[None, :, :], axis=2)
    np.fill_diagonal(among_old, np.inf)
    reach = among_old.min(axis=1)
    ids = []
    for new in range(len(centres)):
        before = pairs.get(new)
        if before is not None and apart[new, before] < reach[before]:
            ids.append(old_ids[before])
        else:
            ids.append(next_id)
            next_id += 1
    return tuple(ids)
