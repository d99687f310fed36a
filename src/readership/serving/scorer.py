"""From a row of the online store to a probability: one bundle joined to one version of the stored features."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from readership.errors import BundleError
from readership.features.encoding import row_encoder
from readership.features.online import Meta, Row
from readership.registry.bundles import Bundle

HIGH_RISK = 0.7
MEDIUM_RISK = 0.3


class Scorer:
    """Scores one reader at a time with `bundle`, from rows of the store that `stored` describes.

    Raises BundleError when the store lacks a feature, or when the model answers a reader of whom nothing is known
    with something that is no probability. `in_words` is filled by `explain` when reasons are first asked for.
    """

    def __init__(self, bundle: Bundle, stored: Meta, lookback_days: int) -> None:
        manifest = bundle.manifest
        numbers = {name for name in manifest.features if name not in manifest.categories}
        lacking = sorted((numbers - {*stored.numbers}) | ({*manifest.categories} - {*stored.words}))
        if lacking:
            raise BundleError(
                f"{manifest.task} {manifest.version} needs {', '.join(lacking[:5])}, which the online store lacks; "
                "run `readership features build` with the code that trained it"
            )
        self.bundle = bundle
        self.in_words: Callable[[Row], tuple[str, ...] | None] | None = None
        self._encode = row_encoder(stored.numbers, stored.words, manifest.features, manifest.categories)
        self._membership = _membership(manifest.population, stored)
        self._lookback_days = lookback_days
        _try(bundle)

    def features(self, row: Row) -> NDArray[np.float32]:
        """The row as the model's input [1, p]."""
        return self._encode(row.numbers, row.words)

    def probability(self, row: Row) -> float:
        """Calibrated probability of this reader."""
        return float(self.bundle.score(self.features(row))[0])

    def in_population(self, row: Row) -> bool | None:
        """Whether the model was made for this reader; None where the stored features cannot tell."""
        if self._membership is None:
            return None
        registered, days_since_last_session = self._membership
        return bool(row.numbers[registered] == 1 and row.numbers[days_since_last_session] <= self._lookback_days)


def _try(bundle: Bundle) -> None:
    """Score a reader of whom nothing is known."""
    manifest = bundle.manifest
    try:
        with np.errstate(invalid="ignore"):
            answer = bundle.score(np.full((1, len(manifest.features)), np.nan, dtype=np.float32))[0]
    except Exception as error:  # onnxruntime raises classes of its own, without a common base
        raise BundleError(f"{manifest.task} {manifest.version} cannot score: {error}; train again") from error
    if not 0 <= answer <= 1:
        raise BundleError(f"{manifest.task} {manifest.version} answers {answer}, which is no probability; train again")


def _membership(population: str, stored: Meta) -> tuple[int, int] | None:
    """Places of the two features that tell who is a registered reader seen lately."""
    needed = ("registered", "days_since_last_session")
    if population != "registered" or not set(needed) <= set(stored.numbers):
        return None
    return stored.numbers.index(needed[0]), stored.numbers.index(needed[1])


def risk_band(probability: float) -> str:
    """high above 0.7, medium from 0.3, else low.

    >>> [risk_band(p) for p in (0.71, 0.7, 0.3, 0.29)]
    ['high', 'medium', 'medium', 'low']
    """
    if probability > HIGH_RISK:
        return "high"
    return "medium" if probability >= MEDIUM_RISK else "low"
