"""What recommendations are made from in one worker: state, segment log, rules, and the recommender that answers.

Where Kafka is set, also the way there.
"""

import asyncio
import logging
from collections.abc import Iterable

from readership.errors import StoreError
from readership.events.erased import Erased
from readership.events.segments import SegmentLog
from readership.features.lmdb_file import LmdbFile
from readership.features.state import State, open_state
from readership.features.state_lmdb import TABLES, LmdbState, forget_here
from readership.serving.followed_rules import FollowedRules
from readership.serving.live_models import LiveModels, Trouble
from readership.serving.live_recommender import LiveRecommender
from readership.serving.metrics import Gauge
from readership.serving.outbox import Outbox
from readership.serving.predictions import PredictionLog
from readership.serving.problems import Problem
from readership.serving.recording import Recording
from readership.settings import Settings

log = logging.getLogger("readership.serving")
FEED_SECONDS = 0.5


class Desk:
    """Opened when the worker starts, closed when it ends."""

    def __init__(self, settings: Settings, models: LiveModels) -> None:
        self._settings, self._models = settings, models
        self.rules = FollowedRules(settings.path(settings.rules), settings.state_dir)
        self.recommender = LiveRecommender(settings)
        self.erased = Erased.of(settings)
        self.predictions = PredictionLog(settings.prediction_log_share, lambda: models.now.shadows)
        self.outbox: Outbox | None = None
        self._recording: Recording | None = None
        self._closed: Trouble | None = None
        self._silent: Trouble | None = None
        self._file: LmdbFile | None = None

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What keeps recommendations from their best."""
        mine = (self._closed, self._silent, self.rules.trouble, self.outbox.trouble if self.outbox else None)
        return (*self.recommender.troubles, *(trouble for trouble in mine if trouble))

    def gauges(self) -> Iterable[Gauge]:
        """Figures of the way to Kafka, where it is set."""
        return self.outbox.gauges() if self.outbox else ()

    def recording(self) -> Recording:
        """What events and articles are kept with. Raises Problem 503 where the state cannot be opened."""
        if self._recording is None:
            code, detail = self._closed or ("not_ready", "the state is being opened; ask again in a second")
            raise Problem(503, code, detail, {"Retry-After": "5"})
        return self._recording

    @property
    def is_open(self) -> bool:
        """Whether the state is open."""
        return self._recording is not None

    def file(self) -> LmdbFile:
        """The file that the state lies in, for tables beside it. Raises Problem 503 where it cannot be opened."""
        self.recording()
        assert self._file is not None
        return self._file

    def consent(self, reader: int) -> int | None:
        """What a reader said here last of their consent (bits), None where they said nothing; 0 of one who was erased.

        Raises StoreError where the state cannot be read.
        """
        if reader in self.erased:
            return 0
        return None if self._recording is None else self._recording.state.reader(reader).consent

    def forget(self, reader: int) -> None:
        """Keep nothing of what a reader did, was shown and was assigned since the last batch.

        What was said of them is then in a finished segment, which ingest deletes. Raises StoreError.
        """
        recording = self.recording()
        recording.state.forget(reader)
        if self._file is not None:
            forget_here(self._file, reader)
        recording.flush()
        recording.log.close()

    def look(self) -> None:
        """Take up what changed, here and now."""
        if self.outbox is None and self._settings.kafka_servers:
            self.outbox = Outbox(self._settings)
        if self.outbox:
            self.outbox.look()
        self._open()
        self.rules.look()
        try:
            if self._recording and (take_up := self.recommender.prepare(self._recording.state)):
                take_up()
            self.learn()
            self._silent = None
        except StoreError as error:
            self._not_heard(error)

    def learn(self) -> bool:
        """Learn some of what arrived; True when there may be more."""
        return self._recording is not None and self.recommender.now.catch_up(self._recording.state)

    async def follow(self) -> None:
        """Learn what arrives, twice a second; look for rules, memory and champion every other time."""
        while True:
            await asyncio.sleep(FEED_SECONDS)
            try:
                await asyncio.to_thread(self._open)
                self.rules.look()
                if self._recording is None:
                    continue
                await asyncio.to_thread(self._recording.flush)
                await asyncio.to_thread(self._recording.catch_up)
                take_up = await asyncio.to_thread(self.recommender.prepare, self._recording.state)
                if take_up:
                    take_up()
                while self.learn():
                    await asyncio.sleep(0)
                self._silent = None
            except StoreError as error:
                self._not_heard(error)
            except Exception:
                log.exception("following what readers do failed; what was learnt before answers")

    def close(self) -> None:
        """Finish the segment, so that ingest can take all of it; nothing is taken any more."""
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.close()
            if self._file is not None and not isinstance(recording.state, LmdbState):
                self._file.close()
        if self.outbox:
            self.outbox.close()

    def _not_heard(self, error: StoreError) -> None:
        """The state cannot be followed; what was learnt before answers."""
        trouble = Trouble(error.code, str(error))
        if self._silent != trouble:
            log.warning("%s: %s", *trouble)
        self._silent = trouble

    def _open(self) -> None:
        """Open the state, unless it is open; a state that cannot be opened is a trouble, and tried again."""
        if self._recording is not None:
            return
        try:
            state = open_state(self._settings.online, self._settings.state_dir)
            self._file = state.file if isinstance(state, LmdbState) else LmdbFile(self._settings.state_dir, TABLES)
        except StoreError as error:
            self._closed = Trouble(error.code, str(error))
            return
        segments = SegmentLog(self._settings.path(self._settings.segments))
        self._recording = self._recorded(segments, state)
        self._closed = None

    def _recorded(self, segments: SegmentLog, state: State) -> Recording:
        return Recording(self._settings, segments, state, self._has_features, self.predictions, self.erased)

    def _has_features(self, reader: int) -> bool:
        store = self._models.now.store
        return store is not None and store.features.get(reader) is not None
