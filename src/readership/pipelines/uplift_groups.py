"""Who is moved by an offer, and who is not: how the readers at either end differ from the rest, in words."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Trial
from readership.evaluation.metrics import Floats
from readership.evaluation.uplift import PER
from readership.features.catalogue import by_name

END_SHARE = 0.10
TOLD = 5
FEWEST = 5
LEAST_APART = 0.15


class Trait(NamedTuple):
    """One way in which a group differs: the mean (or the share with a word) in it and among the others.

    group  of the catalogue, so that only one of its features is told
    apart  the difference in standard deviations
    """

    group: str
    words: str
    apart: float
    inside: float
    outside: float


def groups(test: Trial, effect: Floats) -> list[dict[str, Any]]:
    """The tenth with the highest effects, and those with a negative one (else the tenth with the lowest)."""
    order = np.argsort(-effect, kind="stable")
    size = max(1, int(END_SHARE * len(effect)))
    top, bottom = (np.isin(np.arange(len(effect)), some) for some in (order[:size], order[-size:]))
    below = effect < 0
    negative = below.mean() >= END_SHARE / 10
    last = ("a contact would rather drive away", below) if negative else ("moved least", bottom)
    return [_group("moved most", top, test, effect), _group(*last, test, effect)]


def _group(name: str, inside: NDArray[np.bool_], test: Trial, effect: Floats) -> dict[str, Any]:
    traits: dict[str, Trait] = {}
    for trait in sorted(_traits(test, inside), key=lambda trait: -abs(trait.apart)):
        traits.setdefault(trait.group, trait)
    return {
        "name": name,
        "share": round(float(inside.mean()), 4),
        "stated": round(PER * float(effect[inside].mean()), 4),
        "traits": [
            {"words": t.words, "apart": round(t.apart, 3), "inside": round(t.inside, 3), "outside": round(t.outside, 3)}
            for t in [*traits.values()][:TOLD]
        ],
    }


def _traits(test: Trial, inside: NDArray[np.bool_]) -> Iterator[Trait]:
    """Numbers that are higher or lower in the group; words that are commoner in it."""
    rows, known = test.rows, by_name()
    for place, name in enumerate(rows.names):
        values, feature = rows.features[:, place].astype(np.float64), known[name]
        if name in rows.categories:
            for code, word in enumerate(rows.categories[name]):
                trait = _trait(name, f"{feature.meaning}: {word}", (values == code).astype(np.float64), inside)
                if trait and trait.apart > 0:
                    yield trait
        elif trait := _trait(feature.group, feature.meaning, values, inside):
            yield trait


def _trait(group: str, words: str, values: Floats, inside: NDArray[np.bool_]) -> Trait | None:
    there = ~np.isnan(values)
    if min((there & inside).sum(), (there & ~inside).sum()) < FEWEST:
        return None
    spread = float(values[there].std())
    mean, others = float(values[there & inside].mean()), float(values[there & ~inside].mean())
    if spread == 0 or abs(mean - others) < LEAST_APART * spread:
        return None
    return Trait(group, words, (mean - others) / spread, mean, others)
