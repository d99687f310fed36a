"""What did sessions like this one go on to? Past sessions that share articles with it, weighted by place and recency.

    likeness(q, s) = (Σ over shared articles e^(−b / place) · rarity^rareness)^bend · |s|^(−length) · e^(−age / recency)
    score(q, i)    = Σ over s likeness(q, s) · e^(−d / after | before)

b: openings of q after the article. d: openings of s between its place of the newest shared article and i, which may
come after it or before it. age: share of all past sessions that began after s. rarity: log(m / sessions with the
article) / log m. The scores of a session are brought to the sum of 1. Then three things are added: walks of two steps
from its articles (`session_walks`), which reach what no neighbour opened; a bonus for what was opened before (people
go back); and sequential rules of the last article. All of it is brought to the sum of 1 again. No fitting but
counting: thousands of sessions a second.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.session_walks import (
    SessionWalks,
    Sparse,
    changes,
    last_of_each,
    newest_openings,
    shares,
)
from readership.models.recommendation.sessions import Sessions

CHUNK = 4096
REACH = 20
BACK_BITS = 8


@dataclass(frozen=True)
class Neighbourhood:
    """How past sessions count; the defaults were chosen on the newest tenth of the training sessions of Diginetica.

    place, after, before  openings in which a weight falls by e
    bend                  below 1: the second shared article says less than the first
    same                  weight of the shared article itself
    walks                 weight of the walks
    again, again_place    bonus of what was opened before, and the openings in which it falls by e
    rules, backwards      share of sequential rules, and in them the weight of what came before instead of after
    """

    place: float = 1.0
    rareness: float = 2.0
    bend: float = 0.7
    length: float = 0.15
    recency: float = 0.7
    after: float = 2.5
    before: float = 2.0
    same: float = 1.5
    walks: float = 1.2
    again: float = 0.1
    again_place: float = 3.0
    rules: float = 0.3
    backwards: float = 0.7


class SessionNeighbours:
    """Past sessions, arranged so that those which hold an article are found at once."""

    def __init__(self, past: Sessions, articles: int, how: Neighbourhood = Neighbourhood()) -> None:
        """`past` in the order in which they began; `articles` is the size of the catalogue."""
        self._past, self._articles, self._how = past, articles, how
        self._session = past.session
        self._recency = _recency(len(past), how)
        self._opening, self._first = _openings_of(past, self._session, articles)
        self._different = np.bincount(self._session[self._opening], minlength=len(past))
        held = np.maximum(np.diff(self._first), 1)
        every = 1 + max(len(past), 1)
        self._rarity = (np.log(every / held) / np.log(every)) ** how.rareness
        self._around = _around(past, self._session, articles, how)
        self._rules = sequential_rules(past, articles, self._recency, how.backwards)
        self._walks = SessionWalks(sequential_rules(past, articles, self._recency, 1.0))

    def shares(self, asked: Sessions) -> Sparse:
        """Of all that any neighbour, walk, rule or the session itself speaks for: a row's sum is 1; the rest is 0.

        Articles outside the catalogue are left out, as if they had not been opened.
        """
        asked = asked.known(self._articles)
        how = self._how
        found = shares(self._likeness(asked) @ self._around) + _again(asked, self._articles, how)
        if how.walks:
            found = found + how.walks * self._walks.shares(asked)
        if how.rules:
            found = found + how.rules * following(self._rules, asked)
        return shares(found).tocsr()

    def _likeness(self, asked: Sessions) -> Sparse:
        """Of each session asked about with each past one, kept at its opening of the newest shared article."""
        from scipy.sparse import csr_matrix, vstack

        parts = [self._part(asked.between(at, at + CHUNK)) for at in range(0, len(asked), CHUNK)]
        return vstack([csr_matrix((0, len(self._past.article)), dtype=np.float32), *parts], format="csr")

    def _part(self, asked: Sessions) -> Sparse:
        from scipy.sparse import csr_matrix

        which, article, back = newest_openings(asked, self._articles)
        count = np.diff(self._first)[article]
        pair = np.repeat(np.arange(len(article)), count)
        opening = self._opening[np.repeat(self._first[article], count) + _steps(count)]
        back_of = np.minimum(back[pair], (1 << BACK_BITS) - 1)
        key = ((which[pair] * len(self._past) + self._session[opening]) << BACK_BITS) | back_of
        order = np.argsort(key)
        head = np.flatnonzero(changes(key[order] >> BACK_BITS))
        weight = np.exp(-back / self._how.place) * self._rarity[article]
        shared = np.add.reduceat(weight[pair[order]], head) if len(head) else np.empty(0)
        opening, which = opening[order[head]], which[pair[order[head]]]
        session = self._session[opening]
        likeness = shared**self._how.bend * self._different[session] ** -self._how.length * self._recency[session]
        shape = (len(asked), len(self._past.article))
        return csr_matrix((likeness.astype(np.float32), (which, opening)), shape=shape)


def sequential_rules(past: Sessions, articles: int, weight: NDArray[np.float64], backwards: float = 0.0) -> Sparse:
    """[articles, articles]: after the one, the other: Σ over openings of both in one session of weight / distance.

    weight     of each past session [m]
    backwards  what the other counts where it came before
    """
    from scipy.sparse import csr_matrix

    session, article = past.session, past.article
    rules = csr_matrix((articles, articles), dtype=np.float32)
    for distance in range(1, 11):
        first = np.flatnonzero(session[distance:] == session[:-distance])
        value = (weight[session[first]] / distance).astype(np.float32)
        pairs = (value, (article[first], article[first + distance]))
        rules = rules + csr_matrix(pairs, shape=rules.shape)
    return (rules + backwards * rules.T).tocsr()


def following(rules: Sparse, asked: Sessions) -> Sparse:
    """What the rules of each session's last article say, as shares."""
    from scipy.sparse import csr_matrix

    some = np.flatnonzero(asked.length)
    last = asked.article[asked.start[some + 1] - 1]
    picked = csr_matrix((np.ones(len(some), dtype=np.float32), (some, last)), shape=(len(asked), rules.shape[0]))
    return shares(picked @ rules)


def _again(asked: Sessions, articles: int, how: Neighbourhood) -> Sparse:
    from scipy.sparse import csr_matrix

    which, article, back = newest_openings(asked, articles)
    bonus = (how.again * np.exp(-back / how.again_place)).astype(np.float32)
    return csr_matrix((bonus, (which, article)), shape=(len(asked), articles))


def _recency(sessions: int, how: Neighbourhood) -> NDArray[np.float64]:
    return np.exp(-(sessions - 1 - np.arange(sessions)) / max(sessions, 1) / how.recency)


def _openings_of(
    past: Sessions, session: NDArray[np.int64], articles: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Openings grouped by article, a session's last one of it alone, and where each article's group begins."""
    last = last_of_each(session * articles + past.article)
    grouped = last[np.argsort(past.article[last], kind="stable")]
    return grouped, np.concatenate([[0], np.cumsum(np.bincount(past.article[last], minlength=articles))])


def _around(past: Sessions, session: NDArray[np.int64], articles: int, how: Neighbourhood) -> Sparse:
    """[openings, articles]: what was opened around each opening, falling with the distance on either side."""
    from scipy.sparse import csr_matrix

    every = np.arange(len(session))
    opening, other, weight = [every], [every], [np.full(len(every), how.same)]
    for distance in range(1, REACH + 1):
        first = np.flatnonzero(session[distance:] == session[:-distance])
        opening += [first, first + distance]
        other += [first + distance, first]
        weight += [np.full(len(first), np.exp(-distance / fall)) for fall in (how.after, how.before)]
    places = (np.concatenate(opening), past.article[np.concatenate(other)])
    return csr_matrix((np.concatenate(weight).astype(np.float32), places), shape=(len(session), articles))


def _steps(count: NDArray[np.int64]) -> NDArray[np.int64]:
    """0 … c − 1 for each count c, one after another."""
    return np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
