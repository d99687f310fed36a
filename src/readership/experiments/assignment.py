"""Who gets which variant: a hash of the experiment and the unit's id, the same everywhere and for ever.

It is GrowthBook's hash (hashVersion 2), so its SDKs in a browser or an app agree with this side. The id is the
publisher's own text. Nothing is looked up and nothing stored; `earlier` (what a unit was given before) stays where
it is handed in.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.experiments.definition import Experiment, Namespace
from readership.experiments.reading import FOLDER, read_experiments
from readership.experiments.started import check_unchanged
from readership.experiments.usable import usable

__all__ = [
    "FOLDER", "Assignment", "Experiment", "assign", "assign_many", "bucket", "check_unchanged", "read_experiments",
    "usable",
]  # fmt: skip

OFFSET, PRIME, MASK = 0x811C9DC5, 0x01000193, 0xFFFFFFFF
Words = NDArray[np.uint32]


class Assignment(NamedTuple):
    """A variant, and the chance with which a unit in the experiment gets it."""

    variant: str
    propensity: float


def assign(
    experiment: Experiment, unit: str, attributes: Mapping[str, str] | None = None, earlier: str | None = None
) -> Assignment | None:
    """The variant of one unit; None where it takes no part: no id, another audience, another share of the readers.

    `attributes` are what the audience asks for, by name; one that is not known is of no audience. Whether the
    experiment is running is not asked here.
    """
    if earlier in experiment.variants:
        return _assignment(experiment, experiment.variants.index(earlier))
    if not unit or not in_audience(experiment, attributes or {}) or not in_namespace(experiment.namespace, unit):
        return None
    place = bucket(experiment.key, unit)
    for at, (low, high) in enumerate(experiment.ranges):
        if low <= place < high:
            return _assignment(experiment, at)
    return None


def assign_many(experiment: Experiment, units: Sequence[str]) -> NDArray[np.int8]:
    """Place of each unit's variant in `variants`, -1 where it takes no part; the audience is not asked."""
    ids = np.asarray(units, dtype=np.str_)
    places = fnv1a32_many(experiment.key, ids)
    found = np.full(len(ids), -1, np.int8)
    buckets = (fnv1a32_decimal(places) % 10_000) / 10_000
    for at, (low, high) in enumerate(experiment.ranges):
        found[(buckets >= low) & (buckets < high)] = at
    if experiment.namespace:
        name, low, high = experiment.namespace
        share = (fnv1a32_many("", ids, after=f"__{name}") % 1_000) / 1_000
        found[(share < low) | (share >= high)] = -1
    found[np.char.str_len(ids) == 0] = -1
    return found


def bucket(seed: str, unit: str) -> float:
    """Where a unit lies, 0 to 0.9999: FNV-1a of the decimal text of FNV-1a of seed and unit, modulo 10,000.

    >>> bucket("home-hybrid", "reader-1"), bucket("home-hybrid", "reader-2")
    (0.9746, 0.0983)
    """
    return (fnv1a32(str(fnv1a32(unit, _of_seed(seed)))) % 10_000) / 10_000


def in_namespace(namespace: Namespace | None, unit: str) -> bool:
    """Whether a unit is in this share of the readers (GrowthBook's namespace, hashVersion 1)."""
    if namespace is None:
        return True
    return namespace.low <= (fnv1a32(f"{unit}__{namespace.name}") % 1_000) / 1_000 < namespace.high


def in_audience(experiment: Experiment, attributes: Mapping[str, str]) -> bool:
    """Whether all that the audience asks for is so."""
    return all(attributes.get(name) in allowed for name, allowed in experiment.audience.items())


def fnv1a32(text: str, found: int = OFFSET) -> int:
    """FNV-1a, 32 bits, over UTF-16 code units (of ASCII: over bytes), going on from `found`.

    >>> fnv1a32(""), fnv1a32("a")
    (2166136261, 3826002220)
    """
    if text.isascii():
        for byte in text.encode():
            found = ((found ^ byte) * PRIME) & MASK
        return found
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), "<u2")
    for unit in units.tolist():
        found = ((found ^ unit) * PRIME) & MASK
    return found


def fnv1a32_many(seed: str, texts: NDArray[np.str_], after: str = "") -> Words:
    """FNV-1a of `seed` + each text + `after`."""
    codes = np.ascontiguousarray(texts).view(np.uint32).reshape(len(texts), -1)
    lengths = np.char.str_len(texts)
    found = np.full(len(texts), fnv1a32(seed), np.uint32)
    for at in range(codes.shape[1]):
        found = np.where(at < lengths, _step(found, codes[:, at]), found)
    for letter in after:
        found = _step(found, np.uint32(ord(letter)))
    if (beyond := (codes > 0xFFFF).any(axis=1)).any() or not after.isascii():
        rows = np.flatnonzero(beyond) if after.isascii() else np.arange(len(texts))
        found[rows] = [fnv1a32(f"{seed}{text}{after}") for text in texts[rows].tolist()]
    return found


def fnv1a32_decimal(numbers: Words) -> Words:
    """FNV-1a of each number's decimal text."""
    found = np.full(len(numbers), OFFSET, np.uint32)
    for power in range(9, -1, -1):
        size = np.uint32(10**power)
        digit = numbers // size % np.uint32(10) + np.uint32(ord("0"))
        found = np.where((numbers >= size) | (power == 0), _step(found, digit), found)
    return found


@lru_cache(maxsize=1_000)
def _of_seed(seed: str) -> int:
    return fnv1a32(seed)


def _step(found: Words, code: Words | np.uint32) -> Words:
    stepped: Words = (found ^ code) * np.uint32(PRIME)
    return stepped


def _assignment(experiment: Experiment, at: int) -> Assignment:
    return Assignment(experiment.variants[at], experiment.weights[at])
