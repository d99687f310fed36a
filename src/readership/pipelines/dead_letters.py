"""Messages that are no events, to a topic where those who write them can look: the message, and why in its headers."""

from collections.abc import Sequence
from typing import Any

from readership.errors import DeliveryError
from readership.events.kafka import BROKER_SECONDS, connection, kafka_client
from readership.pipelines.kafka_messages import Refused
from readership.settings import Settings

MOST_BYTES = 900_000
"""A longer message is cut off here, so that a topic of the default size takes it; quarantine has all of it."""
SUFFIX = ".dead"


class DeadLetters:
    """The topic of what a topic held that was no event."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self._kafka = kafka_client()
        self._source = topic
        self.topic = settings.kafka_dead_letters or topic + SUFFIX
        self._connection = connection(settings)
        self._problem = ""

    def prepare(self) -> None:
        """Make the topic where it is missing. Raises DeliveryError where that cannot be done."""
        from confluent_kafka.admin import AdminClient, NewTopic

        admin = AdminClient({**self._connection})
        try:
            if self.topic in admin.list_topics(timeout=BROKER_SECONDS).topics:
                return
            admin.create_topics([NewTopic(self.topic, 1)])[self.topic].result(BROKER_SECONDS)
        except self._kafka.KafkaException as error:
            if error.args[0].code() != self._kafka.KafkaError.TOPIC_ALREADY_EXISTS:
                raise self._failed(f"it cannot be made: {error.args[0].str()}") from error

    def send(self, refused: Sequence[Refused]) -> None:
        """Write messages and wait until Kafka has them. Raises DeliveryError where it does not take them."""
        if not refused:
            return
        options = {"acks": "all", "message.timeout.ms": int(BROKER_SECONDS * 1000)}
        producer, self._problem = self._kafka.Producer(self._connection | options), ""
        for one in refused:
            value = one.message.value[:MOST_BYTES]
            producer.produce(self.topic, value, one.message.key, headers=self._headers(one), on_delivery=self._told)
            producer.poll(0)
        left = producer.flush(2 * BROKER_SECONDS)
        if left or self._problem:
            raise self._failed(self._problem or f"{left} messages were not acknowledged")

    def _headers(self, one: Refused) -> list[tuple[str, str | bytes | None]]:
        message = one.message
        told = {"topic": self._source, "partition": message.partition, "offset": message.offset}
        told |= {"field": one.field, "reason": one.reason, "bytes": len(message.value)}
        return [(name, str(value)) for name, value in told.items()]

    def _told(self, error: Any, _message: Any) -> None:
        if error is not None:
            self._problem = error.str()

    def _failed(self, why: str) -> DeliveryError:
        return DeliveryError(
            f"the topic {self.topic} of messages that are no events: {why}; make it, or set "
            "READERSHIP_KAFKA_DEAD_LETTERS; what was stored stays, nothing was committed, run the same command again"
        )
