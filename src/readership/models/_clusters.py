"""Ways to part points into groups, and how steady the parting is when other readers had been seen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset
from readership.models._behaviour import Floats, Space, Trait
from readership.models._onnx import Graph

Labels = NDArray[np.int64]
Place = Callable[[Floats], Labels]
"""The group of each point [n, q]; -1 is none (noise)."""
Method = Callable[[Floats, int], Place]
"""Fits groups to points with a seed."""
NEIGHBOURS = 10
REACH = 0.75
"""DBSCAN: points within the distance that this share of points has to its tenth neighbour are near each other."""


@dataclass(frozen=True)
class Nearest:
    """K-Means: a point belongs to the nearest of `centres` [k, q]."""

    centres: Floats

    def __call__(self, points: Floats) -> Labels:
        """Position of the nearest centre of each point."""
        apart = np.square(points[:, None, :] - self.centres[None, :, :]).sum(axis=2)
        return np.asarray(apart.argmin(axis=1), dtype=np.int64)


@dataclass(frozen=True)
class Grouping:
    """A space and the groups fitted in it."""

    space: Space
    place: Place

    def groups(self, rows: Dataset) -> Labels:
        """The group of each row [n]."""
        return self.place(self.space.apply(rows))


def kmeans(count: int) -> Method:
    """K-Means with `count` groups, the best of ten starts."""

    def fit(points: Floats, seed: int) -> Place:
        from sklearn.cluster import KMeans

        return Nearest(KMeans(count, n_init=10, random_state=seed).fit(points).cluster_centers_)

    return fit


def gaussian_mixture(count: int) -> Method:
    """A mixture of `count` Gaussians, each with its own variance along every direction."""

    def fit(points: Floats, seed: int) -> Place:
        from sklearn.mixture import GaussianMixture

        mixture = GaussianMixture(count, covariance_type="diag", n_init=3, random_state=seed, reg_covar=1e-3)
        fitted = mixture.fit(points)
        return lambda others: np.asarray(fitted.predict(others), dtype=np.int64)

    return fit


def dbscan(points: Floats, seed: int) -> Place:
    """DBSCAN: groups are where points lie close; a later point joins the group of a core point within reach."""
    from sklearn.cluster import DBSCAN
    from sklearn.neighbors import NearestNeighbors

    reach = float(np.quantile(NearestNeighbors(n_neighbors=NEIGHBOURS).fit(points).kneighbors()[0][:, -1], REACH))
    found = DBSCAN(eps=max(reach, 1e-9), min_samples=NEIGHBOURS).fit(points)
    core = found.core_sample_indices_
    if not len(core):
        return lambda others: np.full(len(others), -1, dtype=np.int64)
    nearest = NearestNeighbors(n_neighbors=1).fit(points[core])

    def place(others: Floats) -> Labels:
        distance, at = nearest.kneighbors(others)
        return np.where(distance[:, 0] <= reach, found.labels_[core][at[:, 0]], -1).astype(np.int64)

    return place


def group(rows: Dataset, traits: tuple[Trait, ...], method: Method, seed: int = 0) -> Grouping:
    """Scaling, directions and groups, all fitted on these rows."""
    space = Space.fit(rows, traits)
    return Grouping(space, method(space.apply(rows), seed))


def redrawn(rows: Dataset, rng: np.random.Generator) -> Dataset:
    """As many readers as there are, drawn with replacement, each with all of their rows."""
    names, reader = np.unique(rows.reader, return_inverse=True)
    times = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))[reader]
    return rows.take(np.repeat(np.arange(len(rows)), times))


def steadiness(
    rows: Dataset, judged: Dataset, traits: tuple[Trait, ...], method: Method, refits: int, seed: int = 0
) -> Floats:
    """Adjusted Rand index [refits] between the groups of `rows` and those fitted on readers drawn from them.

    Both place the readers of `judged`. 1: the very same groups; 0: no more alike than by chance.
    """
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(seed)
    groups = group(rows, traits, method, seed).groups(judged)
    others = (group(redrawn(rows, rng), traits, method, seed + 1 + n) for n in range(refits))
    return np.array([adjusted_rand_score(groups, other.groups(judged)) for other in others])


def to_onnx(grouping: Grouping, ids: tuple[int, ...]) -> bytes:
    """K-Means as ONNX: scaling, directions, squared distances, the id of the nearest centre as the margin."""
    assert isinstance(grouping.place, Nearest)
    graph = Graph(len(grouping.space.names))
    points = graph.add("Unsqueeze", grouping.space.add_to(graph), graph.constant(np.array([1])))
    apart = graph.add("Sub", points, graph.constant(grouping.place.centres[None]))
    squared = graph.add("ReduceSum", graph.add("Mul", apart, apart), graph.constant(np.array([2])), keepdims=0)
    nearest = graph.add("ArgMin", squared, axis=1, keepdims=1)
    return graph.finish(graph.add("Gather", graph.constant(np.array(ids, dtype=np.float64)), nearest, axis=0))
