"""A running experiment stays as it is: what was defined when it started is remembered beside the definitions."""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from readership.errors import InputError
from readership.experiments.definition import MAY_CHANGE, Experiment

FILE = "started.json"


def check_unchanged(folder: Path, experiments: Mapping[str, Experiment]) -> None:
    """Raises InputError naming what was changed of an experiment after its start, and the way to do it."""
    remembered = _remembered(folder)
    for key, experiment in experiments.items():
        if key in remembered:
            _check(experiment, remembered[key])


def remember_started(folder: Path, experiments: Mapping[str, Experiment], now: datetime) -> None:
    """Note every experiment that has started by `now`; those noted already must be unchanged.

    What may change (an earlier end, more coverage) is noted again, so that it cannot be taken back.
    """
    check_unchanged(folder, experiments)
    remembered = _remembered(folder)
    started = {key: experiment for key, experiment in experiments.items() if experiment.start <= now}
    noted = remembered | {
        key: {"sha256": experiment.content_hash(), "definition": experiment.content()}
        for key, experiment in started.items()
    }
    if noted != remembered:
        draft = folder / f".{FILE}.{os.getpid()}"
        with draft.open("w", encoding="utf-8") as file:
            file.write(json.dumps(noted, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / FILE)


def as_started(folder: Path) -> dict[str, Experiment]:
    """Every experiment that is remembered, as it was noted last."""
    return {key: Experiment.of(noted["definition"]) for key, noted in _remembered(folder).items()}


def _check(experiment: Experiment, then: Mapping[str, Any]) -> None:
    before, now = then["definition"], experiment.content()
    changed = [name for name in now if name not in MAY_CHANGE and now[name] != before.get(name)]
    if then["sha256"] != experiment.content_hash():
        raise InputError(
            f"experiment {experiment.key!r} was changed after its start on {before['start'][:10]}: "
            f"{', '.join(changed) or 'its content'}. What was assigned and measured so far would no longer fit; undo "
            "the change, or end it (`end` may come earlier) and start a new one under another key; nothing was assigned"
        )
    if now["end"] > before["end"] or now["coverage"] < before["coverage"]:
        raise InputError(
            f"experiment {experiment.key!r} has started: its end may only come earlier (it was {before['end'][:10]}), "
            f"its coverage may only grow (it was {before['coverage']:g}); start a new one under another key"
        )


def _remembered(folder: Path) -> dict[str, Any]:
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(
            f"{path} cannot be read ({error}); bring it back from your version control, or remove it where no "
            "experiment is running"
        ) from error
    return found
