"""JSON lines, in chunks of whole lines."""

from collections.abc import Iterator
from typing import NamedTuple

from readership.events.source import Source, open_bytes

CHUNK_BYTES = 128 << 20
LONGEST_LINE = 1 << 20
"""Bytes a line may have; a longer one is no event and goes to quarantine."""


class Lines(NamedTuple):
    """Whole lines of a file; `first` is the number of the first one, counted from 1."""

    first: int
    data: bytes


def read_lines(source: Source, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Lines]:
    """The file in chunks that end where a line ends. A line longer than a chunk makes its chunk longer."""
    first = 1
    with open_bytes(source) as file:
        rest = file.read(3)
        rest = b"" if rest == b"\xef\xbb\xbf" else rest
        while block := file.read(chunk_bytes):
            end = block.rfind(b"\n") + 1
            if not end:
                rest += block
                continue
            data = b"".join((rest, memoryview(block)[:end]))
            rest = block[end:]
            yield Lines(first, data)
            first += data.count(b"\n")
    if rest:
        yield Lines(first, rest)
