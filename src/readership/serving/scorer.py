"""From a row of the online store to a probability: one bundle joined to one version of the stored features."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from readership.errors import BundleError
from readership.features.online import Row
from readership.registry.bundles import Bundle

HIGH_RISK = 0.7
MEDIUM_RISK = 0.3


class Scorer:
    """Scores one reader at a time with `bundle`, from rows that hold `numbers` and `words` in this order."""

    def __init__(self, bundle: Bundle, numbers: Sequence[str], words: Sequence[str]) -> None:
        manifest = bundle.manifest
        if missing := [name for name in manifest.features if name not in {*numbers, *words}]:
            raise BundleError(
                f"{manifest.task} {manifest.version} needs {', '.join(missing[:5])}, which the online store lacks; "
                "run `readership features build` with the version that trained it"
            )
        self.bundle = bundle
        self._columns = len(manifest.features)
        coded = [(place, name) for place, name in enumerate(manifest.features) if name in manifest.categories]
        plain = [(place, name) for place, name in enumerate(manifest.features) if name not in manifest.categories]
        self._to = np.array([place for place, _ in plain], dtype=np.intp)
        self._from = np.array([list(numbers).index(name) for _, name in plain], dtype=np.intp)
        self._words = [
            (place, list(words).index(name), {word: code for code, word in enumerate(manifest.categories[name])})
            for place, name in coded
        ]

    def features(self, row: Row) -> NDArray[np.float32]:
        """The row as the model's input [1, p]: a missing word is nan, one never seen has its own code."""
        vector = np.empty((1, self._columns), dtype=np.float32)
        vector[0, self._to] = row.numbers[self._from]
        for place, position, codes in self._words:
            word = row.words[position]
            vector[0, place] = np.nan if word is None else codes.get(word, len(codes))
        return vector

    def probability(self, row: Row) -> float:
        """Calibrated probability of this reader."""
        return float(self.bundle.score(self.features(row))[0])


def risk_band(probability: float) -> str:
    """high above 0.7, medium from 0.3, else low.

    >>> [risk_band(p) for p in (0.71, 0.7, 0.3, 0.29)]
    ['high', 'medium', 'medium', 'low']
    """
    if probability > HIGH_RISK:
        return "high"
    return "medium" if probability >= MEDIUM_RISK else "low"
