"""The pieces of `bench campaign`: who is offered what when, how lists are made, and what a difference needs."""

import numpy as np
import pytest

from readership.benchmarks import campaign_world
from readership.benchmarks.campaign import BUDGETS, Chosen, _by_true_effect, _difference, run
from readership.benchmarks.campaign_world import DAY_MS, PILOTS, SENT_ON, START_MS, SpanOffers, drawn, starters
from readership.errors import InputError
from readership.simulator.parameters import OFFER_EVERY_DAYS
from readership.simulator.policies import OfferBatch

IDS = np.arange(1, 4_001, dtype=np.uint64)


def batch(day: int) -> OfferBatch:
    at = np.full(len(IDS), START_MS + day * DAY_MS + 5, dtype=np.int64)
    nothing = np.zeros(len(IDS), dtype=np.int64)
    return OfferBatch(IDS, IDS, at, "subscription_offer", nothing, nothing)


def test_days_begin_a_span_of_offers() -> None:
    assert [day % OFFER_EVERY_DAYS for day in (*PILOTS, SENT_ON)] == [0, 0, 0, 0]


def test_pilots_are_by_lot_and_the_campaign_reaches_its_list_alone() -> None:
    policy = SpanOffers(IDS[:7])
    for day in PILOTS:
        assert policy(batch(day)).mean() == pytest.approx(0.5, abs=0.03)
        np.testing.assert_array_equal(policy(batch(day + 27)), drawn(IDS, day))
    assert policy(batch(SENT_ON)).sum() == policy(batch(SENT_ON + 13)).sum() == 7
    assert policy(batch(SENT_ON + 28)).sum() == policy(batch(PILOTS[0] - 1)).sum() == 0
    assert not np.array_equal(drawn(IDS, PILOTS[0]), drawn(IDS, PILOTS[1]))


def test_a_list_holds_the_first_readers_its_budget_reaches() -> None:
    effect = np.array([0.3, -0.1, 0.2, 0.0] * 25)
    chosen = Chosen(IDS[:100], effect, -effect, effect)
    found = _by_true_effect(chosen)
    assert found["contacts"] == int(BUDGETS[0] * 100) == 10
    assert (found["extra_by_uplift"], found["extra_by_probability"], found["difference"]) == (3.0, -1.0, 4.0)
    assert (found["sleeping_dogs_spared"], found["on_both_lists"]) == (10, 0)
    assert found["difference_low"] > 0
    assert "difference_needs_readers_asked" not in found


def test_a_difference_within_the_noise_says_how_many_readers_it_would_need() -> None:
    by_reader = np.array([1.0, -1.0] * 50 + [1.0] * 2)  # 2 of 102; one standard deviation is about 10
    found = _difference("d", Chosen(IDS[:102], by_reader, by_reader, by_reader), by_reader)
    assert found["d"] == 2
    assert found["d_low"] < 0 < found["d_high"]
    assert found["d_needs_readers_asked"] == pytest.approx(102 * 10**2, rel=0.25)


def test_the_same_days_are_lived_again_and_only_those_listed_can_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign_world, "PILOTS", ())
    monkeypatch.setattr(campaign_world, "SENT_ON", 0)
    nobody, strangers = (starters(3_000, 7, 7, listed) for listed in (IDS[:0], IDS[:3]))
    np.testing.assert_array_equal(nobody, strangers)
    everybody = starters(3_000, 7, 7, np.arange(100_001, 104_000, dtype=np.uint64))
    assert 0 < len(nobody) < len(everybody)


def test_too_few_readers_are_refused() -> None:
    with pytest.raises(InputError, match="300 readers are too few for a campaign"):
        run(readers=300)
