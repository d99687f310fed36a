"""What the API writes: first the segment log, then the state. Nothing of the warehouse."""

from collections import deque
from collections.abc import Callable

from readership.events.consent import bits
from readership.events.segments import Record, SegmentLog
from readership.features.state import PERSONALISATION, State
from readership.serving.intake import Taken
from readership.settings import Settings


class Recording:
    """The log and the state of one worker. `has_features` says whether there are stored features of a reader."""

    def __init__(self, settings: Settings, log: SegmentLog, state: State, has_features: Callable[[int], bool]) -> None:
        self.log, self.state = log, state
        self._default = bits(settings.default_consent)
        self._has_features = has_features
        self._decisions: deque[Record] = deque()

    def events(self, taken: Taken, now_ms: int) -> None:
        """Keep a batch. Raises StoreError where it cannot be kept; a batch sent again counts once."""
        if taken.records:  # else Kafka has them
            self.log.append(taken.records)
        if taken.doings:
            self.state.take(taken.doings, self.assumed, now_ms)
        if taken.seen:
            self.state.take_shown(taken.seen, self.assumed, now_ms)

    def article(self, article_id: str, content: bytes, told: bytes, now_ms: int) -> int:
        """Keep an article, `told` for the warehouse, `content` for the recommender; gives the number of the change."""
        self.log.append([Record("article", told)])
        return self.state.put_article(article_id, content, now_ms)

    def decided(self, told: bytes) -> None:
        """Keep a decision with the next `flush`."""
        self._decisions.append(Record("decision", told))

    def flush(self) -> None:
        """Write the decisions of the last moments."""
        decisions = [self._decisions.popleft() for _ in range(len(self._decisions))]
        if decisions:
            self.log.append(decisions, durable=False)

    def close(self) -> None:
        """Write what is left, finish the segment, close the state."""
        self.flush()
        self.log.close()
        self.state.close()

    def assumed(self, reader: int) -> int:
        """Purposes of a reader who never stated any here: as set, and personalisation where features are stored.

        Features are stored only of readers who agreed to that.
        """
        return self._default | (PERSONALISATION if self._has_features(reader) else 0)
