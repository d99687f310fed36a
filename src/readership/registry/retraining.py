"""Which versions should be trained again, and why: `retrain.json` beside the task's `live.json`.

A bundle never changes, so what is said about it later stands beside it.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from readership.errors import BundleError

FILE = "retrain.json"


def mark(models_dir: Path, task: str, version: str, why: str) -> None:
    """Say of a version that it should be trained again; what was said of it before stays."""
    path = models_dir / task / FILE
    marks = read(models_dir, task)
    if version in marks:
        return
    marks[version] = {"since": datetime.now(UTC).isoformat(timespec="seconds"), "why": why}
    draft = path.with_name(f".{FILE}.{os.getpid()}")
    draft.write_text(json.dumps(marks, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def read(models_dir: Path, task: str) -> dict[str, dict[str, str]]:
    """`since` and `why` of every version of a task that should be trained again."""
    path = models_dir / task / FILE
    try:
        found: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BundleError(f"{path} cannot be read: {error}; restore it, or delete it and train again") from error
    return found
