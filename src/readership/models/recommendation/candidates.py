"""The union of what the sources bring for one asker: a few hundred articles out of all that are live."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.catalogue import Catalogue
from readership.models.recommendation.content import Nearest, taste
from readership.models.recommendation.live import Live, is_live
from readership.models.recommendation.memory import History, Memory
from readership.models.recommendation.neighbours import Alike, alike, from_neighbours
from readership.models.recommendation.nouns import Asker
from readership.models.recommendation.parameters import Parameters
from readership.models.recommendation.together import together

BRAND, CATEGORY = 0, 1
_CATEGORIES = 3
_SEARCHED = 1500
_LAST = 3
_BESIDE = 5


class Moment(NamedTuple):
    """One request: who asks, what is known of them, and what is live.

    row      of the asker in the memory, -1 where unknown
    history  the newest reads of the asker, each article once, oldest first
    unwanted places that must not be recommended: those read before, and those the caller excludes
    """

    asker: Asker
    row: int
    history: History
    unwanted: NDArray[np.int32]
    live: Live


class Candidates(NamedTuple):
    """Articles that may be recommended, in ascending order of place; each was brought by a source.

    place     int32 [k]
    together  float64 [k], score of co-visitation, 0 where not found by it
    because   int32 [k], the article of the history that co-visitation found it by, -1 where none
    alike     readers alike
    taste     float32 [WIDTH], direction of the asker's reads
    """

    place: NDArray[np.int32]
    together: NDArray[np.float64]
    because: NDArray[np.int32]
    alike: Alike
    taste: NDArray[np.float32]


def candidates(
    catalogue: Catalogue, memory: Memory, nearest: Nearest, parameters: Parameters, moment: Moment
) -> Candidates:
    """What every source brings, once each, without what is unwanted or not live."""
    at_ms, history = moment.asker.at_ms, moment.history
    pair_places, pair_scores, because = together(memory, history, parameters, at_ms)
    found = alike(memory, history, moment.row)
    near_places, near_scores = from_neighbours(memory, found, at_ms)
    direction = taste(catalogue.vectors, history)
    brought = [
        _of_brand(catalogue, moment, moment.live.popular)[: parameters.popular],
        _of_brand(catalogue, moment, moment.live.fresh)[-parameters.fresh :],
        _beside(catalogue, moment),
        _of_categories(catalogue, moment, parameters),
        _best(pair_places, pair_scores, parameters.together),
        _best(near_places, near_scores, parameters.neighbours),
        nearest.of(direction, parameters.content),
    ]
    union = np.unique(np.concatenate(brought))
    union = union[is_live(catalogue, parameters, at_ms, union) & ~np.isin(union, moment.unwanted)]
    union = _of_brand(catalogue, moment, union)
    score, reason = np.zeros(len(union)), np.full(len(union), -1, dtype=np.int32)
    if len(union) and len(pair_places):
        where = np.minimum(np.searchsorted(pair_places, union), len(pair_places) - 1)
        same = pair_places[where] == union
        score, reason = np.where(same, pair_scores[where], 0.0), np.where(same, because[where], reason)
    return Candidates(union, score, reason, found, direction)


def _beside(catalogue: Catalogue, moment: Moment) -> NDArray[np.int32]:
    """Articles published just before and after the last reads: readers go down a list."""
    last = catalogue.published[moment.history.place[-_LAST:]]
    middle = np.searchsorted(moment.live.published, last)
    around = (middle[:, None] + np.arange(-_BESIDE, _BESIDE + 1)).ravel()
    return moment.live.fresh[np.unique(around[(around >= 0) & (around < len(moment.live.fresh))])]


def _best(places: NDArray[np.int32], scores: NDArray[np.float64], most: int) -> NDArray[np.int32]:
    return places if len(places) <= most else places[np.argpartition(-scores, most)[:most]]


def _of_brand(catalogue: Catalogue, moment: Moment, places: NDArray[np.int32]) -> NDArray[np.int32]:
    """Those of the brand that is asked, and those of none, in their order; all where no article has that brand."""
    brand = catalogue.number("brand", moment.asker.brand)
    if brand < 0:
        return places
    of = catalogue.codes[places, BRAND]
    return places[(of == brand) | (of < 0)]


def _of_categories(catalogue: Catalogue, moment: Moment, parameters: Parameters) -> NDArray[np.int32]:
    """The popular ones of the categories that the asker reads most."""
    read = catalogue.codes[moment.history.place, CATEGORY]
    counts = np.bincount(read[read >= 0]) if (read >= 0).any() else np.empty(0, dtype=np.int64)
    favourites = np.argsort(-counts, kind="stable")[:_CATEGORIES]
    popular = _of_brand(catalogue, moment, moment.live.popular)[:_SEARCHED]
    category = catalogue.codes[popular, CATEGORY]
    parts = [popular[category == one][: parameters.of_category] for one in favourites if counts[one]]
    return np.concatenate([np.empty(0, dtype=np.int32), *parts])
