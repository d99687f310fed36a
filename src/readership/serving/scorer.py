"""From a row of the online store to a probability: one bundle joined to one version of the stored features."""

import numpy as np

from readership.errors import BundleError
from readership.features.encoding import row_encoder
from readership.features.online import Meta, Row
from readership.registry.bundles import Bundle

HIGH_RISK = 0.7
MEDIUM_RISK = 0.3


class Scorer:
    """Scores one reader at a time with `bundle`, from rows of the store that `stored` describes.

    Raises BundleError when the store lacks a feature, or when the model answers a reader of whom nothing is known
    with something that is no probability.
    """

    def __init__(self, bundle: Bundle, stored: Meta) -> None:
        manifest = bundle.manifest
        numbers = {name for name in manifest.features if name not in manifest.categories}
        lacking = sorted((numbers - {*stored.numbers}) | ({*manifest.categories} - {*stored.words}))
        if lacking:
            raise BundleError(
                f"{manifest.task} {manifest.version} needs {', '.join(lacking[:5])}, which the online store lacks; "
                "run `readership features build` with the code that trained it"
            )
        self.bundle = bundle
        self._encode = row_encoder(stored.numbers, stored.words, manifest.features, manifest.categories)
        nothing = np.full((1, len(manifest.features)), np.nan, dtype=np.float32)
        if not 0 <= (answer := bundle.score(nothing)[0]) <= 1:
            raise BundleError(f"{manifest.task} {manifest.version} answers {answer}, which is no probability")

    def probability(self, row: Row) -> float:
        """Calibrated probability of this reader."""
        return float(self.bundle.score(self._encode(row.numbers, row.words))[0])


def risk_band(probability: float) -> str:
    """high above 0.7, medium from 0.3, else low.

    >>> [risk_band(p) for p in (0.71, 0.7, 0.3, 0.29)]
    ['high', 'medium', 'medium', 'low']
    """
    if probability > HIGH_RISK:
        return "high"
    return "medium" if probability >= MEDIUM_RISK else "low"
