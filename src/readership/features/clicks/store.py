"""What serving knows of items and readers: a versioned table in the online store, published by the batch.

`<online folder>/clicks/<version>/` holds a row for every item lately shown or published and every reader lately shown
something; an atomic `CURRENT` names the version in use, as for the features. The rows are counts, exactly those that
a training row would see at the same ten minutes; `derive.numbers` makes features of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from readership.events.identity import half_md5
from readership.features.clicks.curve import MILLION
from readership.features.clicks.derive import WINDOWS, numbers
from readership.features.clicks.subject import POSITION, Subject
from readership.features.meta import Meta
from readership.features.versions import Version, current, new_version, open_version
from readership.settings import Online

TABLE = "clicks"
_ITEM, _READER = b"i", b"r"


class Item(msgspec.Struct, array_like=True, frozen=True):
    """An article: its counts (clicks, expected clicks in millionths) by name of `derive.counted`, and what it is."""

    item_id: str
    counts: dict[str, tuple[int, int]]
    views: int
    words: dict[str, str]
    published_ms: int | None = None
    paywalled: int | None = None
    title_words: int | None = None


class Reader(msgspec.Struct, array_like=True, frozen=True):
    """A reader: clicks and expected clicks over all items, and by trait and word of an item."""

    clicks: int
    expected_micros: int
    newest_ms: int
    tier: str
    liked: dict[str, dict[str, tuple[int, int]]]


class ClicksWriter:
    """Writes one new version; whoever reads sees all of it after the block, or nothing."""

    def __init__(self, online: Online, *, as_of: datetime, model_version: str) -> None:
        self.meta = Meta(as_of, datetime.now(UTC), model_version=model_version)
        self._version = new_version(online / TABLE)
        self.items = self.readers = 0

    def put_items(self, items: Iterable[Item]) -> None:
        """Add items."""
        rows = [(_item_key(item.item_id), msgspec.msgpack.encode(item)) for item in items]
        self._version.put(rows)
        self.items += len(rows)

    def put_readers(self, readers: Iterable[tuple[int, Reader]]) -> None:
        """Add readers by their keys."""
        rows = [(_reader_key(key), msgspec.msgpack.encode(reader)) for key, reader in readers]
        self._version.put(rows)
        self.readers += len(rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        self._version.finish(self.meta, failed=failure is not None)


class ClicksTable:
    """One published version, open for reading."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self._item, self._reader = msgspec.msgpack.Decoder(Item), msgspec.msgpack.Decoder(Reader)

    @classmethod
    def open(cls, online: Online, before: ClicksTable | None = None) -> ClicksTable | None:
        """The version in use, `before` where that is the same; None where none was ever published.

        Raises StoreError where it cannot be read.
        """
        name = current(online / TABLE)
        if name is None or (before is not None and before.version.name == name):
            return before
        return cls(open_version(online / TABLE, name))

    def item(self, item_id: str) -> Item | None:
        """What is known of an item; another one of the same hash is not mistaken for it."""
        value = self.version.get(_item_key(item_id))
        found = None if value is None else self._item.decode(value)
        return found if found is not None and found.item_id == item_id else None

    def reader(self, reader: int) -> Reader | None:
        """What is known of a reader."""
        value = self.version.get(_reader_key(reader))
        return None if value is None else self._reader.decode(value)


class Context(NamedTuple):
    """Where items would be shown; what is not known is None."""

    at_ms: int
    placement: str | None = None
    device_type: str | None = None
    brand: str | None = None
    referrer: str | None = None


def features(
    subject: Subject,
    names: Sequence[str],
    categories: Mapping[str, Sequence[str]],
    items: Sequence[Item | None],
    reader: Reader | None,
    context: Context,
) -> NDArray[np.float32]:
    """The model's input [items, names], without a position; as a training row of the same ten minutes has it."""
    raw, words = _raw(subject, items, reader, context), _words(subject, items, reader, context)
    found = numbers(subject, raw)
    matrix = np.empty((len(items), len(names)), dtype=np.float32)
    for column, name in enumerate(names):
        matrix[:, column] = _codes(words[name], categories[name]) if name in categories else found[name]
    return matrix


def _raw(
    subject: Subject, items: Sequence[Item | None], reader: Reader | None, context: Context
) -> dict[str, NDArray[np.float64]]:
    many = len(items)
    raw = {"at_ms": np.full(many, float(context.at_ms)), POSITION: np.zeros(many)}
    for name in ("item", *(f"item_{window}" for window, _ in WINDOWS), *(name for name, _ in subject.traits)):
        pairs = [(0, 0) if item is None else item.counts.get(name, (0, 0)) for item in items]
        raw |= _pair(name, pairs)
    for name in ("published_ms", "paywalled", "title_words"):
        values = [None if item is None else getattr(item, name) for item in items]
        raw[name] = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    raw["item_views"] = np.array([0 if item is None else item.views for item in items], dtype=np.float64)
    whole = (0, 0) if reader is None else (reader.clicks, reader.expected_micros)
    raw |= _pair("reader", [whole] * many)
    raw["reader_newest_ms"] = np.full(many, np.nan if reader is None else float(reader.newest_ms))
    traits = dict(subject.traits)
    for name in subject.liked:
        own = {} if reader is None else reader.liked.get(traits[name], {})
        pairs = [(0, 0) if item is None else own.get(item.words.get(name, ""), (0, 0)) for item in items]
        raw |= _pair(f"reader_{name}", pairs)
    return raw


def _pair(name: str, pairs: Sequence[tuple[int, int]]) -> dict[str, NDArray[np.float64]]:
    counts = np.array(pairs, dtype=np.float64).reshape(len(pairs), 2)
    return {f"{name}_clicks": counts[:, 0], f"{name}_expected": counts[:, 1] / MILLION}


def _words(
    subject: Subject, items: Sequence[Item | None], reader: Reader | None, context: Context
) -> dict[str, list[str | None]]:
    many = len(items)
    found: dict[str, list[str | None]] = {
        name: [value] * many
        for name, value in (
            ("placement", context.placement),
            ("device_type", context.device_type),
            ("referrer", context.referrer),
            ("tier", None if reader is None else reader.tier or None),
        )
    }
    for name in ("category", "type"):
        found[name] = [None if item is None else item.words.get(name) or None for item in items]
    own = [None if item is None else item.words.get("brand") or None for item in items]
    found["brand"] = [context.brand or brand for brand in own]
    return found


def _codes(words: Sequence[str | None], vocabulary: Sequence[str]) -> NDArray[np.float32]:
    places = {word: float(code) for code, word in enumerate(vocabulary)}
    unseen = float(len(vocabulary))
    return np.array([np.nan if word is None else places.get(word, unseen) for word in words], dtype=np.float32)


def _item_key(item_id: str) -> bytes:
    return _ITEM + half_md5(item_id).to_bytes(8, "big")


def _reader_key(reader: int) -> bytes:
    return _READER + reader.to_bytes(8, "big")


def reader_row_key(reader: int) -> bytes:
    """The key of a reader's row."""
    return _reader_key(reader)
