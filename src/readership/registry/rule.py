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

MARGIN = {"probability": 0.01, "score": 0.0005}
"""Loss that a model of newer data may cost, about 2 % of that of a useful one: log loss in nats; of scores the squared
error, in shares of the whole scale."""
LOSS_WORDS = {"probability": "log loss", "score": "squared error"}
STEADY = 0.6
"""Least adjusted Rand index of segments found again on other readers, at the low end of its interval."""
_CLIP = 1e-15
_SCALE = 100.0


class Decision(NamedTuple):
    """What the rule says, why in words, and the difference it rests on (challenger − champion)."""

    allowed: bool
    reason: str
    difference: Metric | None = None


def row_losses(label: ArrayLike, given: ArrayLike, answer: str = "probability") -> NDArray[np.float64]:
    """Loss of each row [n]: −ln of the probability given to what happened; of a score from 0 to 100 its squared error.

    >>> row_losses([1, 0], [0.5, 0.2]).round(4).tolist()   # −ln 0.5, −ln 0.8
    [0.6931, 0.2231]
    >>> row_losses([50], [60], "score").round(4).tolist()   # (10 / 100)²
    [0.01]
    """
    happened, said = np.asarray(label, np.float64), np.asarray(given, np.float64)
    if answer == "score":
        return ((happened - said) / _SCALE) ** 2
    said = np.clip(said, _CLIP, 1 - _CLIP)
    return -np.log(np.where(happened > 0.5, said, 1 - said))


def compare(
    champion_loss: ArrayLike,
    challenger_loss: ArrayLike,
    reader: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    newer: bool = False,
    answer: str = "probability",
) -> Decision:
    """Whether the challenger may replace the champion, by their losses [n] on the same rows of these readers.

    Readers, not rows, are drawn for the interval. `newer` says that the challenger was trained on later data, `answer`
    what they were asked for.
    """
    difference = np.asarray(challenger_loss, np.float64) - np.asarray(champion_loss, np.float64)
    draws, loss, margin = Draws.of(reader, weight), LOSS_WORDS[answer], MARGIN[answer]
    measured = ratio(difference, np.ones(len(difference)), draws)
    low, high = measured["ci95"]
    rows = f"the same {len(difference):,} held-out rows of {draws.readers:,} readers"
    if high is None and not difference.any():
        low = high = 0.0
    if high is None:
        return Decision(False, f"its {loss} cannot be told from the champion's on {rows}", measured)
    shown = f"{loss} {measured['value']:+.4f} [{low:+.4f}, {high:+.4f}] against the champion on {rows}"
    if high < 0:
        return Decision(True, f"superior: {shown}", measured)
    if newer and high <= margin:
        return Decision(True, f"newer data and not worse by more than {margin:g}: {shown}", measured)
    age = f"the interval must end at or below {margin:g}" if newer else "it was not trained on newer data"
    return Decision(False, f"not superior: {shown}; {age}", measured)


def beats_floors(evaluation: Evaluation) -> Decision:
    """Whether a first champion may go live by its own evaluation, for each kind of answer by its own measure."""
    kind = evaluation.get("kind", "probability")
    if kind == "segment":
        return _above(evaluation, "stability_ari", STEADY, "its segments are found again")
    if kind == "uplift":
        return _above(evaluation, "qini", 0.0, "it finds whom an offer moves better than chance")
    if kind == "ranking":
        return _before(evaluation, "ndcg_at_10")
    if kind == "policy":
        return _earns(evaluation)
    return _ahead(evaluation, "rmse" if kind == "score" else "log_loss")


def _above(evaluation: Evaluation, name: str, least: float, meaning: str) -> Decision:
    """Whether a metric's whole interval lies above `least`."""
    metric = evaluation.get("metrics", {}).get(name) or {"value": None, "ci95": [None, None]}
    low, high = metric["ci95"]
    if low is None:
        return Decision(False, f"its {name} has no interval: too few held-out readers")
    shown = f"{name} {metric['value']:.3f} [{low:.3f}, {high:.3f}]"
    if low <= least:
        return Decision(False, f"{shown} does not lie above {least:g}")
    return Decision(True, f"{meaning}: {shown} lies above {least:g}")


def _ahead(evaluation: Evaluation, name: str) -> Decision:
    """Whether the champion's loss `name` is below that of the floors, by paired intervals.

    A rule of thumb (base rate, recency) must be worse beyond doubt. A simple model that competed as a candidate
    must not be better beyond doubt: on held-out time it may tie with the one that validation chose.
    """
    floors: Mapping[str, Any] = evaluation.get("floors") or {}
    loss = name.replace("_", " ")
    if not floors:
        return Decision(False, "its evaluation names no floors, so nothing shows that it beats them")
    for floor, found in floors.items():
        difference = found.get("difference_to_champion", {}).get(name, {})
        low, high = difference.get("ci95") or (None, None)
        if floor == evaluation.get("champion"):
            continue
        if low is None or high is None:
            return Decision(False, f"its distance to the floor {floor!r} has no interval: too few held-out readers")
        shown = f"floor {floor!r}: {loss} {difference['value']:+.4f} [{low:+.4f}, {high:+.4f}] against it"
        if high < 0 or (low <= 0 and floor not in evaluation.get("candidates", {})):
            return Decision(False, f"it does not beat the {shown}")
    return Decision(True, f"first champion; it beats the floors {', '.join(floors)}")


def _before(evaluation: Evaluation, name: str) -> Decision:
    """Whether the champion's `name`, of which more is better, lies above that of every floor beyond doubt."""
    floors: Mapping[str, Any] = evaluation.get("floors") or {}
    if not floors:
        return Decision(False, "its evaluation names no floors, so nothing shows that it beats them")
    for floor, found in floors.items():
        difference = found.get("difference_to_champion", {}).get(name, {})
        low, high = difference.get("ci95") or (None, None)
        if high is None:
            return Decision(False, f"its distance to the floor {floor!r} has no interval: too few held-out readers")
        if high >= 0:
            shown = f"{name} {difference['value']:+.4f} [{low:+.4f}, {high:+.4f}] against it"
            return Decision(False, f"it does not beat the floor {floor!r}: {shown}")
    return Decision(True, f"it beats the floors {', '.join(floors)} on later reads")


def _earns(evaluation: Evaluation) -> Decision:
    """Whether a policy earns more than drawing evenly beyond doubt, and not less beyond doubt than greedy eCPM.

    By the doubly robust estimate on later decisions. Against greedy choice, the share that it draws evenly in order to
    learn is allowed for: what learning is worth later is not in the estimate.
    """
    metrics, spent = evaluation.get("metrics", {}), evaluation.get("protocol", {}).get("even", 0.0)
    nothing: Metric = {"value": None, "ci95": [None, None]}
    even, greedy = (metrics.get(name) or nothing for name in ("lift_over_even", "revenue_lift"))
    if even["ci95"][0] is None:
        return Decision(False, "the log cannot tell whether it earns more than ads drawn evenly")
    if even["ci95"][0] <= 0:
        return Decision(False, f"it does not earn more than ads drawn evenly beyond doubt: {_share(even)}")
    earns = f"it earns more than ads drawn evenly ({_share(even)})"
    if greedy["ci95"][1] is None:
        return Decision(True, f"{earns}; of always showing the best so far the log says too little")
    beside = f"than always showing the best so far ({_share(greedy)}), of which {spent:.0%} are drawn evenly to learn"
    if greedy["ci95"][1] < -spent:
        return Decision(False, f"it earns less {beside}")
    return Decision(True, f"{earns}, and not less {beside}")


def _share(metric: Metric) -> str:
    low, high = metric["ci95"]
    return f"{metric['value']:+.1%} [{low:+.1%}, {high:+.1%}]"


def newest(own_merit: Decision, trained_until: str, champion_until: str, *, answers: bool = True) -> Decision:
    """Whether a version that cannot be compared row by row may follow a champion: newer data, and good by itself.

    answers  whether the champion can still answer; one that cannot is followed by whatever is good by itself
    """
    if own_merit.allowed and answers and trained_until <= champion_until:
        return Decision(False, f"it was not trained on newer data than the champion (until {champion_until})")
    return own_merit
