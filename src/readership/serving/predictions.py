"""The log of predictions: what was answered and from what, held for a moment and written beside the requests.

An answer never waits for it. Where more is answered than can be written, the rest is left out and counted. A challenger
is asked here as well, with the same rows, and its answer only logged: the reader never meets it.
"""

import secrets
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import count
from random import random
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from readership.events.segments import Record
from readership.features.encoding import inputs_hash
from readership.features.online import Row
from readership.serving.metrics import Gauge
from readership.serving.scorer import Scorer

MOST_HELD = 50_000
"""Answers that may wait to be written: ten seconds of five thousand a second."""
SHADOW = "/shadow"
"""Ends the id of a challenger's answer; before it stands that of the answer that was given."""


class Prediction(msgspec.Struct):
    """A row of the table `predictions`, as the segment log has it."""

    decision_id: str
    user_id: int
    task: str
    model_version: str
    features_as_of: datetime
    inputs_hash: str
    score: float | None
    propensity: float | None
    at: datetime


class _Held(NamedTuple):
    """An answer before it is written; `row` where a challenger may be asked the same."""

    told: Prediction
    inputs: NDArray[np.float32] | None = None
    row: Row | None = None


_encode = msgspec.json.Encoder().encode


class PredictionLog:
    """Of one worker. `share` of the answers are logged, those that were drawn by lot always.

    `shadows` gives the challengers to be asked, by task.
    """

    def __init__(self, share: float, shadows: Callable[[], Mapping[str, Scorer]]) -> None:
        self._share, self._shadows = share, shadows
        self._held: deque[_Held] = deque()
        self._prefix, self._numbers = secrets.token_hex(8), count(1)
        self.logged = self.shed = self.shadowed = 0

    def answered(self, scorer: Scorer, reader: int, row: Row, inputs: NDArray[np.float32], score: float) -> None:
        """Hold what a model answered of a reader."""
        if not self._chosen():
            return
        manifest = scorer.bundle.manifest
        told = Prediction(
            self.new_id(),
            reader,
            manifest.task,
            manifest.version,
            row.as_of,
            "",
            score,
            None,
            datetime.now(UTC),
        )
        self._held.append(_Held(told, inputs, row))

    def decided(self, told: Prediction, inputs: NDArray[np.float32] | None = None) -> None:
        """Hold an answer about several things at once; its hash is that of `inputs` where those are given."""
        if told.propensity is not None or self._chosen():
            if len(self._held) < MOST_HELD:
                self._held.append(_Held(told, inputs))
            else:
                self.shed += 1

    def new_id(self) -> str:
        """An id that no other answer has."""
        return f"{self._prefix}-{next(self._numbers):x}"

    def records(self) -> list[Record]:
        """What is held, for the segment log; it is held no longer. Not for the event loop."""
        held = [self._held.popleft() for _ in range(len(self._held))]
        for one in held:
            if one.inputs is not None:
                one.told.inputs_hash = inputs_hash(one.inputs)
        told = [one.told for one in held]
        return [Record("decision", _encode(one)) for one in (*told, *self._of_challengers(held))]

    def gauges(self) -> Iterable[Gauge]:
        """What was logged, what had to be left out, what challengers answered, and what waits."""
        for name, meaning, number in (
            ("logged", "Answers written to the log of predictions.", self.logged),
            ("shed", "Answers left out of the log of predictions because it could not keep up.", self.shed),
            ("shadowed", "Answers of challengers, which are only logged.", self.shadowed),
            ("held", "Answers that wait to be written.", len(self._held)),
        ):
            yield Gauge(f"readership_predictions_{name}", meaning, (), [((), float(number))])

    def _chosen(self) -> bool:
        if self._share < 1 and random() >= self._share:
            return False
        if len(self._held) < MOST_HELD:
            return True
        self.shed += 1
        return False

    def _of_challengers(self, held: list[_Held]) -> list[Prediction]:
        """What the challengers answer to the same rows, those of a task at once."""
        found: list[Prediction] = []
        for task, scorer in self._shadows().items():
            asked = [(one.told, one.row) for one in held if one.row is not None and one.told.task == task]
            if asked:
                found += _shadow_of(scorer, asked)
        self.shadowed += len(found)
        return found


def _shadow_of(scorer: Scorer, asked: list[tuple[Prediction, Row]]) -> list[Prediction]:
    matrix = np.vstack([scorer.features(row) for _, row in asked])
    version = scorer.bundle.manifest.version
    return [
        msgspec.structs.replace(
            told,
            decision_id=told.decision_id + SHADOW,
            model_version=version,
            inputs_hash=inputs_hash(inputs),
            score=score,
        )
        for (told, _), inputs, score in zip(asked, matrix, scorer.bundle.score(matrix).tolist(), strict=True)
    ]
