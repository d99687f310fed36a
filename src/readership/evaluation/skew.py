"""Did serving see what training would have seen? Comparisons of the skew audit, on matrices only.

Both sides are 32-bit numbers made by the same code from the same rows, so they must be equal, not nearly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.evaluation.leakage import Check

Verdict = Literal["equal", "skew", "nothing_compared"]
EXAMPLES = 5


class Compared(NamedTuple):
    """How served rows [n, p] differ from offline rows [n, p].

    max_abs_diff  largest difference of a number that both sides have
    columns       readers that differ, by feature: another number, or one that only one side has
    """

    rows: int
    max_abs_diff: float
    columns: dict[str, int]

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not self.columns


def compare_rows(
    served: NDArray[np.floating[Any]], offline: NDArray[np.floating[Any]], names: Sequence[str]
) -> Compared:
    """Compare row by row; missing (nan) equals missing only.

    >>> compare_rows(np.array([[1.0, np.nan]]), np.array([[1.5, 2.0]]), ["a", "b"])
    Compared(rows=1, max_abs_diff=0.5, columns={'a': 1, 'b': 1})
    """
    one, other = np.isnan(served), np.isnan(offline)
    distance = np.where(one | other, 0.0, np.abs(served.astype(np.float64) - offline))
    differs = (distance > 0) | (one != other)
    counts = differs.sum(axis=0)
    columns = {name: int(count) for name, count in zip(names, counts, strict=True) if count}
    return Compared(len(served), float(distance.max(initial=0.0)), columns)


def check_of(name: str, compared: Compared, what: str) -> Check:
    """A check of `what` ("stored features and SQL"), in words."""
    found = {"max_abs_diff": compared.max_abs_diff, "differing": compared.columns}
    if not compared.rows:
        return Check(name, "skipped", 0, f"{what}: there is no row to compare", found)
    if compared.equal:
        return Check(name, "pass", compared.rows, f"{what} are equal for {compared.rows:,} readers", found)
    worst = sorted(compared.columns.items(), key=lambda item: -item[1])[:EXAMPLES]
    said = ", ".join(f"{feature} ({readers:,} readers)" for feature, readers in worst)
    return Check(name, "fail", compared.rows, f"{what} differ in {said}", found)


@dataclass(frozen=True)
class SkewReport:
    """Every check, and what they say together.

    as_of  when the features in use are
    """

    as_of: str | None
    checks: tuple[Check, ...]

    @property
    def verdict(self) -> Verdict:
        """`skew` when a check fails, `nothing_compared` when the features themselves compared nothing."""
        if any(check.result == "fail" for check in self.checks):
            return "skew"
        needed = [check for check in self.checks if check.name == "features"]
        return "equal" if any(check.rows_compared for check in needed) else "nothing_compared"

    @property
    def rows_compared(self) -> int:
        """Rows of all checks together."""
        return sum(check.rows_compared for check in self.checks)

    @property
    def max_abs_diff(self) -> float:
        """The largest difference of a number in any check."""
        return max((check.found.get("max_abs_diff", 0.0) for check in self.checks), default=0.0)

    def as_dict(self) -> dict[str, Any]:
        """`{"verdict": …, "rows_compared": n, "max_abs_diff": x, "features_as_of": …, "checks": […]}`."""
        return {
            "verdict": self.verdict,
            "rows_compared": self.rows_compared,
            "max_abs_diff": self.max_abs_diff,
            "features_as_of": self.as_of,
            "checks": [check.as_dict() for check in self.checks],
        }
