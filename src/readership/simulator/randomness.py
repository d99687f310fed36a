"""Random numbers by name: each draw is a hash of what it is for, never the next of a stream.

A draw is fixed by (seed, purpose, reader, day, …) alone. It does not depend on what else was drawn, on how many
other readers there are, or on how the work is cut into batches; two worlds of one seed that differ in one decision
share every other draw (common random numbers).

The hash is the finaliser of SplitMix64 (Steele, Lea and Flood 2014), applied once for each part of the key.
"""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_A, _B = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def root(seed: int) -> int:
    """The key all keys of one world are made from."""
    return _mix_number(seed & _MASK)


def key(parent: int, *parts: int | str) -> int:
    """The key of something in something, by numbers or names: `key(root(7), "visits", 12)`."""
    for part in parts:
        number = crc32(part.encode()) if isinstance(part, str) else part
        parent = _mix_number((parent ^ _mix_number(number + _STEP)) + _STEP)
    return parent


def keys(parent: int | Keys, numbers: int | NDArray[np.integer]) -> Keys:
    """One key for each number under `parent`, or under the parent at the same place."""
    above = np.uint64(parent) if isinstance(parent, int) else parent
    own: Keys = _mix(np.atleast_1d(numbers).astype(np.uint64))
    return _mix((above ^ own) + np.uint64(_STEP))


def bits(keys: Keys, purpose: str) -> Keys:
    """64 random bits for each key."""
    return _mix(keys + np.uint64(_mix_number(crc32(purpose.encode()))))


def uniform(keys: Keys, purpose: str) -> NDArray[np.float64]:
    """Uniform in (0, 1) for each key."""
    return _unit(bits(keys, purpose))


def normal(keys: Keys, purpose: str) -> NDArray[np.float64]:
    """Standard normal for each key (Box–Muller)."""
    first = bits(keys, purpose)
    return np.sqrt(-2 * np.log(_unit(first))) * np.cos(2 * np.pi * _unit(_mix(first)))


def pick(keys: Keys, purpose: str, weights: NDArray[np.float64]) -> NDArray[np.intp]:
    """A place in `weights` for each key, with probability in proportion to them; rows of a matrix go with the keys."""
    chance = uniform(keys, purpose)
    steps = np.cumsum(weights, axis=-1)
    if weights.ndim == 1:
        return np.searchsorted(steps, chance * steps[-1], side="right")
    return (steps <= (chance * steps[:, -1])[:, None]).sum(axis=1)


def poisson(keys: Keys, purpose: str, mean: NDArray[np.float64]) -> NDArray[np.int64]:
    """Poisson counts by inversion; `mean` is at most about 10 here."""
    chance = uniform(keys, purpose)
    term = np.exp(-mean)
    counts = np.zeros(len(mean), dtype=np.int64)
    open_ = np.flatnonzero(chance > term)
    term, mean, chance = term[open_], mean[open_], chance[open_]
    reached, count = term.copy(), 0
    while len(open_):
        count += 1
        counts[open_] = count
        term = term * mean / count
        reached = reached + term
        more = (chance > reached) & (count < 60)
        open_, term, mean, chance, reached = open_[more], term[more], mean[more], chance[more], reached[more]
    return counts


def _unit(bits: Keys) -> NDArray[np.float64]:
    return ((bits >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def _mix(z: Keys) -> Keys:
    z = z + np.uint64(_STEP)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(_A)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(_B)
    return z ^ (z >> np.uint64(31))


def _mix_number(z: int) -> int:
    z = (z + _STEP) & _MASK
    z = ((z ^ (z >> 30)) * _A) & _MASK
    z = ((z ^ (z >> 27)) * _B) & _MASK
    return z ^ (z >> 31)
