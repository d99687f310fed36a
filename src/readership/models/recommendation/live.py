"""What can be recommended now, in the two orders that need no reader: by decayed popularity and newest first."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.catalogue import Catalogue
from readership.models.recommendation.memory import Memory
from readership.models.recommendation.parameters import DAY_MS, Parameters

POPULAR = 0
"""Column of `Memory.heat` that ranks by itself."""


class Live(NamedTuple):
    """Articles that could be recommended at `at_ms`.

    at_ms      when this was so
    popular    places by decayed popularity, falling; articles without a read come last, newest first
    published  int64, rising: when each was published
    fresh      places in the order of `published`
    """

    at_ms: int
    popular: NDArray[np.int32]
    published: NDArray[np.int64]
    fresh: NDArray[np.int32]


def live_at(catalogue: Catalogue, memory: Memory, parameters: Parameters, at_ms: int) -> Live:
    """Look at the whole catalogue once."""
    places = np.flatnonzero(is_live(catalogue, parameters, at_ms, slice(None)))
    published = catalogue.published[places]
    newest = np.argsort(published, kind="stable")
    places = places[newest]
    heat = memory.heat_at(at_ms, places, POPULAR)
    popular = places[::-1][np.argsort(-heat[::-1], kind="stable")]
    return Live(at_ms, popular.astype(np.int32), published[newest], places.astype(np.int32))


def is_live(
    catalogue: Catalogue, parameters: Parameters, at_ms: int, places: NDArray[np.int32] | slice
) -> NDArray[np.bool_]:
    """Whether each may be recommended: published, not withdrawn and not too old.

    An article published at `at_ms` itself may, one withdrawn at it may not.
    """
    published = catalogue.published[places]
    oldest = at_ms - parameters.newest_age_days * DAY_MS
    return (published <= at_ms) & (published >= oldest) & (at_ms < catalogue.withdrawn[places])


def ended(catalogue: Catalogue, parameters: Parameters, at_ms: int) -> NDArray[np.bool_]:
    """Which articles [n] are withdrawn or too old: they will not be recommended again unless they are put anew."""
    oldest = at_ms - parameters.newest_age_days * DAY_MS
    return (catalogue.published < oldest) | (catalogue.withdrawn <= at_ms)
