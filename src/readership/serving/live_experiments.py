"""Experiments while the process runs: definitions looked at each second, and the model versions that some compare.

A definition that cannot be used, or that was changed after its start, leaves the last good one in force, and `/readyz`
says so. Experiments run by the clock on the wall, or by READERSHIP_NOW where that is set.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from readership.errors import ReadershipError
from readership.experiments.assignment import FOLDER, Experiment, usable
from readership.features.exposed import Exposed
from readership.registry.bundles import Bundle
from readership.serving.live_models import Snapshot, Store, Trouble
from readership.serving.own_time import OwnTime, wall_ms
from readership.serving.scorer import Scorer
from readership.settings import Settings

log = logging.getLogger("readership.serving")
TRIED = ("churn", "conversion", "engagement")
"""Tasks whose routes answer by the version of the reader's variant."""
Files = frozenset[tuple[str, int, int]]


@dataclass(frozen=True)
class ModelTrial:
    """A running experiment between versions of a model, and what scores in each of its variants."""

    experiment: Experiment
    scorers: Mapping[str, Scorer]


@dataclass(frozen=True)
class ExperimentsNow:
    """Everything a request reads; replaced as a whole. `trials` by task, the earliest start first."""

    experiments: Mapping[str, Experiment] = field(default_factory=dict)
    trials: Mapping[str, tuple[ModelTrial, ...]] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()


class LiveExperiments:
    """Keeps `now` up to date with the folder of definitions, the bundles and the stored features."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.root / FOLDER
        self._models = settings.artifacts_dir / "models"
        self._time = OwnTime(wall_ms() - int(settings.now.timestamp() * 1000)) if settings.now else OwnTime()
        self._seen: tuple[Files, frozenset[str]] | None = None
        self._wrong: tuple[Trouble, ...] = ()
        self._forgotten: set[str] = set()
        self.now = ExperimentsNow()

    def at(self) -> datetime:
        """What time it is for experiments."""
        return datetime.fromtimestamp(self._time.now_ms() / 1000, UTC)

    def take_up(self, prepared: ExperimentsNow) -> None:
        """Assign by `prepared` from here on."""
        before, self.now = self.now, prepared
        for trouble in prepared.troubles:
            if trouble not in before.troubles:
                log.warning("%s: %s", *trouble)

    def prepare(self, models: Snapshot) -> ExperimentsNow:
        """What should be assigned, by what lies on disk now. Slow only when something changed."""
        experiments = self._definitions()
        troubles = list(self._wrong)
        trials = self._trials(experiments.values(), models.store, troubles) if models.store else {}
        return ExperimentsNow(experiments, trials, tuple(troubles))

    def tidy(self, exposed: Exposed) -> None:
        """Forget who was given what in experiments that are over; an end never moves to later."""
        now = self.at()
        for key, experiment in self.now.experiments.items():
            if experiment.end <= now and key not in self._forgotten:
                exposed.forget(key)
                self._forgotten.add(key)

    def _definitions(self) -> Mapping[str, Experiment]:
        now, before = self.at(), self.now.experiments
        seen = _files(self._folder), frozenset(key for key, one in before.items() if one.start <= now)
        if seen == self._seen:
            return before
        found = usable(self._folder, before, now)
        self._seen = seen[0], frozenset(key for key, one in found.experiments.items() if one.start <= now)
        self._wrong = tuple(Trouble("experiment", trouble) for trouble in found.troubles)
        return found.experiments

    def _trials(
        self, experiments: Iterable[Experiment], store: Store, troubles: list[Trouble]
    ) -> dict[str, tuple[ModelTrial, ...]]:
        now, found = self.at(), dict[str, tuple[ModelTrial, ...]]()
        for experiment in experiments:
            if experiment.models is None or not experiment.running(now):
                continue
            try:
                trial = self._trial(experiment, store)
            except ReadershipError as error:
                detail = f"experiment {experiment.key!r} compares no models, the champion answers: {error}"
                troubles.append(Trouble("experiment", detail))
                continue
            found[experiment.models.task] = (*found.get(experiment.models.task, ()), trial)
        return found

    def _trial(self, experiment: Experiment, store: Store) -> ModelTrial:
        assert experiment.models is not None
        task, versions = experiment.models
        for running in self.now.trials.get(task, ()):
            scorer = next(iter(running.scorers.values()))
            if running.experiment == experiment and scorer.stored is store.features.meta:
                return running
        if task not in TRIED:
            raise ReadershipError(f"there is no such choice for {task!r}; there is for {', '.join(TRIED)}")
        bundles = {variant: Bundle.load(self._models / task / version) for variant, version in versions.items()}
        return ModelTrial(experiment, {name: Scorer(bundle, store.features.meta) for name, bundle in bundles.items()})


def _files(folder: Path) -> Files:
    """Definitions, and what is remembered of them, as they lie there: name, time and size."""
    found = [*folder.glob("*.toml"), *folder.glob("*.json")]
    stats = [(path.name, path.stat()) for path in found if path.is_file()]
    return frozenset((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)
