"""Events on their way to Kafka: at once while it answers, else by way of a segment log of their own.

What is kept on disk is forwarded in the order it was kept, file by file, at least once; of all workers the one that
holds the folder's lock does it. It survives restarts. Events that come while older ones wait are not held back.
"""

import asyncio
import logging
import threading
from collections.abc import Iterable, Sequence
from time import monotonic

from readership.errors import ReadershipError
from readership.events.segments import Record, Segment, SegmentLog, read_segment, segments
from readership.events.taken import Taken, taking
from readership.serving.broker import ACK_SECONDS, Broker, Outcome
from readership.serving.live_models import Trouble
from readership.serving.metrics import Gauge
from readership.settings import Settings

log = logging.getLogger("readership.serving")
FOLDER = "kafka"
"""Inside the folder of segments."""
LOOK_EVERY_SECONDS = 1.0
_CHUNK = 1000
_FILE_BYTES = 8 * 2**20
"""So much at most is sent again after an interruption."""
_SLACK_SECONDS = 1.0


class Outbox:
    """Of one worker: its producer, and the file it keeps events in while Kafka is away."""

    def __init__(self, settings: Settings) -> None:
        self._waiting = SegmentLog(settings.path(settings.segments) / FOLDER, most_bytes=_FILE_BYTES)
        self._broker = Broker(settings)
        self._away = "it was not asked yet"
        self._topic = settings.kafka_topic
        self._closing = threading.Event()
        self._counts = {"kafka": 0, "disk": 0, "forwarded": 0}

    @property
    def trouble(self) -> Trouble | None:
        """That Kafka cannot be reached, if so."""
        if not self._away:
            return None
        waiting = f"events wait in {self._waiting.folder} and are forwarded by themselves"
        return Trouble("kafka_away", f"Kafka does not take events for topic {self._topic}: {self._away}; {waiting}")

    def gauges(self) -> Iterable[Gauge]:
        """Whether Kafka is reached, how much waits for it, and which way events went."""
        yield Gauge("readership_kafka_reached", "1 while Kafka takes events.", (), [((), float(not self._away))])
        size = float(sum(_size(segment) for segment in segments(self._waiting.folder)))
        yield Gauge("readership_kafka_waiting_bytes", "Events on disk until Kafka takes them.", (), [((), size)])
        rows: list[tuple[tuple[str, ...], float]] = [((way,), float(count)) for way, count in self._counts.items()]
        yield Gauge("readership_kafka_events", "Events by the way they went since the start.", ("way",), rows)

    async def send(self, records: Sequence[Record]) -> list[Record]:
        """Put events where they survive; returns those that Kafka takes at no time, which are still to be kept.

        Raises StoreError where neither Kafka nor the disk takes them.
        """
        outcome = await self._sent(records) if not self._away else Outcome(list(records), [])
        if outcome.undelivered:
            await asyncio.to_thread(self._waiting.append, outcome.undelivered)
        self._counts["disk"] += len(outcome.undelivered)
        self._counts["kafka"] += len(records) - len(outcome.undelivered) - len(outcome.refused)
        return outcome.refused

    async def follow(self) -> None:
        """Every second: see whether Kafka is there again, and forward what waits for it."""
        while True:
            try:
                await asyncio.to_thread(self.look)
            except ReadershipError as error:
                log.warning("%s: %s", error.code, error)
            except Exception:
                log.exception("forwarding events to Kafka failed; they stay on disk")
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def look(self) -> None:
        """Ask after Kafka where it was away, and forward what waits; new events go there once that succeeds."""
        away = self._broker.probe() if self._away else ""
        if not away:
            self._waiting.close()  # so that the file can be deleted once it is forwarded
            away = self._forward() if segments(self._waiting.folder) else ""
        self._away = away

    def close(self) -> None:
        """Wait for what is under way and finish the file; another worker, or the next start, forwards what waits."""
        self._closing.set()
        self._broker.close()
        self._waiting.close()

    async def _sent(self, records: Sequence[Record]) -> Outcome:
        began = monotonic()
        future = asyncio.wrap_future(self._broker.send(records))
        try:
            outcome = await asyncio.wait_for(asyncio.shield(future), ACK_SECONDS + _SLACK_SECONDS)
        except TimeoutError:
            outcome = Outcome(list(records), [])
        if outcome.undelivered:
            self._away = f"{len(outcome.undelivered)} events were not acknowledged within {monotonic() - began:.0f} s"
            log.warning("Kafka is away: %s; events wait on disk", self._away)
        return outcome

    def _forward(self) -> str:
        """Send what waits, unless another process does so; what kept Kafka from taking it, "" where nothing did."""
        with taking(self._waiting.folder) as taken:
            for segment in segments(self._waiting.folder) if taken else ():
                if taken and segment.path.exists() and not self._forwarded(taken, segment):
                    return "events that waited were not acknowledged"
        return ""

    def _forwarded(self, taken: Taken, segment: Segment) -> bool:
        """Send the rest of one segment; False where it has to wait longer."""
        begin = taken.end(segment)
        reading = read_segment(segment.path, begin)
        for first in range(0, len(reading.records), _CHUNK):
            if self._closing.is_set() or not self._delivered(reading.records[first : first + _CHUNK]):
                return False
        if reading.damaged:
            taken.keep_damaged(reading.damaged)
            log.warning("%s: %d lines are damaged and were put aside", segment.path.name, len(reading.damaged))
        if reading.end > begin:
            taken.until(segment, reading.end)
        if segment.finished:
            taken.finish(segment)
        return True

    def _delivered(self, chunk: Sequence[Record]) -> bool:
        """Send a part; what Kafka takes at no time is left to `readership ingest --segments`."""
        try:
            outcome = self._broker.send(chunk).result(ACK_SECONDS + _SLACK_SECONDS)
        except TimeoutError:
            return False
        if outcome.undelivered:
            return False
        if outcome.refused:
            beside = SegmentLog(self._waiting.folder.parent)
            beside.append(outcome.refused)
            beside.close()
        self._counts["forwarded"] += len(chunk)
        return True


def _size(segment: Segment) -> int:
    try:
        return segment.path.stat().st_size
    except FileNotFoundError:
        return 0
