"""Titles and bodies: made from the vocabulary of an article's topics, so that like texts are of like matter."""

from functools import lru_cache

import numpy as np
import pyarrow as pa

from readership.simulator import words
from readership.simulator.newsroom import Articles
from readership.simulator.randomness import bits

SENTENCES_IN_A_BODY = 4
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


def article_ids(articles: Articles) -> list[str]:
    """Ids that publishers would use: brand, then number."""
    return [f"{words.SLUGS[b]}-{n}" for b, n in zip(articles.brand.tolist(), articles.number.tolist(), strict=True)]


def urls(articles: Articles) -> list[str]:
    """Where each article stands."""
    rows = zip(articles.brand.tolist(), articles.category.tolist(), article_ids(articles), strict=True)
    return [f"https://{words.SLUGS[b]}.example/{words.CATEGORIES[c]}/{name}" for b, c, name in rows]


def titles(articles: Articles) -> list[str]:
    """A headline of the article's topic with a word of its vocabulary, and now and then a place or a time."""
    subject, verb, place, word = (
        _choice(articles, purpose, count)
        for purpose, count in (("subject", 8), ("verb", len(words.VERBS)), ("place", 8), ("word", 8))
    )
    rows = zip(articles.category.tolist(), articles.theme.tolist(), subject, verb, place, word, strict=True)
    return [
        f"{words.SUBJECTS[c][s]} {words.VERBS[v]} {theme_name(t)} {words.PLACES[p]}".rstrip() + f": {_vocabulary(t)[w]}"
        for c, t, s, v, p, w in rows
    ]


def article_table(articles: Articles) -> pa.Table:
    """The rows of table `articles`, bodies included."""
    columns = {
        "article_id": article_ids(articles),
        "brand": [words.BRANDS[b] for b in articles.brand.tolist()],
        "category": [words.CATEGORIES[c] for c in articles.category.tolist()],
        "author": [words.AUTHORS[b][a] for b, a in zip(articles.brand.tolist(), articles.author.tolist(), strict=True)],
        "title": titles(articles),
        "body": _bodies(articles),
        "topics": [
            [theme_name(first), theme_name(second)]
            for first, second in zip(articles.theme.tolist(), articles.second.tolist(), strict=True)
        ],
        "article_type": [words.TYPES[t] for t in articles.type.tolist()],
        "paywalled": articles.paywalled.astype(np.uint8),
        "published_at": pa.array(articles.published, pa.timestamp("ms", "UTC")),
    }
    return pa.table(columns, schema=ARTICLES)


def theme_name(theme: int) -> str:
    """The name of a topic, numbered over all categories."""
    return words.THEMES[theme // 5][theme % 5]


@lru_cache(maxsize=64)
def _vocabulary(theme: int) -> tuple[str, ...]:
    return tuple(words.THEME_WORDS[theme // 5][theme % 5].split())


def _bodies(articles: Articles) -> list[str]:
    """Some sentences about the first topic, one or two of the words from the second."""
    subject, verb = _choice(articles, "subject", 8), _choice(articles, "verb", len(words.VERBS))
    order, turn = _choice(articles, "order", len(words.SENTENCES)), _choice(articles, "turn", 8)
    rows = zip(
        articles.category.tolist(), articles.theme.tolist(), articles.second.tolist(), subject, verb, strict=True
    )
    bodies = []
    for (c, theme, second, s, v), first, shift in zip(rows, order, turn, strict=True):
        told = {
            "subject": words.SUBJECTS[c][s],
            "verb": words.VERBS[v],
            "theme": theme_name(theme),
            "other": theme_name(second),
            "category": words.CATEGORIES[c],
        }
        mine, others = _vocabulary(theme), _vocabulary(second)
        told |= {name: mine[(shift + n) % 8] for n, name in enumerate("abcdef")}
        told |= {"g": others[shift], "h": others[(shift + 3) % 8]}
        chosen = (words.SENTENCES[(first + n) % len(words.SENTENCES)] for n in range(SENTENCES_IN_A_BODY))
        bodies.append(" ".join(sentence.format(**told) for sentence in chosen))
    return bodies


def _choice(articles: Articles, purpose: str, count: int) -> list[int]:
    return (bits(articles.key, purpose) % np.uint64(count)).tolist()
