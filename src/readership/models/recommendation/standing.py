"""What the ranker sees of an article whoever asks: worked out once for a moment, then looked up.

Those who ask in one moment are mostly offered the same articles, so most of this has been worked out for another.
"""

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.catalogue import Catalogue
from readership.models.recommendation.live import POPULAR, Live
from readership.models.recommendation.memory import Memory
from readership.models.recommendation.neighbours import decayed
from readership.models.recommendation.parameters import HOUR_MS, Parameters
from readership.models.recommendation.rings import Growing
from readership.models.recommendation.shown_columns import STANDING as SHOWN
from readership.models.recommendation.shown_columns import Columns, shown_columns

HALVES = 4
"""Half-lives of `Parameters.half_lives_hours`; columns are named by their number, 1 the shortest."""
SHRINK = 2.0
_FEW = 1e-3
SEEN = (
    "popular",
    *(f"slope_{half}" for half in range(1, HALVES + 1)),
    "hours_old",
    "newer",
    "reads_per_hour",
    "hours_since_read",
    "reads",
    "first_reader_opened",
)
"""Columns that the ranker sees as they are; the others are compared within one list, or with the asker."""
NAMES = (
    *SEEN,
    *(f"heat_{half}" for half in range(1, HALVES + 1)),
    "power",
    "readers",
    "published",
    "position",
    "log_newer",
    "log_hours_old",
    "opened",
    "topics",
    *SHOWN,
)
NUMBER = {name: number for number, name in enumerate(NAMES)}


class Standing:
    """Columns [articles, len(NAMES)] of one moment, filled in as articles are asked for.

    What changes memory or catalogue must be followed by `forget`.
    """

    def __init__(self, catalogue: Catalogue, memory: Memory, parameters: Parameters) -> None:
        self._catalogue, self._memory, self._parameters = catalogue, memory, parameters
        self._rows = Growing(np.float64, len(NAMES))
        self._filled = Growing(np.int64)
        self._number = 1
        self._of: tuple[int, Live] | None = None

    def forget(self) -> None:
        """Nothing that was worked out holds any more."""
        self._number += 1

    def of(self, places: NDArray[np.int32], at_ms: int, live: Live) -> NDArray[np.float64]:
        """[len(NAMES), k]: the columns of these distinct places, rising, each a row."""
        if self._of is None or self._of[0] != at_ms or self._of[1] is not live:
            self._of = at_ms, live
            self.forget()
        self._rows.grow(len(self._catalogue))
        self._filled.grow(len(self._catalogue))
        lacking = places[self._filled.values[places] != self._number]
        if lacking.size:
            self._fill(lacking, at_ms, live)
        return np.ascontiguousarray(self._rows.values.take(places, axis=0).T)

    def _fill(self, places: NDArray[np.int32], at_ms: int, live: Live) -> None:
        heat = self._memory.heat_at(at_ms, places)
        columns: Columns = {
            **_heat(heat),
            **self._age(places, at_ms, live),
            **self._readers(places, at_ms),
            **shown_columns(self._memory.exposures, at_ms, places, heat),
        }
        self._rows.values[places] = np.array([columns[name] for name in NAMES]).T
        self._filled.values[places] = self._number

    def _age(self, places: NDArray[np.int32], at_ms: int, live: Live) -> Columns:
        published, every = self._catalogue.published[places], live.published
        newer = len(every) - np.searchsorted(every, published, side="right")
        last_at, reads = self._memory.last_at[places], self._memory.reads[places]
        return {
            "published": published.astype(np.float64),
            "position": np.searchsorted(every, published).astype(np.float64),
            "newer": newer.astype(np.float64),
            "log_newer": np.log1p(newer),
            "hours_old": (at_ms - published) / HOUR_MS,
            "log_hours_old": np.log1p(np.maximum(at_ms - published, 0) / HOUR_MS),
            "reads": np.log1p(reads),
            "reads_per_hour": reads / ((at_ms - published) / HOUR_MS + 1),
            "hours_since_read": np.where(last_at > 0, np.maximum(at_ms - last_at, 0) / HOUR_MS, np.nan),
        }

    def _readers(self, places: NDArray[np.int32], at_ms: int) -> Columns:
        memory = self._memory
        row, first = memory.readers.value.values[places], memory.first_reader[places]
        opened = memory.opened[np.maximum(first, 0)] if memory.opened.size else np.zeros(len(first))
        return {
            "power": decayed(memory, places, self._parameters, at_ms),
            "readers": (row >= 0).sum(axis=1).astype(np.float64),
            "opened": np.where(first >= 0, opened, np.nan),
            "first_reader_opened": np.where(first >= 0, np.log1p(opened), np.nan),
            "topics": (self._catalogue.topics[places] >= 0).sum(axis=1).astype(np.float64),
        }


def _heat(heat: NDArray[np.float64]) -> Columns:
    columns: Columns = {"popular": heat[:, POPULAR]}
    for half in range(1, HALVES + 1):
        columns[f"heat_{half}"] = heat[:, half]
        faster = heat[:, half - 1] if half > 1 else heat[:, POPULAR]
        columns[f"slope_{half}"] = np.log((faster + _FEW) / (heat[:, half] + _FEW))
    return columns
