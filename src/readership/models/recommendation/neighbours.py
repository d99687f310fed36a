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
    row, which = memory.reader_seats.distinct(others[there])
    rarity = np.broadcast_to(1 / np.log(2 + memory.reads[history.place])[:, None], others.shape)
    overlap = np.bincount(which, minlength=len(row)).astype(np.float64)
    shrunk = np.sqrt((len(history.place) + SHRINK) * (memory.read_count[row] + SHRINK))
    return Alike(row, overlap, overlap / shrunk, np.bincount(which, rarity[there], minlength=len(row)) / shrunk)


def from_neighbours(memory: Memory, found: Alike, at_ms: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """What the NEAREST readers read last: places, and Σ likeness · recency."""
    nearest = _largest(found.likeness, NEAREST)
    rows = found.row[nearest]
    places, at = memory.history.value.values[rows], memory.history.at.values[rows]
    weight = found.likeness[nearest][:, None] / (np.maximum(at_ms - at, 0) / HOUR_MS + 1)
    there = places >= 0
    kept, which = memory.place_seats.distinct(places[there])
    return kept, np.bincount(which, weight[there], minlength=len(kept)).astype(np.float64)


def _largest(values: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Numbers of the largest, falling; of equals the first comes first."""
    if len(values) <= 2 * most:
        return np.argsort(-values, kind="stable")[:most]
    some = np.flatnonzero(values >= np.partition(values, len(values) - most)[len(values) - most])
    return some[np.argsort(-values[some], kind="stable")][:most]


class Crowd(NamedTuple):
    """Reads of the candidates by readers alike, and by the asker, [m].

    which     number of the candidate, rising
    row       of the reader
    at        when it was read, ms
    decay     (Δh + soft_hours)^-power
    overlap, likeness, rare  of the reader to the asker, as in `Alike`
    row       of the reader
    """

    which: NDArray[np.intp]
    row: NDArray[np.int32]
    at: NDArray[np.int64]
    decay: NDArray[np.float64]
    overlap: NDArray[np.float64]
    likeness: NDArray[np.float64]
    rare: NDArray[np.float64]


def crowd(
    memory: Memory, places: NDArray[np.int32], found: Alike, own_row: int, parameters: Parameters, at_ms: int
) -> Crowd:
    """Who of the readers alike read the candidates, and the asker, who is like nobody; how long ago they did."""
    alike = found if own_row < 0 else _with(found, own_row)
    row = memory.readers.value.values.take(places, axis=0)
    seat = memory.reader_seats.of(row, alike.row).ravel()
    entry = np.flatnonzero(seat >= 0)
    which = entry // memory.readers.length
    seat, at = seat[entry], memory.readers.at.values[places[which], entry % memory.readers.length]
    return Crowd(
        which=which,
        row=row.ravel()[entry],
        at=at,
        decay=_faded(at, parameters, at_ms),
        overlap=alike.overlap[seat],
        likeness=alike.likeness[seat],
        rare=alike.rare[seat],
    )


def _with(found: Alike, row: int) -> Alike:
    """One reader more, who shares nothing."""
    one = np.zeros(1)
    return Alike(
        np.append(found.row, np.int32(row)),
        np.concatenate([found.overlap, one]),
        np.concatenate([found.likeness, one]),
        np.concatenate([found.rare, one]),
    )


def decayed(memory: Memory, places: NDArray[np.int32], parameters: Parameters, at_ms: int) -> NDArray[np.float64]:
    """Σ (Δh + soft_hours)^-power over the readers that each of these places keeps [k]."""
    faded = _faded(memory.readers.at.values[places], parameters, at_ms)
    summed: NDArray[np.float64] = np.where(memory.readers.value.values[places] >= 0, faded, 0.0).sum(axis=1)
    return summed


def _faded(at: NDArray[np.int64], parameters: Parameters, at_ms: int) -> NDArray[np.float64]:
    hours = np.maximum(at_ms - at, 0) / HOUR_MS
    return (hours + parameters.soft_hours) ** -parameters.power


def likeness_of(memory: Memory, found: Alike, rows: NDArray[np.int32]) -> NDArray[np.float64]:
    """Likeness of these readers to the asker [k]; 0 for those who share nothing, and for -1."""
    seat = memory.reader_seats.of(rows, found.row)
    return np.where(seat >= 0, np.append(found.likeness, 0.0)[seat], 0.0)
