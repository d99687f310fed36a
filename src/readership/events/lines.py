"""JSON lines, in chunks of whole lines."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from readership.events.source import Source, open_bytes

CHUNK_BYTES = 192 << 20
LONGEST_LINE = 1 << 20
"""Bytes a line may have; a longer one is no event and goes to quarantine."""
_MARK = b"\xef\xbb\xbf"
_BLOCK = 1 << 20


class Lines(NamedTuple):
    """Whole lines of a file: where they lie in it, or their bytes where the file is compressed."""

    path: Path
    begin: int
    end: int
    data: bytes | None = None

    def read(self) -> bytes:
        """The lines' bytes."""
        if self.data is not None:
            return self.data
        with self.path.open("rb") as file:
            file.seek(self.begin)
            return file.read(self.end - self.begin)

    def copy(self, target: Path) -> None:
        """Write the lines' bytes to a file, without reading them where the system can copy by itself."""
        with target.open("wb") as out:
            if self.data is not None:
                out.write(self.data)
            elif not (hasattr(os, "copy_file_range") and self._copied_by_system(out)):
                out.write(self.read())

    def _copied_by_system(self, out: IO[bytes]) -> bool:
        at = self.begin
        with self.path.open("rb") as file:
            while at < self.end:
                try:
                    done = os.copy_file_range(file.fileno(), out.fileno(), self.end - at, at)
                except OSError:
                    done = 0
                if not done:
                    out.seek(0)
                    out.truncate()
                    return False
                at += done
        return True


class Numbering:
    """Numbers of lines, counted only as far as somebody asks; the first line has number `first`."""

    def __init__(self, first: int = 1) -> None:
        self._lines = first
        self._begin = 0

    def first(self, lines: Lines) -> int:
        """The number of the first of these lines of a file that is not compressed."""
        with lines.path.open("rb") as file:
            file.seek(self._begin)
            while self._begin < lines.begin:
                block = file.read(min(_BLOCK, lines.begin - self._begin))
                self._lines += block.count(b"\n")
                self._begin += len(block)
        return self._lines

    def passed(self, lines: Lines) -> None:
        """Count these lines of a compressed file, which go by once."""
        if lines.data is not None:
            self._lines += lines.data.count(b"\n")


def read_lines(source: Source, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Lines]:
    """The file in chunks that end where a line ends. A line longer than a chunk makes its chunk longer."""
    with open_bytes(source) as file:
        begin = len(_MARK) if file.read(len(_MARK)) == _MARK else 0
        file.seek(begin)
        yield from (
            _unpacked(source.path, file, chunk_bytes)
            if source.gzipped
            else _located(source.path, file, begin, chunk_bytes)
        )


def _located(path: Path, file: IO[bytes], begin: int, chunk_bytes: int) -> Iterator[Lines]:
    size = file.seek(0, os.SEEK_END)
    while begin < size:
        end = _line_end(file, min(begin + chunk_bytes, size), size)
        yield Lines(path, begin, end)
        begin = end


def _line_end(file: IO[bytes], at: int, size: int) -> int:
    """The end of the line that the byte before `at` belongs to."""
    file.seek(at - 1)
    while at < size:
        block = file.read(_BLOCK)
        found = block.find(b"\n")
        if found >= 0:
            return file.tell() - len(block) + found + 1
        at = file.tell()
    return size


def _unpacked(path: Path, file: IO[bytes], chunk_bytes: int) -> Iterator[Lines]:
    while block := file.read(chunk_bytes):
        yield Lines(path, 0, 0, block if block.endswith(b"\n") else block + file.readline())
