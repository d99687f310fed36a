"""One LMDB file with named tables, which all processes of a machine write and read.

Writes are not flushed one by one: a process that dies loses nothing, a machine that loses power may lose the last
seconds.
"""

import struct
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import lmdb
import msgspec

from readership.errors import StoreError

FIRST_BYTES, MOST_BYTES = 64 * 2**20, 256 * 2**30
_MOST_READERS = 1024
TWO = struct.Struct(">QQ")
"""Key of a feed: ms and a number."""
_Answer = TypeVar("_Answer")


class LmdbFile:
    """The tables `names` in the folder `folder`, made where there is none.

    Open it after a process was spawned, never before a fork. Threads may share it: one writes at a time, and reading
    never waits for a write. Every method raises StoreError in plain words.
    """

    def __init__(self, folder: Path, names: Sequence[bytes], *, first_bytes: int = FIRST_BYTES) -> None:
        self.folder = folder
        self._writing, self._gate = threading.Lock(), threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._env = lmdb.open(
                str(folder),
                map_size=max(first_bytes, _size(folder)),
                max_dbs=len(names),
                max_readers=_MOST_READERS,
                sync=False,
                metasync=False,
            )
            self.tables = self._open_tables(names)
        except (lmdb.Error, OSError) as error:
            raise self._trouble("opened", error) from error

    def close(self) -> None:
        """Flush and close; nothing can be asked afterwards."""
        with self._writing, self._gate:
            self._env.sync(True)
            self._env.close()

    def look(self, table: bytes, ask: Callable[[Any], _Answer]) -> _Answer:
        """What a cursor over one table finds."""
        try:
            with self._gate, self._env.begin(db=self.tables[table]) as txn, txn.cursor() as cursor:
                return ask(cursor)
        except lmdb.MapResizedError:
            self._resize(0)
            return self.look(table, ask)
        except (lmdb.Error, msgspec.MsgspecError) as error:
            raise self._trouble("read", error) from error

    def write(self, change: Callable[[Any], _Answer]) -> _Answer:
        """Make a change as a whole, seen by everybody when this returns; where the file is full it grows, and the
        change is made anew.
        """
        while True:
            try:
                with self._writing, self._env.begin(write=True) as txn:
                    return change(txn)
            except lmdb.MapFullError as error:
                size = 2 * self._env.info()["map_size"]
                if size > MOST_BYTES:
                    raise self._trouble("written", error) from error
                self._resize(size)
            except lmdb.MapResizedError:
                self._resize(0)
            except (lmdb.Error, OSError, msgspec.MsgspecError) as error:
                raise self._trouble("written", error) from error

    def _open_tables(self, names: Sequence[bytes]) -> dict[bytes, Any]:
        while True:
            try:
                return {name: self._env.open_db(name) for name in names}
            except lmdb.MapResizedError:
                self._env.set_mapsize(0)

    def _resize(self, size: int) -> None:
        """Let the file be so large; 0: as large as another process made it. Nobody of this process is in it then."""
        with self._writing, self._gate:
            self._env.set_mapsize(size)

    def _trouble(self, what: str, error: Exception) -> StoreError:
        return StoreError(
            f"the state {self.folder} cannot be {what}: {error}; free some space, or stop `readership serve`, move the "
            "folder away and start it again: it then begins empty, and no event is lost, they lie in the segment log"
        )


def pairs_from(cursor: Any, key: bytes, most: int) -> list[tuple[bytes, bytes]]:
    """Keys and values from this key on, at most so many."""
    if not cursor.set_range(key):
        return []
    return [pair for _, pair in zip(range(most), cursor.iternext(), strict=False)]


def next_key(txn: Any, feed: Any, now_ms: int) -> bytes:
    """The key of the next entry of a feed: keys grow, whatever the clock says."""
    with txn.cursor(db=feed) as cursor:
        last_ms, number = TWO.unpack(cursor.key()) if cursor.last() else (0, 0)
    return TWO.pack(now_ms, 1) if now_ms > last_ms else TWO.pack(last_ms, number + 1)


def _size(folder: Path) -> int:
    file = folder / "data.mdb"
    return file.stat().st_size if file.is_file() else 0
