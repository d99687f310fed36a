"""What can be recommended now, in the two orders that need no reader: by decayed popularity and newest first."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.catalogue import BRAND, CATEGORY, Catalogue
from readership.models.recommendation.memory import Memory
from readership.models.recommendation.parameters import DAY_MS, Parameters

POPULAR = 0
"""Column of `Memory.heat` that ranks by itself."""
_SEARCHED = 1500


class Offered(NamedTuple):
    """What there is for those who ask for one brand: what everybody is offered, and the popular ones by category.

    popular, fresh  int32, the first of `Live.popular` and the last of `Live.fresh` that are of the brand or of none
    of_category     the first popular ones of each category
    """

    popular: NDArray[np.int32]
    fresh: NDArray[np.int32]
    of_category: dict[int, NDArray[np.int32]]


@dataclass(frozen=True, eq=False)
class Live:
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
    _offered: dict[int, Offered] = field(default_factory=dict, repr=False)

    def offered(self, catalogue: Catalogue, parameters: Parameters, brand: int) -> Offered:
        """What there is for a brand, by its number; -1 is every brand. Worked out when it is first asked for."""
        if brand not in self._offered:
            popular, fresh = (of_brand(catalogue, places, brand) for places in (self.popular, self.fresh))
            searched = popular[:_SEARCHED]
            category = catalogue.codes[searched, CATEGORY]
            self._offered[brand] = Offered(
                popular[: parameters.popular],
                fresh[-parameters.fresh :],
                {one: searched[category == one][: parameters.of_category] for one in np.unique(category).tolist()},
            )
        return self._offered[brand]


def of_brand(catalogue: Catalogue, places: NDArray[np.int32], brand: int) -> NDArray[np.int32]:
    """Those of the brand of this number, and those of none, in their order; all where it is -1."""
    if brand < 0:
        return places
    of = catalogue.codes[places, BRAND]
    return places[(of == brand) | (of < 0)]


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
