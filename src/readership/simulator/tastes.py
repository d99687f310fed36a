"""How far an article is to a reader's taste, and what follows: whether it attracts, is liked, and holds.

Taste has two parts: shares of interest in categories, which last, and a direction in the space of topics, which turns
slowly. An article's topics lie in the same space, and its title and body are made from their vocabularies: whoever
understands the texts a reader chose can tell what the reader will choose.
"""

import numpy as np
from numpy.typing import NDArray

from readership.simulator import parameters as p
from readership.simulator.newsroom import Articles
from readership.simulator.population import People

Numbers = NDArray[np.float64]
Codes = NDArray[np.integer]


def topic_taste(people: People, person: Codes, day: int, drift_day: int | None = None) -> Numbers:
    """The direction of these persons' taste for topics on this day of the world [n, dimensions]."""
    angle = people.turning[person] * day
    if drift_day is not None and day >= drift_day:
        angle = angle + p.DRIFT_TURNS_TASTE
    along, aside = np.cos(angle)[:, None], np.sin(angle)[:, None]
    found: Numbers = along * people.topics[person] + aside * people.topics_aside[person]
    return found


def interest(people: People, person: Codes, direction: Numbers, articles: Articles, article: Codes) -> Numbers:
    """How much each article is to the taste of the person beside it; about standard normal times 0.55.

    direction  of each person's taste for topics, beside `person`
    """
    categories = people.taste.shape[1]
    match = np.log(people.taste[person, articles.category[article]] * categories)
    topic = np.einsum("ij,ij->i", direction, articles.mix[article])
    return p.MATCH_OF_CATEGORY * np.clip(match, -2, 2) + p.MATCH_OF_TOPIC * topic


def attraction(
    people: People, person: Codes, articles: Articles, article: Codes, interest: Numbers, at: Codes, placement: int
) -> Numbers:
    """Probability of a click on an article that is looked at: relevance × freshness × quality."""
    age = np.maximum(at - articles.published[article], 0) / 3_600_000
    fresh = p.STALE_ATTRACTION + (1 - p.STALE_ATTRACTION) * np.exp2(-age / articles.half_life[article])
    draw = articles.appeal[article] ** p.APPEAL_ATTRACTS * np.exp(p.QUALITY_ATTRACTS * articles.quality[article])
    wish = p.ATTRACTION[placement] * people.depth[person] * np.exp(p.INTEREST_ATTRACTS * interest)
    return np.minimum(wish * fresh * draw, p.MAX_ATTRACTION)


def examination(on_phone: NDArray[np.bool_], position: Codes, placement: int) -> Numbers:
    """Probability that a position (1 is first) is looked at; it falls faster on a phone."""
    return position ** -p.EXAMINATION_FALLS[placement][np.where(on_phone, 0, 1)]


def expected_liking(articles: Articles, article: Codes, interest: Numbers) -> Numbers:
    """How an article will be liked by who opens it, but for what nobody can foresee."""
    return interest - 0.2 + 0.5 * articles.quality[article]


def middle_dwell(people: People, person: Codes, kind: Codes, liking: Numbers) -> Numbers:
    """Median engaged seconds, by type of article, person and liking."""
    return p.MEDIAN_DWELL_SECONDS[kind] * people.patience[person] * np.exp(p.INTEREST_LENGTHENS * liking)


def expected_dwell(people: People, person: Codes, kind: Codes, liking: Numbers) -> Numbers:
    """Mean engaged seconds before the chance of liking and of dwell are drawn.

    E[exp(a·N + b·M)] = exp((a² + b²) / 2) for independent standard normal N and M.
    """
    spread = (p.INTEREST_LENGTHENS * p.CHANCE_OF_LIKING) ** 2 + p.SPREAD_OF_DWELL**2
    return middle_dwell(people, person, kind, liking) * np.exp(spread / 2)
