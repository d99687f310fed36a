"""What sets a segment apart, in words: its name, its profile, and three things to do, by rules over its traits."""

from collections.abc import Sequence
from typing import NamedTuple

APART = 0.3
CLEARLY = 1.2
"""A trait sets a segment apart when its mean lies `APART` standard deviations from everyone's, and what is told of it
is at least `CLEARLY` times what is told of everyone, or the other way round."""
BARELY = 1.05
HABIT = "active_days_90d"
MOST_PHRASES = 2
ADVICE = 3
SHARES_OF_VISITS = ("rhythm", "arrival")
LIFTED, AT_LEAST = 1.3, 0.25
"""A share of visits says something of a segment from `AT_LEAST` on, or at twice everyone's. A favourite category names
one in which it has `AT_LEAST` of the readers, `LIFTED` times as many as elsewhere."""


class Words(NamedTuple):
    """What is said of a trait.

    label          for tables and plots
    measure        a value in a sentence
    high, low      phrases of a name; "" where the trait gives none
    if_high, if_low  what to do with readers who have much, or little, of it
    """

    label: str
    measure: str
    high: str
    low: str
    if_high: str
    if_low: str


WORDS = {
    "active_days_90d": Words(
        "days with a visit",
        "{:.0f} of 90 days with a visit",
        "",
        "",
        "Ask them first: they know the product, so try new formats and surveys on them",
        "Remind them gently: one weekly round-up rather than a daily push",
    ),
    "active_weeks_12w": Words(
        "weeks with a visit",
        "{:.1f} of 12 weeks with a visit",
        "week after week",
        "a few weeks only",
        "Protect the habit: tell them what comes next week before this one ends",
        "Catch them early: a short series of mails in the days after a visit, before they are away for weeks",
    ),
    "article_views_90d": Words(
        "articles read",
        "{:.0f} articles in 90 days",
        "many articles",
        "few articles",
        "Show them what they have not seen: leave articles they know out of the home page",
        "Lead with the one best story: few articles get a chance with them",
    ),
    "engaged_seconds_90d": Words(
        "reading time",
        "{:,.0f} seconds read in 90 days",
        "much time",
        "little time",
        "Offer more depth: a podcast, a dossier, the long version of the story",
        "Keep it short: what matters in three lines at the top",
    ),
    "article_views_per_session_90d": Words(
        "articles a visit",
        "{:.1f} articles a visit",
        "several articles a visit",
        "one article a visit",
        "Place the next article inside the article: they read on",
        "Make the last paragraph count: one follow-up story, well chosen, at its end",
    ),
    "engaged_seconds_per_article_90d": Words(
        "time an article",
        "{:.0f} seconds an article",
        "read closely",
        "skim",
        "Put long reads and analyses in front of them",
        "Write for skimming: key points first, headings that tell the story",
    ),
    "weekend_session_share_90d": Words(
        "visits at weekends",
        "{:.0%} of visits at weekends",
        "at weekends",
        "on working days",
        "Send the weekend edition on Friday evening",
        "Send on working days and leave their weekend alone",
    ),
    "morning_session_share_90d": Words(
        "visits in the morning",
        "{:.0%} of visits in the morning",
        "in the morning",
        "",
        "Send the briefing before eight in the morning",
        "Send later than the morning briefing: few of their visits begin before noon",
    ),
    "evening_session_share_90d": Words(
        "visits in the evening",
        "{:.0%} of visits in the evening",
        "in the evening",
        "",
        "Publish and send for the evening, from six o'clock on",
        "Send before the evening: few of their visits begin after six",
    ),
    "category_entropy_90d": Words(
        "topics, as if evenly read",
        "about {:.1f} topics",
        "many topics",
        "one topic",
        "Offer a mixed selection of the day: they read across sections",
        "Offer the newsletter of their one section",
    ),
    "direct_arrival_share_90d": Words(
        "arrivals by themselves",
        "{:.0%} of visits typed or bookmarked",
        "come by themselves",
        "sent by others",
        "Offer the app or the home screen: they come by themselves",
        "Show the brand within the article: they arrive from elsewhere and may not know where they are",
    ),
    "search_arrival_share_90d": Words(
        "arrivals by search",
        "{:.0%} of visits from a search",
        "by search",
        "",
        "Answer the next question: link explainers in articles that are found by search",
        "Do not wait for search to bring them back: use newsletter and push",
    ),
    "newsletter_arrival_share_90d": Words(
        "arrivals by newsletter",
        "{:.0%} of visits from a newsletter",
        "by newsletter",
        "",
        "Invest in the newsletter they come by: one more edition, more links to read on",
        "Invite them to a newsletter after their second article",
    ),
    "device_type": Words(
        "on a phone or the app",
        "{:.0%} on a phone or in the app",
        "mobile",
        "on desktops",
        "Check every page on a phone first, and offer the app with its push",
        "Use the width of the desktop: charts, side columns, the e-paper",
    ),
    "tier": Words(
        "paying",
        "{:.0%} pay",
        "often subscribe",
        "rarely subscribe",
        "Show them what the subscription gave them this month, and leave offers out",
        "Show the worth before the price: a trial, or a free article a week before any wall",
    ),
}


class Seen(NamedTuple):
    """One trait of a segment.

    difference      how far its standardised mean lies from everyone's, in standard deviations
    value, everyone what is told: the middle reader's amount, or the mean of a share
    """

    feature: str
    side: str
    difference: float
    value: float
    everyone: float

    @property
    def clarity(self) -> int:
        """2 where it sets the segment apart, 1 where its numbers at least point the same way, else 0."""
        high, low = (self.value, self.everyone) if self.difference > 0 else (self.everyone, self.value)
        if high <= 0 or high < BARELY * low:
            return 0
        seldom = self.side in SHARES_OF_VISITS and self.difference > 0 and high < min(AT_LEAST, 2 * low)
        return 2 if abs(self.difference) >= APART and high >= CLEARLY * low and not seldom else 1

    @property
    def telling(self) -> bool:
        """Whether it sets the segment apart, in numbers that show it."""
        return self.clarity == 2


def names(segments: Sequence[Sequence[Seen]], favourites: Sequence[str]) -> list[str]:
    """A name for each segment from what sets it apart; `favourites` are categories that mark one, or "".

    Two that would be called alike say more of themselves until they differ.

    >>> weekend = Seen("weekend_session_share_90d", "rhythm", 1.1, 0.6, 0.25)
    >>> rare = Seen("active_days_90d", "habit", -0.8, 3.0, 12.0)
    >>> phone = Seen("device_type", "device", 0.5, 0.8, 0.5)
    >>> names([[weekend, rare, phone], []], ["sport", ""])
    ['occasional sport readers, at weekends, mobile', 'regular readers']
    """
    most = [MOST_PHRASES] * len(segments)
    longest = len(WORDS)
    while True:
        found = [_name(*told) for told in zip(segments, favourites, most, strict=True)]
        alike = [at for at, name in enumerate(found) if found.count(name) > 1 and most[at] < longest]
        if not alike:
            return [_numbered(found, at) for at in range(len(found))]
        for at in alike:
            most[at] += 1


def advice(seen: Sequence[Seen]) -> list[str]:
    """Three things to do, each with the trait that speaks for it: the most telling, first one of each side."""
    strongest = strongest_first(seen)
    telling = [one for one in strongest if one.telling]
    first = [one for at, one in enumerate(telling) if one.side not in {other.side for other in telling[:at]}]
    chosen = [*first, *(one for one in strongest if one not in first)][:ADVICE]
    return [f"{_act(one)} ({measured(one)})." for one in chosen]


def strongest_first(seen: Sequence[Seen]) -> list[Seen]:
    """Clear traits before the others, those that lie furthest from everyone first."""
    return sorted(seen, key=lambda one: (-one.clarity, -abs(one.difference)))


def measured(one: Seen) -> str:
    """`61% of visits at weekends; everyone: 25%`.

    >>> measured(Seen("weekend_session_share_90d", "rhythm", 1.1, 0.61, 0.25))
    '61% of visits at weekends; everyone: 25%'
    """
    measure = WORDS[one.feature].measure
    number = measure[: measure.index("}") + 1]
    return f"{measure.format(one.value)}; everyone: {number.format(one.everyone)}"


def favourite(shares: dict[str, float], everyone: dict[str, float]) -> str:
    """The category that marks a segment: common in it, and clearly more so than elsewhere; "" where none does.

    >>> favourite({"sport": 0.5, "local": 0.3}, {"sport": 0.2, "local": 0.3})
    'sport'
    """
    lifted = {
        name: share for name, share in shares.items() if share >= AT_LEAST and share >= LIFTED * everyone.get(name, 0)
    }
    return max(lifted, key=lambda name: (lifted[name], name)) if lifted else ""


def _act(one: Seen) -> str:
    words = WORDS[one.feature]
    return words.if_high if one.difference > 0 else words.if_low


def _name(seen: Sequence[Seen], category: str, most: int) -> str:
    how_often = next((one.difference for one in seen if one.feature == HABIT and one.telling), 0.0)
    often = "frequent" if how_often > 0 else "occasional" if how_often < 0 else "regular"
    phrases, sides = [], {"habit", "volume"} if most == MOST_PHRASES else set()
    for one in strongest_first(seen):
        phrase = WORDS[one.feature].high if one.difference > 0 else WORDS[one.feature].low
        if phrase and one.side not in sides and one.telling:
            phrases.append(phrase)
            sides.add(one.side)
    told = " ".join(word for word in (often, category, "readers") if word)
    return ", ".join([told, *phrases[:most]])


def _numbered(found: list[str], at: int) -> str:
    """The name, with its number among those that no trait tells apart."""
    before = found[:at].count(found[at])
    return f"{found[at]} ({before + 1})" if found.count(found[at]) > 1 else found[at]
