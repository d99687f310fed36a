"""Did a number know the future? Comparisons of the leakage audit, on frames and vectors only.

A check compares what was computed with everything in the warehouse against what is computed when the future is
deleted, or against a second way to the same number. It passes, fails, or is skipped with its reason; a check that
compared nothing never passes.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.contracts import Dataset
from readership.evaluation.metrics import roc_auc

Result = Literal["pass", "fail", "skipped"]
Verdict = Literal["clean", "leak", "nothing_compared"]
EXAMPLES = 5


@dataclass(frozen=True)
class Check:
    """What one check found.

    rows_compared  rows that were held against each other; 0 never passes
    detail         one sentence for people
    found          further numbers and names, for machines
    """

    name: str
    result: Result
    rows_compared: int
    detail: str
    found: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The check as it is printed."""
        base = {"name": self.name, "result": self.result, "rows_compared": self.rows_compared, "detail": self.detail}
        return base | dict(self.found)


@dataclass(frozen=True)
class AuditReport:
    """Every check, and what they say together."""

    checks: tuple[Check, ...]
    features_checked: int
    verdict: Verdict

    def as_dict(self) -> dict[str, Any]:
        """`{"checks": […], "features_checked": n, "verdict": …}`."""
        return {
            "checks": [check.as_dict() for check in self.checks],
            "features_checked": self.features_checked,
            "verdict": self.verdict,
        }

    def summary(self) -> dict[str, Any]:
        """The part of an evaluation file that speaks of leakage."""
        by_name = {check.name: check for check in self.checks}
        shuffled, strongest = by_name.get("shuffled_labels"), by_name.get("strongest_single_feature")
        travel = by_name.get("time_travel")
        return {
            "time_travel": travel.result if travel else "skipped",
            "shuffled_label_auc": shuffled.found.get("auc") if shuffled else None,
            "strongest_single_feature": strongest.found.get("feature") if strongest else None,
            "verdict": self.verdict,
        }


def verdict(checks: Sequence[Check], needed: Sequence[str]) -> Verdict:
    """`leak` when any check fails; `nothing_compared` when a needed one compared nothing; else `clean`.

    >>> verdict([Check("a", "pass", 3, ""), Check("b", "skipped", 0, "")], needed=["a"])
    'clean'
    >>> verdict([Check("a", "pass", 3, ""), Check("b", "skipped", 0, "")], needed=["b"])
    'nothing_compared'
    """
    if any(check.result == "fail" for check in checks):
        return "leak"
    compared = {check.name for check in checks if check.rows_compared > 0}
    return "clean" if set(needed) <= compared and compared else "nothing_compared"


class Difference(NamedTuple):
    """How two frames of the same question differ.

    rows      readers compared: those in either frame
    columns   readers whose value differs, by column
    only_one  readers that one of the frames does not have
    examples  a few differing cells in words
    """

    rows: int
    columns: dict[str, int]
    only_one: int
    examples: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not self.columns and not self.only_one


def compare(full: pl.DataFrame, cut: pl.DataFrame, key: str = "user_id", tolerance: float = 1e-6) -> Difference:
    """Differences between what was computed with the future (`full`) and without it (`cut`).

    Numbers are equal within `tolerance` relative to their size; missing equals missing only.

    >>> a = pl.DataFrame({"user_id": [1, 2], "reads": [3.0, None]})
    >>> b = pl.DataFrame({"user_id": [1, 2], "reads": [3.0, 4.0]})
    >>> compare(a, b).columns
    {'reads': 1}
    """
    names = [name for name in full.columns if name != key]
    both = full.join(cut, on=key, how="full", suffix=" (cut)", coalesce=True).sort(key)
    shared = both[key].is_in(full[key].implode()) & both[key].is_in(cut[key].implode())
    columns: dict[str, int] = {}
    examples: list[str] = []
    for name in names:
        differs = _differs(both[name], both[f"{name} (cut)"], tolerance) & shared
        if count := int(differs.sum()):
            columns[name] = count
            examples += _examples(both.filter(differs), key, name)[: EXAMPLES - len(examples)]
    return Difference(both.height, columns, int((~shared).sum()), tuple(examples))


def strongest_single_feature(dataset: Dataset, limit: float = 0.95) -> Check:
    """Name the feature that alone separates the labels best; above `limit` it most likely knows the answer."""
    aucs = single_feature_aucs(dataset)
    name = next(iter(aucs))
    found = {"feature": {"name": name, "auc": round(aucs[name], 4)}, "limit": limit}
    said = f"{name} alone reaches an AUC of {aucs[name]:.3f}; the limit is {limit}"
    return Check("strongest_single_feature", "fail" if aucs[name] > limit else "pass", len(dataset), said, found)


def single_feature_aucs(dataset: Dataset) -> dict[str, float]:
    """ROC AUC of each feature alone, in the direction that helps it; the strongest first.

    A missing number ranks below all others, or above, whichever is stronger. A category ranks by the share of
    labels among the other half of the readers, so that rare words do not flatter it.
    """
    aucs = {}
    for column, name in enumerate(dataset.names):
        values = dataset.features[:, column].astype(np.float64)
        if name in dataset.categories:
            aucs[name] = _folded(dataset.label, _rates(values, dataset))
        else:
            lowest, highest = np.nanmin(values, initial=0.0) - 1, np.nanmax(values, initial=0.0) + 1
            both = (np.where(np.isnan(values), fill, values) for fill in (lowest, highest))
            aucs[name] = max(_folded(dataset.label, filled) for filled in both)
    return dict(sorted(aucs.items(), key=lambda item: -item[1]))


def shuffled_labels(
    train: Dataset, test: Dataset, fit_and_score: Callable[[Dataset, Dataset], NDArray[np.float64]], times: int = 5
) -> Check:
    """Deal the labels anew, fit and judge as always: the AUC must be 0.5 within its interval.

    Labels are dealt among the rows of each cut-off, `times` over; the interval is that of the mean, wide enough
    that chance alone leaves it once in a thousand audits.
    """
    aucs, errors = [], []
    for seed in range(times):
        dealt, judged = (replace(part, label=deal_labels(part, seed)) for part in (train, test))
        aucs.append(_auc(judged.label, fit_and_score(dealt, judged)))
        positives = int(judged.label.sum())
        errors.append(auc_standard_error(0.5, positives, len(judged) - positives))
    low, high = auc_interval(aucs, errors)
    mean = sum(aucs) / times
    found = {"auc": round(mean, 4), "interval": [low, high], "level": 0.999, "shuffles": times}
    said = f"a model fitted to labels dealt at random reaches an AUC of {mean:.3f} [{low:.3f}, {high:.3f}]"
    return Check("shuffled_labels", "pass" if low <= 0.5 <= high else "fail", times * len(test), said, found)


def deal_labels(dataset: Dataset, seed: int) -> NDArray[np.float32]:
    """The labels dealt anew among the rows of each cut-off."""
    generator = np.random.default_rng(seed)
    dealt = dataset.label.copy()
    for cutoff in np.unique(dataset.as_of):
        rows = np.flatnonzero(dataset.as_of == cutoff)
        dealt[rows] = dataset.label[generator.permutation(rows)]
    return dealt


def auc_interval(aucs: Sequence[float], standard_errors: Sequence[float], z: float = 3.29) -> tuple[float, float]:
    """Interval of the mean AUC of independent shuffles; z = 3.29 leaves 1 in 1,000 outside by chance.

    >>> auc_interval([0.48, 0.52], [0.01, 0.01], z=2.0)
    (0.4859, 0.5141)
    """
    mean = sum(aucs) / len(aucs)
    half = z * math.sqrt(sum(error**2 for error in standard_errors)) / len(aucs)
    return round(mean - half, 4), round(mean + half, 4)


def auc_standard_error(auc: float, positives: int, negatives: int) -> float:
    """Hanley and McNeil (1982): standard error of a ROC AUC.

    >>> round(auc_standard_error(0.5, 50, 50), 4)
    0.058
    """
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    return math.sqrt(spread / (positives * negatives))


def _differs(full: pl.Series, cut: pl.Series, tolerance: float) -> pl.Series:
    missing = full.is_null() != cut.is_null()
    if full.dtype.is_numeric() and cut.dtype.is_numeric():
        a, b = full.cast(pl.Float64), cut.cast(pl.Float64)
        nan = a.is_nan().fill_null(False) != b.is_nan().fill_null(False)
        size = pl.DataFrame([a.abs(), b.abs().alias("cut")]).max_horizontal().clip(1.0)
        apart = ((a - b).abs() > tolerance * size).fill_null(False) | nan
    else:
        apart = (full != cut).fill_null(False)
    return missing | apart


def _examples(rows: pl.DataFrame, key: str, name: str) -> list[str]:
    shown = rows.select(key, name, f"{name} (cut)").head(2).rows()
    return [f"{name} of reader {reader}: {full} with the future, {cut} without" for reader, full, cut in shown]


def _folded(label: NDArray[np.float32], score: NDArray[np.float64]) -> float:
    auc = _auc(label, score)
    return max(auc, 1 - auc)


def _auc(label: NDArray[np.float32], score: NDArray[np.float64]) -> float:
    """ROC AUC of any score: only its order counts."""
    values, place = np.unique(score, return_inverse=True)
    return float(roc_auc(label, place / max(1, len(values) - 1)))


def _rates(codes: NDArray[np.float64], dataset: Dataset) -> NDArray[np.float64]:
    """Share of labels of each code among readers of the other half (by parity of the id)."""
    half = (dataset.reader % np.uint64(2)).astype(bool)
    code = np.where(np.isnan(codes), -1, codes).astype(np.int64) + 1
    rates = np.zeros(len(code))
    for side in (half, ~half):
        counts = np.bincount(code[~side], minlength=code.max() + 1)
        ones = np.bincount(code[~side], weights=dataset.label[~side], minlength=code.max() + 1)
        base = dataset.label[~side].mean() if (~side).any() else 0.5
        rates[side] = ((ones + 20 * base) / (counts + 20))[code[side]]
    return rates
