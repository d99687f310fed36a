"""Readers out of the online store: every published table is written anew without them, and older versions are deleted.

What is true of the others, and when, stays as it was. Workers take up the new version within a second; until then they
ask who was erased (`events/erased.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from readership.features.clicks.store import TABLE as CLICKS
from readership.features.clicks.store import reader_row_key
from readership.features.memory import MEMORY, file_parts, read_memory
from readership.features.online import row_key
from readership.features.versions import NewVersion, Version, current

_AT_ONCE = 20_000
Row = tuple[bytes, bytes]
Change = Callable[[bytes], bytes | None]


def forget(online_dir: Path, readers: frozenset[int], memory_file: str, without_reads: Change) -> int:
    """Publish every table that holds one of these readers without them; returns how many rows went.

    `without_reads` gives the content of the memory's file `memory_file` without what they read, None where it holds
    nothing of them. Raises StoreError, with the versions in use as they were, where a table cannot be written.
    """
    gone = 0
    for table in _tables(online_dir):
        if table.name == MEMORY:
            gone += _forget_reads(online_dir, memory_file, without_reads)
        else:
            key = reader_row_key if table.name == CLICKS else row_key
            gone += _forget_rows(table, {key(reader) for reader in readers})
    return gone


def _tables(online_dir: Path) -> list[Path]:
    """Folders of tables of which a version is in use."""
    return sorted({path.parent for path in (*online_dir.glob("*/CURRENT"), *online_dir.glob("reasons/*/CURRENT"))})


def _forget_rows(table: Path, keys: set[bytes]) -> int:
    held = [Version.of(folder) for folder in _versions(table)]
    if not any(version.get(key) for version in held for key in keys):
        return 0
    used = Version.of(table / (current(table) or ""))
    gone = sum(used.get(key) is not None for key in keys)
    _publish(table, used, lambda key: key not in keys, [])
    return gone


def _forget_reads(online_dir: Path, name: str, without_reads: Change) -> int:
    """Versions before the one in use may hold them too, and go in any case."""
    table = online_dir / MEMORY
    version = current(table) or ""
    _, files = read_memory(online_dir, version)
    left = without_reads(files[name])
    if left is not None:
        prefix = file_parts(name, b"")[0][0][:-4]
        _publish(table, Version.of(table / version), lambda key: not key.startswith(prefix), file_parts(name, left))
        return 1
    for other in _versions(table):
        if other.name != version:
            shutil.rmtree(other, ignore_errors=True)
    return 0


def _publish(table: Path, used: Version, stays: Callable[[bytes], bool], more: list[Row]) -> None:
    """A new version with the rows that stay and some more; the others are deleted."""
    before = _versions(table)
    version = NewVersion(table)
    block: list[Row] = []
    for key, value in used.rows():
        if stays(key):
            block.append((key, value))
        if len(block) == _AT_ONCE:
            version.put(block)
            block = []
    version.put([*block, *more])
    version.finish(used.meta, failed=False)
    for folder in before:
        shutil.rmtree(folder, ignore_errors=True)


def _versions(table: Path) -> list[Path]:
    return sorted(path.parent for path in table.glob("*/data.mdb"))
