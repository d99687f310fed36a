"""What readers did, kept read by read: counts that fade, the newest readers of an article, the newest reads of each."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.exposures import Exposures
from readership.models.recommendation.parameters import HOUR_MS, Parameters
from readership.models.recommendation.rings import Growing, Rings
from readership.models.recommendation.seats import Seats

_KEY = 2**64 - 1


class History(NamedTuple):
    """Articles that one reader has read, each once at its newest read, oldest first.

    place  int32 [h] in the catalogue
    at     int64 [h], ms
    """

    place: NDArray[np.int32]
    at: NDArray[np.int64]


NOTHING = History(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64))


class Memory:
    """State of the candidate sources; `learn` changes it, nothing else does.

    heat          float64 [n, half-lives]: Σ 2^(-age / half-life) over first reads, as of `heated` [n], ms
    readers       the newest first readers of each article, and when
    first_reader  int32 [n], row of the first reader of each article, -1 where it has none
    reads         int64 [n], first reads of each article
    pairs         the newest articles read within one reader's history next to each article, and when
    history       the newest reads of each reader
    read_count    int64 [readers], articles each has read
    opened        int64 [readers], articles of which each was the first reader
    exposures     how often articles were shown
    """

    def __init__(self, parameters: Parameters) -> None:
        self._half_ms = np.array(self.half_lives(parameters)) * HOUR_MS
        self._rows: dict[int, int] = {}
        self.readers = Rings(parameters.readers_kept)
        self.pairs = Rings(parameters.pairs_kept)
        self.history = Rings(parameters.history_kept)
        self.exposures = Exposures(parameters)
        self._pairs_made = parameters.pairs_made
        self._heat = Growing(np.float64, len(self._half_ms))
        self._heated = Growing(np.int64)
        self._first_reader = Growing(np.int32, fill=-1)
        self._last_at = Growing(np.int64)
        self._reads = Growing(np.int64)
        self._read_count = Growing(np.int64)
        self._opened = Growing(np.int64)
        self.reader_seats, self.place_seats = Seats(), Seats()

    @staticmethod
    def half_lives(parameters: Parameters) -> tuple[float, ...]:
        """Those of `heat`, hours: the first is that of the popularity that ranks by itself."""
        return (parameters.popular_half_life_hours, *parameters.half_lives_hours)

    @property
    def articles(self) -> int:
        """Articles there is room for."""
        return len(self.reads)

    @property
    def heat(self) -> NDArray[np.float64]:
        """See above; `heat_at` brings it to one time."""
        return self._heat.values

    @property
    def heated(self) -> NDArray[np.int64]:
        """When `heat` was last brought up to date, ms."""
        return self._heated.values

    @property
    def first_reader(self) -> NDArray[np.int32]:
        """Who read each article first."""
        return self._first_reader.values

    @property
    def last_at(self) -> NDArray[np.int64]:
        """Newest read of each article, ms; 0 where there is none."""
        return self._last_at.values

    @property
    def reads(self) -> NDArray[np.int64]:
        """First reads of each article."""
        return self._reads.values

    @property
    def read_count(self) -> NDArray[np.int64]:
        """Articles each reader has read."""
        return self._read_count.values

    @property
    def opened(self) -> NDArray[np.int64]:
        """Articles of which each reader was the first."""
        return self._opened.values

    def grow(self, articles: int) -> None:
        """Have room for so many articles."""
        for column in (self.readers, self.pairs, self._heat, self._heated, self._first_reader, self._last_at):
            column.grow(articles)
        self._reads.grow(articles)
        self.place_seats.grow(articles)
        self.exposures.grow(articles)

    def row(self, reader: int | None) -> int:
        """Row of a reader; -1 where nothing was learnt of them."""
        return -1 if reader is None else self._rows.get(reader & _KEY, -1)

    def heat_at(self, at_ms: int, places: NDArray[np.integer] | slice, half: int | slice = slice(None)) -> NDArray[Any]:
        """Decayed counts [k, half-lives] of these places at a time."""
        age = np.maximum(at_ms - self.heated[places], 0)
        if isinstance(half, int):
            return self.heat[places, half] * np.exp2(-age / self._half_ms[half])
        return self.heat[places][:, half] * np.exp2(-age[:, None] / self._half_ms[half])

    def of(self, reader: int | None) -> History:
        """What is remembered of a reader."""
        row = self.row(reader)
        return NOTHING if row < 0 else newest_once(*self.history.of(row))

    def learn(self, reader: int, place: int, at_ms: int) -> None:
        """One read; a second read of the same article counts as none, but for the history's order."""
        row = self._rows.setdefault(reader & _KEY, len(self._rows))
        if row == len(self.read_count):
            for column in (self.history, self._read_count, self._opened, self.reader_seats):
                column.grow(row + 1)
        before, _ = self.history.of(row)
        self.last_at[place] = max(int(self.last_at[place]), at_ms)
        if place in before:
            return
        self._warm(place, at_ms)
        self._pair(place, before, at_ms)
        self.readers.push(place, row, at_ms)
        self.history.push(row, place, at_ms)
        self.read_count[row] += 1
        self.reads[place] += 1
        if self.first_reader[place] < 0:
            self.first_reader[place] = row
            self.opened[row] += 1

    def _warm(self, place: int, at_ms: int) -> None:
        heated = int(self.heated[place])
        newer = max(heated, at_ms)
        self.heat[place] *= np.exp2((heated - newer) / self._half_ms)
        self.heat[place] += np.exp2((at_ms - newer) / self._half_ms)
        self.heated[place] = newer

    def _pair(self, place: int, before: NDArray[np.int32], at_ms: int) -> None:
        others = before[-self._pairs_made :]
        if not others.size:
            return
        self.pairs.push_each(others, place, at_ms)
        for other in others.tolist():
            self.pairs.push(place, other, at_ms)

    def files(self, kept: NDArray[np.intp], place_of: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
        """Arrays of the articles kept and of their readers; `place_of` [n] renumbers articles, -1 drops one."""
        keys = np.fromiter(self._rows, dtype=np.uint64, count=len(self._rows))
        stays = (_renumbered(self.history.value.values, place_of) >= 0).any(axis=1)
        rows = np.flatnonzero(stays)
        row_of = np.full(len(keys), -1, dtype=np.int32)
        row_of[rows] = np.arange(len(rows))
        found: dict[str, NDArray[Any]] = {
            "reader": keys[rows],
            "read_count": self.read_count[rows],
            "opened": self.opened[rows],
        }
        for name in ("heat", "heated", "last_at", "reads"):
            found[name] = getattr(self, name)[kept]
        found["first_reader"] = _renumbered(self.first_reader[kept], row_of)
        for name, ring, which, numbers in (
            ("readers", self.readers, kept, row_of),
            ("pairs", self.pairs, kept, place_of),
            ("history", self.history, rows, place_of),
        ):
            arrays = ring.arrays(which)
            arrays["value"] = _renumbered(arrays["value"], numbers)
            found |= {f"{name}.{column}": values for column, values in arrays.items()}
        return found | self.exposures.files(kept, place_of)

    def fill(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Hold what `files` gave; what an earlier version wrote says nothing of what was shown."""
        self._rows = {key: row for row, key in enumerate(arrays["reader"].tolist())}
        for name in ("heat", "heated", "last_at", "reads", "first_reader", "read_count", "opened"):
            column: Growing = getattr(self, f"_{name}")
            column.replace(arrays[name])
        self.exposures.grow(len(self.reads))
        self.place_seats.grow(len(self.reads))
        self.reader_seats.grow(len(self.read_count))
        if "shown.count" in arrays:
            self.exposures.fill(arrays)
        for name in ("readers", "pairs", "history"):
            ring: Rings = getattr(self, name)
            ring.fill({column: arrays[f"{name}.{column}"] for column in ("value", "at", "pushed")})


def newest_once(place: NDArray[np.int32], at: NDArray[np.int64]) -> History:
    """Each article once, at its newest read, in time order; -1 is no article.

    >>> newest_once(np.array([4, 5, 4, -1]), np.array([1, 2, 3, 9])).place.tolist()
    [5, 4]
    """
    newest: dict[int, int] = {}
    for at_ms, one in sorted(zip(at.tolist(), place.tolist(), strict=True), key=itemgetter(0)):
        if one >= 0:
            newest.pop(one, None)
            newest[one] = at_ms
    return History(np.array([*newest], dtype=np.int32), np.array([*newest.values()], dtype=np.int64))


def _renumbered(values: NDArray[np.int32], numbers: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.where(values >= 0, numbers[np.maximum(values, 0)], -1).astype(np.int32) if numbers.size else values
