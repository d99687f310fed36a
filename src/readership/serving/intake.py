"""Events as they come over HTTP: which of them are events, what they say of their readers, and how they are kept.

What is no event is kept as well, so that ingest puts it into quarantine; the sender is told at once. Fields that say
nothing about who did what when are checked by ingest alone.
"""

import hashlib
import math
from collections.abc import Container, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from readership.events.consent import PURPOSES, bits
from readership.events.identity import reader_key
from readership.events.segments import Record
from readership.features.state import Doing, Seen

MOST_EVENTS = 1000
EARLY_MS = 600_000
"""An event may lie so far after its arrival: clocks differ."""
VIEW, CLICK, SHOWN = "article_view", "article_click", "article_impression"
_ALL = sum(PURPOSES.values())


class Refusal(msgspec.Struct):
    """Why one event of a batch is none: its place from 0, the field, and what is wrong with it."""

    index: int
    field: str
    reason: str


class Taken(NamedTuple):
    """A batch: what is kept of it, what the state learns from it, what it says was shown, and what is no event.

    accepted  how many are events, and kept as such
    """

    records: list[Record]
    doings: list[Doing]
    seen: list[Seen]
    refusals: list[Refusal]
    accepted: int = 0


class NoBatch(Exception):
    """The body is neither an event nor an array of events, as the message says."""


class TooMany(NoBatch):
    """The array holds more than `MOST_EVENTS`."""


class _Wrong(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


def take(body: bytes, now_ms: int, erased: Container[int] = ()) -> Taken:
    """The events of a body that arrived at `now_ms`, none of a reader who was erased: of them nothing is kept.

    Raises NoBatch where it holds none.
    """
    taken = Taken([], [], [], [])
    for index, raw in enumerate(_parts(body)):
        text = bytes(raw).replace(b"\n", b" ").replace(b"\r", b" ").strip()
        event = msgspec.json.decode(text)
        if erased and _key_of(event) in erased:
            taken.refusals.append(Refusal(index, "user_id", "was erased; nothing of it is kept"))
            continue
        try:
            doing = _doing(event, now_ms)
        except _Wrong as wrong:
            taken.refusals.append(Refusal(index, wrong.field, wrong.reason))
        else:
            taken = taken._replace(accepted=taken.accepted + 1)
            if doing is not None:
                taken.doings.append(doing)
            if event["event_type"] == SHOWN:
                taken.seen.extend(_seen(event, now_ms))
        taken.records.append(Record("event", _arrived(text, event, now_ms, index)))
    return taken


def _key_of(event: Any) -> int:
    """The key of the reader an event is about, well formed or not."""
    if not isinstance(event, dict):
        return reader_key("")
    return reader_key(_text(event, "user_id") or f"device:{_text(event, 'device_id')}")


def _parts(body: bytes) -> list[msgspec.Raw]:
    try:
        if body.lstrip()[:1] == b"[":
            parts = msgspec.json.decode(body, type=list[msgspec.Raw])
        else:
            parts = [msgspec.json.decode(body, type=msgspec.Raw)]
        for part in parts:
            msgspec.json.decode(part)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NoBatch(f"the body is not JSON: {error}; nothing of it was taken") from error
    if not parts:
        raise NoBatch("the body is an empty array; send an event, or an array of some")
    if len(parts) > MOST_EVENTS:
        raise TooMany(f"the array holds {len(parts):,} events; send at most {MOST_EVENTS:,} at once; none was taken")
    return parts


def _arrived(text: bytes, event: Any, now_ms: int, index: int) -> bytes:
    """The event with its arrival and an id, where it states none: however often it is carried on, it counts once."""
    if not isinstance(event, dict) or not event:
        return text
    more: dict[str, Any] = {} if event.get("received_at") else {"received_at": now_ms}
    if not event.get("event_id"):
        told = b"%d %d %s" % (now_ms if more else 0, index, text)
        more["event_id"] = str(UUID(bytes=hashlib.blake2b(told, digest_size=16).digest()))
    if not more:
        return text
    if more.keys() & event.keys():
        return msgspec.json.encode(event | more)
    return text[:-1] + b"," + msgspec.json.encode(more)[1:]


def _doing(event: Any, now_ms: int) -> Doing | None:
    """What an event says of its reader; None where that is nothing the state keeps."""
    if not isinstance(event, dict):
        raise _Wrong("line", "is not a JSON object")
    user, device = _text(event, "user_id"), _text(event, "device_id")
    if not user and not device:
        raise _Wrong("user_id", "is empty, and so is device_id")
    kind = _text(event, "event_type")
    if not kind:
        raise _Wrong("event_type", "is empty")
    at_ms = _moment(event, now_ms)
    consent = _consent(event.get("consent"))
    article = _text(event, "article_id") if kind in (VIEW, CLICK) else ""
    if not article and consent is None:
        return None
    reader = user or f"device:{device}"
    return Doing(
        event=_identity(event, reader, at_ms, article),
        at_ms=min(at_ms, now_ms),
        reader=reader_key(reader),
        known=bool(user),
        article_id=article,
        counted=kind == VIEW,
        session_id=_text(event, "session_id"),
        brand=_text(event, "brand"),
        category=_text(event, "category"),
        article_type=_text(event, "article_type"),
        title=_text(event, "article_title"),
        consent=consent,
    )


def _seen(event: Mapping[str, Any], now_ms: int) -> list[Seen]:
    """The article that an event, checked already, says was shown; none where it names none."""
    article = _text(event, "article_id")
    if not article:
        return []
    reader = _text(event, "user_id") or f"device:{_text(event, 'device_id')}"
    at_ms, place = _moment(event, now_ms), _text(event, "position")
    position = int(place) if place.isascii() and place.isdigit() and len(place) <= 4 else 0
    event_id = _identity(event, reader, at_ms, article)
    return [Seen(event_id, min(at_ms, now_ms), reader_key(reader), article, position)]


def _text(event: Mapping[str, Any], name: str) -> str:
    """A field as the text it is stored as; "" where it is absent or null."""
    value = event.get(name)
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _moment(event: Mapping[str, Any], now_ms: int) -> int:
    at_ms = _ms(event.get("timestamp"))
    if at_ms is None:
        value = event.get("timestamp")
        raise _Wrong("timestamp", "is empty" if value in (None, "") else f"{_shown(value)} is not a time")
    if at_ms < 0:
        raise _Wrong("timestamp", f"{_shown(event['timestamp'])} is before 1970")
    received_ms = _ms(event.get("received_at")) if event.get("received_at") else now_ms
    if received_ms is None or not 0 <= received_ms <= now_ms + EARLY_MS:
        raise _Wrong("received_at", f"{_shown(event['received_at'])} is not a time that has passed")
    if at_ms > received_ms + EARLY_MS:
        raise _Wrong("timestamp", f"{_shown(event['timestamp'])} is in the future")
    return at_ms


def _ms(value: Any) -> int | None:
    """Epoch seconds or milliseconds, or ISO 8601 (UTC where it names no zone), as milliseconds.

    >>> _ms(1767225600), _ms("1767225600000"), _ms("2026-01-01T01:00:00+01:00"), _ms("soon")
    (1767225600000, 1767225600000, 1767225600000, None)
    """
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return _written(value)
    if not math.isfinite(number) or abs(number) >= 1e13:
        return None
    return round(number * 1000 if abs(number) < 1e11 else number)


def _written(value: Any) -> int | None:
    try:
        found = datetime.fromisoformat(value.strip())
    except (AttributeError, ValueError):
        return None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def _consent(value: Any) -> int | None:
    """Purposes as bits, from an object, a list or bits; None where the event says nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, dict):
        return bits(name for name in PURPOSES if value.get(name) in (True, 1, "true", "1"))
    if isinstance(value, list):
        return bits(name for name in PURPOSES if name in value)
    if str(value).isdigit() and int(value) <= _ALL and not isinstance(value, bool):
        return int(value)
    raise _Wrong("consent", f"{_shown(value)} is not a consent: an object, a list of purposes, or their bits")


def _identity(event: Mapping[str, Any], reader: str, at_ms: int, article: str) -> bytes:
    """16 bytes that a repeat of the event has as well."""
    told = _text(event, "event_id") or f"{reader}\n{at_ms}\n{article}\n{_text(event, 'event_type')}"
    return hashlib.blake2b(told.encode(), digest_size=16).digest()


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"'{text[:60]}'"
