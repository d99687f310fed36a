"""What came of what a model said, once the labels are known, beside what its held-out rows promised."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Metric
from readership.evaluation import metrics, score_metrics
from readership.evaluation.bootstrap import Draws, measure, ratio
from readership.evaluation.score_metrics import measure_scores
from readership.monitoring.estimate import Truth, estimate
from readership.monitoring.inputs import Snapshot
from readership.monitoring.measure import AMBER, GREEN, GREY, NOT_JUDGED, RED, Measure

Floats = NDArray[np.float64]
WATCHED = {"probability": ("roc_auc", "log_loss", "ece"), "score": ("rmse", "spearman")}
"""By the kind of a model's answer; of slices, the first two."""
HIGHER_IS_BETTER = metrics.HIGHER_IS_BETTER | score_metrics.HIGHER_IS_BETTER
MATTERS = {"roc_auc": 0.02, "log_loss": 0.02, "ece": 0.02, "base_rate": 0.03, "rmse": 1.0, "spearman": 0.05}
"""Changes that matter, however sure they are; of RMSE in points."""
FEWEST_OF_EACH = 15
"""Rows of each outcome below which nothing is measured."""
MOST_SLICES = 6
"""Values of one slicing column that are followed, the commonest first."""
FEWEST_LABELLED = 0.8
"""Share of those asked about whose outcome must be known before the rest can be taken to be like them."""
NOT_MATURE = "its labels are not known yet"


@dataclass(frozen=True)
class Promise:
    """What is known of a model from the held-out rows of its own evaluation.

    metrics    each with its interval
    slices     the same for parts, by column and value
    truth      how its probabilities must be read
    threshold  above which a reader is flagged; None where there is none
    answer     what the model gives: a probability or a score
    """

    metrics: Mapping[str, Metric]
    slices: Mapping[tuple[str, str], Mapping[str, Metric]]
    truth: Truth
    threshold: float | None = None
    answer: str = "probability"


def expected(task: str, snapshot: Snapshot, promise: Promise) -> list[Measure]:
    """What the probabilities of the snapshot make expect, before anything is known of what came of them."""
    if promise.answer != "probability":
        return []
    if snapshot.scores is None or len(snapshot) < 2 * FEWEST_OF_EACH:
        reason = "the model could not be asked" if snapshot.scores is None else f"{len(snapshot)} readers are too few"
        return [_measure(task, snapshot, "estimate", "roc_auc", GREY, reason=reason)]
    found = estimate(snapshot.scores, promise.truth, promise.threshold)
    return [
        _measure(
            task, snapshot, "estimate", name, _state(name, metric, promise.metrics.get(name)), metric=metric,
            usual=_usual(name, promise.metrics.get(name)),
        )
        for name, metric in found.items()
    ]  # fmt: skip


def matured(task: str, snapshot: Snapshot, label: Floats, promise: Promise) -> list[Measure]:
    """Metrics of the snapshot's readers against what they did, whole and slice by slice; label [n], nan where unknown.

    The share of positives is held against what the probabilities made expect: it is where concept drift shows first.
    Where a recorded outage leaves many without a label, the others are told of and not judged: they are not the same.
    """
    known = np.isfinite(label)
    if snapshot.scores is None or not _enough(label[known], promise.answer):
        reason = "the model could not be asked" if snapshot.scores is None else _too_few(label[known], promise.answer)
        return list(unknown(task, snapshot, promise.answer, reason))
    found = list(_matured(task, snapshot, label, known, promise))
    if promise.answer != "probability" or known.mean() >= FEWEST_LABELLED:
        return found
    reason = f"{1 - known.mean():.0%} of those asked about have no label: an outage touches their time"
    return [replace(measure, state=GREY, reason=reason) for measure in found]


def _matured(
    task: str, snapshot: Snapshot, label: Floats, known: NDArray[np.bool_], promise: Promise
) -> Iterator[Measure]:
    assert snapshot.scores is not None
    y, p, reader = label[known], snapshot.scores[known], snapshot.reader[known]
    found = _metrics(promise.answer, y, p, reader)
    for name in WATCHED[promise.answer]:
        yield _held_against(task, snapshot, name, found[name], promise.metrics.get(name), len(y))
    if promise.answer == "probability":
        yield _base_rate(task, snapshot, y, p, ratio(y, np.ones_like(y), Draws.of(reader)), promise)
    for column, values in snapshot.slices.items():
        yield from _slices(task, snapshot, column, values[known], (y, p, reader), promise)


def unknown(task: str, snapshot: Snapshot, answer: str, reason: str = NOT_MATURE) -> Iterator[Measure]:
    """Where the labels are not known, performance is grey."""
    for name in (*WATCHED[answer], *(["base_rate"] if answer == "probability" else [])):
        yield _measure(task, snapshot, "performance", name, GREY, reason=reason)


def promised(
    label: Floats,
    said: Floats,
    reader: NDArray[np.uint64],
    slices: Mapping[str, NDArray[np.str_]],
    answer: str = "probability",
) -> tuple[dict[str, Metric], dict[tuple[str, str], dict[str, Metric]]]:
    """Metrics of held-out rows, whole and by slice."""
    parts = {
        (column, value): _metrics(answer, label[rows], said[rows], reader[rows])
        for column, values in slices.items()
        for value, rows in _commonest(values)
        if _enough(label[rows], answer)
    }
    return _metrics(answer, label, said, reader), parts


def _slices(
    task: str,
    snapshot: Snapshot,
    column: str,
    values: NDArray[np.str_],
    rows: tuple[Floats, Floats, NDArray[np.uint64]],
    promise: Promise,
) -> Iterator[Measure]:
    y, p, reader = rows
    for value, chosen in _commonest(values):
        part, before = f"{column}: {value}", promise.slices.get((column, value))
        names = WATCHED[promise.answer][:2]
        if before is None or not _enough(y[chosen], promise.answer):
            few = _too_few(y[chosen], promise.answer)
            reason = "its evaluation knows too few of them to compare with" if before is None else few
            yield _measure(task, snapshot, "performance", names[0], GREY, part=part, reason=reason)
            continue
        found = _metrics(promise.answer, y[chosen], p[chosen], reader[chosen])
        for name in names:
            yield _held_against(task, snapshot, name, found[name], before[name], int(chosen.sum()), part)


def _held_against(
    task: str, snapshot: Snapshot, name: str, now: Metric, then: Metric | None, rows: int, part: str = ""
) -> Measure:
    return _measure(
        task, snapshot, "performance", name, _state(name, now, then), part=part, metric=now, usual=_usual(name, then),
        rows=rows,
    )  # fmt: skip


def _base_rate(task: str, snapshot: Snapshot, y: Floats, p: Floats, seen: Metric, promise: Promise) -> Measure:
    due = estimate(p, promise.truth)["base_rate"]
    low, high = due["ci95"]
    gap = abs(seen["value"] - due["value"])
    state = GREEN
    if not low <= seen["value"] <= high and gap > MATTERS["base_rate"]:
        state = RED if gap > 2 * MATTERS["base_rate"] else AMBER
    return _measure(
        task, snapshot, "performance", "base_rate", state, metric=seen, usual=(low, high), rows=len(y),
        reason=f"{due['value']:.1%} were expected" if state != GREEN else "",
    )  # fmt: skip


def _state(name: str, now: Metric, then: Metric | None) -> str:
    """Red when the whole interval is worse than the whole interval of before, amber when the value is.

    >>> before = {"value": 0.80, "ci95": [0.78, 0.82]}
    >>> [_state("roc_auc", {"value": v, "ci95": [v - 0.02, v + 0.02]}, before) for v in (0.79, 0.77, 0.70)]
    ['green', 'amber', 'red']
    """
    if then is None or now["value"] is None or now["ci95"][0] is None or then["ci95"][0] is None:
        return GREY
    sign = 1 if HIGHER_IS_BETTER[name] else -1
    worse_end, best_end = min(sign * end for end in then["ci95"]), max(sign * end for end in now["ci95"])
    if best_end < worse_end and sign * (then["value"] - now["value"]) > MATTERS[name]:
        return RED
    return AMBER if sign * now["value"] < worse_end else GREEN


def _usual(name: str, then: Metric | None) -> tuple[float | None, float | None]:
    if then is None or then["ci95"][0] is None or name not in HIGHER_IS_BETTER:
        return None, None
    low, high = then["ci95"]
    return (low, None) if HIGHER_IS_BETTER[name] else (None, high)


def _metrics(answer: str, label: Floats, said: Floats, reader: NDArray[np.uint64]) -> dict[str, Metric]:
    return (measure if answer == "probability" else measure_scores)(label, said, Draws.of(reader)).metrics()


def _enough(label: Floats, answer: str) -> bool:
    if answer != "probability":
        return len(label) >= 2 * FEWEST_OF_EACH
    return bool(min((label > 0).sum(), (label == 0).sum()) >= FEWEST_OF_EACH)


def _too_few(label: Floats, answer: str) -> str:
    if answer != "probability":
        return f"{len(label)} readers; {2 * FEWEST_OF_EACH} are needed"
    positives = int((label > 0).sum())
    return f"{positives} positives and {len(label) - positives} others; {FEWEST_OF_EACH} of each are needed"


def _commonest(values: NDArray[np.str_]) -> list[tuple[str, NDArray[np.bool_]]]:
    words, counts = np.unique(values, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_SLICES]
    return [(str(words[place]), values == words[place]) for place in order] if len(words) > 1 else []


def _measure(
    task: str,
    snapshot: Snapshot,
    kind: str,
    name: str,
    state: str,
    *,
    part: str = "",
    metric: Metric | None = None,
    usual: tuple[float | None, float | None] = (None, None),
    rows: int | None = None,
    reason: str = "",
) -> Measure:
    value, (low, high) = (metric["value"], metric["ci95"]) if metric else (None, (None, None))
    count = len(snapshot) if rows is None else rows
    if state == GREY and not reason:
        reason = NOT_JUDGED if name not in HIGHER_IS_BETTER else "there is nothing of its evaluation to compare with"
    return Measure(
        snapshot.as_of, kind, name, state, task=task, part=part, value=value, low=low, high=high,
        usual_low=usual[0], usual_high=usual[1], rows=count, readers=count, model_version=snapshot.version,
        reason=reason,
    )  # fmt: skip
