"""What was shown and clicked, as sums that replicas can add up: no update is lost, whatever the order it comes in.

Each replica keeps sums of its own and writes only those; the state of the whole is their sum (`merged`). To forget the
past, an impression at time t weighs 2^((t − origin) / half-life) (forward decay: Cormode and others 2009): the sums
stay sums, an event that comes late has the weight of its own time, and nothing is rewritten as time goes by.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from readership.errors import InputError
from readership.models.bandits.evidence import Floats

MOST_HALF_LIVES = 900.0
"""Beyond so many half-lives after the origin, weights leave the range of numbers."""


@dataclass(frozen=True)
class Counts:
    """Sums by cell and arm.

    cells, arms   names; an arm that is taken away keeps its column, and its past when it comes back
    shown         weighted impressions [cells, arms], `clicked` clicks
    origin_ms     the time at which an impression weighs 1, ms since 1970
    half_life_ms  after which it weighs half of a new one; infinite: nothing is forgotten
    """

    cells: tuple[str, ...]
    arms: tuple[str, ...]
    shown: Floats
    clicked: Floats
    origin_ms: int = 0
    half_life_ms: float = float("inf")

    @classmethod
    def empty(
        cls, cells: Sequence[str], arms: Sequence[str] = (), origin_ms: int = 0, half_life_ms: float = float("inf")
    ) -> Self:
        """Nothing shown yet; InputError on a name given twice, or a half-life that is not above 0."""
        for kind, names in (("cell", cells), ("arm", arms)):
            _refuse_twice(kind, names)
        if not half_life_ms > 0:
            raise InputError(f"a half-life of {half_life_ms} ms forgets everything; give one above 0")
        nothing = np.zeros((len(cells), len(arms)))
        return cls(tuple(cells), tuple(arms), nothing, nothing.copy(), origin_ms, half_life_ms)

    def with_arms(self, names: Sequence[str]) -> Self:
        """Columns for the arms that have none yet; the others stay as they are."""
        new = tuple(name for name in names if name not in set(self.arms))
        _refuse_twice("arm", new)
        more = np.zeros((len(self.cells), len(new)))
        shown, clicked = (np.hstack([of, more]) for of in (self.shown, self.clicked))
        return replace(self, arms=self.arms + new, shown=shown, clicked=clicked)

    def add(
        self,
        cell: NDArray[np.integer],
        arm: NDArray[np.integer],
        at_ms: NDArray[np.int64],
        clicked: NDArray[np.bool_],
        shown: NDArray[np.bool_] | None = None,
    ) -> Self:
        """With these impressions, in any order: places of cell and arm, when each was shown, whether it was clicked.

        shown  False for a click whose impression was counted before
        """
        weight = self._weight(np.asarray(at_ms))
        sums = [self.shown.copy(), self.clicked.copy()]
        for total, what in zip(sums, (np.ones(len(weight)) if shown is None else shown, clicked), strict=True):
            np.add.at(total, (cell, arm), weight * what)
        return replace(self, shown=sums[0], clicked=sums[1])

    def at(self, now_ms: int) -> tuple[Floats, Floats]:
        """Impressions and clicks as they weigh now, an impression of now being 1."""
        now = self._weight(np.array([now_ms]))[0]
        return self.shown / now, self.clicked / now

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """What to store, without objects; `from_arrays` gives the counts back."""
        return {
            "cells": np.array(self.cells, dtype=np.str_),
            "arms": np.array(self.arms, dtype=np.str_),
            "shown": self.shown,
            "clicked": self.clicked,
            "origin_ms": np.array(self.origin_ms),
            "half_life_ms": np.array(self.half_life_ms),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """The counts stored as these arrays; InputError where they do not fit together."""
        cells, arms = (tuple(str(name) for name in arrays[kind]) for kind in ("cells", "arms"))
        shown, clicked = (np.asarray(arrays[name], np.float64) for name in ("shown", "clicked"))
        if shown.shape != (len(cells), len(arms)) or clicked.shape != shown.shape:
            raise InputError(f"counts of {len(cells)} cells and {len(arms)} arms are stored as {shown.shape}")
        if not (np.isfinite(shown) & np.isfinite(clicked) & (shown >= 0) & (clicked >= 0)).all():
            raise InputError("stored counts of a bandit hold numbers below 0 or none at all; restore an older snapshot")
        return cls(cells, arms, shown, clicked, int(arrays["origin_ms"]), float(arrays["half_life_ms"]))

    def _weight(self, at_ms: NDArray[np.int64]) -> Floats:
        lives = (at_ms - self.origin_ms) / self.half_life_ms
        if (lives > MOST_HALF_LIVES).any():
            raise InputError(
                f"{lives.max():.0f} half-lives after their origin, counts cannot be kept; move them to a newer origin"
            )
        return np.exp2(lives)

    def moved(self, origin_ms: int) -> Self:
        """The same counts, with an impression at `origin_ms` weighing 1."""
        shown, clicked = self.at(origin_ms)
        return replace(self, shown=shown, clicked=clicked, origin_ms=origin_ms)


def merged(parts: Sequence[Counts]) -> Counts:
    """The sum of what each replica counted; arms that one of them does not know yet are added.

    InputError where they differ in cells, origin or half-life: their sums would mean different things.
    """
    if not parts:
        raise InputError("no counts to merge; give those of one replica at least")
    first = parts[0]
    if any((p.cells, p.origin_ms, p.half_life_ms) != (first.cells, first.origin_ms, first.half_life_ms) for p in parts):
        raise InputError(
            "replicas count by different cells, origins or half-lives; restart them with the same settings"
        )
    names = sorted({name for part in parts for name in part.arms})
    shown, clicked = (np.zeros((len(first.cells), len(names))) for _ in range(2))
    for part in parts:
        columns = np.searchsorted(names, part.arms) if part.arms else np.zeros(0, np.intp)
        shown[:, columns] += part.shown
        clicked[:, columns] += part.clicked
    return replace(first, arms=tuple(names), shown=shown, clicked=clicked)


def _refuse_twice(kind: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(f"{kind} {name!r} is named twice; give each {kind} a name of its own")
        seen.add(name)
