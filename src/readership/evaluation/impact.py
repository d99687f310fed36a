"""What a policy changed, reader by reader, in worlds that differ in it alone; and the roadmap's targets beside it.

Two worlds of one seed share every draw that the policy does not touch, so each reader is compared with the same reader.
An interval draws readers with replacement, each with all worlds.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Metric
from readership.evaluation.bootstrap import Draws, metric

Floats = NDArray[np.float64]


class Outcome(NamedTuple):
    """One thing that is compared.

    words       what it is, for a table
    readers     whose it is, in words; `unit` is what its figure is of: "share", "minutes", "visits" or "eur"
    better      1 where more of it is better, else -1
    target      the relative change that the roadmap asks for; None where it asks for none
    """

    words: str
    readers: str
    unit: str
    better: int
    target: float | None = None


SEEN = "registered readers seen in the 56 days before"
PAYING = "subscribers whose paid period ended in the next 30 days"
OUTCOMES = {
    "churn": Outcome("readers lost: no visit in the last 28 days", SEEN, "share", -1, -0.10),
    "subscribers_lost": Outcome("subscribers lost: pay no more at the end", PAYING, "share", -1, -0.10),
    "cancels_expected": Outcome("cancellations to be expected of the same", PAYING, "share", -1),
    "conversion": Outcome("free readers who began to pay", "free readers seen in the 28 days before", "share", 1, 0.15),
    "engaged_minutes": Outcome("engaged minutes a reader", SEEN, "minutes", 1, 0.20),
    "visits": Outcome("visits a reader", SEEN, "visits", 1),
    "subscription_eur": Outcome("subscription revenue", "everybody", "eur", 1),
    "ads_eur": Outcome("advertising revenue", "everybody", "eur", 1),
    "revenue_eur": Outcome("both together", "everybody", "eur", 1),
}
"""In reading order. `cancels_expected` sums the simulator's own chances at each decision to renew: no luck is in it."""


def compared(worlds: Mapping[str, Floats], base: str) -> dict[str, dict[str, Any]]:
    """Of each world: `mean` a reader, `total`, `lift` over the base (relative) and `change` a reader, with intervals.

    worlds  by name one number for each reader [n], the same readers in the same order

    >>> both = compared({"a": np.array([1.0, 1.0]), "b": np.array([2.0, 1.0])}, "a")
    >>> both["b"]["lift"]["value"], both["b"]["change"]["value"], both["a"]["lift"]
    (0.5, 0.5, {'value': 0.0, 'ci95': [0.0, 0.0]})
    """
    names, readers = list(worlds), len(worlds[base])
    values = np.stack([worlds[name] for name in names], axis=1)
    totals, drawn = values.sum(axis=0), Draws.of(np.arange(readers)).sums(values)
    at = names.index(base)
    found = {}
    for column, name in enumerate(names):
        same = bool((values[:, column] == values[:, at]).all())
        found[name] = {
            "mean": round(float(totals[column] / max(readers, 1)), 6),
            "total": round(float(totals[column]), 4),
            "lift": NOTHING if same else _lift(totals[column], totals[at], drawn[:, column], drawn[:, at]),
            "change": NOTHING
            if same
            else metric(float(totals[column] - totals[at]) / readers, (drawn[:, column] - drawn[:, at]) / readers),
        }
    return found


NOTHING: Metric = {"value": 0.0, "ci95": [0.0, 0.0]}
"""What a policy that does nothing changes: twin worlds are then the same world."""


def _lift(over: float, under: float, drawn_over: Floats, drawn_under: Floats) -> Metric:
    with np.errstate(divide="ignore", invalid="ignore"):  # nothing to be lifted: `metric` says that it is not known
        return metric(float(np.float64(over) / under - 1), drawn_over / drawn_under - 1)


FEWEST_EVENTS = 30
"""Fewer losses or starts in the standing world say nothing, however narrow the interval drawn from them."""


def verdict(lift: Metric, target: float, events: float) -> str:
    """Whether the whole interval lies beyond the target, short of it, or on both sides of it.

    events  how often the outcome came true in the standing world; of `FEWEST_EVENTS` at least something can be told

    >>> verdict({"value": -0.12, "ci95": [-0.15, -0.11]}, -0.10, 99), verdict({"value": 2, "ci95": [1, 3]}, 0.15, 7)
    ('reached', 'cannot be told')
    """
    low, high = lift["ci95"]
    if events < FEWEST_EVENTS or lift["value"] is None or low is None or high is None:
        return "cannot be told"
    sign = 1 if target > 0 else -1
    near, far = sorted((sign * low, sign * high))
    if near >= abs(target):
        return "reached"
    return "not reached" if far < abs(target) else "cannot be told"


def within(outcome: Floats, treated: NDArray[np.bool_], twin: Floats) -> dict[str, Any]:
    """An experiment inside one world, beside what the twins say of the same readers.

    outcome  1 where it came true [n], in the world in which only `treated` were contacted
    twin     of the same readers, the difference between a world in which all are contacted and one in which none is
    """
    arms = [outcome[treated], outcome[~treated]]
    rates = [float(arm.mean()) if len(arm) else float("nan") for arm in arms]
    error = float(np.sqrt(sum(rate * (1 - rate) / max(len(arm), 1) for rate, arm in zip(rates, arms, strict=True))))
    difference = rates[0] - rates[1]
    spread = float(twin.std() / np.sqrt(len(twin))) if len(twin) else float("nan")
    return {
        "contacted": int(treated.sum()),
        "left_alone": int((~treated).sum()),
        "experiment": _bounds(difference, error),
        "twins": _bounds(float(twin.mean()) if len(twin) else float("nan"), spread),
    }


def _bounds(value: float, error: float) -> Metric:
    if not np.isfinite(value):
        return {"value": None, "ci95": [None, None]}
    return {"value": round(value, 6), "ci95": [round(value - 1.96 * error, 6), round(value + 1.96 * error, 6)]}
