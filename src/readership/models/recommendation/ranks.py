"""Columns of one list, each as shares of its largest or as places from the top; a row of the tables is a column."""

import numpy as np
from numpy.typing import NDArray


def shares(table: NDArray[np.floating]) -> NDArray[np.floating]:
    """Each number of [m, k] as a share of the largest of its row; zeros where nothing in it is above 0.

    >>> shares(np.array([[1.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.25, 1.0], [0.0, 0.0]]
    """
    largest = table.max(axis=1, initial=0.0, keepdims=True)
    return np.divide(table, largest, out=np.zeros_like(table), where=largest > 0)


def ranks(table: NDArray[np.floating]) -> NDArray[np.floating]:
    """Place from the top of its row, 1 for the largest; equals share the better place.

    >>> ranks(np.array([[5.0, 9.0, 5.0]])).tolist()
    [[2.0, 1.0, 2.0]]
    """
    rising = np.sort(table, axis=1)
    place = np.empty(table.shape)
    for number, values in enumerate(table):
        place[number] = rising[number].searchsorted(values, side="right")
    return table.shape[1] + 1.0 - place
