"""What scores clicks: the live model and the published table of counts, followed beside the requests."""

import logging
from dataclasses import dataclass, field

from readership.errors import BundleError, ReadershipError
from readership.features.clicks.derive import word_names
from readership.features.clicks.store import ClicksTable
from readership.features.clicks.subject import ARTICLES
from readership.registry.bundles import Bundle
from readership.registry.live import Live, read_live
from readership.serving.live_models import Trouble
from readership.serving.own_time import OwnTime
from readership.settings import Settings

log = logging.getLogger("readership.serving")
TASK = ARTICLES.task


@dataclass(frozen=True)
class ClicksNow:
    """Everything a request reads; replaced as a whole."""

    live: Live = field(default_factory=Live)
    bundle: Bundle | None = None
    table: ClicksTable | None = None
    time: OwnTime = field(default_factory=OwnTime)
    trouble: Trouble | None = None


class LiveClicks:
    """Keeps `now` up to date with the folders of models and of the online store."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.now = ClicksNow()

    def look(self) -> None:
        """Take up what changed, here and now."""
        self.take_up(self.prepare())

    def take_up(self, prepared: ClicksNow) -> None:
        """Answer from `prepared` from here on."""
        before, self.now = self.now, prepared
        if prepared.trouble and prepared.trouble != before.trouble:
            log.warning("%s: %s", *prepared.trouble)

    def prepare(self) -> ClicksNow:
        """What should answer, by what lies on disk now; what cannot be used leaves the last good one answering."""
        now = self.now
        try:
            live = read_live(self._settings.artifacts_dir / "models", TASK)
            bundle = self._bundle(live)
            table = ClicksTable.open(self._settings.online, now.table)
        except ReadershipError as error:
            return ClicksNow(now.live, now.bundle, now.table, now.time, Trouble(error.code, str(error)))
        return ClicksNow(live, bundle, table, self._time(table), _missing(live, table))

    def _bundle(self, live: Live) -> Bundle | None:
        last = self.now.bundle
        if live.champion is None or (last is not None and last.manifest.version == live.champion):
            return last if live.champion else None
        bundle = Bundle.load(self._settings.artifacts_dir / "models" / TASK / live.champion)
        unknown = set(bundle.manifest.categories) - set(word_names(ARTICLES))
        if unknown:
            raise BundleError(f"{TASK} {live.champion} reads {', '.join(sorted(unknown))}, unknown here; train again")
        return bundle

    def _time(self, table: ClicksTable | None) -> OwnTime:
        if table is None:
            return OwnTime()
        meta = table.version.meta
        return OwnTime.of(meta.as_of, meta.created_at, self._settings.now)


def _missing(live: Live, table: ClicksTable | None) -> Trouble | None:
    if live.champion is None:
        return Trouble("no_champion", f"no model of {TASK} is live: `readership train {TASK}`, then `promote {TASK}`")
    if table is None:
        return Trouble("no_counts", f"no counts were published: `readership batch-score {TASK}`")
    if table.version.meta.model_version != live.champion:
        return Trouble("counts_of_another_model", f"counts are of another version: `readership batch-score {TASK}`")
    return None
