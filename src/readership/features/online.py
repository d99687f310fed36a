"""The online store: what the API knows about a reader, read by many processes at once.

Each table (`features`, `reasons/<task>`) has versions (`versions.py`); readers look once a second whether
another one was published.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from readership.errors import StoreError
from readership.features.meta import Meta
from readership.features.versions import Version, current, new_version, open_current, open_version
from readership.settings import Online

FEATURES = "features"
LOOK_SECONDS = 1.0
_KEY = struct.Struct(">BQ")
_ROW = 1


class Row(NamedTuple):
    """What is known about one reader: `numbers` and `words` in the order of the store's names."""

    as_of: datetime
    numbers: NDArray[np.float32]
    words: tuple[str | None, ...]


class Reasons(NamedTuple):
    """Why a model scored a reader as it did, in words, strongest first."""

    model_version: str
    as_of: datetime
    reasons: tuple[str, ...]


class OnlineWriter:
    """Writes one new version of the features; readers see all of it after the block, or nothing.

    >>> with OnlineWriter(folder, numbers, words, as_of=now) as writer:   # doctest: +SKIP
    ...     writer.put(reader_ids, matrix, texts)

    Raises StoreError, with the old version still in use, when the store cannot be written.
    """

    def __init__(
        self,
        online: Online,
        numbers: Sequence[str],
        words: Sequence[str],
        *,
        as_of: datetime,
        sql_hashes: dict[str, str] | None = None,
        snapshot_at: datetime | None = None,
    ) -> None:
        self.meta = Meta(
            as_of,
            datetime.now(UTC),
            numbers=tuple(numbers),
            words=tuple(words),
            sql_hashes=sql_hashes or {},
            snapshot_at=snapshot_at,
        )
        self._version = new_version(online / FEATURES)

    def put(
        self, readers: NDArray[np.uint64], numbers: NDArray[np.float32], words: Sequence[Sequence[str | None]]
    ) -> None:
        """Add readers [n] with their numbers [n, len(numbers)] and texts (n tuples of len(words))."""
        if numbers.shape != (len(readers), len(self.meta.numbers)) or len(words) != len(readers):
            raise ValueError(f"numbers are {numbers.shape}, words {len(words)}, readers {len(readers)}")
        block = np.ascontiguousarray(numbers, dtype="<f4")
        encode = msgspec.msgpack.encode
        self._version.put(
            (_key(reader), row.tobytes() + encode(texts))
            for reader, row, texts in zip(readers.tolist(), block, words, strict=True)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        self._version.finish(self.meta, failed=failure is not None)


class ReasonsWriter:
    """Writes one new version of the reasons of one task's model, as OnlineWriter does for features."""

    def __init__(self, online: Online, task: str, *, model_version: str, as_of: datetime) -> None:
        self.meta = Meta(as_of, datetime.now(UTC), model_version=model_version)
        self._version = new_version(online / _reasons(task))

    def put(self, readers: NDArray[np.uint64], reasons: Sequence[Sequence[str]]) -> None:
        """Add the reasons of readers [n]."""
        encode = msgspec.msgpack.encode
        self._version.put(
            (_key(reader), encode(words)) for reader, words in zip(readers.tolist(), reasons, strict=True)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        self._version.finish(self.meta, failed=failure is not None)


class OnlineFeatures:
    """The versions in use of the features and of every task's reasons, held open for reading.

    Open it after a process was spawned, never before a fork.
    """

    def __init__(self, online: Online, features: Version) -> None:
        self.online = online
        self._features = features
        self._reasons: dict[str, Version | None] = {}
        self._looked = time.monotonic()
        self._words = msgspec.msgpack.Decoder(tuple[str | None, ...])
        self._texts = msgspec.msgpack.Decoder(tuple[str, ...])

    @classmethod
    def open(cls, online: Online) -> Self:
        """The store at `online`. Raises StoreError when there is none, or it cannot be read."""
        version = current(online / FEATURES)
        if version is None:
            raise StoreError(f"there are no online features in {online}; run `readership features build`")
        return cls(online, open_version(online / FEATURES, version))

    @property
    def meta(self) -> Meta:
        """What the version in use holds."""
        return self._features.meta

    @property
    def version(self) -> str:
        """Name of the version in use."""
        return self._features.name

    def get(self, reader: int) -> Row | None:
        """What is known about a reader, None where the store does not hold them."""
        features = self._features
        value = features.get(_key(reader))
        if value is None:
            return None
        width = len(features.meta.numbers)
        numbers = np.frombuffer(value, dtype="<f4", count=width)
        return Row(features.meta.as_of, numbers, self._words.decode(memoryview(value)[4 * width :]))

    def get_reasons(self, task: str, reader: int) -> Reasons | None:
        """The stored reasons of a reader, None where there are none."""
        if task not in self._reasons:
            self._reasons[task] = open_current(self.online / _reasons(task), None)
        opened = self._reasons[task]
        value = opened.get(_key(reader)) if opened else None
        if opened is None or value is None:
            return None
        return Reasons(opened.meta.model_version, opened.meta.as_of, self._texts.decode(value))

    def refresh(self) -> bool:
        """Take up newly published versions; looks at most once a second. True when something changed.

        A version that cannot be opened is left alone and the one in use is kept.
        """
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return False
        self._looked = now
        features = open_current(self.online / FEATURES, self._features) or self._features
        changed, self._features = features is not self._features, features
        for task, before in list(self._reasons.items()):
            after = open_current(self.online / _reasons(task), before)
            changed |= after is not before
            self._reasons[task] = after
        return changed


def published(online: Online, table: str = FEATURES) -> str | None:
    """Name of the version in use, None where nothing was ever published."""
    return current(online / table)


def _reasons(task: str) -> str:
    return f"reasons/{task}"


def _key(reader: int) -> bytes:
    return _KEY.pack(_ROW, reader)


def row_key(reader: int) -> bytes:
    """The key of a reader's row in the features, and in the reasons of every task."""
    return _key(reader)
