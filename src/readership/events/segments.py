"""The segment log: what came over HTTP, on disk before it is acknowledged, until ingest takes it to the warehouse.

Every process that serves appends to a file of its own, one record a line:

    5b1f3a90 event {"event_id": …}          crc32 of what follows, kind, JSON

A file is `*.open` while its process lives and `*.done` once it is full or was closed. A process that dies leaves a file
that nobody holds, perhaps with half a line at its end: that line was never acknowledged, and is not read.
"""

import os
import secrets
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from readership.errors import StoreError

try:
    import fcntl
except ModuleNotFoundError:  # Windows: a file whose process died counts as open, and is read all the same
    fcntl = None  # type: ignore[assignment]

MOST_BYTES = 64 * 2**20
KINDS = ("event", "article", "decision", "exposure")


class Record(NamedTuple):
    """One thing that was said: its kind, and JSON without line breaks."""

    kind: str
    text: bytes


class Segment(NamedTuple):
    """A file of the log, and whether nobody writes to it any more."""

    path: Path
    finished: bool


class Reading(NamedTuple):
    """Records of a segment, and what is wrong with the rest of it.

    end      byte behind the last whole line
    damaged  whole lines whose checksum does not hold
    torn     bytes of a last line that was never finished
    """

    records: list[Record]
    end: int
    damaged: list[bytes]
    torn: int


class SegmentLog:
    """The file this process appends to; the first record opens it. Threads may share it."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._file: FileIO | None = None
        self._path = folder
        self._bytes = 0

    def append(self, records: Iterable[Record], *, durable: bool = True) -> None:
        """Keep records; when this returns they survive the end of the process, and if `durable` that of the machine.

        Raises StoreError where the disk refuses; nothing of the batch was kept then.
        """
        block = b"".join(map(line, records))
        with self._lock:
            try:
                self._append(block, durable)
            except OSError as error:
                self._leave()
                raise StoreError(
                    f"the segment log {self.folder} cannot be written: {error}; free some space or set "
                    "READERSHIP_SEGMENTS; the batch was not taken, send it again"
                ) from error

    def close(self) -> None:
        """Finish the file, so that ingest can take all of it."""
        with self._lock:
            self._finish()

    def _append(self, block: bytes, durable: bool) -> None:
        if self._file is not None and self._bytes + len(block) > self._most_bytes:
            self._finish()
        file = self._file or self._open()
        left = memoryview(block)
        while left:
            left = left[file.write(left) :]
        if durable:
            os.fsync(file.fileno())
        self._bytes += len(block)

    def _open(self) -> FileIO:
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{os.getpid()}-{secrets.token_hex(2)}"
        draft, self._path = self.folder / f"{name}.new", self.folder / f"{name}.open"
        self._file, self._bytes = draft.open("xb", buffering=0), 0
        if fcntl:
            fcntl.flock(self._file, fcntl.LOCK_EX)
        draft.rename(self._path)
        _sync_folder(self.folder)
        return self._file

    def _finish(self) -> None:
        if self._file is None:
            return
        file, self._file = self._file, None
        os.fsync(file.fileno())
        self._path.rename(self._path.with_suffix(".done"))
        file.close()

    def _leave(self) -> None:
        """Cut off what was not acknowledged, and begin another file with the next batch."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.truncate(self._bytes)
            self._path.rename(self._path.with_suffix(".done"))
        except OSError:
            pass  # a torn line is left out by whoever reads; a whole one is a batch the sender sends again
        finally:
            file.close()


def line(record: Record) -> bytes:
    """A record as it stands in a file.

    >>> line(Record("event", b'{"a":1}'))
    b'a63c863c event {"a":1}\\n'
    """
    body = b"%s %s" % (record.kind.encode(), record.text)
    return b"%08x %s\n" % (crc32(body), body)


def segments(folder: Path) -> list[Segment]:
    """The files of the log, oldest first."""
    found = [*folder.glob("*.open"), *folder.glob("*.done")]
    return [Segment(path, path.suffix == ".done" or _nobody_holds(path)) for path in sorted(found)]


def read_segment(path: Path, begin: int = 0) -> Reading:
    """The records behind byte `begin`, which lies at the beginning of a line."""
    with path.open("rb") as file:
        file.seek(begin)
        content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    records, damaged = [], []
    for text in whole.split(b"\n")[:-1]:
        record = _record(text)
        if record:
            records.append(record)
        else:
            damaged.append(text)
    return Reading(records, begin + len(whole), damaged, len(content) - len(whole))


def _record(text: bytes) -> Record | None:
    """What a line says; None where its checksum does not hold."""
    told, _, body = text.partition(b" ")
    kind, _, content = body.partition(b" ")
    if told != b"%08x" % crc32(body) or kind.decode(errors="replace") not in KINDS:
        return None
    return Record(kind.decode(), content)


def _nobody_holds(path: Path) -> bool:
    """Whether the process that wrote the file is gone."""
    if not fcntl:
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _sync_folder(folder: Path) -> None:
    """Have the name of a new file survive as well."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
