"""How often articles were shown, and where: counts that fade, and the newest ones one by one. Forgets who it was.

An article shown often and rarely opened looks, by its reads alone, like one shown rarely.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.nouns import Shown
from readership.models.recommendation.parameters import HOUR_MS, Parameters
from readership.models.recommendation.rings import Growing

_NOTHING = 1e-9
"""Less than that is none: what is left where all was taken out again."""
_REBASED_HALVES = 60
"""Counts are brought up to date after so many of the shortest half-lives; until then new ones count for more."""


class Exposures:
    """What was shown; `learn` changes it, nothing else does.

    last_at  int64 [n], when each was last shown, ms; 0 where never
    count    float64 [n, half-lives]: Σ weight · 2^((shown − `base_ms`) / half-life); an article at position k weighs
             k^-`shown_fall`, since those further down are looked at less
    """

    def __init__(self, parameters: Parameters) -> None:
        self._half_ms = np.array(parameters.shown_half_lives_hours) * HOUR_MS
        self._fall = parameters.shown_fall
        self._kept = parameters.shown_kept
        self._count = Growing(np.float64, len(self._half_ms))
        self._last_at = Growing(np.int64)
        self._base_ms = 0
        self._place = np.empty(0, dtype=np.int32)
        self._at = np.empty(0, dtype=np.int64)
        self._weight = np.empty(0)
        self._visit = np.empty(0, dtype=np.uint64)

    @property
    def known(self) -> bool:
        """Whether anything was shown at all."""
        return self._base_ms > 0

    def grow(self, articles: int) -> None:
        """Have room for so many articles."""
        self._count.grow(articles)
        self._last_at.grow(articles)

    def learn(self, shown: Shown, place: NDArray[np.int32]) -> None:
        """Count these; `place` [k] is where each article lies, -1 where it was never put: it is passed over."""
        known = place >= 0
        place, at_ms, visit = place[known], shown.at_ms[known], shown.visit[known]
        if not len(place):
            return
        weight = np.maximum(shown.position[known], 1) ** -self._fall
        self._rebase(int(at_ms.max()))
        faded = weight[:, None] * np.exp2((at_ms - self._base_ms)[:, None] / self._half_ms)
        np.add.at(self._count.values, place, faded)
        np.maximum.at(self._last_at.values, place, at_ms)
        self._keep(place, at_ms, weight, visit)

    def at(self, at_ms: int, places: NDArray[np.int32], visit: int = 0) -> NDArray[np.float64]:
        """Faded counts [k, half-lives] of distinct places, rising; what was shown in the asker's own visit is left out.

        The page that is asked for is part of that visit: it must not say what stands on it.
        """
        found = self._count.values[places] * np.exp2((self._base_ms - at_ms) / self._half_ms)
        own = self._of_visit(visit)
        if own.size and places.size:
            where = np.minimum(np.searchsorted(places, self._place[own]), len(places) - 1)
            own, where = own[places[where] == self._place[own]], where[places[where] == self._place[own]]
            faded = self._weight[own, None] * np.exp2((self._at[own] - at_ms)[:, None] / self._half_ms)
            np.subtract.at(found, where, faded)
        return np.where(found > _NOTHING, found, 0.0)

    def newest(self, places: NDArray[np.int32], visit: int = 0) -> NDArray[np.int64]:
        """When each of these distinct places was last shown in another visit, ms; 0 where that is not kept any more."""
        found = self._last_at.values[places]
        own = self._of_visit(visit)
        if own.size:
            other = self._visit != np.uint64(visit)
            for k in np.flatnonzero(np.isin(places, self._place[own])).tolist():
                found[k] = self._at[other & (self._place == places[k])].max(initial=0)
        return np.where(found < (self._at[0] if len(self._at) else 0), 0, found)

    def _of_visit(self, visit: int) -> NDArray[np.intp]:
        return np.flatnonzero(self._visit == np.uint64(visit)) if visit else np.empty(0, dtype=np.intp)

    def _rebase(self, newest_ms: int) -> None:
        ahead = newest_ms - self._base_ms
        if ahead > _REBASED_HALVES * self._half_ms.min():
            self._count.values[:] *= np.exp2(-ahead / self._half_ms)
            self._base_ms = newest_ms

    def _keep(self, *columns: NDArray[Any]) -> None:
        names = ("_place", "_at", "_weight", "_visit")
        for name, new in zip(names, columns, strict=True):
            setattr(self, name, np.concatenate([getattr(self, name), new])[-self._kept :])

    def files(self, kept: NDArray[np.intp], place_of: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
        """Arrays of the articles kept; `place_of` [n] renumbers articles, -1 drops one. Visits are not told."""
        place = place_of[self._place] if len(place_of) else self._place
        stays = place >= 0
        return {
            "shown.count": self._count.values[kept],
            "shown.last_at": self._last_at.values[kept],
            "shown.base_ms": np.array(self._base_ms),
            "shown.place": place[stays],
            "shown.at": self._at[stays],
            "shown.weight": self._weight[stays],
        }

    def fill(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Hold what `files` gave."""
        self._count.replace(arrays["shown.count"])
        self._last_at.replace(arrays["shown.last_at"])
        self._base_ms = int(arrays["shown.base_ms"])
        for name in ("place", "at", "weight"):
            setattr(self, f"_{name}", arrays[f"shown.{name}"])
        self._visit = np.zeros(len(self._place), dtype=np.uint64)
