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
    noise   standard deviation of each that comes from how few readers there are; no stray is smaller

    The first three weeks have nothing to be held against, and how far days stray is known a fortnight later.

    >>> flat = usual_days(np.full(40, 5.0), np.full(40, 0.5))
    >>> flat.count(None), flat[-1].expected, round(flat[-1].stray, 2)   # 0.5 · √(1 + π/2 / 5)
    (35, 5.0, 0.57)
    """
    peers = [_known(values[max(day - WEEK * WEEKS, day % WEEK) : day : WEEK]) for day in range(len(values))]
    enough = [len(same) >= FEWEST_WEEKS for same in peers]
    centre = np.array([np.median(same) if ready else np.nan for same, ready in zip(peers, enough, strict=True)])
    wider = np.array([np.sqrt(1 + MEDIAN_NOISE / max(1, len(same))) for same in peers])
    strays = (values - centre) / wider
    return [
        _usual(float(centre[day]), float(wider[day]), strays[:day][-WEEK * WEEKS :], noise[: day + 1][-WEEK * WEEKS :])
        for day in range(len(values))
    ]


def _usual(centre: float, wider: float, strays: Floats, noise: Floats) -> Usual | None:
    known, chances = _known(strays), _known(noise)
    if np.isnan(centre) or len(known) < FEWEST_STRAYS:
        return None
    by_chance = float(np.median(chances)) if len(chances) else 0.0
    return Usual(centre, wider * max(float(NORMAL * np.median(np.abs(known))), by_chance))


def _known(values: Floats) -> Floats:
    return values[np.isfinite(values)]
