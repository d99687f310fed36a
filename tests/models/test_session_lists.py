"""Sessions as arrays: beginnings, newest parts and what one pass of the network reads."""

import numpy as np

from readership.models.recommendation.session_windows import Windows
from readership.models.recommendation.sessions import Sessions

THREE = Sessions.of([[4, 2, 7], [9], [2, 5]])


def lists(sessions: Sessions) -> list[list[int]]:
    return [part.tolist() for part in np.split(sessions.article, sessions.start[1:-1])]


def test_beginnings_are_those_that_something_followed() -> None:
    begun, following = THREE.beginnings()
    assert lists(begun) == [[4], [4, 2], [2]]
    assert following.tolist() == [2, 7, 5]


def test_parts_keep_their_sessions_whole() -> None:
    assert lists(THREE.between(1, 3)) == [[9], [2, 5]]
    assert lists(THREE.chosen(np.array([2, 0]))) == [[2, 5], [4, 2, 7]]
    assert lists(THREE.newest(2)) == [[2, 7], [9], [2, 5]]


def test_every_opening_after_the_first_of_a_long_session_is_predicted_within_the_cut() -> None:
    """Eleven openings, four before each prediction at most: stretches of five that overlap by half."""
    windows = Windows.of(Sessions.of([range(11)]), steps=4, recency=1.0)
    assert windows.opened.shape[1] == 5
    assert set(windows.opened[:, 1:].ravel().tolist()) - {-1} == set(range(1, 11))


def test_a_pass_reads_new_sessions_oftener_than_old_ones() -> None:
    """Ten sessions: the newest always, the oldest (age 0.9) with e^(−0.9 / 0.45) = e^−2."""
    chance = Windows.of(Sessions.of([[1, 2]] * 10), steps=2, recency=0.45).chance
    np.testing.assert_allclose(chance[[-1, 0]], [1.0, np.exp(-2)])


def test_a_session_of_one_article_teaches_nothing() -> None:
    assert len(Windows.of(Sessions.of([[3], [8]]), steps=4, recency=1.0).opened) == 0
