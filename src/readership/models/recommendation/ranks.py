"""A column of one list, as a share of its largest or as places from the top."""

import numpy as np
from numpy.typing import NDArray


def share(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Each as a share of the largest; zeros where nothing is above 0."""
    largest = values.max(initial=0.0)
    return values / largest if largest > 0 else np.zeros(len(values))


def rank(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Place from the top, 1 for the largest; equals share the better place.

    >>> rank(np.array([5.0, 9.0, 5.0])).tolist()
    [2.0, 1.0, 2.0]
    """
    rising = np.sort(values)
    return len(values) + 1.0 - rising.searchsorted(values, side="right")
