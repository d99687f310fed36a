"""Receipts of erasures: what was asked for, and how far it is. One small file each.

The reader's id stands in a receipt only until the warehouse is erased: whoever does that has to know it.
"""

import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from readership.errors import InputError, StoreError
from readership.settings import Settings

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Receipt:
    """One erasure.

    online_erased_at     when no answer could be made from the reader's data any more
    warehouse_erased_at  when the rows were gone from the warehouse, the files and the stores
    erased               what went: rows by table and by kind of file
    reader_id            whom it is about; null once all is erased
    """

    id: str
    accepted_at: str
    online_erased_at: str | None = None
    warehouse_erased_at: str | None = None
    erased: Mapping[str, int] = field(default_factory=dict)
    reader_id: str | None = None

    @property
    def state(self) -> Literal["accepted", "online_erased", "erased"]:
        """How far it is."""
        if self.warehouse_erased_at:
            return "erased"
        return "online_erased" if self.online_erased_at else "accepted"

    def as_dict(self) -> dict[str, Any]:
        """What is told of it: everything but the reader."""
        told = {"erasure_id": self.id, "state": self.state} | asdict(self)
        return {name: value for name, value in told.items() if name not in ("id", "reader_id")}


class Receipts:
    """The receipts in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "receipts"

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of this project."""
        return cls(settings.erasures_dir)

    def accept(self, reader_id: str) -> Receipt:
        """A new receipt, on disk when this returns. Raises StoreError where the disk refuses."""
        receipt = Receipt(secrets.token_hex(16), now(), reader_id=reader_id)
        self._write(receipt)
        return receipt

    def online(self, receipt: Receipt) -> Receipt:
        """Nothing answers from the reader's data any more."""
        return self._write(replace(receipt, online_erased_at=receipt.online_erased_at or now()))

    def done(self, receipt: Receipt, erased: Mapping[str, int]) -> Receipt:
        """All is erased; the receipt forgets whom it was about."""
        at = now()
        online = receipt.online_erased_at or at
        return self._write(
            replace(receipt, online_erased_at=online, warehouse_erased_at=at, erased=dict(erased), reader_id=None)
        )

    def read(self, receipt_id: str) -> Receipt:
        """Raises InputError where there is no such receipt."""
        path = self.folder / f"{receipt_id}.json"
        if not _ID.fullmatch(receipt_id) or not path.is_file():
            raise InputError(f"there is no erasure {receipt_id[:64]!r}; its id is in the answer to the request")
        return Receipt(**json.loads(path.read_text(encoding="utf-8")))

    def pending(self) -> list[Receipt]:
        """Those whose warehouse part is still to do, oldest first."""
        found = [self.read(path.stem) for path in self.folder.glob("*.json")]
        return sorted((one for one in found if not one.warehouse_erased_at), key=lambda one: one.accepted_at)

    def _write(self, receipt: Receipt) -> Receipt:
        draft = self.folder / f".{receipt.id}.{os.getpid()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump(asdict(receipt), file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.folder / f"{receipt.id}.json")
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be written: {error}; nothing was accepted; ask again") from error
        return receipt


def now() -> str:
    """The present time, as receipts state it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
