"""How many segments: one rule over what each number showed on earlier cut-offs."""

from collections.abc import Sequence
from typing import NamedTuple

STABLE = 0.8


class Tried(NamedTuple):
    """What one number of segments showed.

    silhouette      of the newest earlier cut-off; higher is better
    davies_bouldin  the same; lower is better
    bootstrap       mean adjusted Rand index of fits on other readers
    over_time       mean adjusted Rand index of fits at consecutive cut-offs
    """

    count: int
    silhouette: float
    davies_bouldin: float
    bootstrap: float
    over_time: float

    @property
    def stability(self) -> float:
        """The lower of the two."""
        return min(self.bootstrap, self.over_time)


class Choice(NamedTuple):
    """The number chosen, and why in words."""

    count: int
    why: str


def choose(tried: Sequence[Tried]) -> Choice:
    """Among the stable the best sum of ranks, more segments where they tie; where none is stable, the most stable.

    >>> choose([Tried(3, 0.30, 1.2, 0.9, 0.9), Tried(4, 0.28, 1.1, 0.9, 0.8), Tried(5, 0.40, 0.9, 0.9, 0.7)]).count
    4
    """
    stable = [one for one in tried if one.stability >= STABLE]
    if not stable:
        best = max(tried, key=lambda one: (one.stability, one.count))
        return Choice(
            best.count,
            f"no number of segments from {tried[0].count} to {tried[-1].count} is stable (an adjusted Rand index of "
            f"{STABLE:g} over other readers and over dates); {best.count} is the most stable with {best.stability:.2f}",
        )
    by_silhouette = sorted((one.silhouette for one in stable), reverse=True)
    by_davies_bouldin = sorted(one.davies_bouldin for one in stable)

    def ranks(one: Tried) -> int:
        return by_silhouette.index(one.silhouette) + by_davies_bouldin.index(one.davies_bouldin)

    best = min(stable, key=lambda one: (ranks(one), -one.count))
    numbers = ", ".join(str(one.count) for one in stable)
    return Choice(
        best.count,
        f"of the stable numbers of segments ({numbers}; adjusted Rand index at least {STABLE:g} over other readers and "
        f"over dates) {best.count} has the best sum of ranks by silhouette and Davies-Bouldin index",
    )
