"""Which of many articles a rule means, by the numbers that the catalogue keeps of them."""

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.catalogue import AUTHOR, CATEGORY, Catalogue
from readership.models.recommendation.rules import Which

_COLUMN = {"author": AUTHOR, "category": CATEGORY}


def fitting(which: Which, catalogue: Catalogue, places: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether each of these places [k] is meant: what `Which.fits` says of its article."""
    fits = np.ones(len(places), dtype=np.bool_)
    if which.article:
        place = catalogue.place(which.article)
        fits &= places == (-1 if place is None else place)
    for kind, column in _COLUMN.items():
        if name := getattr(which, kind):
            number = catalogue.number(kind, name)
            fits &= (catalogue.codes[places, column] == number) & (number >= 0)
    if which.topic:
        fits &= _with_topic(which.topic, catalogue, places)
    return fits


def _with_topic(topic: str, catalogue: Catalogue, places: NDArray[np.int32]) -> NDArray[np.bool_]:
    number = catalogue.number("topic", topic)
    found = (catalogue.topics[places] == number).any(axis=1) & (number >= 0)
    for k in np.flatnonzero(np.isin(places, list(catalogue.many_topics))) if catalogue.many_topics else ():
        found[k] = topic in catalogue.article(int(places[k])).topics
    return found
