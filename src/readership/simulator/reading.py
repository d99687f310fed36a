"""What is read in a session: from landing or front page through slates of related articles, click by click.

A session is a tree. Whoever comes directly opens the front page; whoever comes from elsewhere lands on an article, and
some go on to the front page. Every click on a slate opens an article; every article read far enough shows related ones
below it. Each level of the tree is worked through at once for all sessions of the day; afterwards the articles are put
in the order in which they are read (an article, then what was opened from it, then the next of the slate).
An article already open is not read again: the click is logged, the page is not.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.simulator import parameters as p
from readership.simulator import places
from readership.simulator.newsroom import CATEGORY_WEIGHTS
from readership.simulator.policies import Policies
from readership.simulator.population import People
from readership.simulator.randomness import Keys, keys, normal, pick, uniform
from readership.simulator.sessions import HOUR_MS, Sessions
from readership.simulator.shelf import Shelf
from readership.simulator.slates import Impressions, Request, joined, show
from readership.simulator.tastes import expected_dwell, expected_liking, interest, middle_dwell

Numbers = NDArray[np.float64]
Codes = NDArray[np.integer]
Flags = NDArray[np.bool_]
LANDING, HOME = 1, 2
WIDTH = 16
"""Places in a slate at most, and so digits of a path."""


@dataclass(frozen=True)
class Reads:
    """One entry an article opened, grouped by session, in order.

    session     place in Sessions
    step        0 for the session's first
    article     place on the shelf
    impression  the one that was clicked, or -1 for a landing
    dwell       engaged seconds
    progress    share of the article read, 0 to 1
    scroll      share of the page seen, 0 to 1
    liking      how much it was worth to this reader (about standard normal)
    expected    mean of `dwell` before chance
    """

    key: Keys
    session: Codes
    step: Codes
    article: Codes
    impression: Codes
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    dwell: Numbers
    progress: Numbers
    scroll: Numbers
    liking: Numbers
    expected: Numbers

    def __len__(self) -> int:
        return len(self.key)


class Reading(NamedTuple):
    """What was read and shown in the sessions of a day.

    reads        articles in each session
    opened       when the front page was opened in each session, ms since 1970; 0 where it was not
    shown_at     when each impression came into view
    clicked_at   when each was clicked, 0 where it was not
    """

    counts: Codes
    articles: Reads
    impressions: Impressions
    opened: NDArray[np.int64]
    shown_at: NDArray[np.int64]
    clicked_at: NDArray[np.int64]
    ends: NDArray[np.int64]


class _Level(NamedTuple):
    """Articles opened at one depth of the trees."""

    key: Keys
    session: Codes
    article: Codes
    impression: Codes
    path: NDArray[np.int64]
    liking: Numbers
    dwell: Numbers
    progress: Numbers
    expected: Numbers


class Readers(NamedTuple):
    """What reading needs to know of the persons in the sessions; `user_id` and `direction` are by session.

    user_id    0 where nobody is logged in
    direction  of taste for topics
    """

    people: People
    user_id: NDArray[np.uint64]
    direction: Numbers


def read(readers: Readers, sessions: Sessions, shelf: Shelf, policies: Policies, midnight: int) -> Reading:
    """What is read in these sessions, when, for how long and with what liking; and what was shown meanwhile."""
    hour = np.clip((sessions.start - midnight) // HOUR_MS, 0, 23)
    landed = _landings(readers, sessions, shelf, hour)
    home = np.flatnonzero(sessions.front | (uniform(sessions.key, "goes home") < places.GOES_HOME[sessions.referrer]))
    front = _ask(readers, sessions, hour, p.FRONT, home, keys(sessions.key[home], HOME), np.full(len(home), -1))
    shown = [show(readers.people, shelf, policies, front, np.full(len(home), -1))]
    first = _opened(readers, sessions, shelf, shown[0], 0, np.zeros(len(shown[0]), dtype=np.int64), [landed])
    levels = [landed, first]
    newest = _both(landed, first)
    impressions, reads_before = len(shown[0]), 0
    for depth in range(1, p.LANDINGS_DEEP):
        reached = np.flatnonzero(newest.progress >= p.TO_THE_END)
        if not len(reached):
            break
        above = newest.session[reached]
        slate = keys(sessions.key[above], shelf.articles.number[newest.article[reached]])
        request = _ask(readers, sessions, hour, p.RELATED, above, slate, newest.article[reached])
        below = show(readers.people, shelf, policies, request, reads_before + reached)
        place_of = np.zeros(reads_before + len(newest.key), dtype=np.int64)
        place_of[reads_before:] = newest.path
        opened = _opened(readers, sessions, shelf, below, impressions, place_of[below.parent], levels, depth)
        shown.append(below)
        levels.append(opened)
        reads_before += len(newest.key)
        impressions += len(below)
        newest = opened
    return _in_order(sessions, home, levels, joined(shown))


def _landings(readers: Readers, sessions: Sessions, shelf: Shelf, hour: Codes) -> _Level:
    """The article on which whoever does not come directly lands: by taste, freshness and appeal."""
    session = np.flatnonzero(~sessions.front)
    person, brand = sessions.person[session], sessions.brand[session]
    own = keys(sessions.key[session], LANDING)
    category = pick(own, "category", readers.people.taste[person] * CATEGORY_WEIGHTS[brand])
    article = shelf.choose(uniform(own, "article"), hour[session], brand, category)
    nowhere = np.full(len(session), -1)
    return _taken_in(readers, sessions, shelf, own, session, article, nowhere, np.zeros(len(session), dtype=np.int64))


def _ask(
    readers: Readers, sessions: Sessions, hour: Codes, placement: int, session: Codes, slate: Keys, parent: Codes
) -> Request:
    return Request(
        placement=placement,
        key=slate,
        session=session,
        person=sessions.person[session],
        user_id=readers.user_id[session],
        device=sessions.device[session],
        brand=sessions.brand[session],
        hour=hour[session],
        at=sessions.start[session],
        parent=parent,
        direction=readers.direction[session],
    )


def _opened(
    readers: Readers,
    sessions: Sessions,
    shelf: Shelf,
    shown: Impressions,
    first: int,
    path: NDArray[np.int64],
    levels: list[_Level],
    depth: int = 0,
) -> _Level:
    """What is opened by the clicks on these slates; each article once a session.

    first   number of the first of these impressions among all
    path    of the read above each
    """
    size = len(shelf.articles)
    hit = np.flatnonzero(shown.clicked)
    code = shown.session[hit] * size + shown.article[hit]
    once = np.zeros(len(hit), dtype=bool)
    once[np.unique(code, return_index=True)[1]] = True
    for level in levels:
        once &= ~np.isin(code, level.session * size + level.article)
    hit = hit[once]
    digit = shown.position[hit] * WIDTH ** (p.LANDINGS_DEEP - depth)
    return _taken_in(
        readers, sessions, shelf, shown.key[hit], shown.session[hit], shown.article[hit], first + hit, path[hit] + digit
    )


def _taken_in(
    readers: Readers,
    sessions: Sessions,
    shelf: Shelf,
    own: Keys,
    session: Codes,
    article: Codes,
    impression: Codes,
    path: NDArray[np.int64],
) -> _Level:
    """How these articles are read: liking, dwell, and how far."""
    person, chosen = sessions.person[session], shelf.articles
    taste = interest(readers.people, person, readers.direction[session], chosen, article)
    foreseen = expected_liking(chosen, article, taste)
    liking = foreseen + p.CHANCE_OF_LIKING * normal(own, "liking")
    middle = middle_dwell(readers.people, person, chosen.type[article], liking)
    dwell = np.clip(middle * np.exp(p.SPREAD_OF_DWELL * normal(own, "dwell")), 0.5, 1800.0)
    progress = np.minimum(dwell / chosen.seconds[article] * np.exp(0.35 * normal(own, "pace")), 1.0)
    expected = expected_dwell(readers.people, person, chosen.type[article], foreseen)
    return _Level(own, session, article, impression, path, liking, dwell, progress, expected)


def _both(one: _Level, other: _Level) -> _Level:
    both: list[Any] = [np.concatenate(pair) for pair in zip(one, other, strict=True)]
    return _Level(*both)


def _in_order(sessions: Sessions, home: Codes, levels: list[_Level], shown: Impressions) -> Reading:
    """The trees walked: reads in the order in which they happen, impressions with their times."""
    whole = levels[0]
    for level in levels[1:]:
        whole = _both(whole, level)
    order = np.lexsort((whole.path, whole.session))
    session = whole.session[order]
    step = _ordinal(session, len(sessions))
    kept = order[step < p.MAX_READS]
    place = np.full(len(order) + 1, -1)
    place[kept] = np.arange(len(kept))
    seen = (shown.parent < 0) | (place[shown.parent] >= 0)
    number = np.full(len(shown) + 1, -1)
    number[:-1][seen] = np.arange(seen.sum())
    shown = replace(shown.where(seen), parent=place[shown.parent[seen]])
    opened: list[Any] = [values[kept] for values in whole]
    reads = _timed(sessions, _Level(*opened), number)
    return _dated(sessions, home, reads, shown, whole.path[kept] < WIDTH**p.LANDINGS_DEEP)


def _timed(sessions: Sessions, read: _Level, number: Codes) -> Reads:
    """Start and end of each read: one after another within its session."""
    gap = 1.5 + 4.0 * np.exp(0.8 * normal(read.key, "gap"))
    spent = ((read.dwell + gap) * 1000).astype(np.int64)
    step = _ordinal(read.session, len(sessions))
    before = np.cumsum(spent) - spent
    offset = before - before[np.arange(len(step)) - step] if len(step) else before
    start = sessions.start[read.session] + offset + (gap * 1000).astype(np.int64)
    return Reads(
        key=read.key,
        session=read.session,
        step=step,
        article=read.article,
        impression=number[read.impression],
        start=start,
        end=start + (read.dwell * 1000).astype(np.int64),
        dwell=read.dwell,
        progress=read.progress,
        scroll=np.clip(read.progress + 0.18 * uniform(read.key, "scroll"), 0.03, 1.0),
        liking=read.liking,
        expected=read.expected,
    )


def _dated(sessions: Sessions, home: Codes, reads: Reads, shown: Impressions, from_landing: Flags) -> Reading:
    """When pages were opened, articles came into view and were clicked, and sessions ended."""
    opened = np.zeros(len(sessions), dtype=np.int64)
    opened[home] = sessions.start[home]
    np.maximum.at(opened, reads.session[from_landing], reads.end[from_landing] + 500)
    stays = np.ones(len(sessions), dtype=bool)
    stays[home] = False
    opened[stays] = 0
    front = shown.placement == p.FRONT
    base = np.where(front, opened[shown.session], reads.end[shown.parent] if len(reads) else 0)
    shown_at = base + np.where(front, 100 + 30 * shown.position, 5 + 20 * shown.position)
    clicked_at = np.where(shown.clicked, shown_at + 40, 0)
    inside = reads.impression >= 0
    clicked_at[reads.impression[inside]] = reads.start[inside] - 250
    glance = (1000 * np.exp(2.2 + 0.8 * normal(sessions.key, "glance"))).astype(np.int64)
    ends = np.maximum(opened, sessions.start) + np.minimum(glance, 120_000)
    np.maximum.at(ends, reads.session, reads.end)
    counts = np.bincount(reads.session, minlength=len(sessions))
    return Reading(counts, reads, shown, opened, shown_at, clicked_at, ends + 600)


def _ordinal(group: Codes, groups: int) -> Codes:
    """The how manieth of its group each entry is; entries of a group stand together."""
    sizes = np.bincount(group, minlength=groups)
    return np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
