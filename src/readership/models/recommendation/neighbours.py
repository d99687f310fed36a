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
    rare     the same where each shared article counts 1 / ln(2 + its readers) instead of 1
    """

    row: NDArray[np.int32]
    overlap: NDArray[np.float64]
    likeness: NDArray[np.float64]
    rare: NDArray[np.float64]


def alike(memory: Memory, history: History, own_row: int) -> Alike:
    """Readers alike, by the readers that articles of the history keep."""
    others = memory.readers.value.values[history.place]
    there = (others >= 0) & (others != own_row)
    row, which = np.unique(others[there], return_inverse=True)
    rarity = np.broadcast_to(1 / np.log(2 + memory.reads[history.place])[:, None], others.shape)
    overlap = np.bincount(which, minlength=len(row)).astype(np.float64)
    shrunk = np.sqrt((len(history.place) + SHRINK) * (memory.read_count[row] + SHRINK))
    return Alike(row, overlap, overlap / shrunk, np.bincount(which, rarity[there], minlength=len(row)) / shrunk)


def from_neighbours(memory: Memory, found: Alike, at_ms: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """What the NEAREST readers read last: places, and Σ likeness · recency."""
    nearest = np.argsort(-found.likeness, kind="stable")[:NEAREST]
    rows = found.row[nearest]
    places, at = memory.history.value.values[rows], memory.history.at.values[rows]
    weight = found.likeness[nearest][:, None] / (np.maximum(at_ms - at, 0) / HOUR_MS + 1)
    there = places >= 0
    kept, which = np.unique(places[there], return_inverse=True)
    return kept.astype(np.int32), np.bincount(which, weight[there], minlength=len(kept)).astype(np.float64)


class Crowd(NamedTuple):
    """Who read each of k candidates, [k, readers_kept] each.

    row       rows of readers, -1 where there are fewer
    at        when they read it, ms
    decay     (Δh + soft_hours)^-power of each read, 0 where there is none
    overlap, likeness, rare  to the asker, as in `Alike`; 0 where nothing is shared
    """

    row: NDArray[np.int32]
    at: NDArray[np.int64]
    decay: NDArray[np.float64]
    overlap: NDArray[np.float64]
    likeness: NDArray[np.float64]
    rare: NDArray[np.float64]


def crowd(memory: Memory, places: NDArray[np.int32], found: Alike, parameters: Parameters, at_ms: int) -> Crowd:
    """Readers of the candidates, how long ago they read them, and how much like the asker they are."""
    width = min(int(memory.readers.pushed.values[places].max(initial=1)), parameters.readers_kept)
    row, at = memory.readers.value.values[places, :width], memory.readers.at.values[places, :width]
    hours = np.maximum(at_ms - at, 0) / HOUR_MS
    decay = np.where(row >= 0, (hours + parameters.soft_hours) ** -parameters.power, 0.0)
    return Crowd(row, at, decay, *of_rows(found, row))


def of_rows(
    found: Alike, row: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Overlap, likeness and rare likeness of these readers; 0 for those who share nothing."""
    if not found.row.size:
        nothing = np.zeros(row.shape)
        return nothing, nothing, nothing
    where = np.minimum(np.searchsorted(found.row, row), len(found.row) - 1)
    same = found.row[where] == row
    return same * found.overlap[where], same * found.likeness[where], same * found.rare[where]
