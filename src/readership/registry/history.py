"""Who made which version live, when and why: `<models>/<task>/promotions.jsonl`, one line a change, only appended."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from readership.contracts import Metric
from readership.errors import BundleError

FILE = "promotions.jsonl"


@dataclass(frozen=True)
class Promotion:
    """One change of champion.

    action       promote, rollback, retire (no champion any more, `version` is empty), or sync (a change found
                 afterwards that had left no line)
    replaced     the champion before; None for the first
    reason       what the rule said
    why          what the person said; empty when nothing was asked
    difference   log loss, version − replaced, on the same held-out rows; None where none was measured
    """

    task: str
    action: str
    version: str
    replaced: str | None
    forced: bool
    reason: str
    why: str
    by: str
    at: str
    difference: Metric | None = None

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


def append(folder: Path, promotion: Promotion) -> None:
    """Add one line, on disk before this returns."""
    line = json.dumps(promotion.as_dict(), ensure_ascii=False) + "\n"
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def read(folder: Path) -> list[Promotion]:
    """Every change of the task in `folder`, oldest first; BundleError names a line that cannot be read."""
    path = folder / FILE
    if not path.is_file():
        return []
    names = {field.name for field in fields(Promotion)}
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found.append(Promotion(**{key: value for key, value in json.loads(line).items() if key in names}))
        except (ValueError, TypeError, AttributeError) as error:
            raise BundleError(f"{path} line {number} cannot be read: {error}; repair or remove that line") from error
    return found


def before(history: Sequence[Promotion]) -> str | None:
    """The champion a rollback returns to: each promotion adds one, each rollback takes the last away.

    >>> a, b = (Promotion("churn", "promote", v, None, False, "", "", "", "") for v in ("v1", "v2"))
    >>> before([a, b]), before([a])
    ('v1', None)
    """
    line: list[str] = []
    for change in history:
        if change.action == "rollback":
            line.pop()
        elif change.action == "retire":
            line.clear()
        else:
            line.append(change.version)
    return line[-2] if len(line) > 1 else None
