"""Which variant a unit of an experiment was given before: kept so that it stays, and is logged once."""

import hashlib
from typing import Any, NamedTuple

from readership.features.lmdb_file import LmdbFile, pairs_from

EXPOSED = b"exposed"
_FORGOTTEN_AT_ONCE = 2000


class Exposed(NamedTuple):
    """The table of one state file; every method raises StoreError in plain words."""

    file: LmdbFile

    def given(self, experiment: str, unit: str) -> str | None:
        """The variant that was kept of this unit."""
        found: bytes | None = self.file.look(EXPOSED, lambda cursor: cursor.get(_key(experiment, unit)))
        return found.decode() if found else None

    def keep(self, experiment: str, unit: str, variant: str) -> None:
        """Keep it, unless another was kept before."""
        table = self.file.tables[EXPOSED]
        self.file.write(lambda txn: txn.put(_key(experiment, unit), variant.encode(), db=table, overwrite=False))

    def forget(self, experiment: str) -> None:
        """Leave out what was kept of an experiment that is over."""
        while self.file.look(EXPOSED, lambda cursor: _those_of(experiment, cursor)):
            self.file.write(lambda txn: self._forget(txn, experiment))

    def forget_unit(self, unit: str) -> None:
        """Leave out what was kept of one unit, of every experiment."""
        table, end = self.file.tables[EXPOSED], _digest(unit, 16)

        def forget(txn: Any) -> None:
            with txn.cursor(db=table) as cursor:
                found = [key for key in cursor.iternext(values=False) if key.endswith(end)]
            for key in found:
                txn.delete(key, db=table)

        self.file.write(forget)

    def _forget(self, txn: Any, experiment: str) -> None:
        table = self.file.tables[EXPOSED]
        with txn.cursor(db=table) as cursor:
            found = _those_of(experiment, cursor)
        for key in found:
            txn.delete(key, db=table)


def _those_of(experiment: str, cursor: Any) -> list[bytes]:
    prefix = _digest(experiment, 8)
    pairs = pairs_from(cursor, prefix, _FORGOTTEN_AT_ONCE)
    return [key for key, _ in pairs if key.startswith(prefix)]


def _key(experiment: str, unit: str) -> bytes:
    return _digest(experiment, 8) + _digest(unit, 16)


def _digest(text: str, size: int) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest()
