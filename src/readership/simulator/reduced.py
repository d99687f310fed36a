"""The probability of beginning to pay, by playing the coming days many times over in a reduced process without slates.

A day of the reduced process is a day of the world: midnight's step, Poisson sessions, the meter, the paywall, the
standing arm of offers, habit and satisfaction. Only what is read is not worked out slate by slate: each session is one
of the reader's rehearsed sessions (`rehearsal.py`), drawn evenly. Whether a session ends in a start is not drawn: each
life carries the probability of not having begun yet, and the answer is one minus its mean. That has the same
expectation and less noise. What is left is the Monte-Carlo error, returned beside each probability, and the bias of the
reduction, which docs/simulator.md reports: rehearsed sessions are those of the last days' newsroom.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.simulator import parameters as p
from readership.simulator import places
from readership.simulator.habit import Inner, chances, step, visit_rate
from readership.simulator.offers import TREATED
from readership.simulator.population import People
from readership.simulator.rehearsal import Rehearsed
from readership.simulator.world import World, age

Numbers = NDArray[Any]
Flags = NDArray[np.bool_]
REPLICATES = 500
CHUNK = 400
"""Readers played at once."""
DAY = timedelta(days=1)
At = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Lives: of which reader, the how manieth."""


@dataclass(frozen=True)
class State:
    """Readers who do not pay, as a cut-off finds them; equal places belong together.

    inner         habit and satisfaction as that day began
    visits        sessions of that day before the cut-off; `felt` how these were felt, summed
    meter         paywalled articles opened this month
    offered_days  for which an offer still stands
    asked         was eligible for an offer in this span of days already
    """

    folk: People
    phase: NDArray[np.int8]
    inner: Inner
    visits: NDArray[np.integer]
    felt: Numbers
    newsletter: Flags
    meter: NDArray[np.integer]
    offered_days: Numbers
    asked: Flags

    def take(self, some: slice) -> "State":
        """These readers alone."""
        places_ = np.arange(len(self.phase))[some]
        inner = Inner(*(values[some] for values in self.inner))
        names = ("visits", "felt", "newsletter", "meter", "offered_days", "asked")
        rest = (getattr(self, name)[some] for name in names)
        return State(self.folk.take(places_), self.phase[some], inner, *rest)


class Answer(NamedTuple):
    """The probability for each reader, and its Monte-Carlo standard error."""

    probability: Numbers
    error: Numbers


def conversion_probability(
    world: World,
    state: State,
    rehearsed: Rehearsed,
    as_of: datetime,
    horizon_days: int,
    news_level: float,
    *,
    offer: bool | None = None,
    replicates: int = REPLICATES,
) -> Answer:
    """P(a subscription starts in [as_of, as_of + horizon_days)).

    news_level  how big the news of the day of `as_of` is
    offer       whether everybody is made an offer at the first visit; None: by lot, as in the standing arm
    """
    dice = np.random.default_rng([world.seed & 0xFFFFFFFF, int(as_of.timestamp()), horizon_days])
    parts = []
    for first in range(0, len(state.phase), CHUNK):
        some = slice(first, first + CHUNK)
        pool = Rehearsed(*(values[some] for values in rehearsed))
        lives = _Lives(world, state.take(some), pool, dice, replicates, offer)
        parts.append(lives.play(as_of, horizon_days, news_level))
    if not parts:
        return Answer(np.zeros(0), np.zeros(0))
    return Answer(*(np.concatenate(values) for values in zip(*parts, strict=True)))


class _Lives:
    """Every reader's coming days, `replicates` times; arrays are [readers, replicates]."""

    def __init__(
        self,
        world: World,
        state: State,
        pool: Rehearsed,
        dice: np.random.Generator,
        replicates: int,
        offer: bool | None,
    ) -> None:
        self.world, self.state, self.pool, self.dice, self.offer = world, state, pool, dice, offer
        self.shape = (len(state.phase), replicates)
        self.phase = self._each(state.phase)
        self.inner = Inner(*(self._each(values.astype(np.float32)) for values in state.inner))
        self.meter, self.asked = self._each(state.meter.astype(np.int16)), self._each(state.asked)
        self.offered = self._each(state.offered_days.astype(np.float32))
        self.unpaid = np.ones(self.shape)
        folk = state.folk
        self.wish = p.START_PER_PROMPT * p.STARTS_BY_RESPONSE[folk.offer_type]
        self.wish = self.wish * np.exp(-p.PRICE_DETERS * (folk.price_sensitivity - 1))
        self.lift = np.exp(p.OFFER_ON_STARTING[folk.offer_type])
        self._fickleness: Numbers = folk.fickleness.astype(np.float32)[:, None]
        self.dog = folk.offer_type == p.SLEEPING_DOG

    def play(self, as_of: datetime, horizon_days: int, news_level: float) -> Answer:
        """The rest of the first day, the days between, and the part of the last."""
        hours = (as_of - as_of.replace(hour=0, minute=0, second=0, microsecond=0)) / timedelta(hours=1)
        today = as_of.date()
        before = (self._each(self.state.visits.astype(np.int32)), self._each(self.state.felt))
        self._visits(today, 1 - self._begun(today, hours), np.full(self.shape[1], news_level), before)
        for number in range(1, horizon_days + 1):
            day = today + number * DAY
            part = np.ones(self.shape[0]) if number < horizon_days else self._begun(day, hours)
            self._midnight(day)
            levels = p.NEWS_LEVELS[self.dice.choice(len(p.NEWS_LEVELS), self.shape[1], p=_level_shares())]
            self._visits(day, part, levels, (np.zeros(self.shape, np.int32), np.zeros(self.shape, np.float32)))
        started = 1 - self.unpaid
        error = started.std(axis=1) / np.sqrt(self.shape[1])
        return Answer(started.mean(axis=1), error)

    def _midnight(self, day: date) -> None:
        folk, number = self.state.folk, self._number(day)
        drifted = self._drifted(day)
        odds = chances(self._fickleness, folk.kind[:, None], self.inner, drifted)
        chance: Numbers = self.dice.random(self.shape, dtype=np.float32)
        self.phase = step(self.phase, chance, odds)
        self.offered = np.maximum(self.offered - 1, 0)
        if day.day == 1:
            self.meter[:] = 0
        if number % p.OFFER_EVERY_DAYS == 0:
            self.asked[:] = False

    def _visits(self, day: date, part: Numbers, levels: Numbers, before: tuple[Numbers, Numbers]) -> None:
        """The sessions of a day, first to last, and what the day leaves; `before`: how many there were, and felt."""
        folk, number = self.state.folk, self._number(day)
        fixed: list[Numbers] = [folk.rate, folk.drift, folk.weekday, self.state.newsletter]
        rate, drift, weekday, newsletter = (values[..., None] for values in fixed)
        rates = visit_rate(rate, drift, weekday, newsletter, self.inner.habit, age(folk, number)[:, None], day)
        mean = (rates * levels[None, :] * part[:, None]).astype(np.float32)
        comes = self.dice.random(self.shape, dtype=np.float32) < -np.expm1(-mean)
        reader, life = np.nonzero((self.phase == p.ACTIVE) & comes)
        coming: At = (reader, life)
        left = self._at_least_one(mean[coming])
        counts, felt = before[0].copy(), before[1].astype(np.float32)
        counts[coming] += left
        while len(left):
            felt[coming] += self._session(coming, self._drifted(day))
            more = left > 1
            left, coming = left[more] - 1, (coming[0][more], coming[1][more])
        self.inner = self.inner.after(counts > 0, felt / np.maximum(counts, 1))

    def _at_least_one(self, mean: Numbers) -> NDArray[np.int64]:
        """Poisson counts of those who come at all, by inversion."""
        chance = np.exp(-mean) + self.dice.random(len(mean)) * -np.expm1(-mean)
        counts, term = np.ones(len(mean), dtype=np.int64), mean * np.exp(-mean)
        reached = np.exp(-mean) + term
        while (more := (chance > reached) & (counts < 30)).any():
            counts[more] += 1
            term = term * mean / counts
            reached = np.where(more, reached + term, reached)
        return counts

    def _session(self, at: At, drifted: bool) -> Numbers:
        """One session in each of these lives; returns how it was felt."""
        reader = at[0]
        drawn = self.dice.integers(self.pool.felt.shape[1], size=len(reader))
        walled = self.pool.walled[reader, drawn].astype(np.int16)
        prompted = (walled > 0) & (self.meter[at] + walled > p.METER_PER_MONTH)
        self.meter[at] += walled
        offered = self._offered(at)
        self.asked[at] = True
        self.offered[at] = np.where(offered, float(p.OFFER_STANDS_DAYS), self.offered[at])
        wish = self.wish[reader] * np.exp(
            p.SATISFACTION_SELLS * self.inner.satisfaction[at] + p.HABIT_SELLS * self.inner.habit[at]
        )
        wish *= np.where(self.offered[at] > 0, self.lift[reader], 1.0) * (p.DRIFT_PRICE_STARTS if drifted else 1.0)
        times = prompted.astype(float) + offered
        self.unpaid[at] *= np.exp(-times * wish)
        irritated = p.PROMPT_IRRITATES * prompted + p.OFFER_IRRITATES_DOGS * (offered & self.dog[reader])
        felt: Numbers = self.pool.felt[reader, drawn] - irritated
        return felt

    def _offered(self, at: At) -> Flags:
        """Who is made an offer now: at the first visit of a span, by lot or by decree."""
        first = ~self.asked[at]
        if self.offer is not None:
            return first & self.offer
        if not self.world.policies.arms:
            return np.zeros(len(first), dtype=bool)
        return first & (self.dice.random(len(first)) < p.ARM * TREATED)

    def _begun(self, day: date, hours: float) -> Numbers:
        """Share of a day's sessions that begin before this hour of it."""
        clock = places.clock(day)[self.state.folk.day_part, self.state.folk.zone]
        hour = int(hours)
        found: Numbers = clock[:, hour] + (hours - hour) * (clock[:, hour + 1] - clock[:, hour])
        return found

    def _each(self, values: Numbers) -> Numbers:
        return np.repeat(values[:, None], self.shape[1], axis=1)

    def _number(self, day: date) -> int:
        return (day - self.world.start.date()).days

    def _drifted(self, day: date) -> bool:
        return self.world.drift_day is not None and self._number(day) >= self.world.drift_day


def _level_shares() -> Numbers:
    shares: Numbers = p.NEWS_LEVEL_WEIGHTS / p.NEWS_LEVEL_WEIGHTS.sum()
    return shares
