"""Articles read next to what this reader read last: recent co-visitation, each pair fading with its age."""

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.memory import History, Memory
from readership.models.recommendation.parameters import HOUR_MS, Parameters
from readership.models.recommendation.seats import Seats

LAST = 10
"""Newest reads of the asker that are looked at; the one before counts FADING as much."""
FADING = 0.8


def together(
    memory: Memory, history: History, parameters: Parameters, at_ms: int
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]]:
    """Places, Σ FADING^steps · 2^(-age of the pair / half-life), and the article of the history that gave most."""
    last = history.place[-LAST:]
    pairs = memory.pairs.value.values[last]
    age_ms = np.maximum(at_ms - memory.pairs.at.values[last], 0)
    steps = np.arange(len(last))[::-1, None]
    weight = FADING**steps * np.exp2(-age_ms / (parameters.together_half_life_hours * HOUR_MS))
    there = pairs >= 0
    because = np.broadcast_to(last[:, None], pairs.shape)[there]
    return summed(pairs[there], weight[there], because, memory.place_seats)


def summed(
    places: NDArray[np.int32], weight: NDArray[np.float64], because: NDArray[np.int32], seats: Seats
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]]:
    """Each place once with its whole weight, and what gave the largest single part of it.

    >>> seats = Seats(); seats.grow(6)
    >>> [part.tolist() for part in summed(np.array([3, 5, 3]), np.array([1.0, 2.0, 4.0]), np.array([7, 8, 9]), seats)]
    [[3, 5], [5.0, 2.0], [9, 8]]
    """
    order = np.argsort(weight, kind="stable")[::-1]
    found, which = seats.distinct(places[order])
    score = np.bincount(which, weight[order], minlength=len(found)).astype(np.float64)
    largest = np.empty(len(found), dtype=np.int32)
    largest[which[::-1]] = because[order][::-1]  # of one place the last that is set is the first in that order
    return found, score, largest
