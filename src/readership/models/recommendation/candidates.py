"""The union of what the sources bring for one asker: a few hundred articles out of all that are live."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.catalogue import CATEGORY, Catalogue
from readership.models.recommendation.content import Nearest, taste
from readership.models.recommendation.live import Live, Offered, is_live, of_brand
from readership.models.recommendation.memory import History, Memory
from readership.models.recommendation.neighbours import Alike, alike, from_neighbours
from readership.models.recommendation.nouns import Asker
from readership.models.recommendation.parameters import Parameters
from readership.models.recommendation.together import together

_CATEGORIES = 3
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
    brand = catalogue.number("brand", moment.asker.brand)
    offered = moment.live.offered(catalogue, parameters, brand)
    pair_places, pair_scores, because = together(memory, history, parameters, at_ms)
    found = alike(memory, history, moment.row)
    near_places, near_scores = from_neighbours(memory, found, at_ms)
    direction = taste(catalogue.vectors, history)
    wanted = np.zeros(len(catalogue), dtype=np.bool_)
    for brought in (
        offered.popular,
        offered.fresh,
        _beside(catalogue, moment),
        *_of_categories(catalogue, history, offered),
        _best(pair_places, pair_scores, parameters.together),
        _best(near_places, near_scores, parameters.neighbours),
        nearest.of(direction, parameters.content),
    ):
        wanted[brought] = True
    wanted[moment.unwanted] = False
    union = np.flatnonzero(wanted).astype(np.int32)
    union = of_brand(catalogue, union[is_live(catalogue, parameters, at_ms, union)], brand)
    seat = memory.place_seats.of(union, pair_places)
    score, reason = np.append(pair_scores, 0.0)[seat], np.append(because, -1)[seat]
    return Candidates(union, score, reason, found, direction)


def _beside(catalogue: Catalogue, moment: Moment) -> NDArray[np.int32]:
    """Articles published just before and after the last reads: readers go down a list."""
    last = catalogue.published[moment.history.place[-_LAST:]]
    middle = moment.live.published.searchsorted(last)
    around = (middle[:, None] + np.arange(-_BESIDE, _BESIDE + 1)).ravel()
    return moment.live.fresh[around[(around >= 0) & (around < len(moment.live.fresh))]]


def _best(places: NDArray[np.int32], scores: NDArray[np.float64], most: int) -> NDArray[np.int32]:
    return places if len(places) <= most else places[np.argpartition(-scores, most)[:most]]


def _of_categories(catalogue: Catalogue, history: History, offered: Offered) -> list[NDArray[np.int32]]:
    """The popular ones of the categories that the asker reads most."""
    read = catalogue.codes[history.place, CATEGORY]
    counts = np.bincount(read[read >= 0])
    favourites = np.argsort(-counts, kind="stable")[:_CATEGORIES].tolist()
    return [offered.of_category[one] for one in favourites if counts[one] and one in offered.of_category]
