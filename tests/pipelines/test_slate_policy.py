"""Front pages of a simulated publisher, filled by the recommender that learns from their clicks."""

import numpy as np
import polars as pl

from readership.benchmarks.recs_world import compared
from readership.models.recommendation.nouns import Article, Read
from readership.models.recommendation.recommender import Recommender
from readership.pipelines.slate_policy import FrontPages
from readership.simulator.policies import SlateBatch, editors_choice
from readership.simulator.words import BRANDS

SINCE_MS = 1_000_000
NAMES = {number: f"x-{number}" for number in range(6)}


def recommender() -> Recommender:
    """Six articles of one brand; number 4 was read by two people, number 2 by one of them."""
    made = Recommender()
    for number, name in NAMES.items():
        made.put(Article(name, published_ms=number, brand=BRANDS[0]))
    made.learn([Read(900_000, 8, "x-4"), Read(900_001, 9, "x-4"), Read(900_002, 9, "x-2")])
    return made


def batch(at: list[int], user: list[int], placement: str = "front") -> SlateBatch:
    rows = len(at)
    return SlateBatch(
        key=np.arange(100, 100 + rows, dtype=np.uint64),
        user_id=np.array(user, dtype=np.uint64),
        at=np.array(at),
        placement=placement,
        brand=np.zeros(rows, dtype=np.int64),
        parent=np.full(rows, -1),
        candidates=np.tile([0, 1, 2, 3, 4, 5], (rows, 1)),
        weight=np.tile([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], (rows, 1)),
        places=3,
    )


def test_from_its_moment_on_it_fills_front_pages_and_nothing_else() -> None:
    pages = FrontPages(recommender(), NAMES, frozenset(), SINCE_MS, None)
    asked = batch([SINCE_MS - 1, SINCE_MS], [0, 0])
    filled = pages(asked)
    assert filled[0].tolist() == editors_choice(asked)[0].tolist()
    assert filled[1].tolist() == [4, 2, 5]  # read by two, by one, then the newest
    related = batch([SINCE_MS], [0], "related")
    assert pages(related).tolist() == editors_choice(related).tolist()


def test_who_agreed_is_not_shown_what_they_read_before_others_are_nobody() -> None:
    pages = FrontPages(recommender(), NAMES, frozenset({9}), SINCE_MS, None)
    first, second = pages(batch([SINCE_MS, SINCE_MS], [9, 8])).tolist()
    assert not {4, 2} & set(first)
    assert second[:2] == [4, 2]  # reader 8 has read it, but did not agree to be recognised


def test_clicks_count_from_the_next_tick_on() -> None:
    pages = FrontPages(recommender(), NAMES, frozenset({9}), SINCE_MS, None)
    asked = batch([SINCE_MS, SINCE_MS + 1, SINCE_MS + 2], [0, 0, 0])
    answer = np.array([[0, 1, -1], [0, -1, -1], [0, 3, 5]])
    pages.learn(asked, answer, np.array([True, False, True, True, False, False]))  # 0 clicked three times
    assert pages(batch([SINCE_MS], [0]))[0, 0] == 4  # not yet: these clicks lie at or after this moment
    assert pages(batch([SINCE_MS + 60_000], [0]))[0].tolist() == [0, 4, 2]


def test_a_scorer_decides_the_order() -> None:
    pages = FrontPages(recommender(), NAMES, frozenset(), SINCE_MS, lambda table: np.arange(len(table), dtype=float))
    assert pages(batch([SINCE_MS], [0]))[0].tolist() == [5, 4, 3]


def test_clicks_per_session_of_two_worlds_are_compared_reader_by_reader() -> None:
    hybrid = pl.DataFrame({"reader": ["a", "b", "c"], "sessions": [2, 2, 1], "clicks": [3, 2, 1]})
    floor = pl.DataFrame({"reader": ["a", "b"], "sessions": [2, 2], "clicks": [2, 1]})
    found = compared({"hybrid": hybrid, "popularity": floor}, "popularity")
    assert found["clicks_per_session"] == 6 / 5
    assert np.isclose(found["clicks_per_session_gain"], 6 / 5 - 3 / 4)
    assert np.isclose(found["clicks_per_session_lift"], 6 / 5 / (3 / 4) - 1)
    assert found["clicks_per_session_gain_low"] <= found["clicks_per_session_gain"]
    assert found["sessions"] == 5


def test_the_page_of_the_editors_in_the_recommender_s_order() -> None:
    pages = FrontPages(recommender(), NAMES, frozenset(), SINCE_MS, None, by_editors=True)
    asked = batch([SINCE_MS], [0])
    chosen, filled = editors_choice(asked)[0].tolist(), pages(asked)[0].tolist()
    assert sorted(filled) == sorted(chosen)
    alone = FrontPages(recommender(), NAMES, frozenset(), SINCE_MS, None)
    asked = asked._replace(places=6)
    assert pages(asked)[0].tolist() == alone(asked)[0].tolist()  # all six stand there: the order alone is left


def test_what_is_shown_from_its_moment_on_is_counted_as_serving_does() -> None:
    made = recommender()
    pages = FrontPages(made, NAMES, frozenset(), SINCE_MS, None)
    answer = np.array([[2, 3], [4, 5]])
    pages.learn(batch([SINCE_MS - 1, SINCE_MS], [0, 0]), answer, np.zeros(4, dtype=bool))
    places = np.array([made.catalogue.place(NAMES[number]) for number in range(6)], dtype=np.int32)
    counted = made.memory.exposures.at(SINCE_MS, places)[:, 0]
    assert counted[:4].tolist() == [0, 0, 0, 0]
    assert counted[4] > counted[5] > 0  # further down counts for less
