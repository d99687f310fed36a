"""A copy of a version that a server keeps, on this machine, to answer from while the server is away.

The copy is a file of this process: its name is taken away at once, so that nobody else opens it and nothing is left
behind, however the process ends.
"""

import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import lmdb

from readership.errors import StoreError
from readership.features.meta import Meta
from readership.features.versions_lmdb import LmdbNewVersion, LmdbVersion

Rows = Sequence[tuple[bytes, bytes]]


class Copy:
    """Filled beside those who ask; `now` is the whole of it, None until then or where it cannot be made."""

    def __init__(self, meta: Meta, rows: Iterator[Rows]) -> None:
        self.now: LmdbVersion | None = None
        self._meta = meta
        threading.Thread(target=self._fill, args=(rows,), name="copy", daemon=True).start()

    def _fill(self, rows: Iterable[Rows]) -> None:
        try:
            folder = Path(tempfile.mkdtemp(prefix="readership-copy-"))
        except OSError:
            return
        try:
            copy = LmdbNewVersion(folder)
            for some in rows:
                copy.put(some)
            copy.finish(self._meta, failed=False)
            self.now = LmdbVersion(copy.path)
        except (StoreError, lmdb.Error, OSError):
            return
        finally:
            shutil.rmtree(folder, ignore_errors=True)
