"""What is published: articles by brand and category, with topics, quality, a half-life and an author."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from readership.simulator import words
from readership.simulator.randomness import Keys, bits, key, keys, normal, pick, uniform

Numbers = NDArray[np.float64]
Codes = NDArray[np.integer]

NEWS, FEATURE, OPINION, GALLERY, VIDEO = range(5)
PER_DAY = np.array([42.0, 26.0, 20.0, 16.0])
BY_WEEKDAY = np.array([1.05, 1.1, 1.1, 1.1, 1.0, 0.6, 0.65])
BY_HOUR = np.array([2, 1, 1, 1, 2, 5, 8, 8, 7, 6, 6, 6, 6, 6, 6, 6, 6, 6, 5, 4, 4, 3, 3, 2], dtype=float)
TYPE_WEIGHTS = np.array([0.60, 0.16, 0.08, 0.06, 0.10])
HALF_LIFE_HOURS = np.array([9.0, 30.0, 24.0, 14.0, 16.0])
PAYWALLED = np.array([0.22, 0.60, 0.45, 0.05, 0.10])
MEDIAN_WORDS = np.array([420.0, 1100.0, 700.0, 160.0, 180.0])
CATEGORY_WEIGHTS = np.array(
    [
        [14, 10, 12, 16, 10, 10, 6, 7, 9, 6],  # a general paper
        [10, 7, 4, 38, 14, 9, 2, 3, 9, 4],  # a regional one
        [1, 2, 3, 6, 74, 2, 2, 4, 4, 2],  # sport
        [14, 42, 10, 2, 2, 2, 6, 16, 2, 4],  # business
    ],
    dtype=float,
)
THEMES_IN_CATEGORY = 5
THEMES = len(words.CATEGORIES) * THEMES_IN_CATEGORY
TASTE_DIMENSIONS = 6
MAIN_TOPIC = 0.75
"""Share of an article that is about its first topic."""
BREAKING_LEVEL = 1.3
BREAKING_SHARE, BREAKING_APPEAL = 0.6, 2.0
"""On days of big news: of the articles in the category it happens in, and how much more they draw."""


@dataclass(frozen=True)
class Articles:
    """Articles of one or more days; equal places belong together.

    theme      first topic, numbered over all categories; `second` likewise
    mix        what it is about, as a direction in the space of tastes [n, TASTE_DIMENSIONS]
    appeal     how much it draws, whoever reads
    quality    what reading it is worth (standard normal)
    published  ms since 1970
    seconds    time it takes to read it whole
    """

    number: NDArray[np.int64]
    brand: Codes
    category: Codes
    type: Codes
    theme: Codes
    second: Codes
    author: Codes
    mix: Numbers
    appeal: Numbers
    quality: Numbers
    half_life: Numbers
    paywalled: NDArray[np.bool_]
    published: NDArray[np.int64]
    seconds: Numbers
    key: Keys

    def __len__(self) -> int:
        return len(self.number)


def theme_directions(seed_key: int) -> Numbers:
    """Where each topic lies in the space of tastes [THEMES, TASTE_DIMENSIONS], unit length."""
    own = keys(key(seed_key, "themes"), np.arange(THEMES))
    found = np.stack([normal(own, f"direction {n}") for n in range(TASTE_DIMENSIONS)], axis=1)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def publish(seed_key: int, day: date, level: float) -> Articles:
    """The articles of one day; more on days of big news, fewer at the weekend."""
    today = key(seed_key, "newsroom", day.toordinal())
    brands = keys(today, np.arange(len(PER_DAY)))
    mean = PER_DAY * BY_WEEKDAY[day.weekday()] * np.sqrt(level)
    counts = np.maximum(np.rint(mean + np.sqrt(mean) * normal(brands, "count")), 3)
    brand = np.repeat(np.arange(len(PER_DAY)), counts.astype(np.int64))
    own = keys(key(today, "articles"), np.arange(len(brand)))
    category = pick(own, "category", CATEGORY_WEIGHTS[brand])
    kind = np.where(category == words.CATEGORIES.index("opinion"), OPINION, pick(own, "type", TYPE_WEIGHTS))
    theme, breaking = _themes(today, own, category, level)
    second = (bits(own, "second") % np.uint64(THEMES)).astype(np.int64)
    directions = theme_directions(seed_key)
    mix = MAIN_TOPIC * directions[theme] + (1 - MAIN_TOPIC) * directions[second]
    author = (bits(own, "author") % np.uint64(len(words.AUTHORS[0]))).astype(np.int64)
    quality = 0.45 * _skill(seed_key, brand, author) + 0.893 * normal(own, "quality")
    length = MEDIAN_WORDS[kind] * np.exp(0.4 * normal(own, "length"))
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
    hour = pick(own, "hour", BY_HOUR) + uniform(own, "minute")
    return Articles(
        number=day.toordinal() * 10_000 + np.arange(len(brand)),
        brand=brand,
        category=category,
        type=kind,
        theme=theme,
        second=second,
        author=author,
        mix=mix / np.linalg.norm(mix, axis=1, keepdims=True),
        appeal=np.exp(0.5 * quality + 0.9 * normal(own, "appeal")) * np.where(breaking, BREAKING_APPEAL, 1.0),
        quality=quality,
        half_life=HALF_LIFE_HOURS[kind] * np.exp(0.4 * normal(own, "half_life")),
        paywalled=uniform(own, "paywalled") < PAYWALLED[kind],
        published=midnight + (hour * 3_600_000).astype(np.int64),
        seconds=length / 4.0,
        key=own,
    )


def _themes(today: int, own: Keys, category: Codes, level: float) -> tuple[Codes, NDArray[np.bool_]]:
    """The first topic of each article; on days of big news one topic takes over its category."""
    theme = category * THEMES_IN_CATEGORY + (bits(own, "theme") % np.uint64(THEMES_IN_CATEGORY)).astype(np.int64)
    if level < BREAKING_LEVEL:
        return theme, np.zeros(len(own), dtype=bool)
    event = key(today, "breaking") % THEMES
    breaking = (category == event // THEMES_IN_CATEGORY) & (uniform(own, "breaking") < BREAKING_SHARE)
    return np.where(breaking, event, theme), breaking


def _skill(seed_key: int, brand: Codes, author: Codes) -> Numbers:
    """How well each author writes, for good."""
    return normal(keys(key(seed_key, "authors"), brand * 100 + author), "skill")
