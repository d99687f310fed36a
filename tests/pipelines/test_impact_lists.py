"""Who is on which list: no more than it holds, only readers who agree, by uplift where a model of it was promoted."""

import numpy as np

from readership.pipelines.impact_lists import Candidates, in_half, lists_of

READERS = np.arange(100_001, 100_011, dtype=np.uint64)


def candidates(**changes) -> Candidates:
    rising = np.arange(10.0)
    known = {
        "reader": READERS,
        "agrees": np.ones(10, dtype=bool),
        "probability": rising,
        "uplift": None,
        "seen_days": rising,
        "true_effect": rising - 8,
    }
    return Candidates(**known | changes)


def test_lists_hold_a_fifth_and_each_goes_by_what_its_name_says() -> None:
    lists = lists_of(candidates())
    assert lists["ours"].tolist() == lists["likeliest"].tolist() == [100_010, 100_009]
    assert lists["last_visit"].tolist() == [100_001, 100_002]
    assert lists["oracle"].tolist() == [100_010]  # the other effects are 0 or worse
    assert len(lists["random"]) == 2
    assert set(lists["half"]) == set(lists["ours"][in_half(lists["ours"])])


def test_nobody_is_contacted_who_does_not_agree() -> None:
    agrees = np.array([True] * 8 + [False] * 2)
    lists = lists_of(candidates(agrees=agrees))
    assert lists["ours"].tolist() == [100_008, 100_007]
    assert not set(lists["random"]) & {100_009, 100_010}


def test_by_uplift_only_whom_a_contact_is_expected_to_help() -> None:
    uplift = np.array([0.3, -0.1, 0.0, *[-1.0] * 7])
    lists = lists_of(candidates(uplift=uplift))
    assert lists["ours"].tolist() == [100_001]
    assert lists["likeliest"].tolist() == [100_010, 100_009]


def test_halves_are_by_lot_and_fixed() -> None:
    many = np.arange(20_000, dtype=np.uint64)
    assert 0.48 < in_half(many).mean() < 0.52
    assert (in_half(many) == in_half(many)).all()
