"""The market that sells places: the live bundle, and what came of decisions since, worked out anew beside the requests.

Every few seconds each worker settles what is due, follows the feed of what counts, sees which budgets are spent, and
works out the chances of all ads in all cells. A request reads one published market, which nothing changes any more.
"""

import asyncio
import copy
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from time import perf_counter

import numpy as np

from readership.errors import BundleError, ReadershipError
from readership.features.ad_ledger import AT_ONCE, AdLedger, Counted
from readership.features.state import Place
from readership.models.ads.market import Market
from readership.models.ads.opening import LEARNED, MARKET, open_market
from readership.models.ads.pacing import DAY_MS, HOUR_MS
from readership.registry.bundles import Bundle
from readership.registry.live import Live, read_live
from readership.serving.desk import Desk
from readership.serving.live_models import Trouble
from readership.serving.own_time import OwnTime
from readership.settings import Settings

log = logging.getLogger("readership.serving")
TASK = "ads"
LOOK_EVERY_SECONDS = 5.0
MOST_OF_THE_TIME = 0.1
"""Share of its time that a worker may spend on working out chances: where that takes a second, every ten."""
_FOLLOWED_AT_ONCE = 5_000


@dataclass(frozen=True)
class AdsNow:
    """Everything a request reads; replaced as a whole. `number` counts the markets this worker has published."""

    live: Live = field(default_factory=Live)
    bundle: Bundle | None = None
    market: Market | None = None
    time: OwnTime = field(default_factory=OwnTime)
    number: int = 0
    at_ms: int = 0
    trouble: Trouble | None = None


@dataclass
class _Working:
    """The market that goes on learning, and how far it has followed the feed. Only `prepare` touches it."""

    bundle: Bundle
    market: Market
    learned_until_ms: int
    time: OwnTime
    place: Place
    refresh_at: float = 0.0

    @classmethod
    def open(cls, folder: Path, pretended: datetime | None) -> "_Working":
        bundle = Bundle.load(folder)
        if bundle.manifest.answer != "policy":
            raise BundleError(f"{folder} answers with a {bundle.manifest.answer}, which decides on no ads; train again")
        told = bundle.read(MARKET)
        market, until = (
            open_market(told, bundle.read(LEARNED)),
            datetime.fromisoformat(json.loads(told)["learned_until"]),
        )
        time = OwnTime.of(until, datetime.fromisoformat(bundle.manifest.created_at), pretended)
        until_ms = int(until.timestamp() * 1000)
        return cls(bundle, market, until_ms, time, (max(until_ms - HOUR_MS, 0), 0))

    def follow(self, ledger: AdLedger) -> None:
        """Add up what counts since the bundle was trained, of ads and cells that it still has."""
        while True:
            entries, place = ledger.feed_after(self.place, _FOLLOWED_AT_ONCE)
            self._add([entry for entry in entries if entry.at_ms >= self.learned_until_ms])
            self.place = place
            if len(entries) < _FOLLOWED_AT_ONCE:
                return

    def _add(self, entries: Sequence[Counted]) -> None:
        learner, delivered = self.market.learner, self.market.delivered
        cells, arms = ({name: n for n, name in enumerate(of)} for of in (learner.counts.cells, learner.counts.arms))
        told = [entry for entry in entries if entry.cell in cells and entry.ad_id in arms]
        if told:
            learner.counts = learner.counts.add(
                np.array([cells[entry.cell] for entry in told]),
                np.array([arms[entry.ad_id] for entry in told]),
                np.array([entry.at_ms for entry in told]),
                np.array([bool(entry.clicked) for entry in told]),
                np.array([bool(entry.shown) for entry in told]),
            )
        for entry in entries:
            delivered.turn(entry.at_ms // DAY_MS)
            delivered.add(entry.campaign_id, entry.micro / 1e6, bool(entry.delivered))

    def published(self, now_ms: int) -> Market:
        """The market as it is now, which later learning leaves alone; its chances are worked out when it is time."""
        began = perf_counter()
        if began >= self.refresh_at:
            self.market.refresh(now_ms)
            self.refresh_at = began + (perf_counter() - began) / MOST_OF_THE_TIME
        else:
            self.market.learn([])  # which campaigns have budget left
        found = copy.copy(self.market)
        found.learner = copy.copy(self.market.learner)
        return found


class LiveAds:
    """Keeps `now` up to date with the live bundle and the feed."""

    def __init__(self, settings: Settings, desk: Desk) -> None:
        self._models, self._pretended, self._desk = settings.artifacts_dir / "models", settings.now, desk
        self._working: _Working | None = None
        self.now = AdsNow()

    def look(self) -> None:
        """Take up what changed, here and now."""
        self.take_up(self.prepare())

    async def follow(self) -> None:
        """Look every few seconds, working beside the event loop and changing on it."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                self.take_up(await asyncio.to_thread(self.prepare))
            except Exception:
                log.exception("working out the market failed; the last one decides")

    def take_up(self, prepared: AdsNow) -> None:
        """Decide by `prepared` from here on."""
        before, self.now = self.now, prepared
        if prepared.live.champion and prepared.trouble and prepared.trouble != before.trouble:
            log.warning("%s: %s", *prepared.trouble)

    def prepare(self) -> AdsNow:
        """A market that knows all that counts by now; what cannot be used leaves the last good one deciding."""
        try:
            return self._prepared()
        except ReadershipError as error:
            return replace(self.now, trouble=Trouble(error.code, str(error)))

    def _prepared(self) -> AdsNow:
        live = read_live(self._models, TASK)
        if live.champion is None:
            self._working = None
            why = f"no model of {TASK} is live: `readership train {TASK}`, then `readership promote {TASK}`"
            return AdsNow(live, trouble=Trouble("no_champion", why))
        if not self._desk.is_open:
            return replace(self.now, trouble=Trouble("not_ready", "the state is being opened; ask again in a second"))
        working = self._working
        if working is None or working.bundle.manifest.version != live.champion:
            working = _Working.open(self._models / TASK / live.champion, self._pretended)
        ledger, now_ms = AdLedger(self._desk.file()), working.time.now_ms()
        while ledger.settle(now_ms) >= AT_ONCE:
            pass
        working.follow(ledger)
        market = working.published(now_ms)
        self._working = working
        return AdsNow(live, working.bundle, market, working.time, self.now.number + 1, now_ms)
