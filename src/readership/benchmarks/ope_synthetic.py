"""Logs made up from known chances and known click rates: what each estimator should have said is exact."""

from typing import NamedTuple

import numpy as np

from readership.evaluation.off_policy.estimators import ESTIMATORS
from readership.evaluation.off_policy.evaluate import evaluate
from readership.evaluation.off_policy.logged import Floats, Logged

CONTEXTS, ACTIONS = 6, 8
MANY, LARGE_LOGS = 100_000, 10
REPLICATES = 200


class Made(NamedTuple):
    """A log, the policy asked about [contexts, actions], and its true value."""

    logged: Logged
    target: Floats
    truth: float


def made(rows: int, seed: int) -> Made:
    """Click rates of 5 to 25 %, both policies drawn at random, contexts unlike in how often they occur.

    The world (rates, policies) is always the same; the seed draws the log.
    """
    world = np.random.default_rng(12)
    rate = world.uniform(0.05, 0.25, (CONTEXTS, ACTIONS))
    logging, target = (world.dirichlet(np.full(ACTIONS, of), CONTEXTS) for of in (3.0, 1.5))
    logging = 0.8 * logging + 0.2 / ACTIONS
    often = world.dirichlet(np.full(CONTEXTS, 5.0))
    rng = np.random.default_rng(seed)
    context = rng.choice(CONTEXTS, rows, p=often)
    action = (rng.random(rows)[:, None] > logging.cumsum(axis=1)[context]).sum(axis=1).clip(max=ACTIONS - 1)
    clicked = (rng.random(rows) < rate[context, action]).astype(np.float64)
    log = Logged(context, action, clicked, logging[context, action], np.arange(rows))
    return Made(log, target, float(often @ (target * rate).sum(axis=1)))


def _errors(large: Made) -> dict[str, float]:
    """How far off each estimator is, as a share of the truth."""
    found = evaluate(large.logged, large.target, replicates=2).estimates
    return {name: abs(one["value"] - large.truth) / large.truth for name, one in found.items()}


def synthetic(runs: int, rows: int) -> dict[str, float]:
    """How far off each estimator is at 100,000 rows, and how often its interval holds the truth over many logs."""
    errors = [_errors(made(MANY, seed)) for seed in range(1_000, 1_000 + LARGE_LOGS)]
    figures = {f"{name}_error_at_100k": round(sum(one[name] for one in errors) / len(errors), 4) for name in ESTIMATORS}
    covered = dict.fromkeys(ESTIMATORS, 0)
    for seed in range(1, runs + 1):
        small = made(rows, seed)
        for name, one in evaluate(small.logged, small.target, replicates=REPLICATES, seed=seed).estimates.items():
            low, high = one["ci95"]
            covered[name] += low <= small.truth <= high
    return figures | {f"{name}_coverage": round(many / runs, 3) for name, many in covered.items()}
