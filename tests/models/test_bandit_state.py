"""Counts add up whatever comes when, feedback is counted once, and what is stored decides as before."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readership.errors import InputError
from readership.models.bandits.chances import restricted
from readership.models.bandits.counts import Counts, merged
from readership.models.bandits.feedback import Decision, Ledger, Settled, Told
from readership.models.bandits.learner import Learner
from readership.models.bandits.prior import Flat
from readership.models.bandits.thompson import Thompson

HOUR = 3_600_000


def through_npz(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Stored and read again, as a snapshot is: nothing that needs pickle."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def settled(arm: str, at_ms: int, clicked: bool, shown: bool = True) -> Settled:
    """An impression in the cell `top`."""
    return Settled(Decision(f"{arm}-{at_ms}", "top", arm, at_ms, 0.5), shown, clicked, 0.0)


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(12)), st.integers(1, 11))
def test_replicas_lose_nothing_in_any_order(order: list[int], cut: int) -> None:
    cell, arm, at = np.arange(12) % 2, np.arange(12) % 3, np.arange(12) * HOUR
    clicked = np.arange(12) % 4 == 0
    empty = Counts.empty(["top", "inline"], ["a", "b", "c"], half_life_ms=3 * HOUR)
    whole = empty.add(cell, arm, at, clicked)
    parts = [
        empty.add(cell[rows], arm[rows], at[rows], clicked[rows])
        for rows in (np.array(order[:cut]), np.array(order[cut:]))
    ]
    found = merged(parts)
    assert found.shown == pytest.approx(whole.shown)
    assert found.clicked == pytest.approx(whole.clicked)


def test_the_past_counts_half_after_a_half_life() -> None:
    counts = Counts.empty(["top"], ["a"], half_life_ms=HOUR)
    counts = counts.add(*(np.array([value] * 2) for value in (0, 0, 0)), np.array([True, False]))
    assert [float(of[0, 0]) for of in counts.at(0)] == [2.0, 1.0]
    assert [float(of[0, 0]) for of in counts.at(2 * HOUR)] == [0.5, 0.25]
    late = counts.add(np.array([0]), np.array([0]), np.array([HOUR]), np.array([False]))
    assert float(late.at(2 * HOUR)[0][0, 0]) == 1.0  # 2/4 + 1/2
    moved = late.moved(2 * HOUR)
    assert (float(moved.shown[0, 0]), float(moved.at(3 * HOUR)[0][0, 0])) == (1.0, 0.5)
    with pytest.raises(InputError, match="1000 half-lives"):
        counts.at(1000 * HOUR)


def test_replicas_may_know_different_arms_but_not_count_differently() -> None:
    one = Counts.empty(["top"], ["b"]).add(np.array([0]), np.array([0]), np.array([5]), np.array([True]))
    other = Counts.empty(["top"], ["a", "b"]).add(np.array([0]), np.array([1]), np.array([5]), np.array([False]))
    found = merged([one, other])
    assert (found.arms, found.shown.tolist(), found.clicked.tolist()) == (("a", "b"), [[0, 2]], [[0, 1]])
    with pytest.raises(InputError, match="different cells, origins or half-lives"):
        merged([one, Counts.empty(["inline"], ["b"])])
    with pytest.raises(InputError, match="arm 'a' is named twice"):
        Counts.empty(["top"], ["a", "a"])


def test_counts_stored_are_the_counts_and_broken_ones_are_refused() -> None:
    counts = Counts.empty(["top"], ["a"], 7, HOUR).add(np.array([0]), np.array([0]), np.array([9]), np.array([True]))
    stored = through_npz(counts.to_arrays())
    again = Counts.from_arrays(stored)
    assert (again.cells, again.arms, again.origin_ms, again.half_life_ms) == (("top",), ("a",), 7, HOUR)
    assert again.at(9)[1].tolist() == [[1.0]]
    with pytest.raises(InputError, match="below 0"):
        Counts.from_arrays({**stored, "shown": np.array([[-1.0]])})
    with pytest.raises(InputError, match=r"stored as \(1, 1\)"):
        Counts.from_arrays({**stored, "arms": np.array(["a", "b"])})


def ledger(*ids: str) -> Ledger:
    """Decisions made at 0, open for an hour, kept for a day."""
    book = Ledger(HOUR, 24 * HOUR)
    for number in ids:
        book.decided(Decision(number, "top", "a", 0, 0.5))
    return book


def test_a_decision_counts_once_when_its_time_is_over() -> None:
    book = ledger("1", "2", "3")
    assert [book.seen("1", 0.002), book.clicked("2", 0.4), book.seen("2", 0.002)] == [Told.counted] * 3
    assert [book.seen("1"), book.clicked("2"), book.seen("9")] == [Told.duplicate, Told.duplicate, Told.unknown]
    assert book.settle(HOUR - 1) == []
    found = book.settle(HOUR)
    assert [(one.decision.decision_id, one.shown, one.clicked) for one in found] == [
        ("1", True, False),
        ("2", True, True),
    ]
    assert [one.revenue_eur for one in found] == [0.002, pytest.approx(0.402)]
    assert (book.unseen, book.duplicate, book.unknown) == (1, 2, 1)
    assert book.settle(2 * HOUR) == []


def test_what_comes_late_is_added_to_what_was_counted() -> None:
    book = ledger("1", "2")
    book.seen("1")
    book.settle(HOUR)
    assert [book.clicked("1", 0.4), book.clicked("2")] == [Told.counted] * 2
    late = {one.decision.decision_id: (one.shown, one.clicked, one.revenue_eur) for one in book.settle(2 * HOUR)}
    assert late == {"1": (False, True, 0.4), "2": (True, True, 0.0)}
    assert book.unseen == 0
    book.settle(24 * HOUR)
    assert (len(book), book.clicked("1")) == (0, Told.unknown)


def test_feedback_that_cannot_be_changes_nothing() -> None:
    book = ledger("1")
    with pytest.raises(InputError, match=r"revenue of decision '1' is -0\.4 EUR"):
        book.clicked("1", -0.4)
    with pytest.raises(InputError, match="revenue"):
        book.clicked("1", float("nan"))
    book.decided(Decision("1", "top", "a", 0, 0.5))
    with pytest.raises(InputError, match="made before, and differently"):
        book.decided(Decision("1", "top", "b", 0, 0.5))
    with pytest.raises(InputError, match=r"propensity 0\.0"):
        book.decided(Decision("2", "top", "a", 0, 0.0))
    assert (book.settle(HOUR), book.unseen, len(book)) == ([], 1, 1)


def test_a_ledger_stored_goes_on_where_it_was() -> None:
    book = ledger("1", "2", "3")
    book.seen("1", 0.1)
    book.settle(HOUR)
    book.clicked("1", 0.3)
    book.seen("2")
    again = Ledger.from_arrays(through_npz(book.to_arrays()))
    assert again == book
    assert again.settle(2 * HOUR) == book.settle(2 * HOUR)
    assert Ledger.from_arrays(through_npz(Ledger(1, 2).to_arrays())) == Ledger(1, 2)


def learner(*arms: str, even: float = 0.1) -> Learner:
    """Thompson over two cells."""
    return Learner(Thompson(Flat(1, 9), 500), Counts.empty(["top", "inline"], arms), even)


def test_what_is_logged_is_how_often_it_is_drawn() -> None:
    bandit = learner("a", "b", "c", "d")
    bandit.learn([settled(arm, 1, number < clicks) for arm, clicks in (("a", 4), ("b", 2)) for number in range(10)])
    bandit.refresh(0)
    eligible = np.array([True, True, False, True])
    lots = np.random.default_rng(4).random(20_000)
    choices = [bandit.choose(0, eligible, lot) for lot in lots]
    arms = np.array([choice.arm for choice in choices if choice])
    for arm in range(4):
        logged = {choice.propensity for choice in choices if choice and choice.arm == arm}
        assert len(logged) == eligible[arm]
        assert (arms == arm).mean() == pytest.approx(sum(logged), abs=0.01)
    vector = restricted(bandit.chances[0], eligible)
    assert {choice.propensity for choice in choices if choice} == {float(v) for v in vector if v > 0}


def test_arms_come_and_go_while_it_runs() -> None:
    bandit = learner("a", "b", even=0.0)
    bandit.learn([settled("a", 1, True)] * 20)
    bandit.refresh(0)
    bandit.arms(["a", "c"])
    everything = np.ones(3, bool)
    assert bandit.counts.arms == ("a", "b", "c")
    assert [bandit.choose(0, everything, lot).arm for lot in (0.0, 0.5, 0.99)] == [0, 0, 0]  # type: ignore[union-attr]
    bandit.learn([settled("b", 2, False)])  # feedback of an arm that has left is still its own
    bandit.refresh(0)
    assert bandit.chances[1].round(1).tolist() == [0.5, 0.0, 0.5]
    bandit.arms([])
    assert bandit.choose(0, everything, 0.5) is None
    bandit.refresh(0)
    assert bandit.choose(0, everything, 0.5) is None
    bandit.arms(["b"])
    bandit.refresh(0)
    assert bandit.choose(0, everything, 0.5) == (1, 1.0)
    assert bandit.counts.shown[0].tolist() == [20, 1, 0]
    with pytest.raises(InputError, match="feedback of 'z' in 'top'"):
        bandit.learn([settled("a", 3, True), settled("z", 3, True)])
    assert bandit.counts.shown[0].tolist() == [20, 1, 0]


def test_a_learner_stored_decides_as_before() -> None:
    bandit = learner("a", "b", "c")
    bandit.learn([settled("a", 1, True), settled("b", 2, False)])
    bandit.refresh(5)
    again = Learner.from_arrays(bandit.policy, through_npz(bandit.to_arrays()))
    assert again.chances.tolist() == bandit.chances.tolist()
    for one in (bandit, again):
        one.learn([settled("c", 9, True)])
        one.refresh(10)
    assert again.chances.tolist() == bandit.chances.tolist()
