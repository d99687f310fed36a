"""The online store: what the API knows about a reader, in LMDB, read by many processes at once.

Each table (`features`, `reasons/<task>`) is a folder of read-only versions and an atomic `CURRENT`
file that names the one in use:

    <online folder>/features/CURRENT
    <online folder>/features/20260401T060000-3f9a/data.mdb

A writer fills a new version and moves `CURRENT`; readers look at it once a second. Nothing in a
published version changes, so readers take no locks.
"""

from __future__ import annotations

import os
import secrets
import shutil
import struct
import time
import weakref
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

import lmdb
import msgspec
import numpy as np
from numpy.typing import NDArray

from readership.errors import StoreError

FEATURES = "features"
LOOK_SECONDS = 1.0
KEPT_VERSIONS = 2
_META = b"meta"
_FIRST_MAP_BYTES = 64 * 2**20
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


class Meta(msgspec.Struct, frozen=True):
    """What a version holds: when it was true, when it was written, its columns and its model version."""

    as_of: datetime
    created_at: datetime
    rows: int = 0
    numbers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    model_version: str = ""
    sql_hashes: dict[str, str] = {}


class OnlineWriter:
    """Writes one new version of the features; readers see all of it after the block, or nothing.

    >>> with OnlineWriter(folder, numbers, words, as_of=now) as writer:   # doctest: +SKIP
    ...     writer.put(reader_ids, matrix, texts)

    Raises StoreError, with the old version still in use, when the store cannot be written.
    """

    def __init__(
        self,
        online_dir: Path,
        numbers: Sequence[str],
        words: Sequence[str],
        *,
        as_of: datetime,
        sql_hashes: dict[str, str] | None = None,
    ) -> None:
        self.meta = Meta(
            as_of, datetime.now(UTC), numbers=tuple(numbers), words=tuple(words), sql_hashes=sql_hashes or {}
        )
        self._version = _NewVersion(online_dir / FEATURES)

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

    def __init__(self, online_dir: Path, task: str, *, model_version: str, as_of: datetime) -> None:
        self.meta = Meta(as_of, datetime.now(UTC), model_version=model_version)
        self._version = _NewVersion(online_dir / _reasons(task))

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

    def __init__(self, online_dir: Path, features: _Open) -> None:
        self.online_dir = online_dir
        self._features = features
        self._reasons: dict[str, _Open | None] = {}
        self._looked = time.monotonic()
        self._words = msgspec.msgpack.Decoder(tuple[str | None, ...])
        self._texts = msgspec.msgpack.Decoder(tuple[str, ...])

    @classmethod
    def open(cls, online_dir: Path) -> Self:
        """The store at `online_dir`. Raises StoreError when there is none, or it cannot be read."""
        version = _current(online_dir / FEATURES)
        if version is None:
            raise StoreError(f"there are no online features in {online_dir}; run `readership features build`")
        return cls(online_dir, _Open.of(online_dir / FEATURES / version))

    @property
    def meta(self) -> Meta:
        """What the version in use holds."""
        return self._features.meta

    @property
    def version(self) -> str:
        """Name of the version in use."""
        return self._features.path.name

    def get(self, reader: int) -> Row | None:
        """What is known about a reader, None where the store does not hold them."""
        features = self._features
        value = features.get(reader)
        if value is None:
            return None
        width = len(features.meta.numbers)
        numbers = np.frombuffer(value, dtype="<f4", count=width)
        return Row(features.meta.as_of, numbers, self._words.decode(memoryview(value)[4 * width :]))

    def get_reasons(self, task: str, reader: int) -> Reasons | None:
        """The stored reasons of a reader, None where there are none."""
        if task not in self._reasons:
            self._reasons[task] = _open_current(self.online_dir / _reasons(task), None)
        opened = self._reasons[task]
        value = opened.get(reader) if opened else None
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
        features = _open_current(self.online_dir / FEATURES, self._features) or self._features
        changed, self._features = features is not self._features, features
        for task, before in list(self._reasons.items()):
            after = _open_current(self.online_dir / _reasons(task), before)
            changed |= after is not before
            self._reasons[task] = after
        return changed


def published(online_dir: Path, table: str = FEATURES) -> str | None:
    """Name of the version in use, None where nothing was ever published."""
    return _current(online_dir / table)


class _NewVersion:
    """A version being written, invisible until `finish`."""

    def __init__(self, table: Path) -> None:
        self.table = table
        self.path = table / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
        self.rows = 0
        self._map_bytes = _FIRST_MAP_BYTES
        try:
            self.path.mkdir(parents=True)
            self._env = lmdb.open(str(self.path), map_size=self._map_bytes, sync=False, metasync=False, lock=False)
        except (lmdb.Error, OSError) as error:
            self._give_up(error)

    def put(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        rows = sorted(items)
        try:
            self._write(rows)
        except (lmdb.Error, OSError) as error:
            self._give_up(error)
        self.rows += len(rows)

    def finish(self, meta: Meta, failed: bool) -> None:
        if failed:
            self._discard()
            return
        try:
            self._write([(_META, msgspec.msgpack.encode(msgspec.structs.replace(meta, rows=self.rows)))])
            self._env.sync(True)
            self._env.close()
            _publish(self.table, self.path.name)
        except (lmdb.Error, OSError) as error:
            self._give_up(error)
        _delete_old(self.table)

    def _write(self, rows: list[tuple[bytes, bytes]]) -> None:
        while True:
            try:
                with self._env.begin(write=True) as txn, txn.cursor() as cursor:
                    cursor.putmulti(rows)
                return
            except lmdb.MapFullError:
                self._map_bytes *= 2
                self._env.set_mapsize(self._map_bytes)

    def _discard(self) -> None:
        if env := getattr(self, "_env", None):
            env.close()
        shutil.rmtree(self.path, ignore_errors=True)

    def _give_up(self, error: Exception) -> None:
        self._discard()
        raise StoreError(
            f"the online store {self.table} cannot be written: {error}; free some space or set "
            "READERSHIP_ONLINE_STORE, then run the same command again; the version in use was not touched"
        ) from error


class _Open:
    """One published version, opened once in a process however many stores look at it."""

    _all: ClassVar[weakref.WeakValueDictionary[str, _Open]] = weakref.WeakValueDictionary()

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._env = lmdb.open(str(path), readonly=True, lock=False, create=False)
            with self._env.begin() as txn:
                self.meta = msgspec.msgpack.decode(txn.get(_META) or b"", type=Meta)
        except (lmdb.Error, OSError, msgspec.MsgspecError) as error:
            raise StoreError(
                f"the online store {path} cannot be read: {error}; run `readership features build`"
            ) from error

    @classmethod
    def of(cls, path: Path) -> _Open:
        key = str(path.resolve())
        opened = cls._all.get(key)
        if opened is None:
            opened = cls._all[key] = cls(path)
        return opened

    def get(self, reader: int) -> bytes | None:
        with self._env.begin() as txn:
            value: bytes | None = txn.get(_key(reader))
            return value


def _open_current(table: Path, before: _Open | None) -> _Open | None:
    version = _current(table)
    if version is None or (before is not None and before.path.name == version):
        return before
    try:
        return _Open.of(table / version)
    except StoreError:
        return before


def _current(table: Path) -> str | None:
    try:
        return (table / "CURRENT").read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def _publish(table: Path, version: str) -> None:
    draft = table / f".CURRENT-{version}"
    with draft.open("w", encoding="utf-8") as file:
        file.write(version)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(table / "CURRENT")


def _delete_old(table: Path) -> None:
    versions = sorted(folder for folder in table.iterdir() if (folder / "data.mdb").is_file())
    for folder in versions[:-KEPT_VERSIONS]:
        shutil.rmtree(folder, ignore_errors=True)


def _reasons(task: str) -> str:
    return f"reasons/{task}"


def _key(reader: int) -> bytes:
    return _KEY.pack(_ROW, reader)
