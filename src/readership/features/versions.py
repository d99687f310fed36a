"""Tables of the online store that a batch publishes as a whole: no reader sees half of a version.

A writer fills a new version, then moves the name of the one in use; nothing in a published version changes. The version
before stays for those who have not looked yet, older ones are deleted. Kept in LMDB folders, or by a Redis server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from readership.errors import StoreError
from readership.features.meta import Meta
from readership.settings import Online, RedisPlace


class NewVersion(Protocol):
    """A version being written, invisible until `finish`."""

    name: str

    def put(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Add rows by their keys. Raises StoreError, and leaves nothing behind, where they cannot be written."""

    def finish(self, meta: Meta, failed: bool) -> None:
        """Publish the version, or discard it."""


class Version(Protocol):
    """One published version, open for reading."""

    name: str
    meta: Meta

    def get(self, key: bytes) -> bytes | None:
        """The row of this key, None where there is none. Raises StoreError where the store cannot be asked."""

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """Every row, in no order that holds."""


def new_version(table: Online) -> NewVersion:
    """A version of this table to be written."""
    if isinstance(table, RedisPlace):
        from readership.features.versions_redis import RedisNewVersion

        return RedisNewVersion(table)
    from readership.features.versions_lmdb import LmdbNewVersion

    return LmdbNewVersion(table)


def open_version(table: Online, name: str) -> Version:
    """A published version of this table. Raises StoreError where it cannot be read."""
    if isinstance(table, RedisPlace):
        from readership.features.versions_redis import RedisVersion

        return RedisVersion(table, name)
    from readership.features.versions_lmdb import LmdbVersion

    return LmdbVersion.of(table / name)


def open_current(table: Online, before: Version | None) -> Version | None:
    """The version in use; `before` where that is the same, or the newer one cannot be opened."""
    try:
        name = current(table)
        if name is None or (before is not None and before.name == name):
            return before
        return open_version(table, name)
    except StoreError:
        return before


def current(table: Online) -> str | None:
    """Name of the version in use, None where nothing was ever published. Raises StoreError where it cannot be asked."""
    if isinstance(table, RedisPlace):
        from readership.features.versions_redis import current as of_server

        return of_server(table)
    from readership.features.versions_lmdb import current as of_folder

    return of_folder(table)


def tables(online: Online) -> list[str]:
    """Tables of which a version is in use, as paths below the store: `features`, `reasons/churn`."""
    if isinstance(online, RedisPlace):
        from readership.features.versions_redis import tables as of_server

        return of_server(online)
    from readership.features.versions_lmdb import tables as of_folder

    return of_folder(online)


def names(table: Online) -> list[str]:
    """Versions of a table that are kept, oldest first."""
    if isinstance(table, RedisPlace):
        from readership.features.versions_redis import names as of_server

        return of_server(table)
    from readership.features.versions_lmdb import names as of_folder

    return of_folder(table)


def drop(table: Online, name: str) -> None:
    """Delete a version that is not in use."""
    if isinstance(table, RedisPlace):
        from readership.features.versions_redis import drop as of_server

        of_server(table, name)
        return
    from readership.features.versions_lmdb import drop as of_folder

    of_folder(table, name)


def clear(online: Online, state_dir: Path) -> None:
    """Delete every table; the state, which no batch makes, is left."""
    if isinstance(online, RedisPlace):
        from readership.features.versions_redis import clear as of_server

        of_server(online)
        return
    from readership.features.versions_lmdb import clear as of_folder

    of_folder(online, state_dir)
