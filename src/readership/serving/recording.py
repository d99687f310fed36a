"""What the API writes: first the segment log, then the state. Nothing of the warehouse."""

from collections import deque
from collections.abc import Callable, Container
from contextlib import suppress
from threading import Lock

from readership.errors import StoreError, StoreUnreachable
from readership.events.consent import bits
from readership.events.segments import Record, SegmentLog
from readership.features.state import PERSONALISATION, Reader, State
from readership.serving.intake import Taken
from readership.serving.predictions import PredictionLog
from readership.settings import Settings

MOST_WAITING = 50_000
"""Events that may wait for the state's server to answer; beyond that, senders are told to come back."""
NOBODY_ANY_MORE = Reader(consent=0)
"""What is kept of a reader who was erased."""


class Recording:
    """The log and the state of one worker. `has_features` says whether there are stored features of a reader."""

    def __init__(
        self,
        settings: Settings,
        log: SegmentLog,
        state: State,
        has_features: Callable[[int], bool],
        predictions: PredictionLog,
        erased: Container[int] = (),
    ) -> None:
        self.log, self.state, self._predictions, self.erased = log, state, predictions, erased
        self._default = bits(settings.default_consent)
        self._has_features = has_features
        self._later: deque[tuple[Taken, int]] = deque()
        self._waiting = 0
        self._catching_up = Lock()

    def events(self, taken: Taken, now_ms: int) -> None:
        """Keep a batch. Raises StoreError where it cannot be kept; a batch sent again counts once.

        While the server of the state does not answer, the state learns of it later; the log has it at once.
        """
        if self._waiting >= MOST_WAITING:
            self.catch_up()
        if taken.records:  # else Kafka has them
            self.log.append(taken.records)
        if self._later:
            self._wait(taken, now_ms)
            return
        try:
            self._learn(taken, now_ms)
        except StoreUnreachable:
            self._wait(taken, now_ms)

    def catch_up(self) -> None:
        """Have the state learn what it could not when it came. Raises StoreError where it still cannot."""
        with self._catching_up:
            while self._later:
                taken, now_ms = self._later[0]
                self._learn(taken, now_ms)
                self._later.popleft()
                self._waiting -= _events(taken)

    def _wait(self, taken: Taken, now_ms: int) -> None:
        self._later.append((taken, now_ms))
        self._waiting += _events(taken)

    def _learn(self, taken: Taken, now_ms: int) -> None:
        if taken.doings:
            self.state.take(taken.doings, self.assumed, now_ms)
        if taken.seen:
            self.state.take_shown(taken.seen, self.assumed, now_ms)

    def reader(self, reader: int) -> Reader:
        """What is kept of a reader; of one who was erased nothing, and they agree to nothing."""
        return NOBODY_ANY_MORE if reader in self.erased else self.state.reader(reader)

    def article(self, article_id: str, content: bytes, told: bytes, now_ms: int) -> int:
        """Keep an article, `told` for the warehouse, `content` for the recommender; gives the number of the change."""
        self.log.append([Record("article", told)])
        return self.state.put_article(article_id, content, now_ms)

    def flush(self) -> None:
        """Write the answers of the last moments."""
        answers = self._predictions.records()
        if answers:
            try:
                self.log.append(answers, durable=False)
            except StoreError:
                self._predictions.shed += len(answers)
                raise
            self._predictions.logged += len(answers)

    def close(self) -> None:
        """Write what is left, finish the segment, close the state."""
        self.flush()
        self.log.close()
        with suppress(StoreError):
            self.catch_up()
        self.state.close()

    def assumed(self, reader: int) -> int:
        """Purposes of a reader who never stated any here: as set, and personalisation where features are stored.

        Features are stored only of readers who agreed to that.
        """
        return self._default | (PERSONALISATION if self._has_features(reader) else 0)


def _events(taken: Taken) -> int:
    """How many the state must learn of."""
    return len(taken.doings) + len(taken.seen)
