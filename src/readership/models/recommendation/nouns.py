"""What recommendation speaks of: an article, a read, who asks, and the articles ranked for them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SOURCES = ("popular", "together", "neighbours", "content", "fresh", "session", "factors", "network")
"""Where a candidate comes from; `Ranked.source` numbers them."""


class Article(NamedTuple):
    """An article as it may be recommended.

    published_ms, withdrawn_ms  ms since 1970, UTC; it can be recommended in [published_ms, withdrawn_ms)
    """

    article_id: str
    published_ms: int
    brand: str = ""
    category: str = ""
    author: str = ""
    article_type: str = ""
    topics: tuple[str, ...] = ()
    title: str = ""
    body: str = ""
    paywalled: bool = False
    withdrawn_ms: int | None = None


class Read(NamedTuple):
    """One reader opened one article.

    reader  key of the reader, or of the device where nobody is known
    known   whether `reader` is a known reader, rather than a device
    """

    at_ms: int
    reader: int
    article_id: str
    session_id: str = ""
    brand: str = ""
    known: bool = True


class Shown(NamedTuple):
    """Articles as they were shown, one entry each time.

    at_ms       int64 [k]
    article_id  object [k], text
    position    int64 [k], from 1; 0 where unknown, which counts as 1
    visit       uint64 [k], number of the visit, 0 where unknown
    """

    at_ms: NDArray[np.int64]
    article_id: NDArray[np.object_]
    position: NDArray[np.int64]
    visit: NDArray[np.uint64]

    def part(self, begin: int, end: int) -> "Shown":
        """Entries [begin, end)."""
        some = slice(begin, end)
        return Shown(self.at_ms[some], self.article_id[some], self.position[some], self.visit[some])


class Asker(NamedTuple):
    """Who is to be shown a slate, when and where; what is not known is empty.

    reader   key of the reader or device, None where there is none
    history  (article_id, ms) of what they have read before `at_ms`, oldest first, whole or its newest part
    session  article_ids read in the visit that is going on, oldest first
    hour     of the day by the asker's own clock, -1 where unknown
    visit    number of the visit, 0 where unknown: what was shown in it says nothing about what to show
    """

    at_ms: int
    reader: int | None = None
    history: tuple[tuple[str, int], ...] = ()
    session: tuple[str, ...] = ()
    brand: str = ""
    referrer: str = ""
    device: str = ""
    hour: int = -1
    visit: int = 0


class Ranked(NamedTuple):
    """Candidates, best first, none of them read before.

    article  places [k] in the recommender's catalogue
    score    [k] margin of the ranker, falling
    source   [k] number in `SOURCES` of what speaks most for it
    because  [k] place of the article it is recommended because of (read before, or of the like), -1 where none
    """

    article: NDArray[np.int32]
    score: NDArray[np.float64]
    source: NDArray[np.int8]
    because: NDArray[np.int32]
