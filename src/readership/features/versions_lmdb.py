"""A table of the online store as a folder of read-only versions, and the file that names the one in use.

    <online folder>/features/CURRENT
    <online folder>/features/20260401T060000-3f9a/data.mdb

A writer fills a new version and moves `CURRENT`; nothing in a published version changes, so readers take no locks.
"""

from __future__ import annotations

import os
import shutil
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

import lmdb
import msgspec

from readership.errors import StoreError
from readership.features.meta import KEPT_VERSIONS, META, Meta, fresh_name

_FIRST_MAP_BYTES = 64 * 2**20


class LmdbNewVersion:
    """A version being written, invisible until `finish`."""

    def __init__(self, table: Path) -> None:
        self.table = table
        self.name = fresh_name()
        self.path = table / self.name
        self.rows = 0
        self._map_bytes = _FIRST_MAP_BYTES
        try:
            self.path.mkdir(parents=True)
            self._env = lmdb.open(str(self.path), map_size=self._map_bytes, sync=False, metasync=False, lock=False)
        except (lmdb.Error, OSError) as error:
            self._give_up(error)

    def put(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Add rows by their keys. Raises StoreError, and leaves nothing behind, where they cannot be written."""
        rows = sorted(items)
        try:
            self._write(rows)
        except (lmdb.Error, OSError) as error:
            self._give_up(error)
        self.rows += len(rows)

    def finish(self, meta: Meta, failed: bool) -> None:
        """Publish the version, or discard it."""
        if failed:
            self._discard()
            return
        try:
            self._write([(META, msgspec.msgpack.encode(msgspec.structs.replace(meta, rows=self.rows)))])
            self._env.sync(True)
            self._env.close()
            _publish(self.table, self.name)
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


class LmdbVersion:
    """One published version, opened once in a process however many stores look at it."""

    _all: ClassVar[weakref.WeakValueDictionary[str, LmdbVersion]] = weakref.WeakValueDictionary()

    def __init__(self, path: Path) -> None:
        self.name = path.name
        try:
            self._env = lmdb.open(str(path), readonly=True, lock=False, create=False)
            with self._env.begin() as txn:
                self.meta = msgspec.msgpack.decode(txn.get(META) or b"", type=Meta)
        except (lmdb.Error, OSError, msgspec.MsgspecError) as error:
            raise StoreError(
                f"the online store {path} cannot be read: {error}; run `readership features build`"
            ) from error

    @classmethod
    def of(cls, path: Path) -> LmdbVersion:
        """The version in this folder. Raises StoreError where it cannot be read."""
        key = str(path.resolve())
        opened = cls._all.get(key)
        if opened is None:
            opened = cls._all[key] = cls(path)
        return opened

    def get(self, key: bytes) -> bytes | None:
        """The row of this key, None where there is none."""
        with self._env.begin() as txn:
            value: bytes | None = txn.get(key)
            return value

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """Every row, in the order of keys."""
        with self._env.begin() as txn, txn.cursor() as cursor:
            yield from ((key, value) for key, value in cursor if key != META)


def current(table: Path) -> str | None:
    """Name of the version in use, None where nothing was ever published."""
    try:
        return (table / "CURRENT").read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def tables(online: Path) -> list[str]:
    """Tables of which a version is in use."""
    found = (*online.glob("*/CURRENT"), *online.glob("reasons/*/CURRENT"))
    return sorted(path.parent.relative_to(online).as_posix() for path in found)


def names(table: Path) -> list[str]:
    """Versions on disk, oldest first."""
    return sorted(path.parent.name for path in table.glob("*/data.mdb"))


def drop(table: Path, name: str) -> None:
    """Delete a version; who has it open may go on reading it."""
    shutil.rmtree(table / name, ignore_errors=True)


def clear(online: Path, kept: Path) -> None:
    """Delete every table but the folder `kept`."""
    for table in online.glob("*"):
        if table != kept:
            shutil.rmtree(table, ignore_errors=True)


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
