"""What happens between arriving and leaving: sessions of a day, the articles read in them, and how they were liked."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from readership.simulator import parameters as p
from readership.simulator import places
from readership.simulator.newsroom import CATEGORY_WEIGHTS, Shelf
from readership.simulator.population import BRAND_WEIGHTS, People
from readership.simulator.randomness import Keys, keys, normal, pick, uniform

Numbers = NDArray[np.float64]
Codes = NDArray[np.integer]
Flags = NDArray[np.bool_]
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Sessions:
    """One entry a session, grouped by person, in the order they begin.

    person   number in People
    start    ms since 1970
    reads    how many articles
    """

    key: Keys
    person: Codes
    start: NDArray[np.int64]
    device: Codes
    on_second_device: Flags
    referrer: Codes
    brand: Codes
    reads: Codes

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True)
class Reads:
    """One entry an article opened, grouped by session, in order.

    session   place in Sessions
    step      0 for the session's first
    article   place on the shelf
    dwell     engaged seconds
    progress  share of the article read, 0 to 1
    scroll    share of the page seen, 0 to 1
    liking    how much it was worth to this reader (about standard normal)
    """

    key: Keys
    session: Codes
    step: Codes
    article: Codes
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    dwell: Numbers
    progress: Numbers
    scroll: Numbers
    liking: Numbers

    def __len__(self) -> int:
        return len(self.key)


def begin(people: People, day: date, midnight: int, counts: Codes, day_keys: Keys, newsletter: Flags) -> Sessions:
    """The sessions of a day: `counts[i]` of person i, `day_keys[i]` the key of that person's day."""
    coming = np.flatnonzero(counts)
    person = np.repeat(coming, counts[coming])
    ordinal = np.arange(len(person)) - np.repeat(np.cumsum(counts[coming]) - counts[coming], counts[coming])
    own = keys(day_keys[person], ordinal)
    start = midnight + _moments(people, person, day, uniform(own, "start"))
    order = np.lexsort((start, person))
    person, own, start = person[order], own[order], start[order]
    kind = people.kind[person]
    referrer = pick(own, "referrer", places.REFERRER_WEIGHTS[kind])
    by_mail = newsletter[person] & (uniform(own, "by mail") < places.BY_NEWSLETTER)
    referrer = np.where(by_mail, places.NEWSLETTER, referrer)
    second = (people.second_device[person] >= 0) & (uniform(own, "device") < 0.25)
    return Sessions(
        key=own,
        person=person,
        start=start,
        device=np.where(second, people.second_device[person], people.device[person]),
        on_second_device=second,
        referrer=referrer,
        brand=np.where(uniform(own, "home") < 0.85, people.brand[person], pick(own, "brand", BRAND_WEIGHTS)),
        reads=_how_many(people, person, own, referrer),
    )


def read(people: People, sessions: Sessions, shelf: Shelf, midnight: int) -> Reads:
    """What is read in these sessions, when, for how long and with what liking."""
    session = np.repeat(np.arange(len(sessions)), sessions.reads)
    step = np.arange(len(session)) - np.repeat(np.cumsum(sessions.reads) - sessions.reads, sessions.reads)
    own = keys(sessions.key[session], step + 1000)
    person, brand = sessions.person[session], sessions.brand[session]
    category = pick(own, "category", people.taste[person] * CATEGORY_WEIGHTS[brand])
    hour = np.clip((sessions.start[session] - midnight) // HOUR_MS, 0, 23)
    article = shelf.choose(uniform(own, "article"), hour, brand, category)
    liking = _liking(people, person, shelf, article, own)
    chosen = shelf.articles
    dwell = _dwell(people, person, chosen.type[article], liking, own)
    progress = np.minimum(dwell / chosen.seconds[article] * np.exp(0.35 * normal(own, "pace")), 1.0)
    gap = 1.5 + 4.0 * np.exp(0.8 * normal(own, "gap"))
    start, end = _times(sessions, session, dwell, gap)
    return Reads(
        key=own,
        session=session,
        step=step,
        article=article,
        start=start,
        end=end,
        dwell=dwell,
        progress=progress,
        scroll=np.clip(progress + 0.18 * uniform(own, "scroll"), 0.03, 1.0),
        liking=liking,
    )


def felt(sessions: Sessions, reads: Reads, ad_load: Numbers) -> Numbers:
    """How each session was felt: the mean liking of what was read, less the weight of its advertising."""
    total = np.bincount(reads.session, weights=reads.liking, minlength=len(sessions))
    return total / np.maximum(sessions.reads, 1) - ad_load


def session_ends(sessions: Sessions, reads: Reads) -> NDArray[np.int64]:
    """When the last page was left; a look at the front page alone lasts some seconds."""
    glance = (1000 * np.exp(2.2 + 0.8 * normal(sessions.key, "glance"))).astype(np.int64)
    ends = sessions.start + np.minimum(glance, 120_000)
    np.maximum.at(ends, reads.session, reads.end)
    return ends + 400


def _moments(people: People, person: Codes, day: date, chance: Numbers) -> NDArray[np.int64]:
    """Milliseconds after midnight UTC, by the clock of each person's day part and zone."""
    clocks = places.clock(day)
    row = clocks[people.day_part[person], people.zone[person]]
    hour = (row[:, 1:] <= chance[:, None]).sum(axis=1)
    low = np.take_along_axis(row, hour[:, None], axis=1)[:, 0]
    high = np.take_along_axis(row, hour[:, None] + 1, axis=1)[:, 0]
    return ((hour + (chance - low) / (high - low)) * HOUR_MS).astype(np.int64)


def _how_many(people: People, person: Codes, own: Keys, referrer: Codes) -> Codes:
    """Articles in each session: one, and a geometric number more; every sixth direct visit reads none."""
    mean = places.READS_MORE[referrer] * people.depth[person]
    more = np.floor(np.log(uniform(own, "more")) / np.log(mean / (1 + mean))).astype(np.int64)
    glance = (referrer == places.DIRECT) & (uniform(own, "glance") < 1 / 6)
    return np.where(glance, 0, np.minimum(1 + more, p.MAX_READS))


def _liking(people: People, person: Codes, shelf: Shelf, article: Codes, own: Keys) -> Numbers:
    """Taste for the category against an even spread, quality, and what nobody could foresee."""
    categories = people.taste.shape[1]
    match = np.log(people.taste[person, shelf.articles.category[article]] * categories)
    return 0.35 * np.clip(match, -2, 2) - 0.2 + 0.5 * shelf.articles.quality[article] + 0.7 * normal(own, "liking")


def _dwell(people: People, person: Codes, kind: Codes, liking: Numbers, own: Keys) -> Numbers:
    """Log-normal engaged seconds, by type of article, person and liking."""
    middle = p.MEDIAN_DWELL_SECONDS[kind] * people.patience[person] * np.exp(p.INTEREST_LENGTHENS * liking)
    return np.clip(middle * np.exp(p.SPREAD_OF_DWELL * normal(own, "dwell")), 0.5, 1800.0)


def _times(
    sessions: Sessions, session: Codes, dwell: Numbers, gap: Numbers
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Start and end of each read: one after another within its session."""
    spent = ((dwell + gap) * 1000).astype(np.int64)
    before = np.cumsum(spent) - spent
    first = np.cumsum(sessions.reads) - sessions.reads
    offset = before - before[first[session]] if len(before) else before
    start = sessions.start[session] + offset + (gap * 1000).astype(np.int64)
    return start, start + (dwell * 1000).astype(np.int64)
