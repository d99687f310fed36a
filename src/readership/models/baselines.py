"""Baselines: what must a better model beat, on the very same split?

Question      How far does one get without thinking: the base rate, the recency rule, and three models out of the
              box (logistic regression, random forest, a small neural network)?
Who acts      Whoever is asked to trust a later model: its figures are shown beside these, on the same rows.
Floor         The base rate; a baseline that cannot beat it says that the features hold nothing.
"""

from readership.contracts import ModelSpec
from readership.models._floors import RECENCY

NAMES = ("base_rate", "recency", "logistic_regression", "random_forest", "neural_network")


def specs(names: tuple[str, ...], seed: int = 0) -> list[ModelSpec]:
    """The baselines, plainest first; the recency rule where the features hold the time since the last session."""
    return [ModelSpec(name, seed=seed) for name in NAMES if name != "recency" or set(RECENCY) & set(names)]
