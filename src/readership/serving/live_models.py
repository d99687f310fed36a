"""What answers now: the champion of each task joined to the online features, followed while the process runs.

Files are looked at once a second, beside the requests and never in one. What is new is verified completely, then
one assignment puts it in place. What cannot be used leaves the last good pair answering, and `/readyz` says so.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from readership.errors import ReadershipError
from readership.features.online import OnlineFeatures, published
from readership.registry.bundles import Bundle
from readership.registry.live import Live, read_live
from readership.serving.live_tasks import TASKS
from readership.serving.scorer import Scorer
from readership.settings import Settings

log = logging.getLogger("readership.serving")
ADDS = "_uplift"
"""Ends the name of a task that adds a field to another's answer; without a champion that field is null."""


class Trouble(NamedTuple):
    """Something that keeps a task from its best answer."""

    code: str
    detail: str


def no_champion(task: str, live: Live) -> Trouble:
    """A task that nothing answers for; no trouble while others answer, since not every log supports every model."""
    if live.challenger is not None:
        detail = f"version {live.challenger} of {task} is trained but not live; `readership promote {task}` says why"
        return Trouble("no_champion", detail)
    train = f"readership train {task.removesuffix(ADDS)}" + (" --uplift" if task.endswith(ADDS) else "")
    detail = f"no model of {task} is live: `{train}`, then `readership promote {task}`"
    return Trouble("no_champion", detail)


class Store(NamedTuple):
    """The online features, with the names of the versions of features and reasons that are open."""

    features: OnlineFeatures
    versions: tuple[str | None, ...]


@dataclass(frozen=True)
class Answering:
    """One task: what is live by name, the scorer that answers (None: it cannot), and the challenger beside it."""

    live: Live = field(default_factory=Live)
    scorer: Scorer | None = None
    shadow: Scorer | None = None

    @property
    def bundle(self) -> Bundle | None:
        """The model version that answers."""
        return self.scorer.bundle if self.scorer else None


@dataclass(frozen=True)
class Snapshot:
    """Everything a request reads; replaced as a whole, so features and model always belong together."""

    store: Store | None
    tasks: Mapping[str, Answering]
    troubles: tuple[Trouble, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether every task that has a champion can answer, and one has."""
        live = [task for task in self.tasks.values() if task.live.champion is not None]
        return bool(live) and all(task.scorer for task in live)

    @property
    def shadows(self) -> dict[str, Scorer]:
        """The challengers that are asked beside a champion, by task; their answers are only logged."""
        return {task: its.shadow for task, its in self.tasks.items() if its.scorer and its.shadow}


class LiveModels:
    """Keeps `now` up to date with the folders of models and online features."""

    def __init__(self, settings: Settings) -> None:
        self._models_dir = settings.artifacts_dir / "models"
        self._online = settings.online
        self._shadowing = settings.shadow
        self._unfit: dict[tuple[str, str, tuple[str | None, ...]], Trouble] = {}
        self.now = Snapshot(store=None, tasks={task: Answering() for task in TASKS})

    def take_up(self, prepared: Snapshot) -> None:
        """Answer from `prepared` from here on."""
        before, self.now = self.now, prepared
        for trouble in prepared.troubles:
            if trouble not in before.troubles:
                log.warning("%s: %s", *trouble)

    def prepare(self) -> Snapshot:
        """What should answer, by what lies on disk now. Slow only when something changed; safe in another thread.

        New features are taken up only if every task that answers now can go on answering with them.
        """
        troubles: list[Trouble] = []
        bundles = {task: self._bundles(task, now, troubles) for task, now in self.now.tasks.items()}
        store = self._newest_store(troubles)
        tasks = self._join(bundles, store, troubles)
        lost = [
            task for task, was in self.now.tasks.items() if was.scorer and bundles[task][1] and not tasks[task].scorer
        ]
        if lost and store is not self.now.store:
            store = self.now.store
            tasks = self._join(bundles, store, troubles)
        if all(task.live.champion is None for task in tasks.values()):
            troubles += [no_champion(task, its.live) for task, its in tasks.items() if not task.endswith(ADDS)]
        return Snapshot(store, tasks, tuple(dict.fromkeys(troubles)))

    def _bundles(self, task: str, now: Answering, troubles: list[Trouble]) -> tuple[Live, list[Bundle]]:
        """What is live, and the bundles that could answer: the champion first, then the last good one."""
        last, live = [now.scorer.bundle] if now.scorer else [], now.live
        try:
            live = read_live(self._models_dir, task)
            if live.champion is None:
                return live, []
            if last and last[0].manifest.version == live.champion:
                return live, last
            return live, [Bundle.load(self._models_dir / task / live.champion), *last]
        except ReadershipError as error:
            troubles.append(Trouble(error.code, str(error)))
            return live, last

    def _newest_store(self, troubles: list[Trouble]) -> Store | None:
        """The versions that were published last; those open now while the newest cannot be opened."""
        try:
            versions = (published(self._online), *(published(self._online, f"reasons/{task}") for task in TASKS))
            if self.now.store is not None and self.now.store.versions == versions:
                return self.now.store
            features = OnlineFeatures.open(self._online)
            for task in TASKS:
                features.get_reasons(task, 0)  # opens the table now rather than in a request
            return Store(features, versions)
        except ReadershipError as error:
            troubles.append(Trouble(error.code, str(error)))
            return self.now.store

    def _join(
        self, bundles: Mapping[str, tuple[Live, list[Bundle]]], store: Store | None, troubles: list[Trouble]
    ) -> dict[str, Answering]:
        return {
            task: Answering(
                live,
                self._fitting(task, candidates, store, troubles) if store else None,
                self._shadow(task, live, store, troubles) if store else None,
            )
            for task, (live, candidates) in bundles.items()
        }

    def _shadow(self, task: str, live: Live, store: Store, troubles: list[Trouble]) -> Scorer | None:
        """A scorer of the challenger; none where there is no champion beside it, or it cannot be used."""
        version, was = live.challenger, self.now.tasks[task].shadow
        if not self._shadowing or version is None or live.champion is None or version == live.champion:
            return None
        if was is not None and was.bundle.manifest.version == version and store is self.now.store:
            return was
        if (task, version, store.versions) not in self._unfit:
            try:
                return Scorer(Bundle.load(self._models_dir / task / version), store.features.meta)
            except ReadershipError as error:
                self._unfit = {(task, version, store.versions): Trouble("challenger", f"not asked beside: {error}")}
        troubles.append(self._unfit[task, version, store.versions])
        return None

    def _fitting(self, task: str, bundles: list[Bundle], store: Store, troubles: list[Trouble]) -> Scorer | None:
        """A scorer of the first of `bundles` that these features can feed."""
        was = self.now.tasks[task].scorer
        for bundle in bundles:
            if was is not None and was.bundle is bundle and store is self.now.store:
                return was
            try:
                return Scorer(bundle, store.features.meta)
            except ReadershipError as error:
                troubles.append(Trouble(error.code, str(error)))
        return None
