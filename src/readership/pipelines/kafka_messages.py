"""Messages of a topic as lines that ingest reads: one JSON object each, with an id and an arrival of its own."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from readership.events.avro import NotAvro
from readership.events.mapping import Mapping

NO_TIME = -1
_MOST_BLANK = 1000
"""Offsets that hold no message, as transactions and compaction leave, are blank lines up to this many in a row."""
_BLANK = b"null"
"""What stands for a message without text: no event, and quarantined as such."""


class Message(NamedTuple):
    """One message: where it lies, when it came there (ms since 1970, or NO_TIME), and what it says."""

    partition: int
    offset: int
    at_ms: int
    key: bytes | None
    value: bytes


class Refused(NamedTuple):
    """A message that is no event, and why."""

    message: Message
    field: str
    reason: str


class Lines(NamedTuple):
    """Messages of one partition whose offsets follow each other: line n of `text` is offset `first` + n."""

    first: int
    last: int
    text: bytes
    refused: list[Refused]


class Reading:
    """How the messages of one topic become lines."""

    def __init__(self, topic: str, mapping: Mapping, decode: Callable[[bytes], bytes] | None) -> None:
        self._topic, self._decode = topic, decode
        stated = {name: mapping.column(name) or f"kafka_{name}" for name in ("event_id", "received_at")}
        self.mapping = replace(mapping, columns={**mapping.columns, **stated})
        self._event_id, self._received_at = stated["event_id"], stated["received_at"]
        self._unit_ms = {"auto": 1, "epoch_milliseconds": 1, "epoch_seconds": 1000}.get(mapping.time_format)

    def lines(self, messages: Sequence[Message]) -> Iterator[Lines]:
        """Lines of the messages of one partition, in as few pieces as their offsets allow."""
        begin = 0
        for end in range(1, len(messages) + 1):
            if end == len(messages) or messages[end].offset - messages[end - 1].offset > _MOST_BLANK:
                yield self._piece(messages[begin:end])
                begin = end

    def _piece(self, messages: Sequence[Message]) -> Lines:
        first, refused = messages[0].offset, []
        lines = [b""] * (messages[-1].offset - first + 1)
        for message in messages:
            try:
                text = self._decode(message.value) if self._decode else message.value
            except NotAvro as error:
                refused.append(Refused(message, "line", str(error)))
            else:
                lines[message.offset - first] = self._line(text, message)
        return Lines(first, messages[-1].offset, b"\n".join(lines) + b"\n", refused)

    def _line(self, text: bytes, message: Message) -> bytes:
        """The text on one line; an event that states no id or arrival is given those of its message."""
        line = text.replace(b"\n", b" ").replace(b"\r", b" ").strip() or _BLANK
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            return line
        if not isinstance(event, dict) or not event:
            return line
        more: dict[str, object] = {}
        if not event.get(self._event_id):
            more[self._event_id] = f"{self._topic}/{message.partition}/{message.offset}"
        if self._unit_ms and message.at_ms != NO_TIME and not event.get(self._received_at):
            more[self._received_at] = message.at_ms / self._unit_ms if self._unit_ms > 1 else message.at_ms
        if not more:
            return line
        if more.keys() & event.keys():
            return json.dumps(event | more, ensure_ascii=False).encode(errors="replace")
        return line[:-1] + b"," + json.dumps(more).encode()[1:]
