"""What moves a reader from day to day: habit, satisfaction, leaving, pausing and coming back.

The same few rules drive the world and its oracle. A day goes like this:

1. at midnight UTC a reader may leave, pause, or come back (`step`);
2. an active reader begins Poisson(rate · news level) sessions, spread over the day by the clock of their day part;
3. at the day's end habit moves towards 1 if they came and towards 0 if not, and satisfaction towards what they
   felt, or fades (`after`).

Without visits habit and satisfaction only fade, in a known way: that is why the probability of staying away
has a closed form.
"""

from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.simulator import parameters as p

Numbers = NDArray[np.float64]


class Inner(NamedTuple):
    """Habit (0 to 1) and satisfaction (0 is indifferent) of each reader."""

    habit: Numbers
    satisfaction: Numbers

    def after(self, came: NDArray[np.bool_], felt: Numbers) -> "Inner":
        """The state after a day on which these readers came and felt so."""
        return Inner(
            self.habit + p.HABIT_GAIN * (came - self.habit),
            np.where(
                came,
                self.satisfaction + p.SATISFACTION_GAIN * (felt - self.satisfaction),
                self.satisfaction * (1 - p.SATISFACTION_FADE),
            ),
        )


class Chances(NamedTuple):
    """What may happen to each reader at midnight."""

    leave: Numbers
    pause: float
    resume: float
    come_back: Numbers


def chances(fickleness: Numbers, kind: NDArray[np.integer], inner: Inner, drifted: bool = False) -> Chances:
    """Leaving is likelier for the fickle, less so for the satisfied and those with a habit (until a drift)."""
    keeps = p.HABIT_KEEPS * (p.DRIFT_FRACTION_OF_HABIT if drifted else 1.0)
    hazard = fickleness * np.exp(-p.SATISFACTION_KEEPS * inner.satisfaction - keeps * inner.habit)
    return Chances(-np.expm1(-hazard), p.PAUSE_PER_DAY, p.BACK_FROM_PAUSE_PER_DAY, p.RETURN_PER_DAY[kind])


def step(phase: NDArray[np.int8], chance: Numbers, odds: Chances) -> NDArray[np.int8]:
    """Each reader's phase after midnight, by one uniform draw."""
    stay = np.where(
        chance < odds.leave, p.GONE, np.where(chance < odds.leave + (1 - odds.leave) * odds.pause, p.PAUSED, p.ACTIVE)
    )
    paused = np.where(chance < odds.resume, p.ACTIVE, p.PAUSED)
    gone = np.where(chance < odds.come_back, p.ACTIVE, p.GONE)
    return np.choose(phase, [stay, paused, gone]).astype(np.int8)


def step_shares(shares: Numbers, odds: Chances) -> Numbers:
    """The probabilities [3, n] of each phase after midnight, from those before."""
    active, paused, gone = shares
    leave, pause = active * odds.leave, active * (1 - odds.leave) * odds.pause
    resume, back = paused * odds.resume, gone * odds.come_back
    return np.stack([active - leave - pause + resume + back, paused + pause - resume, gone + leave - back])


def season(day: date) -> float:
    """Publisher-wide reading over the year: most in January, least in July."""
    return 1 + p.SEASON_AMPLITUDE * float(np.cos(2 * np.pi * (day.timetuple().tm_yday - 15) / 365.25))


def visit_rate(
    rate: Numbers,
    drift: Numbers,
    weekday: Numbers,
    newsletter: NDArray[np.bool_],
    habit: Numbers,
    age: Numbers,
    day: date,
) -> Numbers:
    """Sessions expected of an active reader on a day of ordinary news."""
    interest = np.exp(np.clip(drift * age, -p.MAX_DRIFT, p.MAX_DRIFT))
    habitual = p.RATE_WITHOUT_HABIT + (1 - p.RATE_WITHOUT_HABIT) * habit
    lift = np.where(newsletter, p.NEWSLETTER_LIFTS_RATE, 1.0)
    return np.minimum(rate * interest * habitual * weekday[:, day.weekday()] * lift * season(day), p.MAX_RATE)


def stays_away(mean: Numbers) -> Numbers:
    """Probability of no session where `mean` are expected on a day of ordinary news, over all levels of news."""
    weights = p.NEWS_LEVEL_WEIGHTS / p.NEWS_LEVEL_WEIGHTS.sum()
    return np.exp(-np.multiply.outer(p.NEWS_LEVELS, mean)).T @ weights


def settled_habit(rate: Numbers) -> Numbers:
    """The habit a reader of this rate settles at: where the chance of coming on a day equals it."""
    habit = np.full_like(rate, 0.5)
    for _ in range(60):
        habit = -np.expm1(-rate * (p.RATE_WITHOUT_HABIT + (1 - p.RATE_WITHOUT_HABIT) * habit))
    return habit
