"""Two groups of readers, one of them for sport and one for politics, whose right recommendations are known."""

from readership.models.recommendation.nouns import Article, Read
from readership.models.recommendation.recommender import Recommender

HOUR_MS = 3_600_000
START_MS = 400 * 24 * HOUR_MS
SPORT, POLITICS = range(1, 7), range(11, 17)


def article(name: str, at_ms: int = START_MS, **known) -> Article:
    return Article(name, published_ms=at_ms, **known)


def two_groups() -> Recommender:
    """Each reads four articles of its group; `sport-new` and `politics-new` all of a group but the first have read."""
    recommender = Recommender()
    words = {"sport": "goal keeper match league", "politics": "minister parliament vote budget"}
    for group, text in words.items():
        for number in range(4):
            recommender.put(article(f"{group}-{number}", category=group, title=f"{text} {number}"))
        recommender.put(article(f"{group}-new", category=group, title=f"{text} new"))
    reads = []
    for group, readers in (("sport", SPORT), ("politics", POLITICS)):
        for number in range(4):
            reads += [
                Read(START_MS + number * HOUR_MS + reader * 1000, reader, f"{group}-{number}") for reader in readers
            ]
        reads += [Read(START_MS + 5 * HOUR_MS + reader * 1000, reader, f"{group}-new") for reader in readers[1:]]
    recommender.learn(sorted(reads))
    return recommender


def names(recommender: Recommender, places) -> list[str]:
    return [recommender.catalogue.article(int(place)).article_id for place in places]
