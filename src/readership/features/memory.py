"""The recommender's memory in the online store: what a batch has learnt, published as a version like the features.

What came afterwards lies in the state; serving reads both.
"""

import struct
from collections.abc import Mapping
from datetime import UTC, datetime

from readership.errors import StoreError
from readership.features.meta import Meta
from readership.features.versions import Version, current, new_version, open_version
from readership.settings import Online

MEMORY = "recommendation"
_NAMES = b"names"
_PART_BYTES = 2**24
_NUMBER = struct.Struct(">I")


def write_memory(
    online: Online, files: Mapping[str, bytes], *, as_of: datetime, learnt_until: datetime, model_version: str = ""
) -> str:
    """Publish `files` (a recommender's) as the version in use and return its name.

    `model_version` is the ranker they were made with. Raises StoreError, with the old version still in use.
    """
    meta = Meta(as_of, datetime.now(UTC), learnt_until=learnt_until, model_version=model_version)
    version = new_version(online / MEMORY)
    version.put([(_NAMES, "\n".join(files).encode())])
    for name, content in files.items():
        for part in file_parts(name, content):
            version.put([part])
    version.finish(meta, failed=False)
    return version.name


def memory_version(online: Online) -> str | None:
    """Name of the version in use, None where none was published."""
    return current(online / MEMORY)


def read_memory(online: Online, version: str) -> tuple[Meta, dict[str, bytes]]:
    """What a version holds. Raises StoreError where it cannot be read."""
    opened = open_version(online / MEMORY, version)
    names = opened.get(_NAMES)
    if names is None:
        raise StoreError(
            f"version {version} of {online / MEMORY} holds no memory; run `readership batch-score recommendation`"
        )
    return opened.meta, {name: _whole(opened, name) for name in names.decode().splitlines()}


def _whole(opened: Version, name: str) -> bytes:
    parts: list[bytes] = []
    while (part := opened.get(_key(name, len(parts)))) is not None:
        parts.append(part)
    return b"".join(parts)


def _key(name: str, number: int) -> bytes:
    """The key of one part of a file."""
    return b"file/" + name.encode() + b"/" + _NUMBER.pack(number)


def file_parts(name: str, content: bytes) -> list[tuple[bytes, bytes]]:
    """A file of the memory as rows of its version."""
    parts = [content[begin : begin + _PART_BYTES] for begin in range(0, max(len(content), 1), _PART_BYTES)]
    return [(_key(name, number), part) for number, part in enumerate(parts)]
