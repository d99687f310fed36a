"""What a model sees and says now, against the same weekday and hour of some weeks before, column by column."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.monitoring.distances import DISTANCES, Distance, Sample, compare, number_bins, random_signs, word_bins
from readership.monitoring.measure import AMBER, GREEN, GREY, NOT_JUDGED, RED, Measure

Floats = NDArray[np.float64]
MATTERS = {"psi": (0.10, 0.25), "js": (0.018, 0.045), "ks": (0.10, 0.20)}
"""Distances that matter, and that matter much, however sure they are; those of PSI are the usual ones, the others' are
about as far."""
UNSEEN_NOTICED, UNSEEN_SURE = 0.005, 0.05
MISSING_MATTERS = (0.05, 0.20)
DRIFTED_NOTICED, DRIFTED_SURE = 0.10, 0.30
"""Share of a model's columns that have drifted."""
FEWEST_ROWS = 30


@dataclass(frozen=True)
class Snapshot:
    """Everybody a model could be asked about at one time.

    reader   uint64 [n]
    columns  values [n] of each column that could be read, categories as codes, nan is missing
    failed   why each other column could not be read
    scores   what the model says [n]; None where it cannot be asked
    version  whose scores these are
    slices   text [n] of each slicing column
    """

    as_of: datetime
    reader: NDArray[np.uint64]
    columns: Mapping[str, Floats] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    scores: Floats | None = None
    version: str = ""
    slices: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.reader)


class Against:
    """A window and the snapshots that it is compared with, whose readers are drawn together for all columns."""

    def __init__(self, task: str, window: Snapshot, reference: Sequence[Snapshot]) -> None:
        self.task, self.window, self.reference = task, window, reference
        everybody = np.concatenate([window.reader, *(past.reader for past in reference)])
        readers, place = np.unique(everybody, return_inverse=True)
        self._of_window, self._of_reference = place[: len(window)], place[len(window) :]
        self._signs = random_signs(len(readers))

    @property
    def too_small(self) -> str:
        """Why nothing can be compared; empty where it can."""
        before = sum(map(len, self.reference))
        if min(before, len(self.window)) >= FEWEST_ROWS:
            return ""
        return f"{len(self.window)} readers now and {before} rows before; {FEWEST_ROWS} of each are needed"

    def distances(self, values: Floats, before: Sequence[Floats], *, words: bool) -> dict[str, Distance]:
        """How far a column lies from what it was, and what would be chance."""
        past = np.concatenate(before)
        then, now = (word_bins if words else number_bins)(past, values)
        return compare(Sample(then, self._of_reference), Sample(now, self._of_window), self._signs)

    def measure(self, kind: str, name: str, state: str, part: str = "", **found: Any) -> Measure:
        """A measure of the window."""
        return Measure(
            self.window.as_of, kind, name, state, task=self.task, part=part, rows=len(self.window),
            readers=len(self.window), model_version=self.window.version, **found,
        )  # fmt: skip


def inputs(against: Against, names: Sequence[str], categories: Mapping[str, Sequence[str]]) -> list[Measure]:
    """PSI, Jensen–Shannon, KS, missing and unseen of every column, then how many of them have drifted.

    A column that cannot be read or compared is grey with its reason, and the others are measured all the same.
    """
    found = [measure for name in names for measure in _column(against, name, categories.get(name))]
    known = [measure for measure in found if measure.measure == "psi" and measure.state != GREY]
    if not known:
        return [
            *found,
            against.measure("inputs", "drifted", GREY, reason=against.too_small or "no column was measured"),
        ]
    share = sum(measure.state != GREEN for measure in known) / len(known)
    state = RED if share > DRIFTED_SURE else AMBER if share > DRIFTED_NOTICED else GREEN
    furthest = sorted((m for m in known if m.state != GREEN), key=lambda m: -(m.value or 0))[:3]
    reason = f"furthest: {', '.join(m.part for m in furthest)}" if furthest else ""
    return [
        *found,
        against.measure("inputs", "drifted", state, value=share, usual_high=DRIFTED_NOTICED, reason=reason),
    ]


def scores(against: Against) -> Iterator[Measure]:
    """Distances of what the model says from what the same version says of the weeks before, and its mean."""
    now, before = against.window.scores, [past.scores for past in against.reference]
    known = [past for past in before if past is not None]
    if now is None or len(known) < len(before) or against.too_small:
        reason = against.too_small or "the model could not be asked"
        yield from (against.measure("scores", name, GREY, reason=reason) for name in (*DISTANCES, "mean_score"))
        return
    for name, distance in against.distances(now, known, words=False).items():
        yield _distance(against, "scores", name, "", distance)
    means = [float(past.mean()) for past in known]
    mean = float(now.mean())
    yield against.measure(
        "scores", "mean_score", GREY, value=mean, usual_low=min(means), usual_high=max(means), reason=NOT_JUDGED
    )


def _column(against: Against, name: str, words: Sequence[str] | None) -> Iterator[Measure]:
    missing = [
        s.failed.get(name, "it was not read") for s in (against.window, *against.reference) if name not in s.columns
    ]
    if missing or against.too_small:
        yield against.measure("inputs", "psi", GREY, name, reason=missing[0] if missing else against.too_small)
        return
    now, before = against.window.columns[name], [past.columns[name] for past in against.reference]
    try:
        found = against.distances(now, before, words=words is not None)
        absent = [np.isnan(values).astype(np.float64) for values in (now, *before)]
        gone = against.distances(absent[0], absent[1:], words=True)["psi"]
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        yield against.measure("inputs", "psi", GREY, name, reason=f"it could not be compared: {error}")
        return
    for distance, value in found.items():
        yield _distance(against, "inputs", distance, name, value)
    yield _missing(against, name, float(absent[0].mean()), float(np.concatenate(absent[1:]).mean()), gone)
    if words is not None:
        yield _unseen(against, name, now, len(words))


def _distance(against: Against, kind: str, name: str, part: str, found: Distance) -> Measure:
    """Far enough to matter, and further than chance: what is only one of them is green."""
    matters, much = MATTERS[name]
    bound = max(matters, found.by_chance)
    state = GREEN if found.value <= bound else RED if found.value > max(much, found.by_chance) else AMBER
    return against.measure(kind, name, state, part, value=found.value, usual_high=bound)


def _missing(against: Against, name: str, now: float, before: float, gone: Distance) -> Measure:
    change = abs(now - before) if gone.value > gone.by_chance else 0.0
    state = RED if change > MISSING_MATTERS[1] else AMBER if change > MISSING_MATTERS[0] else GREEN
    low, high = max(0.0, before - MISSING_MATTERS[0]), min(1.0, before + MISSING_MATTERS[0])
    return against.measure("inputs", "missing", state, name, value=now, usual_low=low, usual_high=high)


def _unseen(against: Against, name: str, codes: Floats, vocabulary: int) -> Measure:
    share = float((codes == vocabulary).mean())
    state = RED if share > UNSEEN_SURE else AMBER if share > UNSEEN_NOTICED else GREEN
    return against.measure("inputs", "unseen", state, name, value=share, usual_high=UNSEEN_NOTICED)
