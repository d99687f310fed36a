"""What each action brings in each context: means, those of little behind them drawn to the means above them.

Rates of an action in a context are shrunk to the action's rate over all contexts times how the context does, and the
action's to the mean of all (credibility: Bühlmann 1967). Cross-fitted: a row is predicted by a model that has seen none
of its unit, so that what happened to it does not speak for itself.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.evaluation.off_policy.logged import Floats, Logged

STRONGEST = 1e6


class Sums(NamedTuple):
    """Of rows in each fold, context and action [folds, contexts, actions]: how many, Σ reward, Σ reward²."""

    rows: Floats
    reward: Floats
    square: Floats


def fold_of(logged: Logged, folds: int, seed: int) -> NDArray[np.intp]:
    """The fold of each row [n]; rows of one unit share theirs."""
    names, place = np.unique(logged.unit, return_inverse=True)
    return (np.random.default_rng(seed).permutation(len(names)) % folds)[place]


def sums(cell: NDArray[np.intp], reward: Floats, times: Floats, shape: tuple[int, int, int]) -> Sums:
    """Sums over rows, each counting `times`.

    shape  (folds, contexts, actions); `cell` is the row's place in it, as if it were one long row [n]
    """

    def total(of: Floats) -> Floats:
        return np.bincount(cell, of, int(np.prod(shape))).reshape(shape).astype(np.float64)

    rewarded = times * reward
    return Sums(total(times), total(rewarded), total(rewarded * reward))


def fitted(of: Sums) -> Floats:
    """Expected rewards for the rows of each fold, by all other folds [folds, contexts, actions]."""
    return np.stack([_table(Sums(*(total.sum(axis=0) - total[k] for total in of))) for k in range(len(of.rows))])


def _table(of: Sums) -> Floats:
    whole = of.reward.sum() / max(of.rows.sum(), 1e-12)
    within = max(of.square.sum() / max(of.rows.sum(), 1e-12) - whole**2, 1e-12)
    rows, reward = of.rows.sum(axis=0), of.reward.sum(axis=0)
    action = _shrunk(rows, reward, np.full(rows.shape, whole), within)
    rows, reward = of.rows.sum(axis=1), of.reward.sum(axis=1)
    context = _shrunk(rows, reward, np.full(rows.shape, whole), within)
    meant = context[:, None] * action / whole if whole > 0 else np.zeros(of.rows.shape)
    return _shrunk(of.rows, of.reward, meant, within)


def _shrunk(rows: Floats, reward: Floats, meant: Floats, within: float) -> Floats:
    """(Σ reward + k · meant) / (rows + k), k = variance within / variance between, by moments."""
    used = rows > 0
    between = (reward[used] - rows[used] * meant[used]) ** 2 / rows[used] - within
    apart = between.sum() / max(rows[used].sum(), 1e-12)
    k = min(within / apart, STRONGEST) if apart > 0 else STRONGEST
    return (reward + k * meant) / (rows + k)
