"""A publisher whose truth is known: brands, articles, readers and what they do, day by day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from readership.simulator import accounts as account
from readership.simulator import parameters as p
from readership.simulator import truth
from readership.simulator.accounts import Accounts, open_accounts
from readership.simulator.doings import do
from readership.simulator.events import event_table
from readership.simulator.habit import Chances, Inner, chances, settled_habit, step, visit_rate
from readership.simulator.newsroom import Articles, article_table, publish, shelf_before
from readership.simulator.population import People, people
from readership.simulator.randomness import Keys, key, keys, pick, poisson, root, uniform
from readership.simulator.sessions import Sessions, begin, read, session_ends

Numbers = NDArray[np.float64]
DEFAULT_START = datetime(2025, 1, 6, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class World:
    """Which world: the same four values give the same events, to the byte.

    readers   how many there are as it begins; others arrive later
    days      how long it runs
    start     its first midnight, UTC
    """

    readers: int
    days: int
    seed: int
    start: datetime = DEFAULT_START

    def __post_init__(self) -> None:
        if self.readers < 1 or self.days < 1:
            raise ValueError(f"a world needs readers and days, not {self.readers} and {self.days}")
        if self.start.tzinfo is None or self.start.astimezone(UTC).time() != datetime.min.time():
            raise ValueError(f"a world starts at midnight UTC, not at {self.start}")

    @property
    def end(self) -> datetime:
        """The midnight after its last day."""
        return self.start + self.days * DAY


class Day(NamedTuple):
    """What one simulated day leaves behind, as Arrow tables.

    events         in the fields of the native mapping, by time
    articles       published that day (on the first day also those of the days before)
    subscriptions  paid periods that began, were cancelled or failed
    truth          tables of the hidden state by name: readers, days, reader_days, visits
    """

    date: date
    events: pa.Table
    articles: pa.Table
    subscriptions: pa.Table
    truth: dict[str, pa.Table]


def simulate(world: World) -> Iterator[Day]:
    """The days of a world, one after another; memory does not grow with their number."""
    seed_key = root(world.seed)
    levels = p.NEWS_LEVELS[pick(keys(key(seed_key, "news"), np.arange(world.days)), "level", p.NEWS_LEVEL_WEIGHTS)]
    everybody = people(seed_key, world.readers, world.days, levels)
    run = _Run(world, seed_key, everybody)
    for number in range(world.days):
        yield run.day(number, float(levels[number]))


class _Run:
    """The state of a world between two days."""

    def __init__(self, world: World, seed_key: int, everybody: People) -> None:
        self.seed_key, self.people, self.first = seed_key, everybody, world.start.astimezone(UTC).date()
        self.start_ms = int(world.start.timestamp()) * 1000
        self.accounts: Accounts = open_accounts(everybody, self.start_ms)
        self.phase = self._phase_at_start()
        habit = np.where(everybody.arrived < 0, settled_habit(everybody.rate), p.HABIT_OF_NEWCOMERS)
        self.inner = Inner(habit, np.zeros(len(everybody)))
        self.shelf, self.shelved = shelf_before(seed_key, self.first)

    def day(self, number: int, level: float) -> Day:
        """Midnight, what is published, who comes, what they do, and what it leaves in them."""
        today = self.first + number * DAY
        midnight = self.start_ms + number * account.DAY_MS
        day_keys = keys(keys(self.people.key, number), 1)
        if today.day == 1:
            self.accounts.meter[:] = 0
        rate, odds, counts = self._who_comes(number, today, level, day_keys)
        gone = self.phase == p.GONE
        account.bill(self.accounts, self.people, self.inner, gone, midnight, day_keys)
        fresh = publish(self.seed_key, today, level)
        self.shelf.add(fresh)
        self.shelf.open(today)
        sessions = begin(self.people, today, midnight, counts, day_keys, self.accounts.newsletter)
        reads = read(self.people, sessions, self.shelf, midnight)
        newsletter, before = self.accounts.newsletter.copy(), self.inner
        doings, liked = do(self.people, self.accounts, self.inner, self.shelf, sessions, reads)
        self._remember(number, sessions, liked, day_keys)
        registered = np.flatnonzero(self.accounts.registered)
        state = truth.reader_day_table(self.people, today, registered, self.phase_today, before, rate, odds, newsletter)
        takes = self.accounts.newsletter[sessions.person]
        visits = truth.visit_table(self.people, sessions, session_ends(sessions, reads), liked, doings.logged_in, takes)
        hidden = {"days": truth.day_table(today, level), "reader_days": state, "visits": visits}
        if number == 0:
            hidden["readers"] = truth.reader_table(self.people)
        return Day(
            today,
            event_table(self.people, self.shelf, sessions, reads, doings),
            self._articles(number, fresh),
            self.accounts.drain(),
            hidden,
        )

    def _phase_at_start(self) -> NDArray[np.int8]:
        chance = uniform(self.people.key, "phase at start")
        there = np.where(
            chance < p.GONE_AT_START, p.GONE, np.where(chance < p.GONE_AT_START + p.PAUSED_AT_START, p.PAUSED, p.ACTIVE)
        )
        return np.where(self.people.arrived < 0, there, p.ACTIVE).astype(np.int8)

    def _who_comes(
        self, number: int, today: date, level: float, day_keys: Keys
    ) -> tuple[Numbers, Chances, NDArray[np.int64]]:
        """Midnight's step, then the number of sessions of each person today; newcomers begin exactly one."""
        folk = self.people
        here, new = folk.arrived < number, folk.arrived == number
        odds = chances(folk.fickleness, folk.kind, self.inner)
        self.phase = np.where(here, step(self.phase, uniform(day_keys, "midnight"), odds), self.phase)
        self.phase_today = self.phase
        rate = visit_rate(
            folk.rate, folk.drift, folk.weekday, self.accounts.newsletter, self.inner.habit, age(folk, number), today
        )
        rate = np.where(here, rate, 0.0)
        counts = poisson(day_keys, "sessions", np.where(self.phase == p.ACTIVE, rate * level, 0.0))
        return rate, odds, np.where(new, 1, counts)

    def _remember(self, number: int, sessions: Sessions, liked: Numbers, day_keys: Keys) -> None:
        """What the day leaves in each person: habit, satisfaction, cookies, and passers-by who never return."""
        size = len(self.people)
        came = np.bincount(sessions.person, minlength=size)
        sum_ = np.bincount(sessions.person, weights=liked, minlength=size)
        after = self.inner.after(came > 0, sum_ / np.maximum(came, 1))
        here = self.people.arrived <= number
        self.inner = Inner(*(np.where(here, new, old) for new, old in zip(after, self.inner, strict=True)))
        passing = (self.people.arrived == number) & (self.people.kind == p.PASSER_BY) & ~self.accounts.registered
        passing &= uniform(day_keys, "never again") < p.PASSER_BY_GONE_AFTER_FIRST_VISIT
        self.phase = np.where(passing, p.GONE, self.phase).astype(np.int8)
        lost = uniform(sessions.key, "cookie lost") < p.COOKIE_LOST_IN_SESSION
        np.add.at(self.accounts.cookies, sessions.person[lost], 1)

    def _articles(self, number: int, fresh: Articles) -> pa.Table:
        days = [*self.shelved, fresh] if number == 0 else [fresh]
        return pa.concat_tables([article_table(day) for day in days])


def age(everybody: People, number: int) -> Numbers:
    """Days that a person's interest has had to drift within the world."""
    return np.maximum(number - np.maximum(everybody.arrived, 0), 0).astype(np.float64)
