"""A recommender's memory without some readers: what they read, and that they were among an article's readers.

What many readers did together stays: how often an article was read, and what was read next to what.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.files import read_arrays, write_arrays

MEMORY_FILE = "memory.npz"
_OF_READERS = ("reader", "read_count", "opened", "history.value", "history.at", "history.pushed")
_NAMING_READERS = ("first_reader", "readers.value")


def without(content: bytes, readers: Collection[int]) -> bytes | None:
    """The content of `memory.npz` without these readers; None where it holds none of them."""
    arrays = read_arrays(content)
    stays = ~np.isin(arrays["reader"], np.array(sorted(readers), dtype=np.uint64))
    if stays.all():
        return None
    row_of = np.where(stays, np.cumsum(stays) - 1, -1).astype(np.int32)
    arrays |= {name: arrays[name][stays] for name in _OF_READERS}
    arrays |= {name: _renumbered(arrays[name], row_of) for name in _NAMING_READERS}
    return write_arrays(arrays)


def _renumbered(rows: NDArray[np.int32], row_of: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.where(rows >= 0, row_of[np.maximum(rows, 0)], -1).astype(np.int32)
