"""Which features a model should see: those that vary, say something of their own, and mean the same over time."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset

CONSTANT_SHARE = 0.998
SAME_CORRELATION = 0.9999
PSI_LIMIT = 0.25
MOST_UNSTABLE = 1 / 3
"""Share of features that may be dropped as drifting; where more drift, the readers themselves have changed."""
_SAMPLE_ROWS = 20_000
_SMALLEST_SHARE = 1e-4


class Selection(NamedTuple):
    """Names kept, in their order, and why each other one was dropped."""

    kept: tuple[str, ...]
    dropped: Mapping[str, str]


def select(dataset: Dataset, *, psi_limit: float = PSI_LIMIT) -> Selection:
    """Drop features that are nearly constant, repeat an earlier one, or whose values drifted.

    Give it rows before the test only; labels are not looked at. Drift is the population stability index between the
    first and the last third of the cut-offs. Nothing is dropped for it with fewer than three cut-offs, nor where more
    than `MOST_UNSTABLE` of the features drift: then the readers have changed, and leaving columns out is no remedy.
    """
    dropped: dict[str, str] = {}
    for place, name in enumerate(dataset.names):
        if reason := _constant(dataset.features[:, place]):
            dropped[name] = reason
    dropped |= _unstable(dataset, psi_limit, set(dropped))
    dropped |= _repeated(dataset, set(dropped))
    return Selection(tuple(name for name in dataset.names if name not in dropped), dropped)


def population_stability(early: NDArray[np.float32], late: NDArray[np.float32], bins: int = 10) -> float:
    """How far the values of `late` moved from those of `early`; below 0.1 little, above 0.25 much.

    PSI = sum over bins of (late share - early share) * ln(late share / early share), in `bins` bins of
    equal count in `early`, with one more for missing values; shares below 0.0001 count as 0.0001.

    >>> population_stability(np.float32([0, 0, 1, 1]), np.float32([0, 1, 1, 1]), bins=2)   # .25 x ln 1.5 + .25 x ln 2
    0.2746...
    """
    known = early[~np.isnan(early)]
    edges = np.unique(np.quantile(known.astype(np.float64), np.arange(1, bins) / bins)) if known.size else np.empty(0)
    shares = [np.maximum(_shares(values, edges), _SMALLEST_SHARE) for values in (early, late)]
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def _shares(values: NDArray[np.float32], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    missing = np.isnan(values)
    counts = np.bincount(np.searchsorted(edges, values[~missing], side="left"), minlength=len(edges) + 1)
    return np.append(counts, missing.sum()) / max(1, len(values))


def _constant(values: NDArray[np.float32]) -> str | None:
    missing = np.isnan(values)
    if missing.all():
        return "never known"
    _, counts = np.unique(values[~missing], return_counts=True)
    share = max(int(counts.max()), int(missing.sum())) / len(values)
    return f"nearly constant: one value in {share:.1%} of the rows" if share >= CONSTANT_SHARE else None


def _unstable(dataset: Dataset, limit: float, skip: set[str]) -> dict[str, str]:
    cutoffs = np.unique(dataset.as_of)
    if len(cutoffs) < 3:
        return {}
    third = len(cutoffs) // 3
    early = np.isin(dataset.as_of, cutoffs[:third])
    late = np.isin(dataset.as_of, cutoffs[-third:])
    found = {}
    for place, name in enumerate(dataset.names):
        if name not in skip:
            values = dataset.features[:, place]
            moved = population_stability(values[early], values[late])
            if moved > limit:
                found[name] = (
                    f"unstable over time: PSI {moved:.2f} between the first and the last third of the cut-offs"
                )
    return found if len(found) <= MOST_UNSTABLE * (len(dataset.names) - len(skip)) else {}


def _repeated(dataset: Dataset, skip: set[str]) -> dict[str, str]:
    """Features that say the same as an earlier one: |correlation| of at least 0.9999 and missing in the same rows."""
    names = [name for name in dataset.names if name not in skip and name not in dataset.categories]
    if not names or not len(dataset):
        return {}
    rows = np.linspace(0, len(dataset) - 1, min(len(dataset), _SAMPLE_ROWS)).astype(np.intp)
    columns = np.array([dataset.names.index(name) for name in names], dtype=np.intp)
    values = dataset.features[np.ix_(rows, columns)].astype(np.float64)
    missing = np.isnan(values)
    standard = np.where(missing, 0.0, values - np.nanmean(values, axis=0))
    length = np.sqrt((standard**2).sum(axis=0))
    standard /= np.where(length > 0, length, 1.0)
    same = (np.abs(standard.T @ standard) >= SAME_CORRELATION) & (length > 0)[:, None]
    found: dict[str, str] = {}
    for later in range(len(names)):
        for earlier in np.flatnonzero(same[later, :later]):
            if names[earlier] not in found and np.array_equal(missing[:, later], missing[:, earlier]):
                found[names[later]] = f"says the same as {names[earlier]}"
                break
    return found
