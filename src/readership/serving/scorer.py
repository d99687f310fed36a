"""From a row of the online store to an answer: one bundle joined to one version of the stored features."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from readership.contracts import ANSWERS, Manifest
from readership.errors import BundleError
from readership.features.encoding import row_encoder
from readership.features.online import Meta, Row
from readership.models import engagement, segmentation
from readership.registry.bundles import Bundle

TIER = "tier"
FREE = (None, "", "free")


class Scorer:
    """Scores one reader at a time with `bundle`, from rows of the store that `stored` describes.

    Raises BundleError when the store lacks a feature, or when the model answers a reader of whom nothing is known
    with something that is no such answer. `in_words` is filled by `explain` when reasons are first asked for.
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
        self.bundle, self.stored = bundle, stored
        self.in_words: Callable[[Row], tuple[str, ...] | None] | None = None
        self._encode = row_encoder(stored.numbers, stored.words, manifest.features, manifest.categories)
        self._membership = _membership(manifest, stored)
        _try(bundle)

    def features(self, row: Row) -> NDArray[np.float32]:
        """The row as the model's input [1, p]."""
        return self._encode(row.numbers, row.words)

    def answers(self, rows: Sequence[Row]) -> list[float]:
        """What the bundle answers of several readers, in one run of the model."""
        if not rows:
            return []
        matrix = np.concatenate([self.features(row) for row in rows])
        return [float(answer) for answer in self.bundle.score(matrix)]

    def in_population(self, row: Row) -> bool | None:
        """Whether the model was made for this reader; None where the stored features cannot tell."""
        return None if self._membership is None else self._membership(row)


def _try(bundle: Bundle) -> None:
    """Score a reader of whom nothing is known."""
    manifest = bundle.manifest
    try:
        with np.errstate(invalid="ignore"):
            answer = bundle.score(np.full((1, len(manifest.features)), np.nan, dtype=np.float32))[0]
    except Exception as error:  # onnxruntime raises classes of its own, without a common base
        raise BundleError(f"{manifest.task} {manifest.version} cannot score: {error}; train again") from error
    least, most = ANSWERS[manifest.answer]
    if not least <= answer <= most:
        raise BundleError(
            f"{manifest.task} {manifest.version} answers {answer}, which is no {manifest.answer}; train again"
        )


def _membership(manifest: Manifest, stored: Meta) -> Callable[[Row], bool] | None:
    """Whether a reader is registered, was seen lately and, where the task is conversion, pays for nothing.

    Of known readers: whether they had two sessions or more, the last one lately. Segments are about readers who come
    back, registered or not.
    """
    if manifest.population == engagement.POPULATION:
        return _known(manifest, stored)
    if manifest.population == segmentation.POPULATION:
        return _returning(stored)
    numbers = ("registered", "days_since_last_session")
    words = (TIER,) if manifest.task == "conversion" else ()
    if manifest.population != "registered" or {*numbers, *words} - {*stored.numbers, *stored.words}:
        return None
    registered, days_since = (stored.numbers.index(name) for name in numbers)
    tiers, days = [stored.words.index(name) for name in words], manifest.lookback_days

    def is_member(row: Row) -> bool:
        seen = row.numbers[registered] == 1 and row.numbers[days_since] <= days
        return bool(seen and all(row.words[tier] in FREE for tier in tiers))

    return is_member


def _known(manifest: Manifest, stored: Meta) -> Callable[[Row], bool] | None:
    names = ("sessions_ever", "days_since_last_session")
    if set(names) - {*stored.numbers}:
        return None
    sessions, days_since = (stored.numbers.index(name) for name in names)
    days = manifest.lookback_days
    return lambda row: bool(row.numbers[sessions] >= 2 and row.numbers[days_since] <= days)


def _returning(stored: Meta) -> Callable[[Row], bool] | None:
    name = f"sessions_{segmentation.LOOKBACK_DAYS}d"
    if name not in stored.numbers:
        return None
    sessions = stored.numbers.index(name)
    return lambda row: bool(row.numbers[sessions] >= segmentation.FEWEST_SESSIONS)
