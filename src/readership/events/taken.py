"""How far each file of a segment log was taken by whoever reads it, so that whatever interrupts it loses nothing.

One process at a time takes from a folder. What it took is written down after it is safe elsewhere; a process that
dies in between leaves records that are taken again.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from readership.events.segments import Segment

try:
    import fcntl
except ModuleNotFoundError:  # Windows: nothing keeps two from taking the same; what is taken twice counts once
    fcntl = None  # type: ignore[assignment]

TAKEN = "taken.json"
DAMAGED = "damaged.log"
LOCK = "taking.lock"


class Taken:
    """Up to which byte each segment of a folder was taken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ends = _read(folder / TAKEN)

    def end(self, segment: Segment) -> int:
        """The byte at which the records begin that were not taken yet."""
        return self._ends.get(segment.path.stem, 0)

    def until(self, segment: Segment, end: int) -> None:
        """Write down that the segment was taken up to this byte."""
        self._ends[segment.path.stem] = end
        self._write()

    def finish(self, segment: Segment) -> None:
        """Delete a segment that was wholly taken, and forget about it."""
        segment.path.unlink()
        self._ends.pop(segment.path.stem, None)
        self._write()

    def keep_damaged(self, lines: Sequence[bytes]) -> None:
        """Put lines whose checksum does not hold aside."""
        with (self.folder / DAMAGED).open("ab") as file:
            file.writelines(line + b"\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())

    def _write(self) -> None:
        draft = self.folder / f".{TAKEN}.{os.getpid()}"
        with draft.open("w", encoding="utf-8") as file:
            json.dump(self._ends, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / TAKEN)


@contextmanager
def taking(folder: Path) -> Iterator[Taken | None]:
    """The right to take from a folder, for the length of a block; None where another process has it."""
    with (folder / LOCK).open("a") as file:
        if fcntl:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield None
                return
        yield Taken(folder)


def _read(path: Path) -> dict[str, int]:
    try:
        found: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}  # where it cannot be read everything is taken again; what was taken before counts as a repeat
    return found
