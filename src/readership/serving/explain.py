"""Reasons computed when asked for: the model's exact contributions for one reader, in words.

Slower than the answer by a factor of a hundred, and for trees only where the library that grew them is installed;
what is stored when scoring in batch needs neither.
"""

import logging
from collections.abc import Callable
from typing import NamedTuple

from readership.errors import BundleError
from readership.features.online import Row
from readership.serving.scorer import Scorer

log = logging.getLogger("readership.serving")


class Explanation(NamedTuple):
    """Reasons, or why there are none."""

    reasons: tuple[str, ...] | None
    note: str | None


def explain(scorer: Scorer, row: Row) -> Explanation:
    """Why the model scores this reader as it does. Not for the event loop."""
    name = scorer.bundle.manifest.model.name
    try:
        if scorer.in_words is None:
            scorer.in_words = _in_words(scorer)
        words = scorer.in_words(row)
    except ModuleNotFoundError as error:
        note = f"exact contributions of {name} need {error.name}, which is not installed here; ask for `stored`"
        return Explanation(None, note)
    except BundleError as error:
        log.warning("%s: %s", error.code, error)
        return Explanation(None, "the model's own file cannot be read back; the log says why; ask for `stored`")
    return Explanation(words, None if words else f"the score of {name} has no exact parts")


def _in_words(scorer: Scorer) -> Callable[[Row], tuple[str, ...] | None]:
    """A function from a stored row to its reasons."""
    from readership.features.catalogue import by_name
    from readership.models._native import restore
    from readership.models._reasons import moved_by, reasons

    manifest, described = scorer.bundle.manifest, by_name()
    model = restore(manifest, scorer.bundle.folder)

    def in_words(row: Row) -> tuple[str, ...] | None:
        features = scorer.features(row)
        parts = model.contributions(features)
        if parts is None:
            return None
        moved = moved_by(manifest.task)
        return tuple(reasons(manifest.features, parts, features, described, manifest.categories, moved=moved)[0])

    return in_words
