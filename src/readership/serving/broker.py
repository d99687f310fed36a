"""The producer of one worker: events to Kafka, each batch answered for within a bounded time.

Every replica that is in step has an event before it counts as delivered (acks=all), and one request at a time is under
way to a broker, so a partition keeps the order in which its events were sent. Retries may repeat an event; it counts
once by its id.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple

import msgspec

from readership.events.kafka import connection, kafka_client
from readership.events.segments import Record
from readership.settings import Settings

ACK_SECONDS = 3.0
"""How long a batch waits for Kafka; then what is not delivered is kept on disk."""
PROBE_SECONDS = 1.0
_LOOK_SECONDS = 0.1


class Outcome(NamedTuple):
    """What became of a batch besides what was delivered.

    undelivered  records to send again, in order
    refused      records that Kafka takes at no time (too large)
    """

    undelivered: list[Record]
    refused: list[Record]


class Broker:
    """Open until closed. Threads and the event loop may share it."""

    def __init__(self, settings: Settings) -> None:
        kafka = kafka_client()
        self._topic = settings.kafka_topic
        self._error = ""
        self._refusals = {kafka.KafkaError.MSG_SIZE_TOO_LARGE, kafka.KafkaError.INVALID_RECORD}
        self._exception: type[Exception] = kafka.KafkaException
        options = {
            "acks": "all",
            "max.in.flight.requests.per.connection": 1,
            "message.timeout.ms": int(ACK_SECONDS * 1000),
            "reconnect.backoff.max.ms": 1000,
            "error_cb": self._failed,
        }
        self._producer = kafka.Producer(connection(settings) | options)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="kafka", daemon=True)
        self._thread.start()

    def send(self, records: Sequence[Record]) -> "Future[Outcome]":
        """Hand a batch over, without waiting; its future is answered within little more than ACK_SECONDS."""
        batch = _Batch(records, self._refusals)
        for place, record in enumerate(records):
            told = partial(batch.told, place)
            try:
                self._producer.produce(self._topic, record.text, reader_of(record.text), on_delivery=told)
            except BufferError:  # more is waiting than memory is set aside for
                batch.failed(place)
            except self._exception as error:
                batch.told(place, error.args[0], None)
        return batch.future

    def probe(self) -> str:
        """What keeps Kafka from taking events; "" where nothing does. Waits a second at most."""
        try:
            found = self._producer.list_topics(self._topic, timeout=PROBE_SECONDS).topics[self._topic]
        except self._exception as error:
            return self._error or error.args[0].str()
        return found.error.str() if found.error else ""

    def close(self) -> None:
        """Wait for what is under way, then let go."""
        self._producer.flush(ACK_SECONDS)
        self._closing.set()
        self._thread.join()

    def _poll(self) -> None:
        while not self._closing.is_set():
            self._producer.poll(_LOOK_SECONDS)

    def _failed(self, error: Any) -> None:
        self._error = error.str()


class _Batch:
    """Counts answers until every record has one."""

    def __init__(self, records: Sequence[Record], refusals: set[int]) -> None:
        self.future: Future[Outcome] = Future()
        self._records, self._refusals = records, refusals
        self._undelivered: set[int] = set()
        self._refused: set[int] = set()
        self._left = len(records)
        self._lock = threading.Lock()
        if not records:
            self.future.set_result(Outcome([], []))

    def told(self, place: int, error: Any, _message: Any) -> None:
        """One record was delivered, or why it was not."""
        if error is not None and error.code() in self._refusals:
            self._count(partial(self._refused.add, place))
        elif error is not None:
            self.failed(place)
        else:
            self._count(lambda: None)

    def failed(self, place: int) -> None:
        """One record is to be sent again."""
        self._count(partial(self._undelivered.add, place))

    def _count(self, note: Callable[[], None]) -> None:
        with self._lock:
            note()
            self._left -= 1
            if self._left:
                return
        chosen = (self._undelivered, self._refused)
        self.future.set_result(Outcome(*([self._records[place] for place in sorted(places)] for places in chosen)))


class _Whose(msgspec.Struct):
    user_id: Any = None
    device_id: Any = None


_WHOSE = msgspec.json.Decoder(_Whose)


def reader_of(text: bytes) -> bytes | None:
    """The key of an event: its reader, else the device, so that a reader's events stay in order; None for neither.

    >>> reader_of(b'{"user_id":42,"device_id":"x"}'), reader_of(b'{"device_id":"x"}'), reader_of(b"5")
    (b'42', b'x', None)
    """
    try:
        whose = _WHOSE.decode(text)
    except msgspec.MsgspecError:
        return None
    found = whose.user_id or whose.device_id
    return str(found).encode() if found else None
