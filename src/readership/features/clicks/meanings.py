"""Features of clicks in words, for what drives a model."""

from typing import NamedTuple

from readership.features.clicks.derive import WINDOWS
from readership.features.clicks.subject import Subject

_PLAIN = {
    "position": "place on the page: placement, device and position",
    "hour": "hour of the day (UTC)",
    "item_rate": "clicks on it, over those an average one gets in the same places",
    "item_expected": "how often it was shown where people look",
    "age_hours": "hours since it was published",
    "paywalled": "behind the paywall",
    "title_words": "words in its title",
    "other_views": "opened otherwise than from a slate",
    "other_views_per_hour": "opened otherwise than from a slate, per hour since it was published",
    "reader_rate": "clicks of the reader, over those an average one makes in the same places",
    "reader_expected": "how much the reader was shown where people look",
    "hours_since_reader_shown": "hours since the reader was shown anything",
    "placement": "placement",
    "device_type": "device",
    "brand": "brand",
    "category": "category",
    "type": "type",
    "tier": "subscription tier of the reader",
    "referrer": "where the visit came from",
    "beside": "category of the article beside it",
    "campaign": "campaign",
    "ad_category": "category of the advertisement",
}


class Meaning(NamedTuple):
    """One feature, as the catalogue of features describes one."""

    meaning: str
    unit: str = ""
    null_rule: str = ""


def meanings(subject: Subject) -> dict[str, Meaning]:
    """Every feature of a subject by name.

    >>> from readership.features.clicks.subject import ARTICLES
    >>> meanings(ARTICLES)["topic_liking"].meaning
    'liking of the reader for its topic, beyond that for everything'
    """
    found = dict(_PLAIN)
    for name, _ in WINDOWS:
        span = {"1d": "the last day", "3h": "the last three hours"}[name]
        found[f"item_rate_{name}"] = f"clicks on it in {span}, over those an average one gets"
        found[f"item_expected_{name}"] = f"how often it was shown where people look, in {span}"
    for name, _ in subject.traits:
        word = name.replace("_", " ")
        found[f"{name}_rate"] = f"clicks on its {word}, over those an average one gets"
        found[f"{name}_liking"] = f"liking of the reader for its {word}, beyond that for everything"
        found[f"{name}_shown"] = f"how much of its {word} the reader was shown"
    return {name: Meaning(text) for name, text in found.items()}
