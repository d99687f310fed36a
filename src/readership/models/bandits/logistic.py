"""Thompson where arms and contexts have properties: what is learnt of one travel ad tells of the next.

The log-odds of a click are a sum of weights, one for each property that holds of the arm in the cell; weights are
normal around 0, of a spread by kind of property. The posterior is approximated by a normal distribution at its peak
(Laplace), and chances of winning are counted over a fixed number of draws from it (Chapelle and Li 2011, batch form).
It is fitted anew from the counts at each refresh, so replicas merge by adding counts, and old days may weigh less.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readership.errors import InputError
from readership.models.bandits.chances import best
from readership.models.bandits.evidence import Evidence, Floats

STEPS = 25
SETTLED = 1e-8
MOST_LOG_ODDS = 30.0


@dataclass(frozen=True)
class Properties:
    """What holds of each arm in each cell.

    codes   numbers of the weights that add up [cells, arms, k]
    spread  standard deviation of each weight before anything was seen [weights]
    """

    codes: NDArray[np.intp]
    spread: Floats

    @classmethod
    def of(cls, columns: Sequence[tuple[NDArray[np.integer], float]]) -> "Properties":
        """Of columns of numbers [cells, arms], each with the spread of its weights.

        The first column is usually all 0 with a wide spread: the level of the whole.
        """
        codes, spread, begun = [], [], 0
        for values, wide in columns:
            if values.min() < 0 or not wide > 0:
                raise InputError("properties are numbered from 0, and their weights have a spread above 0")
            many = int(values.max()) + 1
            codes.append(values + begun)
            spread.append(np.full(many, wide))
            begun += many
        return cls(np.stack(codes, axis=-1), np.concatenate(spread))


@dataclass(frozen=True)
class Fitted:
    """Normal distribution of the weights: `mean` [weights] and the lower Cholesky factor of the precision."""

    mean: Floats
    factor: Floats

    def drawn(self, draws: int, rng: np.random.Generator) -> Floats:
        """Weights [draws, weights]."""
        noise = rng.standard_normal((len(self.mean), draws))
        return self.mean + np.linalg.solve(self.factor.T, noise).T


def fit(evidence: Evidence, properties: Properties, level: float) -> Fitted:
    """The peak of the posterior by Newton's method, and its curvature there.

    level  log-odds of a click where all weights are 0, such as those of the publisher's mean click rate
    """
    used = evidence.shown > 0
    codes, clicked = properties.codes[used], evidence.clicked[used]
    shown = np.maximum(evidence.shown[used], clicked)
    precision, many = 1 / properties.spread**2, len(properties.spread)
    weights = np.zeros(many)
    for _ in range(STEPS):
        rate = _rate(level + weights[codes].sum(axis=1))
        slope = _by_weight(codes, clicked - shown * rate, many) - precision * weights
        curve = _curvature(codes, shown * rate * (1 - rate), many) + np.diag(precision)
        step = np.linalg.solve(curve, slope)
        weights = weights + step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < SETTLED:
            break
    rate = _rate(level + weights[codes].sum(axis=1))
    curve = _curvature(codes, shown * rate * (1 - rate), many) + np.diag(precision)
    return Fitted(weights, np.asarray(np.linalg.cholesky(curve), np.float64))


@dataclass(frozen=True)
class LogisticThompson:
    """Chances of winning over draws of the weights.

    level  log-odds of a click of an arm of which nothing is known
    draws  how many sets of weights are drawn at each refresh
    """

    properties: Properties
    level: float
    draws: int = 200
    name: str = "thompson-logistic"

    def chances(self, evidence: Evidence, rng: np.random.Generator) -> Floats:
        """Shares of the draws in which each arm is worth most."""
        if self.properties.codes.shape[:2] != evidence.shown.shape:
            raise InputError(f"properties of {self.properties.codes.shape[:2]} arms, counts of {evidence.shown.shape}")
        fitted = fit(evidence, self.properties, self.level)
        wins = np.zeros(evidence.shown.shape)
        for weights in fitted.drawn(self.draws, rng):
            rate = _rate(self.level + weights[self.properties.codes].sum(axis=-1))
            wins += best(evidence.worth(rate), evidence.present)
        return wins / self.draws

    def rate(self, evidence: Evidence) -> Floats:
        """Click rates at the peak of the posterior [cells, arms]."""
        fitted = fit(evidence, self.properties, self.level)
        return _rate(self.level + fitted.mean[self.properties.codes].sum(axis=-1))


def _rate(log_odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(log_odds, -MOST_LOG_ODDS, MOST_LOG_ODDS)))


def _by_weight(codes: NDArray[np.intp], values: Floats, many: int) -> Floats:
    return np.bincount(codes.ravel(), np.repeat(values, codes.shape[1]), many).astype(np.float64)


def _curvature(codes: NDArray[np.intp], values: Floats, many: int) -> Floats:
    """Σ value · x xᵀ, x the 0/1 vector of a row's properties."""
    pairs = codes[:, :, None] * many + codes[:, None, :]
    total = np.bincount(pairs.ravel(), np.repeat(values, codes.shape[1] ** 2), many * many)
    return total.reshape(many, many).astype(np.float64)
