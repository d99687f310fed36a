"""From a frame of features, or one reader's row, to the float32 numbers that models see.

A number stays as it is, missing is nan. A category becomes the place of its word in the vocabulary;
a word that is not in it becomes `len(vocabulary)`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

Vocabularies = Mapping[str, tuple[str, ...]]
"""The words of each category, in the order of their codes."""


def vocabularies(frame: pl.DataFrame, columns: Sequence[str], most: int = 64) -> dict[str, tuple[str, ...]]:
    """The words of each category in alphabetical order; where there are more than `most`, the commonest ones.

    >>> import polars as pl
    >>> vocabularies(pl.DataFrame({"device_type": ["mobile", None, "app", "mobile"]}), ["device_type"])
    {'device_type': ('app', 'mobile')}
    """
    found = {}
    for column in columns:
        counts = Counter(dict(frame[column].drop_nulls().value_counts().rows()))
        commonest = sorted(counts, key=lambda word: (-counts[word], word))[:most]
        found[column] = tuple(sorted(commonest))
    return found


def encode(frame: pl.DataFrame, names: Sequence[str], categories: Vocabularies) -> NDArray[np.float32]:
    """Matrix [rows, names] of a frame whose categories are text.

    >>> import polars as pl
    >>> frame = pl.DataFrame({"sessions_7d": [2, None], "device_type": ["app", "watch"]})
    >>> encode(frame, ["sessions_7d", "device_type"], {"device_type": ("app", "mobile")}).tolist()
    [[2.0, 0.0], [nan, 2.0]]
    """
    import polars as pl

    matrix = np.empty((frame.height, len(names)), dtype=np.float32)
    for place, name in enumerate(names):
        column = frame[name]
        if name in categories:
            code = _codes(categories[name])
            words, inverse = np.unique(column.fill_null("").to_numpy().astype(str), return_inverse=True)
            codes = np.array([code(str(word)) for word in words], dtype=np.float32)
            matrix[:, place] = np.where(column.is_null().to_numpy(), np.nan, codes[inverse])
        else:
            matrix[:, place] = column.cast(pl.Float32).fill_null(float("nan")).to_numpy()
    return matrix


def encode_row(
    values: Mapping[str, float | str | None], names: Sequence[str], categories: Vocabularies
) -> NDArray[np.float32]:
    """The same for one reader: [1, names] from values by name; a name without a value is missing.

    >>> encode_row({"sessions_7d": 2.0}, ["sessions_7d", "device_type"], {"device_type": ("app",)}).tolist()
    [[2.0, nan]]
    """
    row = np.full((1, len(names)), np.nan, dtype=np.float32)
    for place, name in enumerate(names):
        value = values.get(name)
        if value is not None:
            row[0, place] = _codes(categories[name])(str(value)) if name in categories else float(value)
    return row


def inputs_hash(row: NDArray[np.float32]) -> str:
    """What the table `predictions` says of the row a model was given: sixteen digits of its sha256.

    >>> inputs_hash(np.zeros(2, dtype=np.float32))
    'af5570f5a1810b7a'
    """
    return hashlib.sha256(row.tobytes()).hexdigest()[:16]


def row_encoder(
    numbers: Sequence[str], words: Sequence[str], names: Sequence[str], categories: Vocabularies
) -> Callable[[NDArray[np.float32], Sequence[str | None]], NDArray[np.float32]]:
    """A function from a stored row (its numbers and words, in the store's order) to the matrix [1, names].

    The order is worked out once, so that one reader costs about a microsecond. Raises KeyError
    naming a feature that the store does not hold.
    """
    number_at = {name: place for place, name in enumerate(numbers)}
    word_at = {name: place for place, name in enumerate(words)}
    places = [place for place, name in enumerate(names) if name not in categories]
    targets = np.array(places, dtype=np.intp)
    sources = np.array([number_at[names[place]] for place in places], dtype=np.intp)
    coded = [
        (place, word_at[name], {word: float(code) for code, word in enumerate(categories[name])}, len(categories[name]))
        for place, name in enumerate(names)
        if name in categories
    ]

    def encode_stored(values: NDArray[np.float32], texts: Sequence[str | None]) -> NDArray[np.float32]:
        row = np.full((1, len(names)), np.nan, dtype=np.float32)
        row[0, targets] = values[sources]
        for place, source, codes, unseen in coded:
            text = texts[source]
            if text is not None:
                row[0, place] = codes.get(text, unseen)
        return row

    return encode_stored


def _codes(vocabulary: tuple[str, ...]) -> Callable[[str], float]:
    known = {word: float(code) for code, word in enumerate(vocabulary)}
    unseen = float(len(vocabulary))
    return lambda word: known.get(word, unseen)
