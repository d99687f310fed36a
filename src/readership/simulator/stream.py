"""Events as they would be sent: as JSON, in the time they happen in, over HTTP or to Kafka."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, Self
from urllib.parse import urlsplit

import polars as pl
import pyarrow as pa

from readership.errors import DeliveryError, InputError, MissingExtra
from readership.events.consent import PURPOSES
from readership.events.fields import ENGAGEMENT_FIELDS
from readership.posting import ANSWER_SECONDS, Post, Remedies, is_web

BATCH_EVENTS = 500
BROKER_SECONDS = 10
REMEDIES = Remedies(
    key="set READERSHIP_API_KEY to a key made with `readership keys create`",
    again="start the receiver and run the same command again: events keep their ids, so those sent already count once",
)
_CONSENTS = {
    str(bits): json.dumps({name: bool(bits >> place & 1) for place, name in enumerate(PURPOSES)}, separators=(",", ":"))
    for bits in range(16)
}


class Message(NamedTuple):
    """One event to send: whose it is, when it is to be sent (ms since 1970), and its JSON."""

    reader: str
    at_ms: int
    text: str


def json_texts(events: pa.Table) -> pl.Series:
    """Each event as a JSON object of the fields it has: times in milliseconds, reading in `engagement_metrics`.

    >>> json_texts(pa.table({"event_id": ["a"], "brand": [None], "scroll_depth": [50]})).to_list()
    ['{"event_id":"a","engagement_metrics":{"scroll_depth":50}}']
    """
    frame = pl.from_arrow(events)
    assert isinstance(frame, pl.DataFrame)
    inner = [name for name in frame.columns if name in ENGAGEMENT_FIELDS]
    parts = [_pair(frame.schema[name], name) for name in frame.columns if name not in inner]
    if inner:
        reading = pl.concat_str([_pair(frame.schema[name], name) for name in inner], separator=",", ignore_nulls=True)
        parts.append(pl.when(reading != "").then(pl.lit('"engagement_metrics":{') + reading + "}"))
    return frame.select("{" + pl.concat_str(parts, separator=",", ignore_nulls=True) + "}").to_series()


def messages(events: pa.Table) -> list[Message]:
    """Events in the order in which they arrive; the reader is the account, else the device."""
    frame = pl.from_arrow(events.select(["user_id", "device_id", "received_at"]))
    assert isinstance(frame, pl.DataFrame)
    whole = frame.select(
        pl.coalesce("user_id", "device_id", pl.lit("")).alias("reader"), pl.col("received_at").dt.epoch("ms")
    ).with_columns(json_texts(events).alias("text"))
    return [Message(*row) for row in whole.sort("received_at", maintain_order=True).rows()]


class Pacer:
    """Waits until a simulated moment is due, at `speed` simulated seconds a second; at 0 everything is due."""

    def __init__(
        self,
        speed: float,
        first_ms: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._speed, self._first_ms, self._clock, self._sleep = speed, first_ms, clock, sleep
        self._began = clock()

    def wait(self, at_ms: int) -> None:
        """Return when `at_ms` has come."""
        if self._speed > 0:
            ahead = (at_ms - self._first_ms) / 1000 / self._speed - (self._clock() - self._began)
            if ahead > 0:
                self._sleep(ahead)

    def batches(self, waiting: Sequence[Message]) -> Iterator[Sequence[Message]]:
        """Messages that are due within the same real second, at most 500 at once."""
        tick_ms = max(self._speed, 0.0) * 1000
        first = 0
        for place in range(1, len(waiting) + 1):
            if (
                place == len(waiting)
                or place - first == BATCH_EVENTS
                or (tick_ms and waiting[place].at_ms - waiting[first].at_ms >= tick_ms)
            ):
                yield waiting[first:place]
                first = place


class Sink(Protocol):
    """Where events are sent."""

    refused: int
    """Events that were understood and turned down, one by one."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def send(self, batch: Sequence[Message]) -> None:
        """Return when the batch is in safe hands. Raises DeliveryError when it cannot be put there."""


def open_sink(address: str, key: str | None) -> Sink:
    """The sink of `http://host:port/path`, `https://…` or `kafka://host:port/topic`."""
    if is_web(address):
        return Http(address, key)
    parts = urlsplit(address)
    if parts.scheme == "kafka" and parts.hostname and parts.path.strip("/"):
        return Kafka(parts.netloc, parts.path.strip("/"))
    raise InputError(
        f"cannot stream to {address!r}; give http://host:port/v1/events or kafka://host:port/topic; nothing was sent"
    )


class Http:
    """Batches as JSON arrays by POST; sent again while the receiver is away or busy."""

    def __init__(self, address: str, key: str | None, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.refused = 0
        self._post = Post(address, key, REMEDIES, sleep=sleep)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._post.__exit__(*error)

    def send(self, batch: Sequence[Message]) -> None:
        """Post one batch. Raises DeliveryError after six attempts, or at once where trying again cannot help."""
        self.refused += _errors_in(self._post.send(f"[{','.join(message.text for message in batch)}]".encode()))


class Kafka:
    """Events one by one to a topic, keyed by reader, each written once by an idempotent producer."""

    def __init__(self, servers: str, topic: str) -> None:
        try:
            from confluent_kafka import KafkaException, Producer
        except ModuleNotFoundError as error:
            raise MissingExtra(f"streaming to Kafka needs {error.name}; `pip install 'readership[kafka]'`") from error
        self._servers, self._topic, self.refused = servers, topic, 0
        self._failed: str | None = None
        options = {"bootstrap.servers": servers, "enable.idempotence": True, "linger.ms": 20, "log_level": 0}
        self._producer = Producer(options | {"message.timeout.ms": int(ANSWER_SECONDS * 1000)})
        try:
            self._producer.list_topics(timeout=BROKER_SECONDS)
        except KafkaException as error:
            raise DeliveryError(f"kafka://{servers} does not answer: {error}; nothing was sent") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._producer.flush(ANSWER_SECONDS)

    def send(self, batch: Sequence[Message]) -> None:
        """Write the batch and wait until the broker has it."""
        for message in batch:
            self._producer.produce(self._topic, message.text, message.reader, on_delivery=self._delivered)
        left = self._producer.flush(ANSWER_SECONDS)
        if left or self._failed:
            problem = self._failed or f"{left} events were not acknowledged within {ANSWER_SECONDS:.0f} s"
            raise DeliveryError(
                f"kafka://{self._servers}/{self._topic}: {problem}; run the same command again: events keep their ids"
            )

    def _delivered(self, error: Any, _: Any) -> None:
        if error is not None:
            self._failed = str(error)


def _pair(kind: pl.DataType, name: str) -> pl.Expr:
    """`"name":value` of a column, null where there is no value."""
    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        value = column.dt.epoch("ms").cast(pl.String)
    elif kind == pl.Boolean:
        value = pl.when(column).then(pl.lit("true")).when(~column).then(pl.lit("false"))
    elif name == "consent":
        value = column.cast(pl.String).replace(_CONSENTS)
    elif kind.is_numeric():
        value = column.cast(pl.String)
    else:
        quoted = column.cast(pl.String).str.replace_all("\\", "\\\\", literal=True)
        value = '"' + quoted.str.replace_all('"', '\\"', literal=True) + '"'
    return pl.lit(f'"{name}":') + value


def _errors_in(text: bytes) -> int:
    """How many events an answer turns down: the length of its list `errors`."""
    try:
        found = json.loads(text or b"{}")
    except ValueError:
        return 0
    errors = found.get("errors") if isinstance(found, dict) else None
    return len(errors) if isinstance(errors, list) else 0
