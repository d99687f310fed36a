"""Thompson where what an impression brings is a number, such as euros: a linear model with a normal prior, exactly.

What an arm brings in a cell is a sum of weights, one for each property that holds of it there (see `logistic.py`), and
noise. With a normal prior and noise of known spread the posterior is normal and has a closed form:
precision = Σ n·x xᵀ / noise² + 1 / spread², mean = precision⁻¹ · Σ x · (sum brought) / noise². Chances of winning are
counted over a fixed number of draws from it, as in the logistic form; it is fitted anew from sums at each refresh.
"""

from dataclasses import dataclass

import numpy as np

from readership.errors import InputError
from readership.models.bandits.chances import best
from readership.models.bandits.evidence import Flags, Floats
from readership.models.bandits.logistic import Fitted, Properties


@dataclass(frozen=True)
class Brought:
    """Sums of what was brought, which replicas can add up.

    shown    impressions [cells, arms]
    total    what they brought together, such as euros [cells, arms]
    present  which arms may be shown in which cells [cells, arms]
    """

    shown: Floats
    total: Floats
    present: Flags

    def __post_init__(self) -> None:
        if not (self.shown >= 0).all() or not np.isfinite(self.total).all() or not np.isfinite(self.shown).all():
            raise InputError("impressions are counted from 0 on, and what they brought is a finite number")


def fit_linear(brought: Brought, properties: Properties, level: float, noise: float) -> Fitted:
    """The posterior of the weights, exactly.

    level  what an impression brings where all weights are 0
    noise  standard deviation of what one impression brings around its mean, above 0

    One arm, weight ~ N(0, 1), noise 1, three impressions that brought 6 together: precision 4, mean 6 / 4.
    """
    if not noise > 0:
        raise InputError(f"noise is {noise}; give the standard deviation of one impression, above 0")
    used = brought.shown > 0
    codes, shown = properties.codes[used], brought.shown[used]
    many = len(properties.spread)
    above = (brought.total[used] - level * shown) / noise**2
    precision = np.diag(1 / properties.spread**2)
    pairs = codes[:, :, None] * many + codes[:, None, :]
    sums = np.bincount(pairs.ravel(), np.repeat(shown / noise**2, codes.shape[1] ** 2), many * many)
    precision = precision + sums.reshape(many, many)
    slope = np.bincount(codes.ravel(), np.repeat(above, codes.shape[1]), many)
    mean = np.linalg.solve(precision, slope)
    return Fitted(np.asarray(mean, np.float64), np.asarray(np.linalg.cholesky(precision), np.float64))


@dataclass(frozen=True)
class LinearThompson:
    """Chances of bringing most over draws of the weights.

    level  what an impression of an arm brings of which nothing is known, and `noise` how far one lies from its mean
    draws  how many sets of weights are drawn at each refresh
    """

    properties: Properties
    level: float
    noise: float
    draws: int = 200
    name: str = "thompson-linear"

    def chances(self, brought: Brought, rng: np.random.Generator) -> Floats:
        """Shares of the draws in which each arm brings most [cells, arms]."""
        if self.properties.codes.shape[:2] != brought.shown.shape:
            raise InputError(f"properties of {self.properties.codes.shape[:2]} arms, sums of {brought.shown.shape}")
        fitted = fit_linear(brought, self.properties, self.level, self.noise)
        wins = np.zeros(brought.shown.shape)
        for weights in fitted.drawn(self.draws, rng):
            wins += best(weights[self.properties.codes].sum(axis=-1), brought.present)
        return wins / self.draws

    def expected(self, brought: Brought) -> Floats:
        """What an impression of each arm is expected to bring [cells, arms]."""
        fitted = fit_linear(brought, self.properties, self.level, self.noise)
        return self.level + fitted.mean[self.properties.codes].sum(axis=-1)
