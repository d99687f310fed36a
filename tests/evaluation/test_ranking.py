"""Figures of an order of articles, worked out by hand: ranks, gains, slates, parts, and what is said of them."""

from fractions import Fraction
from math import log2

import numpy as np
import pytest

from readership.evaluation import ranking
from readership.evaluation.bootstrap import Draws

RANKS = np.array([1, 3, 0, 12])


def draws(readers: tuple[int, ...] = (1, 1, 2, 3)) -> Draws:
    return Draws.of(np.array(readers), replicates=200)


def test_an_article_among_equals_gets_each_of_their_ranks_by_lot() -> None:
    scores = [2.0, 7.0, 2.0, 2.0, 1.0]
    assert [ranking.rank_of(scores, 0, chance) for chance in (0.0, 0.34, 0.67, 0.999999)] == [2, 3, 4, 4]
    assert ranking.rank_of(scores, 1, 0.9) == 1
    assert ranking.rank_of(scores, 4, 0.0) == 5


def test_gains_by_hand() -> None:
    found = dict(zip(ranking.METRICS, ranking.gains(RANKS).T.tolist(), strict=True))
    assert found["hr_at_5"] == [1, 1, 0, 0]
    assert found["hr_at_20"] == [1, 1, 0, 1]
    assert found["mrr_at_10"] == pytest.approx([1, 1 / 3, 0, 0])
    assert found["mrr_at_20"] == pytest.approx([1, 1 / 3, 0, 1 / 12])
    assert found["ndcg_at_10"] == pytest.approx([1, 1 / 2, 0, 0])
    assert found["ndcg_at_20"] == pytest.approx([1, 1 / 2, 0, 1 / log2(13)])


def test_the_tenth_place_counts_among_ten_and_the_eleventh_does_not() -> None:
    hits = ranking.gains([10, 11])[:, ranking.METRICS.index("hr_at_10")]
    assert hits.tolist() == [1, 0]


def test_means_are_over_reads_and_intervals_over_readers() -> None:
    found = ranking.measure(RANKS, draws())
    assert found["mrr_at_10"]["value"] == pytest.approx(float(Fraction(1, 4) * (1 + Fraction(1, 3))), abs=1e-6)
    assert found["hr_at_10"]["ci95"] == [0, 1], "the two hits are one reader's: without that reader there is none"


def test_differences_are_paired() -> None:
    found = ranking.difference(RANKS, RANKS, draws())
    assert found["ndcg_at_10"] == {"value": 0.0, "ci95": [None, None]}
    worse = ranking.difference(np.array([0, 3, 0, 12]), RANKS, draws())
    assert worse["hr_at_10"]["value"] == -0.25
    assert worse["hr_at_10"]["ci95"][1] <= 0


def test_lift_is_the_ratio_less_one() -> None:
    found = ranking.lift(np.array([1, 1, 3, 3]), np.array([3, 3, 3, 3]), draws())
    assert found["value"] == 0.5, "(1 + 1 + 1/2 + 1/2) / (4 · 1/2) − 1"
    assert found["ci95"] == [0.0, 1.0], "reader 1 alone doubles, the others are equal"


def test_coverage_counts_an_article_once_and_no_empty_place() -> None:
    slates = np.array([[5, 6, -1], [6, 5, 7]])
    assert ranking.coverage(slates, 12)["value"] == 0.25
    assert ranking.coverage(np.full((2, 3), -1), 12)["value"] == 0
    assert ranking.coverage(slates, 0)["value"] is None


def test_novelty_weighs_places_not_slates() -> None:
    readers_of = [15, 7, 3, 0]
    slates = np.array([[0, 1], [2, 3], [3, -1], [3, -1]])
    found = ranking.novelty(slates, readers_of, 15, draws())
    surprise = [-log2(16 / 16), -log2(8 / 16), -log2(4 / 16), -log2(1 / 16)]
    assert surprise == [0, 1, 2, 4]
    assert found["value"] == pytest.approx((0 + 1 + 2 + 4 + 4 + 4) / 6, abs=1e-6)


def test_diversity_by_category_and_by_text() -> None:
    slates = np.array([[0, 1, 2, -1]] * 4)
    assert ranking.diversity(slates, draws(), [1, 1, 2])["value"] == pytest.approx(2 / 3, abs=1e-6)
    vectors = np.array([[3.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    assert ranking.diversity(slates, draws(), [1, 1, 2], vectors)["value"] == pytest.approx(2 / 3, abs=1e-6)
    alone = ranking.diversity(np.array([[0, -1]] * 4), draws(), [1])
    assert alone["value"] is None, "one article is not unlike anything"


def test_popularity_lift_by_hand() -> None:
    slates = np.array([[0, 1], [0, -1], [1, 1], [0, 1]])
    found = ranking.popularity_lift(slates, [30, 10], np.array([1, 1, 1, 0]), draws())
    assert found["value"] == pytest.approx((20 + 30 + 10 + 20) / (10 + 10 + 10 + 30) - 1, abs=1e-6)


def test_parts_keep_their_order_and_small_ones_say_nothing() -> None:
    values = np.array(["late", "early", "early", "late"])
    found = ranking.by_part({"hour": (values, ("early", "late", "never"))}, {"a": RANKS}, draws(), fewest=2)
    assert [(part["value"], part["n"], part["readers"]) for part in found] == [("early", 2, 2), ("late", 2, 2)]
    assert found[0]["metrics"]["a"]["hr_at_10"]["value"] == 0.5
    few = ranking.by_part({"hour": (values, ("early",))}, {"a": RANKS}, draws(), fewest=3)
    assert few[0]["metrics"] is None


def test_a_value_at_an_edge_belongs_to_the_later_band() -> None:
    words = ("under 1 hour", "1 to 6 hours", "later")
    assert ranking.bands([0.99, 1, 6], [1, 6], words).tolist() == list(words)
