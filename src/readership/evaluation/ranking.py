"""How good an order of articles is: at which rank stood what the reader opened next, and what the slates are like.

A rank is 1 for the article put first; 0 says that the article was not among those ranked, which counts as a miss.
One article is right at each read, so for a rank r and a length k

    hit rate  HR@k   = 1 where 1 <= r <= k, else 0
    MRR@k            = 1 / r where r <= k, else 0
    NDCG@k           = 1 / log2(1 + r) where r <= k, else 0

each averaged over reads. Intervals draw readers, not reads.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from readership.contracts import Metric
from readership.evaluation.bootstrap import Draws, ratio, ratios

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
LENGTHS = (5, 10, 20)
MEASURES = ("hr", "mrr", "ndcg")
METRICS = tuple(f"{name}_at_{k}" for k in LENGTHS for name in MEASURES)
SLATE = 10
"""Places of a slate, over which coverage, novelty, diversity and popularity are measured."""


def rank_of(scores: ArrayLike, place: int, chance: float) -> int:
    """Rank of the article at `place` among `scores` [n]: 1 + how many are higher, by lot among those that are equal.

    chance  a draw from [0, 1): at which of the tied ranks it stands

    >>> [rank_of([3.0, 5.0, 3.0, 1.0], place=2, chance=c) for c in (0.0, 0.5)]   # one higher, one equal: 2 or 3
    [2, 3]
    """
    values = np.asarray(scores, np.float64)
    equal = int((values == values[place]).sum())
    return 1 + int((values > values[place]).sum()) + min(int(chance * equal), equal - 1)


def gains(rank: ArrayLike) -> Floats:
    """What each read [n] brings in `METRICS`, [n, 9].

    >>> dict(zip(METRICS, gains([3])[0].round(3).tolist()))["ndcg_at_5"]   # 1 / log2(4)
    0.5
    >>> gains([0, 21]).sum()   # not ranked, or behind the twentieth: nothing
    np.float64(0.0)
    """
    ranks = np.asarray(rank, np.int64)
    placed = np.maximum(ranks, 1).astype(np.float64)
    worth = (np.ones(len(ranks)), 1 / placed, 1 / np.log2(1 + placed))
    return np.stack([np.where((ranks >= 1) & (ranks <= k), one, 0.0) for k in LENGTHS for one in worth], axis=1)


def measure(rank: ArrayLike, draws: Draws) -> dict[str, Metric]:
    """All of `METRICS`, with intervals."""
    return _named(gains(rank), draws)


def difference(rank: ArrayLike, champion: ArrayLike, draws: Draws) -> dict[str, Metric]:
    """All of `METRICS` of `rank` minus those of `champion`, paired: the same reads, the same draws of readers."""
    return _named(gains(rank) - gains(champion), draws)


def lift(rank: ArrayLike, floor: ArrayLike, draws: Draws, name: str = "ndcg_at_10") -> Metric:
    """By what share a metric lies above the floor's: 0.2 is a fifth more.

    The interval is that of the ratio: Σ gains / Σ gains of the floor − 1 in every draw of readers.
    """
    column = METRICS.index(name)
    return _less_one(ratio(gains(rank)[:, column], gains(floor)[:, column], draws))


def coverage(slates: Places, candidates: int) -> Metric:
    """Share of the articles that could be recommended which stood in any slate; slates [n, 10], -1 is an empty place.

    >>> coverage(np.array([[0, 1], [1, -1]]), candidates=4)["value"]   # two of four
    0.5
    """
    shown = np.unique(slates)
    found = int((shown >= 0).sum())
    return {"value": round(found / candidates, 6) if candidates else None, "ci95": [None, None]}


def novelty(slates: Places, readers_of: ArrayLike, readers: int, draws: Draws) -> Metric:
    """Mean −log2 of the share of readers who read what is shown: 0 is what everybody read, 10 what one in 1,024 did.

    readers_of  how many readers read each article [places of the catalogue]; the share is (r + 1) / (readers + 1), so
                that an article nobody read has one too

    >>> draws = Draws.of([1, 2], replicates=20)
    >>> novelty(np.array([[0], [1]]), [3, 0], 3, draws)["value"]   # −log2 (4/4) = 0 and −log2 (1/4) = 2
    1.0
    """
    surprise = -np.log2((np.asarray(readers_of, np.float64) + 1) / (readers + 1))
    shown = slates >= 0
    return ratio(np.where(shown, surprise[slates], 0.0).sum(axis=1), shown.sum(axis=1), draws)


def diversity(slates: Places, draws: Draws, groups: ArrayLike, vectors: ArrayLike | None = None) -> Metric:
    """How unlike the articles of a slate are: 1 − the mean likeness of two of them.

    groups   a number of each article's category [places of the catalogue]; two of one category are alike (1) or not (0)
    vectors  where given, [places, d]: likeness is the cosine of the two, and `groups` is not looked at

    >>> draws = Draws.of([1, 2], replicates=20)
    >>> diversity(np.array([[0, 1, 2], [0, 1, -1]]), draws, [7, 7, 8])["value"]   # 1 − 1/3 and 1 − 1: mean 1/3
    0.333333
    """
    unlike = 1 - _likeness(slates, np.asarray(groups), None if vectors is None else np.asarray(vectors, np.float64))
    some = np.isfinite(unlike)
    return ratio(np.where(some, unlike, 0.0), some, draws)


def popularity_lift(slates: Places, readers_of: ArrayLike, opened: Places, draws: Draws) -> Metric:
    """How much more read the articles shown are than those that were opened: 1 is twice as much, 0 the same.

    opened  place of the article of each read [n]

    >>> draws = Draws.of([1, 2], replicates=20)
    >>> popularity_lift(np.array([[0], [0]]), [30, 10], np.array([0, 1]), draws)["value"]   # 30 / 20 − 1
    0.5
    """
    many = np.asarray(readers_of, np.float64)
    shown = slates >= 0
    mean = np.where(shown, many[slates], 0.0).sum(axis=1) / np.maximum(shown.sum(axis=1), 1)
    return _less_one(ratio(mean, many[opened], draws))


def bands(values: ArrayLike, edges: Sequence[float], words: Sequence[str]) -> NDArray[np.str_]:
    """The word of each value: `words[i]` below `edges[i]`, the last from the last edge on.

    >>> bands([0, 5, 40], [1, 11], ["first", "second to tenth", "later"]).tolist()
    ['first', 'second to tenth', 'later']
    """
    return np.asarray(words)[np.searchsorted(np.asarray(edges, np.float64), np.asarray(values, np.float64), "right")]


def by_part(
    parts: Mapping[str, tuple[NDArray[np.str_], Sequence[str]]],
    ranks: Mapping[str, Places],
    draws: Draws,
    *,
    fewest: int,
    shown: Sequence[str] = ("hr_at_10", "ndcg_at_10"),
) -> list[dict[str, Any]]:
    """`{"slice", "value", "n", "readers", "metrics": {order: {metric}}}`; the metrics are None below `fewest` reads.

    parts  by name: the value of each read [n], and the values there are in the order in which they are told
    """
    found = []
    for name, (values, words) in parts.items():
        for value in words:
            inside = values == value
            if not inside.any():
                continue
            part: dict[str, Any] = {"slice": name, "value": value, "n": int(inside.sum())}
            some = draws.take(inside)
            enough = part["n"] >= fewest
            measured = {
                order: {metric: measure(rank[inside], some)[metric] for metric in shown}
                for order, rank in ranks.items()
                if enough
            }
            found.append({**part, "readers": some.readers, "metrics": measured or None})
    return found


def _named(values: Floats, draws: Draws) -> dict[str, Metric]:
    return dict(zip(METRICS, ratios(values, np.ones_like(values), draws), strict=True))


def _less_one(found: Metric) -> Metric:
    values = [found["value"], *found["ci95"]]
    value, low, high = (None if one is None else round(one - 1, 6) for one in values)
    return {"value": value, "ci95": [low, high]}


def _likeness(slates: Places, groups: NDArray[Any], vectors: Floats | None) -> Floats:
    """Mean likeness of two articles of each slate [n]; nan where it holds fewer than two."""
    found = np.full(len(slates), np.nan)
    for row, slate in enumerate(slates):
        shown = slate[slate >= 0]
        if len(shown) < 2:
            continue
        if vectors is None:
            alike = (groups[shown][:, None] == groups[shown][None, :]).astype(np.float64)
        else:
            length = np.linalg.norm(vectors[shown], axis=1, keepdims=True)
            unit = vectors[shown] / np.where(length > 0, length, 1)
            alike = unit @ unit.T
        pairs = len(shown) * (len(shown) - 1)
        found[row] = (alike.sum() - np.trace(alike)) / pairs
    return found
