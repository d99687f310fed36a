"""Sessions as two arrays: the articles opened one after another, and where each session begins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sessions:
    """Sessions in the order in which they began; within each the articles as they were opened, the oldest first.

    article  places in a catalogue, int32 [n]
    start    int64 [m + 1]: session k is `article[start[k]:start[k + 1]]`
    """

    article: NDArray[np.int32]
    start: NDArray[np.int64]

    @classmethod
    def of(cls, sessions: Iterable[Sequence[int]]) -> Self:
        """The same from lists.

        >>> Sessions.of([[3, 1], [4]]).start.tolist()
        [0, 2, 3]
        """
        lists = [np.asarray(session, dtype=np.int32) for session in sessions]
        start = np.cumsum([0, *map(len, lists)], dtype=np.int64)
        return cls(np.concatenate([np.empty(0, dtype=np.int32), *lists]), start)

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def length(self) -> NDArray[np.int64]:
        """How many articles each session [m] has."""
        return np.diff(self.start)

    @property
    def session(self) -> NDArray[np.int64]:
        """Which session each opening [n] belongs to."""
        return np.repeat(np.arange(len(self)), self.length)

    def between(self, first: int, last: int) -> Self:
        """Sessions first … last − 1."""
        start = self.start[first : last + 1]
        return type(self)(self.article[start[0] : start[-1]], start - start[0])

    def chosen(self, sessions: NDArray[np.int64]) -> Self:
        """Those at these places, in this order.

        >>> Sessions.of([[3, 1], [4], [5]]).chosen(np.array([2, 0])).article.tolist()
        [5, 3, 1]
        """
        length = self.length[sessions]
        start = np.concatenate([[0], np.cumsum(length)])
        step = np.arange(start[-1]) - np.repeat(start[:-1], length)
        return type(self)(self.article[np.repeat(self.start[sessions], length) + step], start)

    def known(self, articles: int) -> Self:
        """Without openings of articles outside a catalogue of this size; a session may be left with none.

        >>> Sessions.of([[3, 1], [4]]).known(3).start.tolist()
        [0, 1, 1]
        """
        there = (self.article >= 0) & (self.article < articles)
        return type(self)(self.article[there], np.concatenate([[0], np.cumsum(there)])[self.start])

    def newest(self, most: int) -> Self:
        """Each session's last `most` openings.

        >>> Sessions.of([[3, 1, 2], [4]]).newest(2).article.tolist()
        [1, 2, 4]
        """
        kept = np.arange(len(self.article)) >= self.start[self.session + 1] - most
        start = np.concatenate([[0], np.cumsum(np.minimum(self.length, most))])
        return type(self)(self.article[kept], start)

    def beginnings(self) -> tuple[Self, NDArray[np.int32]]:
        """Every beginning of every session that something followed, and the article that did.

        >>> begun, following = Sessions.of([[3, 1, 2]]).beginnings()
        >>> begun.article.tolist(), begun.start.tolist(), following.tolist()
        ([3, 3, 1], [0, 1, 3], [1, 2])
        """
        place = np.arange(len(self.article)) - self.start[self.session]
        then = np.flatnonzero(place > 0)
        start = np.concatenate([[0], np.cumsum(place[then])])
        step = np.arange(start[-1]) - np.repeat(start[:-1], place[then])
        return type(self)(self.article[np.repeat(then - place[then], place[then]) + step], start), self.article[then]
