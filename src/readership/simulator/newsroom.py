"""What is published: articles by brand and category that are read most when new, and the choice between them."""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
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
SHELF_DAYS = 6

ARTICLES = pa.schema(
    [
        ("article_id", pa.string()),
        ("brand", pa.string()),
        ("category", pa.string()),
        ("author", pa.string()),
        ("title", pa.string()),
        ("body", pa.string()),
        ("topics", pa.list_(pa.string())),
        ("article_type", pa.string()),
        ("paywalled", pa.uint8()),
        ("published_at", pa.timestamp("ms", "UTC")),
    ]
)


@dataclass(frozen=True)
class Articles:
    """Articles of one or more days; equal places belong together.

    appeal     how much it draws, whoever reads
    quality    what reading it is worth (standard normal)
    published  ms since 1970
    seconds    time it takes to read it whole
    """

    number: NDArray[np.int64]
    brand: Codes
    category: Codes
    type: Codes
    appeal: Numbers
    quality: Numbers
    half_life: Numbers
    paywalled: NDArray[np.bool_]
    published: NDArray[np.int64]
    seconds: Numbers
    key: Keys

    def __len__(self) -> int:
        return len(self.number)


def publish(seed_key: int, day: date, level: float) -> Articles:
    """The articles of one day; more on days of big news, fewer at the weekend."""
    today = key(seed_key, "newsroom", day.toordinal())
    brands = keys(today, np.arange(len(PER_DAY)))
    mean = PER_DAY * BY_WEEKDAY[day.weekday()] * np.sqrt(level)
    counts = np.maximum(np.rint(mean + np.sqrt(mean) * normal(brands, "count")), 3)
    brand = np.repeat(np.arange(len(PER_DAY)), counts.astype(np.int64))
    own = keys(key(today, "articles"), np.arange(len(brand)))
    kind = pick(own, "type", TYPE_WEIGHTS)
    kind = np.where(pick(own, "category", CATEGORY_WEIGHTS[brand]) == 9, OPINION, kind)
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
    hour = pick(own, "hour", BY_HOUR) + uniform(own, "minute")
    quality = normal(own, "quality")
    length = MEDIAN_WORDS[kind] * np.exp(0.4 * normal(own, "length"))
    return Articles(
        number=day.toordinal() * 10_000 + np.arange(len(brand)),
        brand=brand,
        category=pick(own, "category", CATEGORY_WEIGHTS[brand]),
        type=kind,
        appeal=np.exp(0.5 * quality + 0.9 * normal(own, "appeal")),
        quality=quality,
        half_life=HALF_LIFE_HOURS[kind] * np.exp(0.4 * normal(own, "half_life")),
        paywalled=uniform(own, "paywalled") < PAYWALLED[kind],
        published=midnight + (hour * 3_600_000).astype(np.int64),
        seconds=length / 4.0,
        key=own,
    )


def article_ids(articles: Articles) -> list[str]:
    """Ids that publishers would use: brand, then number."""
    return [f"{words.SLUGS[b]}-{n}" for b, n in zip(articles.brand.tolist(), articles.number.tolist(), strict=True)]


def titles(articles: Articles) -> list[str]:
    """A headline of the article's category, and now and then a place or a time."""
    subject, verb, theme, place = _words(articles)
    return [
        f"{words.SUBJECTS[c][s]} {words.VERBS[v]} {words.THEMES[c][t]} {words.PLACES[p]}".rstrip()
        for c, s, v, t, p in zip(articles.category.tolist(), subject, verb, theme, place, strict=True)
    ]


def article_table(articles: Articles) -> pa.Table:
    """The rows of table `articles`, bodies included."""
    subject, verb, theme, _ = _words(articles)
    author = (bits(articles.key, "author") % np.uint64(len(words.AUTHORS[0]))).tolist()
    other = (bits(articles.key, "other") % np.uint64(5)).tolist()
    order = (bits(articles.key, "order") % np.uint64(5)).tolist()
    bodies = []
    for c, s, v, t, o, first in zip(articles.category.tolist(), subject, verb, theme, other, order, strict=True):
        told = {
            "subject": words.SUBJECTS[c][s],
            "verb": words.VERBS[v],
            "theme": words.THEMES[c][t],
            "other": words.THEMES[c][o],
            "category": words.CATEGORIES[c],
        }
        chosen = (words.SENTENCES[(first + n) % 5] for n in range(3))
        bodies.append(" ".join(sentence.format(**told) for sentence in chosen))
    category = articles.category.tolist()
    columns = {
        "article_id": article_ids(articles),
        "brand": [words.BRANDS[b] for b in articles.brand.tolist()],
        "category": [words.CATEGORIES[c] for c in category],
        "author": [words.AUTHORS[b][a] for b, a in zip(articles.brand.tolist(), author, strict=True)],
        "title": titles(articles),
        "body": bodies,
        "topics": [
            [words.THEMES[c][t], words.SUBJECTS[c][s]] for c, t, s in zip(category, theme, subject, strict=True)
        ],
        "article_type": [words.TYPES[t] for t in articles.type.tolist()],
        "paywalled": articles.paywalled.astype(np.uint8),
        "published_at": pa.array(articles.published, pa.timestamp("ms", "UTC")),
    }
    return pa.table(columns, schema=ARTICLES)


def _urls(articles: Articles) -> list[str]:
    rows = zip(articles.brand.tolist(), articles.category.tolist(), article_ids(articles), strict=True)
    return [f"https://{words.SLUGS[b]}.example/{words.CATEGORIES[c]}/{name}" for b, c, name in rows]


def _words(articles: Articles) -> tuple[list[int], list[int], list[int], list[int]]:
    def choice(purpose: str, count: int) -> list[int]:
        return (bits(articles.key, purpose) % np.uint64(count)).tolist()

    return choice("subject", 8), choice("verb", len(words.VERBS)), choice("theme", 5), choice("place", 8)


class Shelf:
    """The articles of the last days, and the choice of one by brand, category and hour.

    articles       in order of brand and category
    ids, titles    their text, in the same order
    urls           theirs, then the front page of each brand
    """

    def __init__(self) -> None:
        self._days: deque[Articles] = deque(maxlen=SHELF_DAYS)
        self._names: deque[tuple[pa.Array, pa.Array, pa.Array]] = deque(maxlen=SHELF_DAYS)

    def add(self, articles: Articles) -> None:
        """Put a day's articles on the shelf; the oldest day leaves it."""
        self._days.append(articles)
        self._names.append((pa.array(article_ids(articles)), pa.array(titles(articles)), pa.array(_urls(articles))))
        joined = [np.concatenate([getattr(day, name) for day in self._days]) for name in Articles.__dataclass_fields__]
        whole = Articles(*joined)
        order = np.argsort(whole.brand * len(words.CATEGORIES) + whole.category, kind="stable")
        self.articles = Articles(*(getattr(whole, name)[order] for name in Articles.__dataclass_fields__))
        ids, heads, urls = (pa.concat_arrays(column).take(pa.array(order)) for column in zip(*self._names, strict=True))
        self.ids, self.titles = ids, heads
        self.urls = pa.concat_arrays([urls, pa.array([f"https://{slug}.example/" for slug in words.SLUGS])])

    def open(self, day: date) -> None:
        """Make ready for the hours of a day: what is published by the hour, weighed by appeal and freshness."""
        here = self.articles
        groups = len(words.BRANDS) * len(words.CATEGORIES)
        group = here.brand * len(words.CATEGORIES) + here.category
        self._first = np.searchsorted(group, np.arange(groups + 1))
        midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
        hours = midnight + np.arange(24)[:, None] * 3_600_000
        age = (hours - here.published[None, :]) / 3_600_000
        weight = np.where(age >= 0, here.appeal * np.exp2(-np.maximum(age, 0) / here.half_life), 0.0)
        self._steps = np.concatenate([[0.0], np.cumsum(weight.ravel())])

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


def shelf_before(seed_key: int, start: date) -> tuple[Shelf, list[Articles]]:
    """A shelf with what was published in the days before the world begins."""
    shelf, days = Shelf(), []
    for back in range(SHELF_DAYS - 1, 0, -1):
        days.append(publish(seed_key, start - timedelta(days=back), 1.0))
        shelf.add(days[-1])
    return shelf, days
