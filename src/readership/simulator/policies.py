"""What a publisher decides, as functions the world calls: slates, paywall prompts, offers and advertisements.

A policy answers for a whole batch: every decision that is open in a span of ticks of ten minutes. It is told what a
publisher could know: who (0 where nobody is logged in), when, where, and what there is to choose from. State that a
decision may depend on changes at ticks, and what readers carry in them only at midnight, so the answer to one decision
cannot change another of the same day; that is why a policy without memory gets a whole day at once. A policy that
learns has an attribute `every` (how many ticks it wants at a time, from 1) and a method `learn(batch, answer,
outcome)`: it is called span after span, and told after each span what came of it.

Random numbers of a policy come from `batch.key`, which is fixed by seed, reader, session and purpose: two policies that
draw in the same way draw alike.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from readership.simulator import parameters as p
from readership.simulator.randomness import Keys, keys, uniform

Numbers = NDArray[np.float64]
Codes = NDArray[np.integer]
Flags = NDArray[np.bool_]
TICK_MS = 600_000


class SlateBatch(NamedTuple):
    """Slates to be filled.

    at          ms since 1970; `user_id` 0 where nobody is logged in
    placement   "front" or "related", of all
    brand       of the site
    parent      number of the article under which a related slate stands, or -1
    candidates  [n, m] numbers of articles published by this hour, heaviest first, -1 where there are no more
    weight      [n, m] how heavy the newsroom makes each: appeal times freshness, 0 where there is none
    places      how many are shown
    """

    key: Keys
    user_id: NDArray[np.uint64]
    at: NDArray[np.int64]
    placement: str
    brand: Codes
    parent: NDArray[np.int64]
    candidates: NDArray[np.int64]
    weight: Numbers
    places: int


class PromptBatch(NamedTuple):
    """Paywalled articles opened by readers who do not pay; `meter` is how many they had opened this month before."""

    key: Keys
    user_id: NDArray[np.uint64]
    at: NDArray[np.int64]
    meter: Codes
    article: NDArray[np.int64]


class OfferBatch(NamedTuple):
    """Readers who could be made an offer now; `kind` is "subscription_offer" or "retention_offer".

    period_end  of those who pay, ms since 1970; 0 for the others
    """

    key: Keys
    user_id: NDArray[np.uint64]
    at: NDArray[np.int64]
    kind: str
    tier: Codes
    period_end: NDArray[np.int64]


class AdBatch(NamedTuple):
    """Places for an advertisement.

    place      0 top, 1 inline
    category   of the article beside it
    bids       [ads] euros per thousand impressions, each advertisement's own and what its clicks are hoped to bring
    """

    key: Keys
    user_id: NDArray[np.uint64]
    at: NDArray[np.int64]
    place: Codes
    category: Codes
    device: Codes
    bids: Numbers


Batch = TypeVar("Batch", SlateBatch, PromptBatch, OfferBatch, AdBatch)


def editors_choice(batch: SlateBatch) -> NDArray[np.int64]:
    """Columns of `candidates` [n, places]: drawn without return, in proportion to the newsroom's weights.

    The order of log weight + Gumbel noise is the order of such draws (Plackett and Luce).
    """
    noise = -np.log(-np.log(uniform(keys(batch.key[:, None], batch.candidates + 1), "editors")))
    with np.errstate(divide="ignore"):
        score = np.log(batch.weight) + noise
    order = np.argsort(-score, axis=1, kind="stable")[:, : batch.places]
    return np.where(np.take_along_axis(batch.weight, order, axis=1) > 0, order, -1)


def metered(batch: PromptBatch) -> Flags:
    """Ask for a subscription beyond the monthly meter."""
    return batch.meter >= p.METER_PER_MONTH


def no_offer(batch: OfferBatch) -> Flags:
    """Nobody."""
    return np.zeros(len(batch.key), dtype=bool)


@dataclass(frozen=True)
class Contacted:
    """A campaign: these readers, each at the first visit from `since_ms` on at which they could be made an offer.

    Which visit that was is remembered, so that a reader is contacted once, and the same days lived again are the same.

    otherwise  decides for everybody else, and for them at every other visit
    """

    user_ids: frozenset[int]
    since_ms: int
    otherwise: Callable[[OfferBatch], Flags] = no_offer
    _first: dict[int, int] = field(default_factory=dict, compare=False, repr=False)

    def __call__(self, batch: OfferBatch) -> Flags:
        """Who is made the offer."""
        made = np.array(self.otherwise(batch), dtype=bool)
        listed = np.isin(batch.user_id, np.fromiter(self.user_ids, np.uint64, len(self.user_ids)))
        for row in np.flatnonzero(listed & (batch.at >= self.since_ms)):
            at = int(batch.at[row])
            made[row] |= self._first.setdefault(int(batch.user_id[row]), at) == at
        return made


def by_bid(batch: AdBatch) -> NDArray[np.intp]:
    """An advertisement, in proportion to its bid."""
    steps = np.cumsum(batch.bids)
    return np.searchsorted(steps, uniform(batch.key, "by bid") * steps[-1], side="right")


@dataclass(frozen=True)
class Policies:
    """Who decides what is shown.

    slate      columns of `candidates` for each place, -1 leaves it empty; no column twice
    prompt     whether to ask for a subscription
    offer      whether to offer a subscription at half price
    retention  whether to offer the next period at a lower price
    ad         which advertisement
    arms       whether the standing randomised arms run beside them
    """

    slate: Callable[[SlateBatch], NDArray[np.integer]] = editors_choice
    prompt: Callable[[PromptBatch], Flags] = metered
    offer: Callable[[OfferBatch], Flags] = no_offer
    retention: Callable[[OfferBatch], Flags] = no_offer
    ad: Callable[[AdBatch], NDArray[np.integer]] = by_bid
    arms: bool = True


def decide(
    policy: Callable[[Batch], NDArray[Any]],
    batch: Batch,
    outcome: Callable[[NDArray[np.intp], NDArray[Any]], NDArray[Any]] | None = None,
) -> NDArray[Any]:
    """The policy's answers; one with a memory is asked span by span, and told what came of it.

    outcome  of these rows of the batch under these answers
    """
    every = getattr(policy, "every", None)
    if every is None or not len(batch.key):
        return policy(batch)
    span = batch.at // (TICK_MS * every)
    order = np.argsort(span, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(span[order])) + 1)
    answers = []
    for rows in parts:
        some = type(batch)(**{name: _part(name, value, rows) for name, value in batch._asdict().items()})
        answers.append(policy(some))
        if outcome is not None and hasattr(policy, "learn"):
            policy.learn(some, answers[-1], outcome(rows, answers[-1]))
    whole = np.concatenate(answers)
    found = np.empty_like(whole)
    found[order] = whole
    return found


def _part(name: str, value: Any, rows: NDArray[np.intp]) -> Any:
    """These rows of a column; what belongs to the batch as a whole stays."""
    return value[rows] if isinstance(value, np.ndarray) and name != "bids" else value
