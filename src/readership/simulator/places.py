"""Where readers live, on which devices they read, and how they arrive."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

CITIES = (
    ("DE", "Berlin", "Europe/Berlin", 0.20),
    ("DE", "Hamburg", "Europe/Berlin", 0.15),
    ("DE", "Munich", "Europe/Berlin", 0.15),
    ("AT", "Vienna", "Europe/Vienna", 0.11),
    ("CH", "Zurich", "Europe/Zurich", 0.10),
    ("NL", "Rotterdam", "Europe/Amsterdam", 0.05),
    ("FR", "Lyon", "Europe/Paris", 0.05),
    ("GB", "Leeds", "Europe/London", 0.08),
    ("US", "Boston", "America/New_York", 0.06),
    ("US", "Portland", "America/Los_Angeles", 0.03),
    ("IN", "Pune", "Asia/Kolkata", 0.02),
)
CITY_WEIGHTS = np.array([city[3] for city in CITIES])
ZONES = tuple(sorted({city[2] for city in CITIES}))
CITY_ZONE = np.array([ZONES.index(city[2]) for city in CITIES])

DEVICES = (
    ("mobile", "Android", "Chrome", 0.30),
    ("mobile", "iOS", "Safari", 0.20),
    ("app", "iOS", "App", 0.05),
    ("app", "Android", "App", 0.05),
    ("desktop", "Windows", "Chrome", 0.14),
    ("desktop", "Windows", "Edge", 0.08),
    ("desktop", "macOS", "Safari", 0.07),
    ("desktop", "Linux", "Firefox", 0.03),
    ("tablet", "iPadOS", "Safari", 0.07),
    ("smart_tv", "Tizen", "TV", 0.01),
)
DEVICE_WEIGHTS = np.array([device[3] for device in DEVICES])

DIRECT, SEARCH, SOCIAL, NEWSLETTER, AGGREGATOR = range(5)
REFERRERS = (
    "direct",
    "https://www.google.com/",
    "https://www.facebook.com/",
    "https://newsletter.alderbrook.example/",
    "https://flipboard.com/",
)
REFERRER_WEIGHTS = np.array(
    [
        [0.62, 0.20, 0.09, 0.0, 0.09],  # members
        [0.32, 0.36, 0.20, 0.0, 0.12],  # casual readers
        [0.06, 0.50, 0.32, 0.0, 0.12],  # passers-by
    ]
)
BY_NEWSLETTER = 0.35
"""Share of a newsletter reader's sessions that begin there."""
GOES_HOME = np.array([0.0, 0.40, 0.15, 0.35, 0.15])
"""Share of sessions that landed on an article this way and go on to the front page."""

DAY_PARTS = np.array(
    [
        [1, 0, 0, 0, 1, 6, 14, 18, 12, 7, 4, 3, 5, 4, 3, 3, 3, 4, 4, 3, 3, 2, 1, 1],  # early
        [1, 0, 0, 0, 0, 1, 3, 6, 10, 11, 10, 9, 11, 10, 8, 7, 6, 4, 2, 2, 2, 2, 1, 1],  # at work
        [2, 1, 0, 0, 0, 1, 2, 3, 3, 2, 2, 2, 3, 3, 2, 3, 4, 6, 9, 13, 15, 13, 8, 4],  # evening
        [2, 1, 1, 1, 1, 2, 4, 6, 6, 5, 5, 5, 6, 5, 5, 5, 5, 6, 6, 6, 6, 5, 4, 3],  # any time
    ],
    dtype=float,
)
DAY_PART_WEIGHTS = np.array([0.30, 0.22, 0.28, 0.20])
WEEKDAYS = np.array(
    [
        [1.1, 1.1, 1.1, 1.1, 1.05, 0.75, 0.80],  # every day, a little less at the weekend
        [1.35, 1.35, 1.35, 1.3, 1.25, 0.2, 0.2],  # working days
        [0.6, 0.6, 0.6, 0.6, 0.8, 1.9, 1.9],  # weekends
    ]
)
WEEKDAY_WEIGHTS = np.array([0.6, 0.25, 0.15])


@lru_cache(maxsize=64)
def clock(day: date) -> NDArray[np.float64]:
    """Share of a day's sessions begun by each full hour of the UTC day: [day part, zone, 25], from 0 to 1."""
    shares = np.empty((len(DAY_PARTS), len(ZONES), 25))
    for zone, name in enumerate(ZONES):
        noon = datetime.combine(day, time(12), UTC).astimezone(ZoneInfo(name))
        offset = noon.utcoffset() or timedelta()
        hours = (np.arange(24) + round(offset / timedelta(hours=1))) % 24
        weights = DAY_PARTS[:, hours] + 0.02
        shares[:, zone, 0] = 0
        shares[:, zone, 1:] = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)
    shares[:, :, 24] = 1
    return shares
