"""Neighbours of a session: answers known by construction, weights worked out by hand."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from readership.models.recommendation.session_blend import Ranks, place_of, sparse_places
from readership.models.recommendation.session_neighbours import (
    Neighbourhood,
    SessionNeighbours,
    following,
    sequential_rules,
)
from readership.models.recommendation.session_walks import SessionWalks, beside, largest
from readership.models.recommendation.sessions import Sessions

PLAIN = Neighbourhood(rareness=0.0, bend=1.0, length=0.0, recency=np.inf, walks=0.0, again=0.0, rules=0.0)
"""Places alone count."""


def scores(past: list[list[int]], asked: list[int], how: Neighbourhood = PLAIN, articles: int = 8) -> np.ndarray:
    return SessionNeighbours(Sessions.of(past), articles, how).shares(Sessions.of([asked])).toarray()[0]


def test_a_chain_is_followed() -> None:
    """A → B → C three times and B → D once: after A, B comes C, as the shared A adds to those sessions."""
    after = scores([[0, 1, 2]] * 3 + [[1, 3]], [0, 1])
    assert after[2] > after[3] > 0


def test_shares_by_hand() -> None:
    """One neighbour [0, 1, 2], asked [1]: around the 1 the 2 has e^(−1/2.5), the 0 e^(−1/2), itself 1.5."""
    parts = np.array([np.exp(-1 / 2), 1.5, np.exp(-1 / 2.5)])
    expected = np.zeros(8)
    expected[:3] = parts / parts.sum()
    how = Neighbourhood(rareness=0.0, bend=1.0, walks=0.0, again=0.0, rules=0.0, after=2.5, before=2.0, same=1.5)
    np.testing.assert_allclose(scores([[0, 1, 2]], [1], how), expected, rtol=1e-6)


def test_a_newer_session_counts_for_more() -> None:
    """Four sessions, of which the first and the last hold the article: ages 3/4 and 0, so e^(−0.75) to 1."""
    how = Neighbourhood(rareness=0.0, recency=1.0, walks=0.0, again=0.0, rules=0.0)
    after = scores([[0, 1], [5, 6], [5, 6], [0, 2]], [0], how)
    assert after[1] / after[2] == pytest.approx(np.exp(-0.75), rel=1e-5)


def test_a_newer_opening_counts_for_more() -> None:
    """Asked [0, 1] with place 2: what follows the 0 has e^(−1/2) of what follows the 1."""
    how = Neighbourhood(place=2.0, rareness=0.0, bend=1.0, length=0.0, recency=np.inf, walks=0.0, again=0.0, rules=0.0)
    after = scores([[0, 2], [1, 3]], [0, 1], how)
    assert after[2] / after[3] == pytest.approx(np.exp(-0.5), rel=1e-5)


def test_a_rarer_article_says_more() -> None:
    """The 0 is in five of six sessions, the 1 in one."""
    after = scores(
        [[0, 2]] + [[0, 4]] * 4 + [[1, 3]], [1, 0], Neighbourhood(place=np.inf, walks=0.0, again=0.0, rules=0.0)
    )
    assert after[3] > after[2]


def test_what_was_opened_before_gets_its_bonus_and_a_stranger_nothing_else() -> None:
    """Nobody opened the 7: the bonus of the session's own article is all there is."""
    after = scores([[0, 1]], [7], Neighbourhood(again=0.2))
    np.testing.assert_allclose(after[[7, 1]], [1.0, 0.0], rtol=1e-6)
    assert (after > 0).sum() == 1


def test_no_past_and_no_sessions_asked_about() -> None:
    assert scores([], [1], Neighbourhood(again=0.0)).sum() == 0
    nobody = SessionNeighbours(Sessions.of([[0, 1]]), 3).shares(Sessions.of([]))
    assert nobody.shape == (0, 3)


def test_an_article_outside_the_catalogue_is_as_if_it_had_not_been_opened() -> None:
    past = [[0, 1, 2], [1, 3]]
    np.testing.assert_allclose(scores(past, [1, 99], Neighbourhood()), scores(past, [1], Neighbourhood()))
    assert scores(past, [99, -1], Neighbourhood()).sum() == 0


def test_many_sessions_equal_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from readership.models.recommendation import session_neighbours

    monkeypatch.setattr(session_neighbours, "CHUNK", 7)
    rng = np.random.default_rng(0)
    past = [rng.integers(0, 30, rng.integers(1, 9)).tolist() for _ in range(60)]
    asked = [rng.integers(0, 30, rng.integers(1, 300)).tolist() for _ in range(20)]
    neighbours = SessionNeighbours(Sessions.of(past), 30)
    together = neighbours.shares(Sessions.of(asked)).toarray()
    for one, session in zip(together, asked, strict=True):
        np.testing.assert_allclose(one, neighbours.shares(Sessions.of([session])).toarray()[0], rtol=1e-5)


def test_rules_by_hand() -> None:
    """[0, 1, 2]: after the 0 the 1 at distance 1 and the 2 at distance 2; backwards at half."""
    rules = sequential_rules(Sessions.of([[0, 1, 2]]), 3, np.array([2.0]), backwards=0.5).toarray()
    np.testing.assert_allclose(rules, [[0, 2, 1], [1, 0, 2], [0.5, 1, 0]])
    said = following(sequential_rules(Sessions.of([[0, 1, 2]]), 3, np.ones(1)), Sessions.of([[2, 0]]))
    np.testing.assert_allclose(said.toarray(), [[0, 2 / 3, 1 / 3]], rtol=1e-6)


def test_walks_by_hand() -> None:
    """0 – 1 – 2 in a row of equal ties: sums 1, 2, 1, so each tie is 1/√2; two steps from 0 lead to 0 and 2 alike.

    What an article has with itself does not count.
    """
    ties = csr_matrix(np.array([[5, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=np.float32))
    root = 1 / np.sqrt(2)
    np.testing.assert_allclose(beside(ties).toarray(), [[0, root, 0], [root, 0, root], [0, root, 0]], rtol=1e-6)
    walked = SessionWalks(ties).shares(Sessions.of([[0], [1]])).toarray()
    np.testing.assert_allclose(walked, [[0.5, 0, 0.5], [0, 1, 0]], rtol=1e-6)


def test_walks_reach_what_no_neighbour_opened() -> None:
    """No session holds both 0 and 2."""
    past = [[0, 1], [1, 2]]
    assert scores(past, [0], Neighbourhood(walks=0.0))[2] == 0 < scores(past, [0], Neighbourhood())[2]


def test_the_largest_of_each_row() -> None:
    kept = largest(csr_matrix(np.array([[3, 1, 2], [0, 4, 0]])), 2)
    assert kept.toarray().tolist() == [[3, 0, 2], [0, 4, 0]]


def test_places_of_what_followed() -> None:
    """Second, level with another, and not spoken for: places 2, 1.5 and 2 + half of the three others silent."""
    table = np.array([[0.1, 0.5, 0.3, 0], [0.4, 0.4, 0, 0], [0.9, 0, 0, 0]], dtype=np.float32)
    followed = np.array([2, 0, 3], dtype=np.int32)
    np.testing.assert_allclose(place_of(table, followed), [2, 1.5, 3])
    np.testing.assert_allclose(sparse_places(csr_matrix(table), followed), [2, 1.5, 3])
    ranks = Ranks.of(np.array([2, 1.5, 21]))
    assert ranks.precision == pytest.approx(2 / 3)
    assert ranks.reciprocal == pytest.approx((1 / 2 + 1 / 1.5) / 3)
