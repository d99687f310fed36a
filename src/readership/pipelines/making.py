"""A simulated world while it is being made, whichever way its events go."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pyarrow as pa

from readership.errors import InputError
from readership.pipelines.contacts import Contacts, lived_with
from readership.pipelines.progress import Progress
from readership.simulator import DEFAULT_START, Day, World, dirt, words
from readership.simulator import simulate as simulated_days


@dataclass(frozen=True)
class Asked:
    """Which world, which dirt its log has, and which campaigns its readers meet."""

    world: World
    dirt: tuple[str, ...] = ()
    contacts: tuple[Contacts, ...] = ()

    def __str__(self) -> str:
        world = self.world
        said = f"{world.readers} readers, {world.days} days from {world.start:%Y-%m-%d}, seed {world.seed}"
        said += f", dirt {', '.join(self.dirt)}" if self.dirt else ""
        return said + "".join(f", campaign {one.campaign}" for one in self.contacts)

    def planned(self) -> pa.Table:
        """Which dirt there is and where, for the truth."""
        return dirt.planned(self.world, self.dirt, words.BRANDS)

    def outages(self) -> pa.Table | None:
        """What the publisher knows of outages: rows of the table `outages`."""
        return dirt.outage(self.world, words.BRANDS).table() if "outage" in self.dirt else None


class Totals(NamedTuple):
    """What a run of the simulator has made so far, and how long making it took (loading apart)."""

    events: int = 0
    articles: int = 0
    seconds: float = 0.0


def ask(
    readers: int,
    days: int,
    seed: int,
    start: datetime | None = None,
    dirty: tuple[str, ...] = (),
    contacts: tuple[Contacts, ...] = (),
) -> Asked:
    """The world asked for. Raises InputError where there can be none, or where it would end in the future."""
    try:
        kinds = dirt.kinds(dirty)
        drift_day = days // 2 if "drift" in kinds else None
        world = World(readers, days, seed, start or DEFAULT_START, drift_day=drift_day)
    except ValueError as error:
        raise InputError(f"{error}; nothing was changed") from error
    if world.end > datetime.now(UTC):
        raise InputError(
            f"a world of {days} days from {world.start:%Y-%m-%d} ends on {world.end:%Y-%m-%d}, which lies in the "
            "future; choose an earlier --start or fewer --days; nothing was changed"
        )
    return Asked(world, kinds, contacts)


class Making:
    """The days of a world, timed and counted, with a bar on a terminal."""

    def __init__(self, asked: Asked, progress: Progress | None) -> None:
        self.totals = Totals()
        self._asked, self._progress = asked, progress
        self._began = time.monotonic()

    def days(self) -> Iterator[Day]:
        """Each day once, as its events arrive."""
        asked = self._asked
        days = simulated_days(lived_with(asked.world, asked.contacts))
        if asked.dirt:
            days = dirt.soil(days, asked.world, asked.dirt, words.BRANDS)
        title = f"simulating {asked.world.days} days"
        for _ in self._progress.each(range(asked.world.days), title) if self._progress else range(asked.world.days):
            began = time.perf_counter()
            day = next(days)
            spent = time.perf_counter() - began
            events, articles, seconds = self.totals
            self.totals = Totals(events + len(day.events), articles + len(day.articles), seconds + spent)
            yield day

    def summary(self, went: dict[str, Any]) -> dict[str, Any]:
        """What was made, where it went, and how fast making it was."""
        totals = self.totals
        return {
            "world": str(self._asked),
            "events": totals.events,
            "articles": totals.articles,
            **went,
            "events_per_second": round(totals.events / totals.seconds) if totals.seconds else None,
            "seconds": round(time.monotonic() - self._began, 1),
        }
