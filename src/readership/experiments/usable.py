"""The experiments of a folder that can be used, each by itself: one that is broken does not stop the others."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from readership.errors import InputError
from readership.experiments.definition import Experiment
from readership.experiments.reading import read_experiment
from readership.experiments.started import as_started, check_unchanged, remember_started


class Usable(NamedTuple):
    """Experiments by key, and what is wrong with files that are not used as they are."""

    experiments: dict[str, Experiment]
    troubles: tuple[str, ...]


def usable(folder: Path, before: Mapping[str, Experiment], now: datetime) -> Usable:
    """Each definition of the folder; in place of one that cannot be used, its last good one, where there is one.

    Those that have started by `now` are remembered. The last good one is what was remembered of a started experiment,
    else what `before` holds. Of two that exclude each other and overlap, the one that started earlier stays.
    """
    try:
        remembered = as_started(folder)
    except InputError as error:
        return Usable(dict(before), (str(error),))
    found: dict[str, Experiment] = {}
    troubles: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            experiment = read_experiment(path)
            check_unchanged(folder, {experiment.key: experiment})
        except (InputError, OSError) as error:
            troubles.append(str(error))
            last = remembered.get(path.stem) or before.get(path.stem)
            if last is None:
                continue
            experiment = last
        found[experiment.key] = experiment
    apart = _apart(found, remembered, troubles)
    _remember(folder, apart, now, troubles)
    return Usable(apart, tuple(troubles))


def _apart(
    found: Mapping[str, Experiment], remembered: Mapping[str, Experiment], troubles: list[str]
) -> dict[str, Experiment]:
    """Without those that claim readers of one that was there first: remembered ones, then by start."""
    apart: dict[str, Experiment] = {}
    for one in sorted(found.values(), key=lambda e: (e.key not in remembered, e.start, e.key)):
        other = next((other for other in apart.values() if one.overlaps(other)), None)
        if other is None:
            apart[one.key] = one
        else:
            name = one.namespace.name if one.namespace else ""
            troubles.append(
                f"experiment {one.key!r} claims readers of {other.key!r} in namespace {name!r} at the same time; it is "
                "left out; give them ranges, or times, that do not meet"
            )
    return apart


def _remember(folder: Path, experiments: Mapping[str, Experiment], now: datetime, troubles: list[str]) -> None:
    try:
        remember_started(folder, experiments, now)
    except OSError as error:
        troubles.append(
            f"what has started cannot be noted in {folder}: {error}; a change of it would not be noticed; let the API "
            "write there, or run `readership experiment list` where that may"
        )
