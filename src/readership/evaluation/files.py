"""Evaluation files: one JSON for each task, written whole or not at all."""

import json
import os
from pathlib import Path

from readership.contracts import Evaluation
from readership.errors import InputError


def write_evaluation(evaluation: Evaluation, folder: Path) -> Path:
    """Write `<task>.json` into `folder`, replacing the one before in a single step."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{evaluation['task']}.json"
    draft = path.with_suffix(f".{os.getpid()}.part")
    draft.write_text(json.dumps(evaluation, indent=1, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(draft, path)
    return path


def read_evaluations(folder: Path) -> list[Evaluation]:
    """Every evaluation of the folder, by task; none when the folder does not exist.

    Raises InputError naming a file that is not an evaluation.
    """
    return [_read(path) for path in sorted(folder.glob("*.json"))]


def _read(path: Path) -> Evaluation:
    try:
        content: Evaluation = json.loads(path.read_text(encoding="utf-8"))
        content["task"], content["metrics"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not an evaluation file ({error!r}); move it away, then train again") from error
    return content
