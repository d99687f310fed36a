"""Who was erased: a mark for each reader, which every way in asks before it keeps anything.

A mark is a keyed hash of the reader's number. Without the key nobody can tell from the marks who was erased; with it a
reader who comes back is recognised. `erased.marks` holds one mark a line and only grows; the key lies beside it in
`erasure.key`, or in READERSHIP_ERASURE_KEY.
"""

import hashlib
import json
import os
import re
import secrets
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from readership.errors import StoreError
from readership.events.identity import reader_key
from readership.settings import Settings

MARKS, KEY = "erased.marks", "erasure.key"
_LINE_BYTES = 33
_CHECK = b"readership erasure key"
_WORD = re.compile(r"""[^\s"',;:{}\[\]()|=<>]+""")


class Erased:
    """The readers that were erased, by their numbers: `42 in erased`. Sees at once what another process adds."""

    def __init__(self, folder: Path, key: bytes | None = None) -> None:
        self.folder = folder
        self._path = folder / MARKS
        self._file = str(self._path)
        self._given = key
        self._key: bytes | None = None
        self._marks: set[str] = set()
        self._read = 0
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of this project."""
        secret = settings.erasure_key
        key = hashlib.sha256(secret.get_secret_value().encode()).digest() if secret else None
        return cls(settings.erasures_dir, key)

    def __contains__(self, reader: object) -> bool:
        return isinstance(reader, int) and bool(self) and self.mark(reader) in self._marks

    def __bool__(self) -> bool:
        """Whether anybody was. Raises StoreError where the marks cannot be read, or were made with another key."""
        try:
            size = os.stat(self._file).st_size
        except FileNotFoundError:
            return False
        if size - size % _LINE_BYTES > self._read:
            self._follow()
        return bool(self._marks)

    @property
    def marks(self) -> frozenset[str]:
        """All marks."""
        return frozenset(self._marks) if self else frozenset()

    def mark(self, reader: int) -> str:
        """What is kept of a reader: 32 hexadecimal digits."""
        return _hash(self._key or self._open_key(), reader.to_bytes(8, "big"))

    def add(self, reader: int) -> str:
        """Erased from now on, on disk when this returns; returns the mark. Again changes nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            if not self._path.exists():
                self._append(_hash(self._open_key(), _CHECK))
            if reader not in self:
                self._append(self.mark(reader))
        except OSError as error:
            raise StoreError(
                f"{self._path} cannot be written: {error}; nothing was erased; free some space or set "
                "READERSHIP_ERASURES, then ask again"
            ) from error
        return self.mark(reader)

    def among(self, readers: Iterable[int]) -> list[int]:
        """Those of these readers who were erased, each once."""
        return [reader for reader in set(readers) if self.mark(reader) in self._marks] if self else []

    def speaks_of(self, raw: str) -> bool:
        """Whether a row, as it came, is about somebody who was erased.

        By its `user_id` or `device_id`; where it has neither, by any word in it that is the id of one.
        """
        return bool(self) and any(reader_key(name) in self for name in named(raw))

    def _follow(self) -> None:
        """Read what was added."""
        with self._lock:
            try:
                with self._path.open("rb") as file:
                    file.seek(self._read)
                    lines = file.read()
            except OSError as error:
                raise StoreError(f"{self._path} cannot be read: {error}; nothing is kept until it can be") from error
            whole = lines[: len(lines) - len(lines) % _LINE_BYTES].decode("ascii", errors="replace").split("\n")[:-1]
            if not self._read and whole and whole[0] != _hash(self._key or self._open_key(), _CHECK):
                raise StoreError(
                    f"the marks in {self._path} were made with another key than this one; put back "
                    f"{self.folder / KEY}, or set READERSHIP_ERASURE_KEY to what it was; nobody could tell who was "
                    "erased until then"
                )
            self._marks |= set(whole if self._read else whole[1:])
            self._read += len(whole) * _LINE_BYTES

    def _append(self, mark: str) -> None:
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb") as file:
            file.write(mark.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _open_key(self) -> bytes:
        """The key; made where there is none, and nobody was erased yet."""
        if self._given is not None:
            self._key = self._given
            return self._key
        path = self.folder / KEY
        if not path.exists() and not self._path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            _make_key(path)
        try:
            self._key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            raise StoreError(
                f"the key of erasures {path} cannot be read: {error}; put it back from your safe copy: without it "
                "nobody can tell who was erased"
            ) from error
        return self._key


def named(raw: str) -> set[str]:
    """The reader ids a row as it came may be about: those it names, else every word in it.

    >>> sorted(named('{"user_id": 42, "position": 7}')), sorted(named("42,view,a1"))
    (['42'], ['42', 'a1', 'view'])
    """
    try:
        row = json.loads(raw)
    except ValueError:
        row = None
    if isinstance(row, dict):
        if row.get("user_id") not in (None, ""):
            return {str(row["user_id"])}
        if row.get("device_id") not in (None, ""):
            return {f"device:{row['device_id']}"}
    quoted = re.findall(r'"([^"\\]+)"', raw)
    return {*_WORD.findall(raw), *quoted, *(f"device:{word}" for word in quoted)}


def _make_key(path: Path) -> None:
    """Another process that makes one at the same moment wins or loses as a whole."""
    draft = path.with_name(f".{KEY}.{os.getpid()}.{secrets.token_hex(3)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _hash(key: bytes, content: bytes) -> str:
    return hashlib.blake2b(content, key=key, digest_size=16).hexdigest()
