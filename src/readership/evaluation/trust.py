"""How far a report may be trusted: the same weighing of doubts for every kind of evaluation."""

from collections.abc import Callable, Iterable
from typing import Any

Doubts = Callable[[dict[str, Any]], Iterable[str]]
"""Each reason to doubt an evaluation, in words."""


def weighed(
    evaluation: dict[str, Any], grave: Doubts, lesser: Doubts, good: Callable[[dict[str, Any]], str]
) -> dict[str, Any]:
    """`{"level": high | fair | low, "reasons": […]}`: low with any grave doubt, fair with any lesser one.

    `good` says why to believe it, where there is neither.
    """
    serious, small = list(grave(evaluation)), list(lesser(evaluation))
    if serious or small:
        return {"level": "low" if serious else "fair", "reasons": serious + small}
    return {"level": "high", "reasons": [good(evaluation)]}
