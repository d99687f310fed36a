"""Futures of one world: the days before are lived once, and each future is what the world itself would have brought."""

from collections.abc import Iterator

import numpy as np

from readership.simulator import Day, Policies, World, simulate, twins
from readership.simulator.policies import AdBatch, OfferBatch

SIZE = {"readers": 300, "days": 8, "seed": 5}
DECIDED = 5


def _everybody_from_then_on(batch: OfferBatch) -> np.ndarray:
    since = int(World(**SIZE).start.timestamp() + DECIDED * 86_400) * 1000
    return batch.at >= since


def _tables(days: Iterator[Day]) -> list[tuple]:
    return [(day.date, day.events, day.subscriptions, day.truth["visits"]) for day in days]


def test_a_future_is_what_the_world_itself_brings() -> None:
    futures = (("as it stands", Policies()), ("offers", Policies(offer=_everybody_from_then_on)))
    found = {name: _tables(days) for name, days in twins(World(**SIZE), DECIDED, futures)}
    for name, policies in futures:
        whole = _tables(simulate(World(**SIZE, policies=policies)))[DECIDED:]
        assert len(found[name]) == SIZE["days"] - DECIDED
        assert all(one == other for one, other in zip(found[name], whole, strict=True))
    assert found["as it stands"] != found["offers"]


def test_the_same_policy_twice_is_the_same_future() -> None:
    futures = ((name, Policies(arms=False)) for name in ("once", "again"))
    found = {name: _tables(days) for name, days in twins(World(**SIZE), DECIDED, futures)}
    assert found["once"] == found["again"]


def test_futures_are_asked_for_once_the_days_before_are_over() -> None:
    seen = []

    def watching(batch: AdBatch) -> np.ndarray:
        seen.append(len(batch.key))
        return np.zeros(len(batch.key), dtype=np.int64)

    def futures() -> Iterator[tuple[str, Policies]]:
        assert len(seen) == DECIDED
        yield "as it stands", Policies()

    for _, days in twins(World(**SIZE, policies=Policies(ad=watching)), DECIDED, futures()):
        list(days)
    assert len(seen) == DECIDED
