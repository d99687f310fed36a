"""RFV: how much of a reader somebody is, from 0 to 100, without any model (after the Financial Times).

Recency     R = 100 × 0.5^(days since the last session / 14)
Frequency   F = 100 × active days / 29, of the cut-off's day and the 28 before
Volume      V = the mean of 100 × min(1, ln(1 + article views) / ln(101)) and 100 × min(1, ln(1 + minutes read) /
            ln(201)), of 28 days; views alone where reading time is not known
Score       the cube root of R × F × V: no part makes up for another
Bands       new: known for less than 28 days; else fly-by up to 10, casual up to 35, loyal up to 60, lover above
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from readership.contracts import Dataset

INPUTS = ("days_since_last_session", "active_days_28d", "article_views_28d", "engaged_seconds_28d", "tenure_days")
BANDS = ("new", "fly-by", "casual", "loyal", "lover")
LIMITS = (10.0, 35.0, 60.0)
HALF_LIFE_DAYS = 14.0
DAYS = 29.0
MOST_VIEWS, MOST_MINUTES = 100.0, 200.0
NEW_DAYS = 28.0


def rfv(days_since: ArrayLike, active_days: ArrayLike, views: ArrayLike, seconds: ArrayLike) -> NDArray[np.float64]:
    """Score [n] from the days since the last session, and active days, article views and seconds read of 28 days.

    `seconds` may be nan. Two weeks ago (R 50), 8 of 29 days, 10 views (V 51.96) in no known time:

    >>> rfv([14.0], [8.0], [10.0], [float("nan")]).round(1).tolist()
    [41.5]
    """
    last, active, read, spent = (np.asarray(value, np.float64) for value in (days_since, active_days, views, seconds))
    recency = 100 * 0.5 ** (last / HALF_LIFE_DAYS)
    frequency = 100 * np.minimum(1.0, active / DAYS)
    by_views = 100 * np.minimum(1.0, np.log1p(read) / np.log1p(MOST_VIEWS))
    by_time = 100 * np.minimum(1.0, np.log1p(spent / 60) / np.log1p(MOST_MINUTES))
    volume = np.where(np.isnan(by_time), by_views, (by_views + by_time) / 2)
    return np.asarray(np.cbrt(recency * frequency * volume), dtype=np.float64)


def of_rows(rows: Dataset) -> tuple[NDArray[np.float64], list[str]]:
    """Score and band of each row [n]; `INPUTS` are among its features."""
    since, days, views, seconds, tenure = (rows.features[:, rows.names.index(name)] for name in INPUTS)
    score = rfv(since, days, views, seconds)
    return score, [band(*pair) for pair in zip(score.tolist(), tenure.tolist(), strict=True)]


def band(score: float, tenure_days: float) -> str:
    """The band of a score; whoever has been known for less than four weeks is new.

    >>> [band(50.0, 3.0), band(10.0, 99.0), band(35.0, 99.0), band(60.0, 99.0), band(60.1, 99.0)]
    ['new', 'fly-by', 'casual', 'loyal', 'lover']
    """
    if tenure_days < NEW_DAYS:
        return "new"
    return BANDS[1 + sum(score > limit for limit in LIMITS)]
