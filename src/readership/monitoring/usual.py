"""What a day usually looks like: the same weekday of the weeks before, and how far days have strayed from it.

Everything is robust, so that one broken day among those of the past does not make the next one look well.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WEEK = 7
WEEKS = 8
"""Earlier weeks whose same weekday says what is usual."""
FEWEST_WEEKS = 3
FEWEST_STRAYS = 14
"""Days of the past that must be known before it can be said how far a day usually strays."""
NORMAL = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
MEDIAN_NOISE = np.pi / 2
"""Variance of a median over that of a mean."""
NOTICED, SURE = 4.0, 6.0
"""Usual strays beyond which a day is noticed, and beyond which it is sure that something is different."""


class Usual(NamedTuple):
    """What was to be expected of one day.

    expected  median of the same weekday in the weeks before
    stray     how far such a day usually lies from it (one standard deviation)
    """

    expected: float
    stray: float

    def away(self, value: float) -> float:
        """By how many usual strays the value lies away; negative below."""
        return (value - self.expected) / self.stray


def usual_days(values: Floats, noise: Floats) -> list[Usual | None]:
    """What was to be expected of each day [days] from the days before it; None where too few are known.

    values  one a day, in order, without gaps: nan where nothing was measured
    noise   standard deviation of each that comes from how few readers there are; > 0 where there is a value

    How far days stray is counted in their noise, so that a quiet Sunday may stray further than a busy Monday; no day is
    expected to stray less than its noise. The noise expected of a day is that of its weekday, not its own: a day on
    which nearly everything is missing has much. The first three weeks have nothing to be held against, and how far
    days stray is known a fortnight later.

    >>> flat = usual_days(np.full(40, 5.0), np.full(40, 0.5))
    >>> flat.count(None), flat[-1].expected, round(flat[-1].stray, 2)   # 0.5 · √(1 + π/2 / 5)
    (35, 5.0, 0.57)
    """
    days = range(len(values))
    weekdays = [slice(max(day - WEEK * WEEKS, day % WEEK), day, WEEK) for day in days]
    peers = [_known(values[same]) for same in weekdays]
    ready = np.array([len(same) >= FEWEST_WEEKS for same in peers])
    centre = np.array([np.median(same) if known else np.nan for same, known in zip(peers, ready, strict=True)])
    wider = np.array([np.sqrt(1 + MEDIAN_NOISE / max(1, len(same))) for same in peers])
    unit = wider * np.array(
        [np.median(_known(noise[same])) if ready[day] else np.nan for day, same in enumerate(weekdays)]
    )
    strays = np.abs(values - centre) / unit
    return [_usual(float(centre[day]), float(unit[day]), strays[:day][-WEEK * WEEKS :]) for day in days]


def _usual(centre: float, unit: float, strays: Floats) -> Usual | None:
    known = _known(strays)
    if np.isnan(centre) or len(known) < FEWEST_STRAYS:
        return None
    return Usual(centre, unit * max(1.0, float(NORMAL * np.median(known))))


def _median(same: Floats) -> float:
    """The median of one weekday; nan where too few weeks are known."""
    return float(np.median(same)) if len(same) >= FEWEST_WEEKS else np.nan


def _known(values: Floats) -> Floats:
    return values[np.isfinite(values)]
