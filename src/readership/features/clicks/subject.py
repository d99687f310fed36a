"""What is shown and may be clicked: articles in slates, or advertisements; and what is known of each."""

from dataclasses import dataclass

POSITION, PLACEMENT, DEVICE = "position", "placement", "device_type"
BIAS = (POSITION, PLACEMENT, DEVICE)
"""Where something is shown: moves the chance of a click without saying anything of what is shown."""
TICK_MS = 600_000
"""Counts are known up to the last full ten minutes."""
DAY_TICKS = 144
LOOKBACK_DAYS = 90
"""Days of history behind the counts."""


@dataclass(frozen=True)
class Subject:
    """A kind of thing that is shown and clicked.

    task     name of its model; `thing` what one of them is called
    window_minutes  a click this soon after the impression counts
    consent  bits of the purposes a reader must have agreed to
    traits   what an item has: the name of each, and of the counts it is looked up in
    liked    traits whose liking by each reader is counted
    """

    task: str
    thing: str
    window_minutes: int
    consent: int
    traits: tuple[tuple[str, str], ...]
    liked: tuple[str, ...]


ARTICLES = Subject(
    task="click",
    thing="article",
    window_minutes=30,
    consent=2,
    traits=(
        ("author", "author"),
        ("category", "category"),
        ("type", "type"),
        ("topic", "topic"),
        ("second_topic", "topic"),
    ),
    liked=("author", "category", "type", "topic", "second_topic"),
)
ADS = Subject(
    task="click_ads",
    thing="ad",
    window_minutes=30,
    consent=6,
    traits=(("campaign", "campaign"), ("ad_category", "ad_category")),
    liked=("ad_category",),
)
SUBJECTS = {subject.task: subject for subject in (ARTICLES, ADS)}
