"""What answers now: the champion of each task joined to the online features, followed while the process runs.

Files are looked at once a second, beside the requests and never in one. What is new is verified completely, then
one assignment puts it in place. What cannot be used leaves the last good pair answering, and `/readyz` says so.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from readership.errors import ReadershipError
from readership.features.online import OnlineFeatures
from readership.registry.bundles import Bundle
from readership.registry.live import Live, read_live
from readership.serving.scorer import Scorer
from readership.settings import Settings

log = logging.getLogger("readership.serving")
TASKS = ("churn",)


class Trouble(NamedTuple):
    """Something that keeps a task from its best answer."""

    code: str
    detail: str


@dataclass(frozen=True)
class Answering:
    """One task: what is live by name, and the scorer that answers (None: it cannot)."""

    live: Live = field(default_factory=Live)
    scorer: Scorer | None = None


@dataclass(frozen=True)
class Snapshot:
    """Everything a request reads; replaced as a whole, so features and model always belong together."""

    online: OnlineFeatures | None
    tasks: Mapping[str, Answering]
    troubles: tuple[Trouble, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether every task can answer."""
        return all(task.scorer for task in self.tasks.values())


class LiveModels:
    """Keeps `now` up to date with the folders of models and online features."""

    def __init__(self, settings: Settings) -> None:
        self._models_dir = settings.artifacts_dir / "models"
        self._online_dir = settings.online_dir
        self.now = Snapshot(online=None, tasks={task: Answering() for task in TASKS})

    def take_up(self, prepared: Snapshot) -> None:
        """Answer from `prepared` from here on. Called where requests are answered, so that none is in between."""
        before, self.now = self.now, prepared
        for trouble in prepared.troubles:
            if trouble not in before.troubles:
                log.warning("%s: %s", *trouble)
        if before.online is not None and before.online is not prepared.online:
            before.online.close()

    def prepare(self) -> Snapshot:
        """What should answer, by what lies on disk now. Slow only when something changed; safe in another thread."""
        troubles: list[Trouble] = []
        bundles: dict[str, tuple[Live, list[Bundle]]] = {}
        for task, answering in self.now.tasks.items():
            bundles[task] = self._bundles(task, answering, troubles)
        online = self._newest_online(troubles)
        tasks = self._join(bundles, online, troubles)
        lost = [task for task, was in self.now.tasks.items() if was.scorer and not tasks[task].scorer]
        if lost and online is not self.now.online:
            if online is not None:
                online.close()
            online = self.now.online
            tasks = self._join(bundles, online, troubles)
        return Snapshot(online, tasks, tuple(dict.fromkeys(troubles)))

    def _bundles(self, task: str, answering: Answering, troubles: list[Trouble]) -> tuple[Live, list[Bundle]]:
        """What is live, and the bundles that could answer: the champion first, then the last good one."""
        last = [answering.scorer.bundle] if answering.scorer else []
        try:
            live = read_live(self._models_dir, task)
            if live.champion is None:
                detail = f"no model of {task} is live: `readership train {task}`, then `readership promote {task}`"
                troubles.append(Trouble("no_champion", detail))
                return live, []
            if last and last[0].manifest.version == live.champion:
                return live, last
            return live, [Bundle.load(self._models_dir / task / live.champion), *last]
        except ReadershipError as error:
            troubles.append(Trouble(error.code, str(error)))
            return answering.live, last

    def _newest_online(self, troubles: list[Trouble]) -> OnlineFeatures | None:
        """The store that CURRENT names; the one open now while that cannot be opened."""
        try:
            open_now = self.now.online
            if open_now is not None and open_now.is_current():
                return open_now
            return OnlineFeatures.open(self._online_dir)
        except ReadershipError as error:
            troubles.append(Trouble(error.code, str(error)))
            return self.now.online

    def _join(
        self, bundles: Mapping[str, tuple[Live, list[Bundle]]], online: OnlineFeatures | None, troubles: list[Trouble]
    ) -> dict[str, Answering]:
        return {
            task: Answering(live, self._fitting(task, found, online, troubles))
            for task, (live, found) in bundles.items()
        }

    def _fitting(
        self, task: str, bundles: list[Bundle], online: OnlineFeatures | None, troubles: list[Trouble]
    ) -> Scorer | None:
        """A scorer of the first of `bundles` that these features can feed."""
        if online is None:
            return None
        for bundle in bundles:
            was = self.now.tasks[task].scorer
            if was is not None and was.bundle is bundle and online is self.now.online:
                return was
            try:
                return Scorer(bundle, online.numbers, online.words)
            except ReadershipError as error:
                troubles.append(Trouble(error.code, str(error)))
        return None

    def close(self) -> None:
        """Close the online store; nothing answers afterwards."""
        if self.now.online is not None:
            self.now.online.close()
        self.now = Snapshot(online=None, tasks={task: Answering() for task in TASKS})
