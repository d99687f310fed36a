"""Spending a budget over its days and hours, not all of it at breakfast.

A campaign's plan for today is what is left of its budget at midnight over the days it has left. Within the day it
follows the publisher's hours: by 10:00 as much should be spent as readers usually come by then. Bids are multiplied by
e^(−GAIN · (spent − planned) / plan of the day), at most 1: a campaign behind its plan bids what was agreed, one ahead
of it less, until it fits. (The error is of spending summed up, so this one term is the integral of a PID controller on
its rate; no other is needed.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readership.errors import InputError
from readership.models.ads.book import NEVER_MS, Book

Floats = NDArray[np.float64]
GAIN = 20.0
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
EVEN_HOURS = np.full(24, 1 / 24)


@dataclass(frozen=True)
class Pacing:
    """Of the campaigns of a book.

    budget_eur  whole budgets [campaigns], infinite where there is no limit
    ends_ms     of each campaign, when its last ad ends [campaigns]
    hours       share of a day's impressions in each hour, UTC [24]
    """

    budget_eur: Floats
    ends_ms: NDArray[np.int64]
    hours: Floats

    def __post_init__(self) -> None:
        if self.hours.shape != (24,) or (self.hours < 0).any() or abs(self.hours.sum() - 1) > 1e-6:
            raise InputError(f"the hours of a day must be 24 shares that sum to 1, not {self.hours.sum():.4f}")

    @classmethod
    def of(cls, book: Book, hours: Floats = EVEN_HOURS) -> "Pacing":
        """For the campaigns of a book."""
        ends = np.full(len(book.campaigns), np.iinfo(np.int64).min)
        np.maximum.at(ends, book.campaign, book.ends_ms)
        return cls(book.budget_eur, ends, hours)

    def plan_eur(self, spent_before_eur: Floats, now_ms: int) -> Floats:
        """What each campaign should spend today [campaigns]: infinite without a limit, all that is left without an end.

        spent_before_eur  until this day's midnight, UTC

        Of 100 EUR, 40 spent, on the last but one of its days: 30 EUR.
        """
        midnight = now_ms // DAY_MS * DAY_MS
        days = np.where(self.ends_ms == NEVER_MS, 1, np.ceil((self.ends_ms - midnight) / DAY_MS))
        return np.maximum(self.budget_eur - spent_before_eur, 0.0) / np.maximum(days, 1)

    def multipliers(self, spent_before_eur: Floats, spent_today_eur: Floats, now_ms: int) -> Floats:
        """By what each campaign's bids are multiplied now, from 0 to 1 [campaigns]."""
        plan = self.plan_eur(spent_before_eur, now_ms)
        ahead = np.zeros(len(plan))
        paced = np.isfinite(plan) & (plan > 0)
        ahead[paced] = spent_today_eur[paced] / plan[paced] - self.share_of_day(now_ms)
        return np.where(plan > 0, np.minimum(np.exp(-GAIN * ahead), 1.0), 0.0)

    def share_of_day(self, now_ms: int) -> float:
        """How much of a day's impressions come before this time of the day.

        At 06:30 of a day with even hours: 6.5 / 24.
        """
        hour, within = divmod(now_ms % DAY_MS, HOUR_MS)
        return float(self.hours[:hour].sum() + self.hours[hour] * within / HOUR_MS)
