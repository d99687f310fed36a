"""The rule of promotion: when one version may take another's place, from per-row losses and reader ids alone.

A challenger must be *superior* (its loss is lower on the same held-out rows, beyond doubt), or be *trained on newer
data and non-inferior* (its loss is at most `MARGIN` higher, beyond doubt). The first champion must beat the floors.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from readership.contracts import Evaluation, Metric
from readership.evaluation.bootstrap import Draws, ratio

MARGIN = 0.01
"""Log loss (nats) that a model of newer data may cost: about 2 % of the loss of a useful churn model."""
_CLIP = 1e-15


class Decision(NamedTuple):
    """What the rule says, why in words, and the difference it rests on (challenger − champion, log loss)."""

    allowed: bool
    reason: str
    difference: Metric | None = None


def row_losses(label: ArrayLike, probability: ArrayLike) -> NDArray[np.float64]:
    """Log loss of each row [n], in nats: −ln of the probability given to what happened.

    >>> row_losses([1, 0], [0.5, 0.2]).round(4).tolist()   # −ln 0.5, −ln 0.8
    [0.6931, 0.2231]
    """
    happened = np.asarray(label, np.float64) > 0.5
    given = np.clip(np.asarray(probability, np.float64), _CLIP, 1 - _CLIP)
    return -np.log(np.where(happened, given, 1 - given))


def compare(
    champion_loss: ArrayLike,
    challenger_loss: ArrayLike,
    reader: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    newer: bool = False,
    margin: float = MARGIN,
) -> Decision:
    """Whether the challenger may replace the champion, by their losses [n] on the same rows of these readers.

    Readers, not rows, are drawn for the interval. `newer` says that the challenger was trained on later data.
    """
    difference = np.asarray(challenger_loss, np.float64) - np.asarray(champion_loss, np.float64)
    draws = Draws.of(reader, weight)
    measured = ratio(difference, np.ones(len(difference)), draws)
    low, high = measured["ci95"]
    rows = f"the same {len(difference):,} held-out rows of {draws.readers:,} readers"
    if high is None and not difference.any():
        low = high = 0.0
    if high is None:
        return Decision(False, f"its log loss cannot be told from the champion's on {rows}", measured)
    shown = f"log loss {measured['value']:+.4f} [{low:+.4f}, {high:+.4f}] against the champion on {rows}"
    if high < 0:
        return Decision(True, f"superior: {shown}", measured)
    if newer and high <= margin:
        return Decision(True, f"newer data and not worse by more than {margin:g}: {shown}", measured)
    age = f"the interval must end at or below {margin:g}" if newer else "it was not trained on newer data"
    return Decision(False, f"not superior: {shown}; {age}", measured)


def beats_floors(evaluation: Evaluation) -> Decision:
    """Whether a first champion beats the floors of its own evaluation, by paired intervals of log loss.

    A rule of thumb (base rate, recency) must be worse beyond doubt. A simple model that competed as a candidate
    must not be better beyond doubt: on held-out time it may tie with the one that validation chose.
    """
    floors: Mapping[str, Any] = evaluation.get("floors") or {}
    if not floors:
        return Decision(False, "its evaluation names no floors, so nothing shows that it beats them")
    for name, floor in floors.items():
        difference = floor.get("difference_to_champion", {}).get("log_loss", {})
        low, high = difference.get("ci95") or (None, None)
        if name == evaluation.get("champion"):
            continue
        if low is None or high is None:
            return Decision(False, f"its distance to the floor {name!r} has no interval: too few held-out readers")
        shown = f"floor {name!r}: log loss {difference['value']:+.4f} [{low:+.4f}, {high:+.4f}] against it"
        if high < 0 or (low <= 0 and name not in evaluation.get("candidates", {})):
            return Decision(False, f"it does not beat the {shown}")
    return Decision(True, f"first champion; it beats the floors {', '.join(floors)}")
