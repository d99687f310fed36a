"""What a contact did: the rates of two arms drawn by lot, their difference with its interval, and what it was worth.

Everybody counts in the arm they were drawn into, whether or not the contact reached them (intention to treat).
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Metric

Z = 1.959964
POWER_Z = 0.841621
FEW = 10
"""Readers who did, or did not, in an arm: with fewer, the normal interval of the adjusted estimate is not used."""
SUSPICIOUS = 0.001
"""Chance of arms as unequal as these below which the split counts as broken."""
Floats = NDArray[np.float64]


class Estimate(NamedTuple):
    """A difference of rates, treated minus control, with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Arms:
    """What came of each reader.

    treated  bool [n]
    outcome  0 or 1 [n]: left, or subscribed
    score    the probability of it that the model gave beforehand [n]
    """

    treated: NDArray[np.bool_]
    outcome: Floats
    score: Floats

    def counts(self) -> tuple[int, int, int, int]:
        """Outcomes and readers of the treated, then of the control group."""
        there = self.treated
        return int(self.outcome[there].sum()), int(there.sum()), int(self.outcome[~there].sum()), int((~there).sum())


class Money(NamedTuple):
    """Of one contact (cost) and of one subscription, or one reader kept (value), EUR."""

    cost: float
    value: float


def wilson(count: int, readers: int) -> tuple[float, float]:
    """The 95 % interval of a share.

    >>> [round(bound, 4) for bound in wilson(56, 70)]
    [0.6918, 0.877]
    """
    share, z2 = count / readers, Z * Z
    middle = share + z2 / (2 * readers)
    half = Z * math.sqrt(share * (1 - share) / readers + z2 / (4 * readers * readers))
    return max(0.0, (middle - half) / (1 + z2 / readers)), min(1.0, (middle + half) / (1 + z2 / readers))


def newcombe(count: int, readers: int, other_count: int, other_readers: int) -> Estimate:
    """Difference of two shares, its interval from those of both (Newcombe 1998, method 10).

    >>> tuple(round(part, 4) for part in newcombe(56, 70, 48, 80))
    (0.2, 0.0524, 0.3339)
    """
    share, other = count / readers, other_count / other_readers
    low, high = wilson(count, readers)
    other_low, other_high = wilson(other_count, other_readers)
    return Estimate(
        share - other,
        share - other - math.hypot(share - low, other_high - other),
        share - other + math.hypot(high - share, other - other_low),
    )


def adjusted(arms: Arms) -> Estimate:
    """The same difference, less what the arms differed in beforehand by their scores (CUPED).

    y - theta x in place of y, theta the slope of the outcome on the score within arms; variances of the arms apart.
    With a score that says nothing, theta is about 0 and nothing is gained or lost.
    """
    within, of = np.zeros(len(arms.score)), np.zeros(len(arms.score))
    for arm in (arms.treated, ~arms.treated):
        within[arm] = arms.score[arm] - arms.score[arm].mean()
        of[arm] = arms.outcome[arm] - arms.outcome[arm].mean()
    spread = float(within @ within)
    theta = float(within @ of) / spread if spread > 0 else 0.0
    rest = arms.outcome - theta * arms.score
    one, other = rest[arms.treated], rest[~arms.treated]
    value = float(one.mean() - other.mean())
    half = Z * math.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
    return Estimate(value, value - half, value + half)


def split_p(treated: int, control: int, share_control: float) -> float:
    """Chance of arms at least as far from the shares they were drawn with (chi-square, one degree of freedom).

    >>> round(split_p(800, 200, 0.2), 3), round(split_p(840, 160, 0.2), 4)
    (1.0, 0.0016)
    """
    readers = treated + control
    expected = readers * share_control
    chi2 = (control - expected) ** 2 / expected + (control - expected) ** 2 / (readers - expected)
    return math.erfc(math.sqrt(chi2 / 2))


def effect(arms: Arms, money: Money, *, to_prevent: bool, contacts: int, share_control: float) -> dict[str, Any]:
    """What the contact did to the outcome, and what that was worth.

    to_prevent     whether the outcome is to be prevented (left), or else what the contact is for (subscribed)
    contacts       readers contacted: all of them, whatever is known of them now
    share_control  with which the arms were drawn

    `helped` is the number of subscriptions gained, or of leavers saved, among `contacts`.
    """
    count, readers, other_count, other_readers = arms.counts()
    plain = newcombe(count, readers, other_count, other_readers)
    enough = min(count, readers - count, other_count, other_readers - other_count) >= FEW
    main = adjusted(arms) if enough else plain
    gain = Estimate(-main.value, -main.high, -main.low) if to_prevent else main
    p = split_p(readers, other_readers, share_control)
    helped = _metric([part * contacts for part in gain])
    cost = contacts * money.cost
    net = _metric([part * contacts * money.value - cost for part in gain])
    half = (main.high - main.low) / 2
    return {
        "method": "adjusted" if enough else "newcombe",
        "arms": {
            "treatment": _arm(count, readers),
            "control": _arm(other_count, other_readers),
        },
        "difference": _metric(list(main)),
        "difference_unadjusted": _metric(list(plain)),
        "interval_narrower_by": round(1 - (main.high - main.low) / (plain.high - plain.low), 4) if enough else 0.0,
        "helped": helped,
        "cost_eur": round(cost, 2),
        "net_eur": net,
        "cost_per_helped_eur": _per(cost, helped),
        "split": {"p": p, "broken": p < SUSPICIOUS, "share_control": share_control},
        "detectable": round(half / Z * (Z + POWER_Z), 6),
        "pays_from": round(money.cost / money.value, 6),
        "sure": bool(gain.low > 0 or gain.high < 0),
    }


def _arm(count: int, readers: int) -> dict[str, Any]:
    low, high = wilson(count, readers)
    return {"readers": readers, "outcomes": count, "rate": _metric([count / readers, low, high])}


def _metric(parts: list[float]) -> Metric:
    value, low, high = (round(part, 6) for part in parts)
    return {"value": value, "ci95": [low, high]}


def _per(cost: float, helped: Metric) -> Metric:
    """Cost of each; without an upper bound where it is not sure that anybody was helped, unknown where nobody was."""
    if helped["value"] <= 0:
        return {"value": None, "ci95": [None, None]}
    low, high = helped["ci95"]
    return {
        "value": round(cost / helped["value"], 2),
        "ci95": [round(cost / high, 2), round(cost / low, 2) if low > 0 else None],
    }
