"""Readers who read the same articles: what they open counts for this reader, the more so the fresher it is."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.memory import History, Memory
from readership.models.recommendation.parameters import HOUR_MS, Parameters

STRANGER = 0.02
"""What a reader who shares nothing counts, against 1 for one who read exactly the same."""
SHRINK = 5
NEAREST = 50


class Alike(NamedTuple):
    """How many articles of the asker each other reader has read.

    row      int32, readers who share at least one, ascending
    overlap  float64, how many articles they share
    likeness overlap / √((asker's reads + SHRINK) · (their reads + SHRINK))
    """

    row: NDArray[np.int32]
    overlap: NDArray[np.float64]
    likeness: NDArray[np.float64]


def alike(memory: Memory, history: History, own_row: int) -> Alike:
    """Readers alike, by the readers that articles of the history keep."""
    others = memory.readers.value.values[history.place].ravel()
    row, overlap = np.unique(others[(others >= 0) & (others != own_row)], return_counts=True)
    likeness = overlap / np.sqrt((len(history.place) + SHRINK) * (memory.read_count[row] + SHRINK))
    return Alike(row, overlap.astype(np.float64), likeness)


def from_neighbours(memory: Memory, found: Alike, at_ms: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """What the NEAREST readers read last: places, and Σ likeness · recency."""
    nearest = np.argsort(-found.likeness, kind="stable")[:NEAREST]
    rows = found.row[nearest]
    places, at = memory.history.value.values[rows], memory.history.at.values[rows]
    weight = found.likeness[nearest][:, None] / (np.maximum(at_ms - at, 0) / HOUR_MS + 1)
    there = places >= 0
    kept, which = np.unique(places[there], return_inverse=True)
    return kept, np.bincount(which, weight[there], minlength=len(kept))


class Crowd(NamedTuple):
    """Who read each of k candidates, [k, readers_kept] each.

    row       rows of readers, -1 where there are fewer
    decay     (Δh + soft_hours)^-power of each read, 0 where there is none
    likeness  to the asker
    """

    row: NDArray[np.int32]
    decay: NDArray[np.float64]
    likeness: NDArray[np.float64]
    overlap: NDArray[np.float64]


def crowd(memory: Memory, places: NDArray[np.int32], found: Alike, parameters: Parameters, at_ms: int) -> Crowd:
    """Readers of the candidates, how long ago they read them, and how much like the asker they are."""
    row = memory.readers.value.values[places]
    hours = np.maximum(at_ms - memory.readers.at.values[places], 0) / HOUR_MS
    decay = np.where(row >= 0, (hours + parameters.soft_hours) ** -parameters.power, 0.0)
    if not found.row.size:
        nothing = np.zeros(row.shape)
        return Crowd(row, decay, nothing, nothing)
    where = np.minimum(np.searchsorted(found.row, row), len(found.row) - 1)
    same = found.row[where] == row
    return Crowd(row, decay, np.where(same, found.likeness[where], 0.0), np.where(same, found.overlap[where], 0.0))
