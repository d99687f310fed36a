"""Can the log of one policy say what another would bring? ZOZO's shop ran two side by side, so the answer is known.

Three campaigns of 10,000 decisions each, drawn evenly; the policy asked about ran at the same time. And worlds made up
here, whose truth is exact, for what forty clicks a log cannot tell: how far off, and whether intervals hold.
"""

import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from readership.benchmarks.ope_synthetic import synthetic
from readership.benchmarks.result import result
from readership.errors import InputError
from readership.evaluation.off_policy.estimators import ESTIMATORS
from readership.evaluation.off_policy.evaluate import Valued, evaluate
from readership.evaluation.off_policy.logged import Floats, Logged
from readership.evaluation.off_policy.overlap import ThinOverlap

FOLDER = Path("open_bandit")
CAMPAIGNS = ("all", "men", "women")
POSITIONS = 3
REVERSED = "women"
PROTOCOL = (
    "log: the evenly drawn policy's decisions with logged propensities; asked about: the other policy's chances of "
    "items by position, counted in its own log; truth: that log's click rate; reward models of 3 cross-fitted folds, "
    "intervals of 500 bootstrap draws with refit. <name>_error: mean over campaigns of |estimate - truth| / truth; "
    "<name>_covers: 1 where every interval holds the truth; ess: least of the campaigns. About 40 clicks a log cannot "
    "rank estimators: a check of correctness, no contest. reversed_refused: the other way round ({reversed}) is "
    "refused. *_error_at_100k (mean of ten logs), *_coverage ({runs} logs of {rows:,} rows): made-up, of known truth"
)


class Campaign(NamedTuple):
    """Both logs, and each policy's chances of items by position [positions, items]."""

    even: Logged
    other: Logged
    of_even: Floats
    of_other: Floats


def run(data: Path, *, runs: int = 500, rows: int = 3_000) -> dict[str, Any]:
    """Figures: <name>_error and <name>_covers of each estimator, ess; by campaign under peers."""
    began = time.monotonic()
    figures: dict[str, Any] = {}
    campaigns = {name: read_campaign(data / FOLDER, name) for name in CAMPAIGNS}
    found = {name: evaluate(one.even, one.of_other) for name, one in campaigns.items()}
    truth = {name: float(one.other.reward.mean()) for name, one in campaigns.items()}
    for name in ESTIMATORS:
        figures |= _judged(name, found, truth)
    figures["ess"] = round(min(one.overlap.ess for one in found.values()), 1)
    figures |= _reversed(campaigns[REVERSED])
    figures |= synthetic(runs, rows)
    peers = {name: _table(one, truth[name]) for name, one in found.items()}
    protocol = PROTOCOL.format(reversed=REVERSED, runs=runs, rows=rows)
    return result("ope-openbandit", figures, peers, protocol, time.monotonic() - began)


def read_campaign(folder: Path, name: str) -> Campaign:
    """InputError where a log is not there."""
    even, other = (_read(folder / policy / name / f"{name}.csv.gz") for policy in ("random", "bts"))
    items = 1 + max(int(even.action.max()), int(other.action.max()))
    return Campaign(even, other, _chances(even, items), _chances(other, items))


def _read(file: Path) -> Logged:
    if not file.is_file():
        raise InputError(f"{file} does not exist; --data names the folder that holds {FOLDER}")
    rows = pl.read_csv(file, columns=["item_id", "position", "click", "propensity_score"])
    return Logged(
        context=rows["position"].to_numpy() - 1,
        action=rows["item_id"].to_numpy(),
        reward=rows["click"].to_numpy().astype(np.float64),
        propensity=rows["propensity_score"].to_numpy(),
        unit=np.arange(len(rows)),
    )


def _chances(log: Logged, items: int) -> Floats:
    """How often each item stood at each position, as shares."""
    counts = np.zeros((POSITIONS, items))
    np.add.at(counts, (log.context, log.action), 1.0)
    return counts / counts.sum(axis=1, keepdims=True)


def _judged(name: str, found: dict[str, Valued], truth: dict[str, float]) -> dict[str, Any]:
    of = {campaign: one.estimates[name] for campaign, one in found.items()}
    error = np.mean([abs(one["value"] - truth[campaign]) / truth[campaign] for campaign, one in of.items()])
    covers = all(one["ci95"][0] <= truth[campaign] <= one["ci95"][1] for campaign, one in of.items())
    return {f"{name}_error": round(float(error), 4), f"{name}_covers": int(covers)}


def _reversed(campaign: Campaign) -> dict[str, int]:
    try:
        evaluate(campaign.other, campaign.of_even)
    except ThinOverlap:
        return {"reversed_refused": 1}
    return {"reversed_refused": 0}


def _table(found: Valued, truth: float) -> dict[str, Any]:
    """Click rates in percent, each with its interval."""
    rows: dict[str, Any] = {"on_policy_percent": round(100 * truth, 3), "ess": round(found.overlap.ess, 1)}
    for name, one in found.estimates.items():
        low, high = (round(100 * bound, 3) for bound in one["ci95"])
        rows |= {name: round(100 * one["value"], 3), f"{name}_low": low, f"{name}_high": high}
    return rows
