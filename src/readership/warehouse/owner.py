"""One process at a time owns an embedded store; `owner.json` beside it says which."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from readership.errors import MissingExtra, WarehouseLocked
from readership.settings import redact


class Ownership:
    """The right to open one embedded store, held until `release` or the end of the process.

    The operating system frees the lock of a process that dies, so a stale `owner.json` blocks nobody.
    """

    def __init__(self, path: Path, lock: IO[str]) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def take(cls, store: Path) -> "Ownership":
        """Own the store at `store`, or raise WarehouseLocked naming who does.

        Raises MissingExtra on a system that the embedded engine does not run on.
        """
        try:
            import fcntl
        except ModuleNotFoundError as error:
            raise MissingExtra(
                f"the embedded warehouse {store} is not to be had on this system; set "
                "READERSHIP_WAREHOUSE=clickhouse://… to use a server, or run Readership in WSL2 or Docker; see "
                "docs/places.md; nothing was changed"
            ) from error
        store.parent.mkdir(parents=True, exist_ok=True)
        path = store.with_name(store.name + ".owner.json")
        lock = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise WarehouseLocked(_who(path, store)) from error
        lock.truncate(0)
        lock.write(
            json.dumps(
                {
                    "pid": os.getpid(),
                    "command": _command(),
                    "since": datetime.now(UTC).isoformat(timespec="seconds"),
                }
            )
        )
        lock.flush()
        return cls(path, lock)

    def release(self) -> None:
        """Give the store back."""
        self._lock.truncate(0)
        self._lock.close()


def _command() -> str:
    return " ".join([Path(sys.argv[0]).name, *(redact(word) for word in sys.argv[1:])])


def _who(path: Path, store: Path) -> str:
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
        holder = f"process {owner['pid']} (`{owner['command']}`, since {owner['since']})"
        wait = f"wait for it to end, or stop it with `kill {owner['pid']}`"
    except (OSError, ValueError, KeyError):
        holder, wait = "another process", "wait for it to end"
    return f"the warehouse {store} is held by {holder}; {wait}; nothing was changed"
