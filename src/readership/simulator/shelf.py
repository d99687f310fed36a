"""What there is to read at an hour: the articles of the last days, and the pools that slates are drawn from."""

from collections import deque
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from readership.simulator import words
from readership.simulator.newsroom import Articles, publish
from readership.simulator.writing import article_ids, titles, urls

Numbers = NDArray[np.float64]
Codes = NDArray[np.integer]

SHELF_DAYS = 6
FRONT_POOL, RELATED_POOL = 30, 8
"""How many articles compete for a slate: the newest and most drawing of a brand, or of a category in it."""
GROUPS = len(words.BRANDS) * len(words.CATEGORIES)


class Shelf:
    """The articles of the last days, and what is on offer by the hour.

    articles       in order of brand and category
    ids, titles    their text, in the same order
    urls           theirs, then the front page of each brand
    weight         [hour, article] appeal times freshness; 0 before it is published
    """

    def __init__(self) -> None:
        self._days: deque[Articles] = deque(maxlen=SHELF_DAYS)
        self._names: deque[tuple[pa.Array, pa.Array, pa.Array]] = deque(maxlen=SHELF_DAYS)

    def add(self, articles: Articles) -> None:
        """Put a day's articles on the shelf; the oldest day leaves it."""
        self._days.append(articles)
        self._names.append((pa.array(article_ids(articles)), pa.array(titles(articles)), pa.array(urls(articles))))
        joined = [np.concatenate([getattr(day, name) for day in self._days]) for name in Articles.__dataclass_fields__]
        whole = Articles(*joined)
        order = np.argsort(whole.brand * len(words.CATEGORIES) + whole.category, kind="stable")
        self.articles = Articles(*(getattr(whole, name)[order] for name in Articles.__dataclass_fields__))
        ids, heads, where = (
            pa.concat_arrays(column).take(pa.array(order)) for column in zip(*self._names, strict=True)
        )
        self.ids, self.titles = ids, heads
        self.urls = pa.concat_arrays([where, pa.array([f"https://{slug}.example/" for slug in words.SLUGS])])

    def open(self, day: date) -> None:
        """Make ready for the hours of a day: what is published by the hour, weighed by appeal and freshness."""
        here = self.articles
        group = here.brand * len(words.CATEGORIES) + here.category
        self._first = np.searchsorted(group, np.arange(GROUPS + 1))
        midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
        hours = midnight + np.arange(24)[:, None] * 3_600_000
        age = (hours - here.published[None, :]) / 3_600_000
        self.weight = np.where(age >= 0, here.appeal * np.exp2(-np.maximum(age, 0) / here.half_life), 0.0)
        self._steps = np.concatenate([[0.0], np.cumsum(self.weight.ravel())])
        self.front = self._pool(self._first[:: len(words.CATEGORIES)], FRONT_POOL)
        self.related = self._pool(self._first, RELATED_POOL)

    def choose(self, chance: Numbers, hour: Codes, brand: Codes, category: Codes) -> NDArray[np.int64]:
        """Places in `articles`; where the brand has nothing of that category yet, any article of the brand."""
        size, wide = len(self.articles), len(words.CATEGORIES)
        group = brand * wide + category
        low = self._steps[hour * size + self._first[group]]
        high = self._steps[hour * size + self._first[group + 1]]
        empty = high - low < 1e-9
        low = np.where(empty, self._steps[hour * size + self._first[brand * wide]], low)
        high = np.where(empty, self._steps[hour * size + self._first[(brand + 1) * wide]], high)
        found = np.searchsorted(self._steps, low + chance * (high - low), side="right") - 1
        return np.clip(found - hour * size, 0, size - 1)

    def _pool(self, first: Codes, size: int) -> NDArray[np.int64]:
        """[hour, group, size] places of each group's heaviest articles, heaviest first; -1 where there are no more."""
        pool = np.full((24, len(first) - 1, size), -1)
        for group, (low, high) in enumerate(zip(first[:-1].tolist(), first[1:].tolist(), strict=True)):
            weight = self.weight[:, low:high]
            order = np.argsort(-weight, axis=1, kind="stable")[:, :size]
            there = np.take_along_axis(weight, order, axis=1) > 0
            pool[:, group, : order.shape[1]] = np.where(there, low + order, -1)
        return pool


def shelf_before(seed_key: int, start: date) -> tuple[Shelf, list[Articles]]:
    """A shelf with what was published in the days before the world begins."""
    shelf, days = Shelf(), []
    for back in range(SHELF_DAYS - 1, 0, -1):
        days.append(publish(seed_key, start - timedelta(days=back), 1.0))
        shelf.add(days[-1])
    return shelf, days
