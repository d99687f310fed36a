"""A publisher whose truth is known: brands, articles, readers and what they do, day by day."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from readership.simulator import accounts as account
from readership.simulator import parameters as p
from readership.simulator import truth
from readership.simulator.accounts import Accounts, open_accounts
from readership.simulator.ads import advertise, booked
from readership.simulator.doings import Scene, do, identify
from readership.simulator.events import Happened, event_table
from readership.simulator.habit import Chances, Inner, chances, settled_habit, step, visit_rate
from readership.simulator.newsroom import Articles, publish
from readership.simulator.policies import Policies
from readership.simulator.population import People, people
from readership.simulator.randomness import Keys, key, keys, pick, poisson, root, uniform
from readership.simulator.reading import Readers, read
from readership.simulator.sessions import Sessions, begin
from readership.simulator.shelf import shelf_before
from readership.simulator.tastes import topic_taste
from readership.simulator.writing import article_table

Numbers = NDArray[np.float64]
DEFAULT_START = datetime(2025, 1, 6, tzinfo=UTC)
DAY = timedelta(days=1)
DEFAULT_POLICIES = Policies()


@dataclass(frozen=True)
class World:
    """Which world: the same four values give the same events, to the byte.

    readers   how many there are as it begins; others arrive later
    days      how long it runs
    start     its first midnight, UTC
    policies  who decides what is shown; two worlds that differ in them alone share all other draws
    drift_day from this day of the world on, counted from 0, readers are other than before: tastes have turned, habit
              hardly keeps anybody, prices deter more
    """

    readers: int
    days: int
    seed: int
    start: datetime = DEFAULT_START
    policies: Policies = DEFAULT_POLICIES
    drift_day: int | None = None

    def __post_init__(self) -> None:
        if self.readers < 1 or self.days < 1:
            raise ValueError(f"a world needs readers and days, not {self.readers} and {self.days}")
        if self.start.tzinfo is None or self.start.astimezone(UTC).time() != datetime.min.time():
            raise ValueError(f"a world starts at midnight UTC, not at {self.start}")
        if self.drift_day is not None and not 0 <= self.drift_day < self.days:
            raise ValueError(f"a drift lies within the world's {self.days} days, not on day {self.drift_day}")

    @property
    def end(self) -> datetime:
        """The midnight after its last day."""
        return self.start + self.days * DAY


class Day(NamedTuple):
    """What one simulated day leaves behind, as Arrow tables.

    events         in the fields of the native mapping, by time
    articles       published that day (on the first day also those of the days before)
    subscriptions  paid periods that began, were cancelled or failed
    truth          tables of the hidden state, by name
    """

    date: date
    events: pa.Table
    articles: pa.Table
    subscriptions: pa.Table
    truth: dict[str, pa.Table]


def simulate(world: World) -> Iterator[Day]:
    """The days of a world, one after another; memory does not grow with their number."""
    levels = news_levels(world)
    run = _Run(world, everybody(world))
    for number in range(world.days):
        yield run.day(number, float(levels[number]))


def twins(world: World, day: int, futures: Iterable[tuple[str, Policies]]) -> Iterator[tuple[str, Iterator[Day]]]:
    """The days before `day` lived once under the world's policies, and those from it on once under each of these.

    What a future brings is what the world brings whose policies change on that day. `futures` are asked for one after
    another, once the days before are over; the days of one are to be taken before the next one is asked for.
    """
    levels = news_levels(world)
    run = _Run(world, everybody(world))
    for number in range(day):
        run.day(number, float(levels[number]))
    run.world = replace(world, policies=DEFAULT_POLICIES)  # they have had their time, and may be too much to copy
    for name, policies in futures:
        twin = deepcopy(run)
        twin.world = replace(world, policies=policies)
        yield name, (twin.day(number, float(levels[number])) for number in range(day, world.days))


def news_levels(world: World) -> Numbers:
    """How big the news of each day is."""
    days = keys(key(root(world.seed), "news"), np.arange(world.days))
    return p.NEWS_LEVELS[pick(days, "level", p.NEWS_LEVEL_WEIGHTS)]


def everybody(world: World) -> People:
    """All persons of a world, in order of arrival."""
    return people(root(world.seed), world.readers, world.days, news_levels(world))


class _Run:
    """The state of a world between two days."""

    def __init__(self, world: World, folk: People) -> None:
        self.world, self.seed_key, self.people = world, root(world.seed), folk
        self.first = world.start.astimezone(UTC).date()
        self.start_ms = int(world.start.timestamp()) * 1000
        self.accounts: Accounts = open_accounts(folk, self.start_ms)
        self.phase = self._phase_at_start()
        habit = np.where(folk.arrived < 0, settled_habit(folk.rate), p.HABIT_OF_NEWCOMERS)
        self.inner = Inner(habit, np.zeros(len(folk)))
        self.shelf, self.shelved = shelf_before(self.seed_key, self.first)
        self.ads = booked(self.seed_key)

    def day(self, number: int, level: float) -> Day:
        """Midnight, what is published, who comes, what they do, and what it leaves in them."""
        today = self.first + number * DAY
        midnight = self.start_ms + number * account.DAY_MS
        drifted = self.world.drift_day is not None and number >= self.world.drift_day
        folk, accounts, policies = self.people, self.accounts, self.world.policies
        day_keys = keys(keys(folk.key, number), 1)
        if today.day == 1:
            accounts.meter[:] = 0
        rate, odds, counts = self._who_comes(number, today, level, day_keys, drifted)
        gone = self.phase == p.GONE
        renewals = account.bill(accounts, folk, self.inner, gone, midnight, day_keys, drifted)
        fresh = publish(self.seed_key, today, level)
        self.shelf.add(fresh)
        self.shelf.open(today)
        state = truth.reader_day_table(
            folk, accounts, today, midnight, number, self.phase, self.inner, rate, odds, drifted
        )
        scene = Scene(folk, accounts, self.inner, gone, self.shelf, policies, number, drifted)
        sessions = begin(folk, today, midnight, counts, day_keys, accounts.newsletter)
        known = identify(folk, accounts, sessions)
        direction = topic_taste(folk, sessions.person, number, self.world.drift_day)
        reading = read(Readers(folk, known.user_id, direction), sessions, self.shelf, policies, midnight)
        doings = do(scene, sessions, known, reading)
        slots = advertise(
            folk, sessions, reading.articles, self.shelf, self.ads, policies,
            served=doings.tier < p.PREMIUM, user_id=known.user_id, allowed=(doings.consent & 4) != 0,
        )  # fmt: skip
        self._remember(number, sessions, doings.felt, day_keys)
        hidden = truth.day_truth(scene, today, level, state, sessions, reading, doings, slots, renewals)
        if number == 0:
            hidden["readers"] = truth.reader_table(folk)
        return Day(
            today,
            event_table(Happened(folk, self.shelf, sessions, reading, doings, slots, self.ads)),
            self._articles(number, fresh),
            accounts.drain(),
            hidden,
        )

    def _phase_at_start(self) -> NDArray[np.int8]:
        chance = uniform(self.people.key, "phase at start")
        there = np.where(
            chance < p.GONE_AT_START, p.GONE, np.where(chance < p.GONE_AT_START + p.PAUSED_AT_START, p.PAUSED, p.ACTIVE)
        )
        return np.where(self.people.arrived < 0, there, p.ACTIVE).astype(np.int8)

    def _who_comes(
        self, number: int, today: date, level: float, day_keys: Keys, drifted: bool
    ) -> tuple[Numbers, Chances, NDArray[np.int64]]:
        """Midnight's step, then the number of sessions of each person today; newcomers begin exactly one."""
        folk = self.people
        here, new = folk.arrived < number, folk.arrived == number
        odds = chances(folk.fickleness, folk.kind, self.inner, drifted)
        self.phase = np.where(here, step(self.phase, uniform(day_keys, "midnight"), odds), self.phase)
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


def age(folk: People, number: int) -> Numbers:
    """Days that a person's interest has had to drift within the world."""
    return np.maximum(number - np.maximum(folk.arrived, 0), 0).astype(np.float64)
