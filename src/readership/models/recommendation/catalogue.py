"""The articles that can be recommended: what is known of each, as arrays, and what lies near it."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.embedding import Embedding, read_text_model
from readership.models.recommendation.nouns import Article
from readership.models.recommendation.rings import Growing
from readership.models.recommendation.text import WIDTH, TextModel

NEVER = np.iinfo(np.int64).max
TOPICS = 4
_CATEGORIES = 2**40
_NAMES = ("brand", "category", "author")
BRAND, CATEGORY, AUTHOR = range(3)
"""Columns of `Catalogue.codes`."""


class Catalogue:
    """Articles at places 0, 1, 2 …; an article keeps its place when it changes or is withdrawn.

    published, withdrawn  int64 [n], ms; NEVER where it is not withdrawn
    brand, category, author  int32 [n], number of the name, -1 where empty
    topics                int32 [n, TOPICS], -1 where there are fewer
    subjects              int64 [n, TOPICS]: the topics, or where there is none the category, counted from 2^40 on
    vectors               float32 [n, WIDTH], direction of title and body
    paywalled             bool [n]
    many_topics           places of articles that have more topics than TOPICS

    The body itself is not kept.
    """

    def __init__(self, text: TextModel | Embedding | None = None) -> None:
        self.text = text or TextModel.unfitted()
        self._articles: list[Article] = []
        self._ids: list[str] = []
        self._places: dict[str, int] = {}
        self._numbers: dict[str, dict[str, int]] = {name: {} for name in (*_NAMES, "topic")}
        self._published = Growing(np.int64)
        self._withdrawn = Growing(np.int64, fill=NEVER)
        self._codes = Growing(np.int32, len(_NAMES), fill=-1)
        self._topics = Growing(np.int32, TOPICS, fill=-1)
        self._subjects = Growing(np.int64, TOPICS, fill=-1)
        self._vectors = Growing(np.float32, WIDTH)
        self._paywalled = Growing(np.bool_)
        self.many_topics: set[int] = set()

    def __len__(self) -> int:
        return len(self._articles)

    @property
    def published(self) -> NDArray[np.int64]:
        """When each may first be recommended."""
        return self._published.values

    @property
    def withdrawn(self) -> NDArray[np.int64]:
        """From when each may no longer be recommended."""
        return self._withdrawn.values

    @property
    def codes(self) -> NDArray[np.int32]:
        """Numbers of brand, category and author [n, 3]; -1 where empty."""
        return self._codes.values

    @property
    def topics(self) -> NDArray[np.int32]:
        """Numbers of topics [n, TOPICS]; -1 where there are fewer."""
        return self._topics.values

    @property
    def subjects(self) -> NDArray[np.int64]:
        """What each is about [n, TOPICS]: its topics, or else its category; -1 where there are fewer."""
        return self._subjects.values

    @property
    def vectors(self) -> NDArray[np.float32]:
        """Directions of the texts [n, WIDTH]; zeros where there is no text."""
        return self._vectors.values

    @property
    def paywalled(self) -> NDArray[np.bool_]:
        """Whether each is behind the paywall."""
        return self._paywalled.values

    def article(self, place: int) -> Article:
        """The article at a place, without its body."""
        return self._articles[place]

    def ids(self, places: NDArray[np.int32]) -> tuple[str, ...]:
        """The article ids at these places."""
        return tuple(map(self._ids.__getitem__, places.tolist()))

    def place(self, article_id: str) -> int | None:
        """Where an article lies; None where it was never put."""
        return self._places.get(article_id)

    def number(self, kind: str, name: str) -> int:
        """Number of a brand, category, author or topic; -1 where no article has it."""
        return self._numbers[kind].get(name, -1)

    def put(self, article: Article) -> int:
        """Publish, change or withdraw; returns its place."""
        place = self._places.setdefault(article.article_id, len(self._articles))
        vector = self.text.vector(f"{article.title} {article.body}")
        self._set(place, article._replace(body=""), vector)
        return place

    def _set(self, place: int, article: Article, vector: NDArray[np.float32]) -> None:
        if place == len(self._articles):
            self._articles.append(article)
            self._ids.append(article.article_id)
            for column in self._columns():
                column.grow(place + 1)
        self._articles[place] = article
        self.published[place] = article.published_ms
        self.withdrawn[place] = NEVER if article.withdrawn_ms is None else article.withdrawn_ms
        self.codes[place] = [self._numbered(name, getattr(article, name)) for name in _NAMES]
        topics = [self._numbered("topic", topic) for topic in article.topics[:TOPICS]]
        category = int(self.codes[place, CATEGORY])
        subjects = topics or ([_CATEGORIES + category] if category >= 0 else [])
        self.topics[place] = topics + [-1] * (TOPICS - len(topics))
        self.subjects[place] = subjects + [-1] * (TOPICS - len(subjects))
        self.vectors[place] = vector
        self.paywalled[place] = article.paywalled
        (self.many_topics.add if len(article.topics) > TOPICS else self.many_topics.discard)(place)

    def _columns(self) -> tuple[Growing, ...]:
        return (
            self._published,
            self._withdrawn,
            self._codes,
            self._topics,
            self._subjects,
            self._vectors,
            self._paywalled,
        )

    def _numbered(self, kind: str, name: str) -> int:
        return self._numbers[kind].setdefault(name, len(self._numbers[kind])) if name else -1

    def files(self, kept: NDArray[np.intp]) -> tuple[bytes, dict[str, NDArray[Any]]]:
        """The articles at these places: as JSON lines, and their vectors with the text model."""
        lines = [json.dumps(self._articles[place]._asdict()) for place in kept.tolist()]
        return "\n".join(lines).encode(), {"vectors": self.vectors[kept], **self.text.arrays()}

    @classmethod
    def read(cls, lines: bytes, arrays: Mapping[str, NDArray[Any]]) -> "Catalogue":
        """What `files` gave; places count from 0 again."""
        catalogue = cls(read_text_model(arrays))
        for place, line in enumerate(lines.decode().splitlines()):
            found = json.loads(line)
            article = Article(**found | {"topics": tuple(found["topics"])})
            catalogue._places[article.article_id] = place
            catalogue._set(place, article, arrays["vectors"][place])
        return catalogue
