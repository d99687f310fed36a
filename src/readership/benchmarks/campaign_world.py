"""The publisher of `bench campaign`: whom it makes offers to, and who subscribes when a list is contacted."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from readership.datasets.assemble import lot
from readership.simulator import DEFAULT_START, World, simulate
from readership.simulator.parameters import OFFER_EVERY_DAYS
from readership.simulator.policies import OfferBatch, Policies

DAY_MS = 86_400_000
START_MS = int(DEFAULT_START.timestamp()) * 1000
PILOTS = (56, 84, 112)
"""Days on which half of the readers are contacted by lot; each begins a span in which an offer is made once."""
SENT_ON = 140
"""The day of the campaign; it begins such a span too."""
Ids = NDArray[np.uint64]
Flags = NDArray[np.bool_]


def drawn(reader: Ids, day: int) -> Flags:
    """Whether each reader is contacted in the pilot of this day: even odds, by the reader's id and the day alone."""
    return lot(reader * np.uint64(31) + np.uint64(day * 7_919)) < 0.5


@dataclass(frozen=True)
class SpanOffers:
    """A policy: offers by lot in the spans of the pilots, to the readers listed in the span of the campaign."""

    listed: Ids = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))

    def __call__(self, batch: OfferBatch) -> Flags:
        """See `Policies.offer`."""
        span = (batch.at - START_MS) // (OFFER_EVERY_DAYS * DAY_MS) * OFFER_EVERY_DAYS
        wanted = (span == SENT_ON) & np.isin(batch.user_id, self.listed)
        for day in PILOTS:
            inside = span == day
            wanted[inside] = drawn(batch.user_id[inside], day)
        return wanted


def starters(readers: int, seed: int, horizon_days: int, listed: Ids) -> Ids:
    """Readers who begin a subscription within the horizon after the campaign's day, when `listed` are contacted."""
    world = World(readers, SENT_ON + horizon_days, seed, policies=Policies(offer=SpanOffers(listed)))
    found = [_starts(day.events) for number, day in enumerate(simulate(world)) if number >= SENT_ON]
    return np.unique(np.concatenate(found))


def _starts(events: pa.Table) -> Ids:
    rows = events.filter(pc.equal(events["event_type"], "subscription_start"))
    return rows["user_id"].cast(pa.uint64()).to_numpy()
