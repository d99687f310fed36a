"""Who the readers are: what does not change about them, drawn once, whenever they arrive."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readership.simulator import parameters as p
from readership.simulator import places
from readership.simulator.newsroom import TASTE_DIMENSIONS
from readership.simulator.randomness import Keys, key, keys, normal, pick, poisson, uniform
from readership.simulator.words import BRANDS, CATEGORIES

FIRST_USER_ID = 100_001
Numbers = NDArray[np.float64]
Codes = NDArray[np.integer]


@dataclass(frozen=True)
class People:
    """One entry a person; the place in the arrays is the person's number.

    key           what all of this person's random numbers are made from
    kind          member (has an account or makes one soon), casual reader, passer-by
    arrived       day of the first visit; negative: before the world begins
    rate          sessions a day at full habit
    drift         growth of interest a day (log)
    fickleness    multiplies the hazard of leaving
    weekday       multiplies the rate, Monday first [n, 7]
    day_part      row of `places.DAY_PARTS`
    taste         share of interest in each category [n, categories]
    depth         multiplies further articles read in a session
    patience      multiplies dwell
    topics        taste for topics as a direction as the world begins; it turns towards `topics_aside` [n, dimensions]
    turning       by how many radians a day
    offer_type    how an offer to subscribe is answered (parameters.RESPONSES); `retention_type` likewise
    """

    key: Keys
    user_id: NDArray[np.uint64]
    kind: Codes
    arrived: Codes
    rate: Numbers
    drift: Numbers
    fickleness: Numbers
    weekday: Numbers
    day_part: Codes
    city: Codes
    zone: Codes
    device: Codes
    second_device: Codes
    brand: Codes
    taste: Numbers
    depth: Numbers
    patience: Numbers
    ad_tolerance: Numbers
    price_sensitivity: Numbers
    segment: Codes
    topics: NDArray[np.float32]
    topics_aside: NDArray[np.float32]
    turning: Numbers
    offer_type: Codes
    retention_type: Codes

    def __len__(self) -> int:
        return len(self.key)

    def take(self, who: Codes) -> "People":
        """These people alone, in this order."""
        return People(*(getattr(self, name)[who] for name in self.__dataclass_fields__))


SEGMENTS = ("", "student", "professional", "retired", "other")
SEGMENT_WEIGHTS = np.array([0.35, 0.12, 0.30, 0.13, 0.10])
BRAND_WEIGHTS = np.array([0.42, 0.28, 0.17, 0.13])


def arrivals(seed_key: int, readers: int, days: int, levels: Numbers) -> NDArray[np.int64]:
    """How many people come for the first time on each day; more on days of big news."""
    mean = readers * p.ARRIVALS_PER_READER_AND_DAY * levels
    day_keys = keys(key(seed_key, "arrivals"), np.arange(days))
    noise = normal(day_keys, "noise")
    counts = np.rint(mean + np.sqrt(mean) * noise).astype(np.int64)
    return np.where(mean < 10, poisson(day_keys, "count", np.minimum(mean, 10)), np.maximum(counts, 0))


def people(seed_key: int, readers: int, days: int, levels: Numbers) -> People:
    """Everybody who is there on the first day or comes on a later one, in order of arrival."""
    coming = np.repeat(np.arange(days), arrivals(seed_key, readers, days, levels))
    number = np.arange(readers + len(coming))
    own = keys(key(seed_key, "people"), number)
    there = number < readers
    kind = np.where(there, pick(own, "kind", p.KINDS_AT_START), pick(own, "kind", p.KINDS_OF_ARRIVALS))
    tenure = 1 + (-220 * np.log(uniform(own, "tenure"))).astype(np.int64)
    city = pick(own, "city", places.CITY_WEIGHTS)
    segment = pick(own, "segment", SEGMENT_WEIGHTS)
    return People(
        key=own,
        user_id=(number + FIRST_USER_ID).astype(np.uint64),
        kind=kind,
        arrived=np.concatenate([-tenure[:readers], coming]),
        rate=np.minimum(p.MEDIAN_RATE[kind] * np.exp(p.SPREAD_OF_RATE[kind] * normal(own, "rate")), p.MAX_RATE),
        drift=p.DRIFT_PER_DAY * (normal(own, "drift") - 0.35),
        fickleness=p.LEAVE_PER_DAY[kind] * np.exp(p.SPREAD_OF_FICKLENESS * normal(own, "fickleness")),
        weekday=places.WEEKDAYS[pick(own, "weekday", places.WEEKDAY_WEIGHTS)],
        day_part=pick(own, "day_part", places.DAY_PART_WEIGHTS),
        city=city,
        zone=places.CITY_ZONE[city],
        device=pick(own, "device", places.DEVICE_WEIGHTS),
        second_device=_second_device(own),
        brand=pick(own, "brand", BRAND_WEIGHTS),
        taste=_tastes(own),
        depth=np.exp(0.45 * normal(own, "depth")),
        patience=np.exp(0.35 * normal(own, "patience")),
        ad_tolerance=np.exp(0.6 * normal(own, "ad_tolerance")),
        price_sensitivity=np.exp(0.8 * normal(own, "price_sensitivity")),
        segment=segment,
        topics=_directions(own, "topics"),
        topics_aside=_directions(own, "topics aside"),
        turning=p.TASTE_TURNS_PER_DAY * np.exp(0.8 * normal(own, "turning")),
        offer_type=pick(own, "offer type", p.OFFER_WEIGHTS[segment]),
        retention_type=pick(own, "retention type", p.RETENTION_WEIGHTS[segment]),
    )


def _directions(own: Keys, purpose: str) -> NDArray[np.float32]:
    """Standard normal in each dimension of taste."""
    return np.stack([normal(own, f"{purpose} {n}") for n in range(TASTE_DIMENSIONS)], axis=1).astype(np.float32)


def _second_device(own: Keys) -> Codes:
    """The device of every fourth session for 30 % of people; the others have one (-1)."""
    has = uniform(own, "has_second") < 0.30
    return np.where(has, pick(own, "second_device", places.DEVICE_WEIGHTS), -1)


def _tastes(own: Keys) -> Numbers:
    """Interest in each category, some people narrow and some broad."""
    breadth = 1.0 + 0.5 * normal(own, "breadth")
    scores = np.stack([normal(own, f"taste {name}") for name in CATEGORIES], axis=1)
    weights = np.exp(scores * np.clip(breadth, 0.2, 2.0)[:, None])
    return weights / weights.sum(axis=1, keepdims=True)


assert len(BRAND_WEIGHTS) == len(BRANDS)
