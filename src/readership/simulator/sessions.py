"""Who comes when: the sessions of a day, how they arrive and on which device."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from readership.simulator import places
from readership.simulator.population import BRAND_WEIGHTS, People
from readership.simulator.randomness import Keys, keys, pick, uniform

Numbers = NDArray[np.float64]
Codes = NDArray[np.integer]
Flags = NDArray[np.bool_]
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Sessions:
    """One entry a session, grouped by person, in the order they begin.

    person   number in People
    start    ms since 1970
    front    whether it begins on the front page
    """

    key: Keys
    person: Codes
    start: NDArray[np.int64]
    device: Codes
    on_second_device: Flags
    referrer: Codes
    brand: Codes
    front: Flags

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
        front=referrer == places.DIRECT,
    )


def _moments(people: People, person: Codes, day: date, chance: Numbers) -> NDArray[np.int64]:
    """Milliseconds after midnight UTC, by the clock of each person's day part and zone."""
    clocks = places.clock(day)
    row = clocks[people.day_part[person], people.zone[person]]
    hour = (row[:, 1:] <= chance[:, None]).sum(axis=1)
    low = np.take_along_axis(row, hour[:, None], axis=1)[:, 0]
    high = np.take_along_axis(row, hour[:, None] + 1, axis=1)[:, 0]
    return ((hour + (chance - low) / (high - low)) * HOUR_MS).astype(np.int64)
