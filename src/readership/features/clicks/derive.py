"""From counts to what a model sees: the same few lines for a log of impressions and for one request.

Every rate is a ratio to what an average item gets in the same places: clicks over expected clicks, pulled towards a
prior by `WEIGHT` expected clicks: (clicks + weight * prior) / (expected + weight). Nothing known gives the prior.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from readership.features.clicks.subject import BIAS, Subject

Floats = NDArray[np.float64]
WINDOWS = (("1d", 144), ("3h", 18))
"""Name and ticks of the spans that an item's recent counts are taken over."""
TRAIT_WEIGHT, ITEM_WEIGHT, READER_WEIGHT, LIKING_WEIGHT = 20.0, 3.0, 3.0, 1.0
HOUR_MS = 3_600_000.0
WORDS_OF_ARTICLES = ("brand", "category", "type", "tier", "referrer")
WORDS_OF_ADS = ("brand", "beside", "campaign", "ad_category", "tier", "referrer")


def word_names(subject: Subject) -> tuple[str, ...]:
    """Columns of text, the placement and device among them."""
    return (*BIAS[1:], *(WORDS_OF_ARTICLES if subject.thing == "article" else WORDS_OF_ADS))


def counted(subject: Subject) -> tuple[str, ...]:
    """Whose clicks and expected clicks are counted: `<name>_clicks` and `<name>_expected` are asked of `numbers`."""
    traits, liked = (name for name, _ in subject.traits), (f"reader_{name}" for name in subject.liked)
    return ("item", *(f"item_{name}" for name, _ in WINDOWS), *traits, "reader", *liked)


def rate(clicks: Floats, expected: Floats, prior: Floats | float, weight: float) -> Floats:
    """Clicks over expected clicks, pulled towards the prior.

    >>> rate(np.array([5.0, 0.0]), np.array([2.0, 0.0]), 1.0, 3.0).tolist()   # (5 + 3) / (2 + 3), and the prior
    [1.6, 1.0]
    """
    return (clicks + weight * prior) / (expected + weight)


def numbers(subject: Subject, raw: Mapping[str, Floats]) -> dict[str, Floats]:
    """The numeric features by name [n], from raw columns [n]; nan where something is not known.

    raw holds, for every name of `counted`, `<name>_clicks` and `<name>_expected` (0 where nothing is known); and
    `at_ms`, `reader_newest_ms`, `position` and, of articles, `published_ms`, `paywalled`, `title_words`, `item_views`.
    """
    rates = {name: _rate(raw, name, 1.0, TRAIT_WEIGHT) for name, _ in subject.traits}
    usual = rates[subject.traits[0][0]]
    reader = _rate(raw, "reader", 1.0, READER_WEIGHT)
    found = {"position": raw["position"], "hour": raw["at_ms"] % (24 * HOUR_MS) // HOUR_MS}
    found |= {f"{name}_rate": values for name, values in rates.items()}
    found["item_rate"] = _rate(raw, "item", usual, ITEM_WEIGHT)
    found["item_expected"] = raw["item_expected"]
    for name, _ in WINDOWS:
        found[f"item_rate_{name}"] = _rate(raw, f"item_{name}", 1.0, ITEM_WEIGHT)
        found[f"item_expected_{name}"] = raw[f"item_{name}_expected"]
    if subject.thing == "article":
        found |= _of_articles(raw)
    found["reader_rate"], found["reader_expected"] = reader, raw["reader_expected"]
    found["hours_since_reader_shown"] = (raw["at_ms"] - raw["reader_newest_ms"]) / HOUR_MS
    for name in subject.liked:
        found[f"{name}_liking"] = _rate(raw, f"reader_{name}", reader, LIKING_WEIGHT) / reader
        found[f"{name}_shown"] = raw[f"reader_{name}_expected"]
    return found


def _of_articles(raw: Mapping[str, Floats]) -> dict[str, Floats]:
    age = np.maximum(raw["at_ms"] - raw["published_ms"], 0.0) / HOUR_MS
    other = np.maximum(raw["item_views"] - raw["item_clicks"], 0.0)
    return {
        "age_hours": age,
        "paywalled": raw["paywalled"],
        "title_words": raw["title_words"],
        "other_views": other,
        "other_views_per_hour": other / np.maximum(age, 1.0),
    }


def _rate(raw: Mapping[str, Floats], name: str, prior: Floats | float, weight: float) -> Floats:
    return rate(raw[f"{name}_clicks"], raw[f"{name}_expected"], prior, weight)
