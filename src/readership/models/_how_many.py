"""How many segments: one rule over what each number showed on earlier cut-offs."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from readership.contracts import Dataset
from readership.models._behaviour import Trait
from readership.models._clusters import group, kmeans, steadiness

STABLE = 0.8
MOST_POINTS = 5_000


class Tried(NamedTuple):
    """What one number of segments showed.

    silhouette      of the newest earlier cut-off; higher is better
    davies_bouldin  the same; lower is better
    bootstrap       mean adjusted Rand index of fits on other readers
    over_time       mean adjusted Rand index of fits at consecutive cut-offs
    """

    segments: int
    silhouette: float
    davies_bouldin: float
    bootstrap: float
    over_time: float

    @property
    def stability(self) -> float:
        """The lower of the two."""
        return min(self.bootstrap, self.over_time)


class Choice(NamedTuple):
    """The number chosen, why in words, and whether it is stable by the rule."""

    segments: int
    why: str
    stable: bool


def try_count(
    count: int, rows: Dataset, cutoffs: Sequence[datetime], pool: int, traits: tuple[Trait, ...], refits: int
) -> Tried:
    """What `count` segments show at these cut-offs, each fit on the rows of `pool` consecutive ones.

    Fits that follow each other place the readers of the later one's last cut-off; fits on other readers, and the two
    indices, those of the newest.
    """
    from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_score

    pools = [rows.at(tuple(cutoffs[end - pool : end])) for end in range(pool, len(cutoffs) + 1)]
    fits = [group(part, traits, kmeans(count)) for part in pools]
    last = [rows.at((cutoff,)) for cutoff in cutoffs[pool - 1 :]]
    over_time = [
        adjusted_rand_score(before.groups(readers), after.groups(readers))
        for before, after, readers in zip(fits, fits[1:], last[1:], strict=False)
    ]
    points, labels = fits[-1].space.apply(last[-1]), fits[-1].groups(last[-1])
    steady = steadiness(pools[-1], last[-1], traits, kmeans(count), refits)
    return Tried(
        count,
        float(silhouette_score(points, labels, sample_size=min(len(points), MOST_POINTS), random_state=0)),
        float(davies_bouldin_score(points, labels)),
        float(steady.mean()),
        float(np.mean(over_time)),
    )


def choose(tried: Sequence[Tried]) -> Choice:
    """Among the stable the best sum of ranks, more segments where they tie; where none is stable, the most stable.

    >>> choose([Tried(3, 0.30, 1.2, 0.9, 0.9), Tried(4, 0.28, 1.1, 0.9, 0.8), Tried(5, 0.40, 0.9, 0.9, 0.7)]).segments
    4
    """
    stable = [one for one in tried if one.stability >= STABLE]
    if not stable:
        best = max(tried, key=lambda one: (one.stability, one.segments))
        return Choice(
            best.segments,
            f"no number of segments from {tried[0].segments} to {tried[-1].segments} is stable (an adjusted Rand index "
            f"of {STABLE:g} over other readers and over dates); {best.segments} is the most stable, with "
            f"{best.stability:.2f}",
            stable=False,
        )
    by_silhouette = sorted((one.silhouette for one in stable), reverse=True)
    by_davies_bouldin = sorted(one.davies_bouldin for one in stable)

    def ranks(one: Tried) -> int:
        return by_silhouette.index(one.silhouette) + by_davies_bouldin.index(one.davies_bouldin)

    best = min(stable, key=lambda one: (ranks(one), -one.segments))
    numbers = ", ".join(str(one.segments) for one in stable)
    return Choice(
        best.segments,
        f"of the stable numbers of segments ({numbers}; adjusted Rand index at least {STABLE:g} over other readers and "
        f"over dates) {best.segments} has the best sum of ranks by silhouette and Davies-Bouldin index",
        stable=True,
    )
