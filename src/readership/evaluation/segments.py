"""How good segments are at dates later than those they were chosen on: compact, apart, steady; beside what is simpler.

silhouette           mean over readers of (b - a) / max(a, b): a the mean distance to their own segment, b to the next
davies_bouldin       mean over segments of the worst (s_i + s_j) / d_ij; lower is better
stability_ari        adjusted Rand index of segments fitted on other readers (drawn with replacement) of the later dates
stability_over_time_ari   the same between the segments fitted at earlier dates and those fitted at later ones
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, Metric
from readership.evaluation.bootstrap import LEVEL, Draws, metric, ratio
from readership.models._behaviour import Floats, Trait
from readership.models._clusters import Grouping, Labels, Method, group, steadiness

MOST_POINTS = 5_000
REPLICATES = 200
NOISE = -1


@dataclass(frozen=True)
class Later:
    """Readers at dates after those of the choice.

    pool    rows of all later cut-offs, which the refit sees
    newest  rows of the last one, at most `MOST_POINTS`, on which everything is measured
    """

    pool: Dataset
    newest: Dataset

    @classmethod
    def of(cls, pool: Dataset) -> "Later":
        """The newest rows of a pool, some of them by lot where there are many."""
        newest = pool.take(pool.as_of == pool.as_of.max())
        some = np.random.default_rng(0).permutation(len(newest))[:MOST_POINTS]
        return cls(pool, newest.take(np.sort(some)))


@dataclass(frozen=True)
class Judged:
    """A way to part readers, and what it showed.

    own       silhouette of each reader [n]; nan for one that belongs to no segment
    metrics   by name
    segments  how many hold a reader
    noise     share of readers in no segment
    """

    own: Floats
    metrics: Mapping[str, Metric]
    segments: int
    noise: float

    def beside(self, champion: "Judged | None", draws: Draws) -> dict[str, Any]:
        """For the evaluation file: metrics, and the silhouette less the champion's on the same draws."""
        found: dict[str, Any] = {**self.metrics, "segments": self.segments, "noise_share": round(self.noise, 4)}
        if champion is not None:
            both = np.isfinite(self.own) & np.isfinite(champion.own)
            difference = mean_of(np.where(both, self.own - champion.own, np.nan), draws)
            found["difference_to_champion"] = {"silhouette": difference}
        return found


def judge(fitted: Grouping, later: Later, traits: tuple[Trait, ...], method: Method, refits: int) -> Judged:
    """Segments fitted at earlier dates, judged on later readers and beside a refit there."""
    again = group(later.pool, traits, method)
    steady = steadiness(later.pool, later.newest, traits, method, refits)
    then, now = (one.groups(later.newest) for one in (fitted, again))
    points = fitted.space.apply(later.newest)
    over_time = agreement(then, now, draws_of(later))
    return judged(points, then, draws_of(later), _spread(steady), over_time)


def judge_rule(points: Floats, labels: Labels, later: Later, others: list[Labels]) -> Judged:
    """A rule that fits nothing, by its labels; `others` are what it would say again."""
    draws = draws_of(later)
    pairs = [agreement(labels, other, draws) for other in others]
    steady = _spread(np.array([pair["value"] for pair in pairs]))
    return judged(points, labels, draws, steady, pairs[0])


def judged(points: Floats, labels: Labels, draws: Draws, steady: Metric, over_time: Metric) -> Judged:
    """Silhouette and Davies-Bouldin index of labelled points, with what is known of their stability."""
    own = silhouettes(points, labels)
    metrics = {
        "silhouette": mean_of(own, draws),
        "davies_bouldin": _davies_bouldin(points, labels, draws),
        "stability_ari": steady,
        "stability_over_time_ari": over_time,
    }
    inside = labels[labels != NOISE]
    return Judged(own, metrics, len(np.unique(inside)), 1 - len(inside) / max(1, len(labels)))


def draws_of(later: Later) -> Draws:
    """The readers behind the newest rows, drawn again and again."""
    return Draws.of(later.newest.reader, later.newest.weight, replicates=REPLICATES)


def silhouettes(points: Floats, labels: Labels) -> Floats:
    """Silhouette of each point [n]; nan for noise, and for all where there is one segment only.

    >>> silhouettes(np.array([[0.0], [1.0], [5.0]]), np.array([0, 0, 1])).round(2).tolist()   # (5-1)/5, (4-1)/4, alone
    [0.8, 0.75, 0.0]
    """
    from sklearn.metrics import silhouette_samples

    own = np.full(len(points), np.nan)
    inside = labels != NOISE
    if 2 <= len(np.unique(labels[inside])) < inside.sum():
        own[inside] = silhouette_samples(points[inside], labels[inside])
    return own


def davies_bouldin(points: Floats, labels: Labels, weight: Floats) -> float:
    """Davies-Bouldin index of weighted points; nan where there are fewer than two segments.

    >>> points = np.array([[0.0], [2.0], [9.0], [11.0]])
    >>> davies_bouldin(points, np.array([0, 0, 1, 1]), np.ones(4))   # spreads of 1 and 1, centres 9 apart
    0.2222222222222222
    """
    present = [one for one in np.unique(labels) if one != NOISE and weight[labels == one].sum() > 0]
    if len(present) < 2:
        return float("nan")
    parts = [(points[labels == one], weight[labels == one]) for one in present]
    centres = np.array([np.average(part, axis=0, weights=w) for part, w in parts])
    spreads = np.array(
        [
            np.average(np.linalg.norm(part - centre, axis=1), weights=w)
            for (part, w), centre in zip(parts, centres, strict=True)
        ]
    )
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    return float(((spreads[:, None] + spreads[None]) / apart).max(axis=1).mean())


def adjusted_rand(table: NDArray[np.float64]) -> float:
    """Adjusted Rand index of a table of counts [a, b]; 1 for the same parting, 0 for no more than chance.

    >>> [round(adjusted_rand(np.array(t)), 6) for t in ([[2.0, 0.0], [0.0, 2.0]], [[1.0, 1.0], [1.0, 1.0]])]
    [1.0, -0.5]
    """
    both, rows, columns, every = (
        _pairs(counts) for counts in (table, table.sum(axis=1), table.sum(axis=0), table.sum(keepdims=True))
    )
    expected, most = rows * columns / max(1.0, every), (rows + columns) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


def agreement(one: Labels, other: Labels, draws: Draws) -> Metric:
    """Adjusted Rand index of two partings of the same readers, with its interval."""
    first, second = (np.unique(labels, return_inverse=True)[1] for labels in (one, other))
    cell, width = first * (second.max(initial=0) + 1) + second, int(second.max(initial=0)) + 1
    cells = (int(first.max(initial=0)) + 1) * width
    tables = draws.sums_by_bin(np.ones(len(cell)), cell, cells).reshape(-1, cells // width, width)
    value = adjusted_rand(np.bincount(cell, minlength=cells).reshape(-1, width).astype(np.float64))
    return metric(value, np.array([adjusted_rand(table) for table in tables]))


def mean_of(own: Floats, draws: Draws) -> Metric:
    """Mean of what each reader has, over those who have it."""
    known = np.isfinite(own)
    return ratio(np.where(known, own, 0.0), known.astype(np.float64), draws)


def _davies_bouldin(points: Floats, labels: Labels, draws: Draws) -> Metric:
    chunks = draws.row_weights(np.arange(len(points)))
    replicates = [davies_bouldin(points, labels, weight) for weights in chunks for weight in weights]
    return metric(davies_bouldin(points, labels, draws.weight), np.array(replicates))


def _pairs(counts: Floats) -> float:
    return float((counts * (counts - 1) / 2).sum())


def _spread(refits: Floats) -> Metric:
    """The mean of refits, and where 95 % of them lie: a single value where they all agree."""
    low, high = np.quantile(refits, LEVEL)
    return {"value": round(float(refits.mean()), 6), "ci95": [round(float(low), 6), round(float(high), 6)]}
