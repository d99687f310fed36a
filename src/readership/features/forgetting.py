"""Readers out of the online store: every published table is written anew without them, and older versions are deleted.

What is true of the others, and when, stays as it was. Workers take up the new version within a second; until then they
ask who was erased (`events/erased.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from readership.features.clicks.store import TABLE as CLICKS
from readership.features.clicks.store import reader_row_key
from readership.features.memory import MEMORY, file_parts, read_memory
from readership.features.online import row_key
from readership.features.versions import Version, current, drop, names, new_version, open_version, tables
from readership.settings import Online, RedisPlace

_AT_ONCE = 20_000
TAKEN_UP_SECONDS = 2.0
"""Workers have taken up a new version by then."""
Row = tuple[bytes, bytes]
Change = Callable[[bytes], bytes | None]


def forget(online: Online, readers: frozenset[int], memory_file: str, without_reads: Change) -> int:
    """Publish every table that holds one of these readers without them; returns how many rows went.

    `without_reads` gives the content of the memory's file `memory_file` without what they read, None where it holds
    nothing of them. Raises StoreError, with the versions in use as they were, where a table cannot be written.
    """
    gone = 0
    for name in tables(online):
        if name == MEMORY:
            gone += _forget_reads(online, memory_file, without_reads)
        else:
            key = reader_row_key if name == CLICKS else row_key
            gone += _forget_rows(online / name, {key(reader) for reader in readers})
    return gone


def _forget_rows(table: Online, keys: set[bytes]) -> int:
    held = [open_version(table, name) for name in names(table)]
    if not any(version.get(key) for version in held for key in keys):
        return 0
    used = open_version(table, current(table) or "")
    gone = sum(used.get(key) is not None for key in keys)
    _publish(table, used, lambda key: key not in keys, [])
    return gone


def _forget_reads(online: Online, name: str, without_reads: Change) -> int:
    """Versions before the one in use may hold them too, and go in any case."""
    table = online / MEMORY
    version = current(table) or ""
    _, files = read_memory(online, version)
    left = without_reads(files[name])
    if left is not None:
        prefix = file_parts(name, b"")[0][0][:-4]
        _publish(table, open_version(table, version), lambda key: not key.startswith(prefix), file_parts(name, left))
        return 1
    for other in names(table):
        if other != version:
            drop(table, other)
    return 0


def _publish(table: Online, used: Version, stays: Callable[[bytes], bool], more: list[Row]) -> None:
    """A new version with the rows that stay and some more; the others are deleted."""
    before = names(table)
    version = new_version(table)
    block: list[Row] = []
    for key, value in used.rows():
        if stays(key):
            block.append((key, value))
        if len(block) == _AT_ONCE:
            version.put(block)
            block = []
    version.put([*block, *more])
    version.finish(used.meta, failed=False)
    if isinstance(table, RedisPlace):  # which, unlike a file, is gone for those who read it
        time.sleep(TAKEN_UP_SECONDS)
    for name in before:
        drop(table, name)
