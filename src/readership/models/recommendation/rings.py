"""Arrays that grow, and rows that keep their newest entries: all the recommender remembers lies in these."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_FIRST_ROWS = 64


class Growing:
    """An array [rows, *width] whose rows are added a few at a time; capacity doubles.

    >>> column = Growing(np.int32, fill=-1)
    >>> column.grow(2)
    >>> column.values.tolist()
    [-1, -1]
    """

    def __init__(self, dtype: DTypeLike, *width: int, fill: float = 0) -> None:
        self._fill = fill
        self._all: NDArray[Any] = np.full((_FIRST_ROWS, *width), fill, dtype=dtype)
        self.values = self._all[:0]

    def grow(self, rows: int) -> None:
        """Have at least so many rows."""
        if rows > len(self._all):
            wider = np.full((max(rows, 2 * len(self._all)), *self._all.shape[1:]), self._fill, dtype=self._all.dtype)
            wider[: len(self.values)] = self.values
            self._all = wider
        if rows > len(self.values):
            self.values = self._all[:rows]

    def replace(self, values: NDArray[Any]) -> None:
        """Hold these rows instead."""
        self._all = np.array(values, dtype=self._all.dtype)
        self.values = self._all[:]


class Rings:
    """For each row its newest `length` entries of (value, ms); older ones are overwritten.

    >>> rings = Rings(2)
    >>> for value in (7, 8, 9): rings.push(0, value, at_ms=value)
    >>> sorted(rings.value.values[0].tolist())
    [8, 9]
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self.value = Growing(np.int32, length, fill=-1)
        self.at = Growing(np.int64, length)
        self.pushed = Growing(np.int64)

    def grow(self, rows: int) -> None:
        """Have at least so many rows; empty entries hold -1."""
        for column in (self.value, self.at, self.pushed):
            column.grow(rows)

    def push(self, row: int, value: int, at_ms: int) -> None:
        """Add one entry to one row."""
        if row >= len(self.pushed.values):
            self.grow(row + 1)
        place = self.pushed.values[row] % self.length
        self.value.values[row, place] = value
        self.at.values[row, place] = at_ms
        self.pushed.values[row] += 1

    def push_each(self, rows: NDArray[np.int32], value: int | NDArray[np.int32], at_ms: int) -> None:
        """Add one entry to each of these distinct rows, which exist."""
        pushed = self.pushed.values
        places = pushed[rows] % self.length
        self.value.values[rows, places] = value
        self.at.values[rows, places] = at_ms
        pushed[rows] += 1

    def of(self, row: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Values and times of one row, oldest entry first."""
        pushed = int(self.pushed.values[row])
        value, at = self.value.values[row], self.at.values[row]
        if pushed <= self.length:
            return value[:pushed], at[:pushed]
        first = pushed % self.length
        return np.concatenate([value[first:], value[:first]]), np.concatenate([at[first:], at[:first]])

    def arrays(self, rows: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
        """The entries of these rows, for a file."""
        return {"value": self.value.values[rows], "at": self.at.values[rows], "pushed": self.pushed.values[rows]}

    def fill(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Hold what `arrays` gave."""
        for name in ("value", "at", "pushed"):
            getattr(self, name).replace(arrays[name])
