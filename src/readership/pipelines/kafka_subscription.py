"""A consumer of one topic: batches of messages, offsets that are committed when told to, and how far behind it is."""

import time
from collections.abc import Sequence
from typing import Any, Self

from readership.errors import DeliveryError
from readership.events.kafka import BROKER_SECONDS, connection, kafka_client
from readership.pipelines.kafka_messages import NO_TIME, Message
from readership.settings import Settings

BATCH_MESSAGES = 50_000
BATCH_BYTES = 64 * 2**20
ROUND_SECONDS = 5.0
"""How long a batch is waited for that does not fill up."""
JOIN_SECONDS = 60.0
_AT_ONCE = 1000
_LOOK_SECONDS = 0.2


class Subscription:
    """Member of the group while open. What was read of a partition that goes to another member is forgotten."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self._kafka = kafka_client()
        self.topic, self.group = topic, settings.kafka_group
        self._batch: list[Message] = []
        self._bytes = 0
        self._next: dict[int, int] = {}
        self._unread: set[int] | None = None
        self._problem = ""
        options = {
            "group.id": self.group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "session.timeout.ms": 6000,
            "max.poll.interval.ms": 300_000,
            "error_cb": self._failed,
        }
        self._consumer = self._kafka.Consumer(connection(settings) | options)

    def __enter__(self) -> Self:
        self._look_up()
        self._consumer.subscribe([self.topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)
        self._began = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    @property
    def at_end(self) -> bool:
        """Whether everything was read that was there when the partitions were assigned.

        Raises DeliveryError where none were assigned for a minute.
        """
        if self._unread is None and time.monotonic() - self._began > JOIN_SECONDS:
            raise DeliveryError(
                f"no partition of {self.topic} was assigned within {JOIN_SECONDS:.0f} s: other members of the group "
                f"{self.group!r} may have them all; stop one, or set READERSHIP_KAFKA_GROUP; nothing was read"
            )
        return self._unread is not None and not self._unread

    @property
    def lag(self) -> dict[int, int]:
        """How many messages of each assigned partition were not read yet, as far as is known."""
        found = {}
        for partition, following in self._next.items():
            _, end = self._consumer.get_watermark_offsets(self._place(partition), cached=True)
            found[partition] = max(0, end - following)
        return found

    def hear(self) -> bool:
        """Wait a moment for messages; whether they are enough for a round."""
        for message in self._consumer.consume(_AT_ONCE, _LOOK_SECONDS):
            self._heard(message)
        return len(self._batch) >= BATCH_MESSAGES or self._bytes >= BATCH_BYTES

    def hold(self, seconds: float) -> None:
        """Stay a member without reading on."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._consumer.pause(self._consumer.assignment())
            for message in self._consumer.consume(_AT_ONCE, _LOOK_SECONDS):
                self._heard(message)
        self._consumer.resume(self._consumer.assignment())

    @property
    def batch(self) -> list[Message]:
        """What was read and is neither committed nor another member's by now."""
        return list(self._batch)

    def commit(self, messages: Sequence[Message]) -> str:
        """Never read these messages again; the reason where Kafka refuses, in which case they come again."""
        done = {message.partition: message.offset + 1 for message in messages}
        self._batch, self._bytes = [], 0
        places = [self._place(partition, offset) for partition, offset in done.items()]
        try:
            refused = [
                place.error for place in self._consumer.commit(offsets=places, asynchronous=False) if place.error
            ]
        except self._kafka.KafkaException as error:
            refused = [error.args[0]]
        return refused[0].str() if refused else ""

    def _look_up(self) -> None:
        try:
            found = self._consumer.list_topics(self.topic, timeout=BROKER_SECONDS).topics[self.topic]
        except self._kafka.KafkaException as error:
            raise DeliveryError(
                f"Kafka does not answer: {self._problem or error.args[0].str()}; check READERSHIP_KAFKA_SERVERS and "
                "whether it runs; nothing was read"
            ) from error
        if found.error:
            raise DeliveryError(f"Kafka has no topic {self.topic!r} to read: {found.error.str()}; nothing was read")

    def _heard(self, message: Any) -> None:
        error = message.error()
        if error is None:
            stamp, at_ms = message.timestamp()
            value = message.value() or b""
            known = at_ms if stamp != self._kafka.TIMESTAMP_NOT_AVAILABLE and at_ms > 0 else NO_TIME
            self._batch.append(Message(message.partition(), message.offset(), known, message.key(), value))
            self._bytes += len(value)
            self._next[message.partition()] = message.offset() + 1
        elif error.code() == self._kafka.KafkaError._PARTITION_EOF:
            self._next[message.partition()] = message.offset()
            (self._unread or set()).discard(message.partition())
        elif error.fatal() or not error.retriable():
            raise DeliveryError(
                f"Kafka stopped giving messages of {self.topic}: {error.str()}; what was stored stays, run the same "
                "command again"
            )

    def _assigned(self, _consumer: Any, places: Sequence[Any]) -> None:
        self._unread = {place.partition for place in places}

    def _revoked(self, _consumer: Any, _places: Sequence[Any]) -> None:
        """All partitions are given out anew, from what was committed."""
        self._batch, self._bytes, self._next, self._unread = [], 0, {}, None
        self._began = time.monotonic()

    def _place(self, partition: int, offset: int = 0) -> Any:
        return self._kafka.TopicPartition(self.topic, partition, offset)

    def _failed(self, error: Any) -> None:
        self._problem = error.str()
