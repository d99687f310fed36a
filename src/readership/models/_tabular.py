"""Candidates for a question over one feature matrix, by name: what to try, and how to build each."""

from collections.abc import Callable

from readership.contracts import Model, ModelSpec
from readership.models._blend import Blend
from readership.models._ensemble import PARTS, Ensemble, there
from readership.models._floors import RECENCY, BaseRate, Recency
from readership.models._forest import RandomForest
from readership.models._linear import LogisticRegression
from readership.models._network import NeuralNetwork
from readership.models._score_floors import GlobalMean, LastScore, ReaderMean
from readership.models._trees import LightGBM, XGBoost

CANDIDATES: dict[str, Callable[[ModelSpec], Model]] = {
    "logistic_regression": LogisticRegression,
    "random_forest": RandomForest,
    "xgboost": XGBoost,
    "lightgbm": LightGBM,
    "blend": Blend,
    "neural_network": NeuralNetwork,
}
"""Models that may become champion, simplest first."""

FLOORS: dict[str, Callable[[ModelSpec], Model]] = {"base_rate": BaseRate, "recency": Recency}
"""Rules that need no model, and that a champion must beat."""

SCORES: dict[str, Callable[[ModelSpec], Model]] = {**PARTS, "ensemble": Ensemble}
"""Models of a score from 0 to 100, simplest first."""

SCORE_FLOORS: dict[str, Callable[[ModelSpec], Model]] = {
    "global_mean": GlobalMean,
    "last_score": LastScore,
    "reader_mean": ReaderMean,
}
"""What anyone could say of a score without a model."""

EVERY: dict[str, Callable[[ModelSpec], Model]] = {**CANDIDATES, **FLOORS, **SCORES, **SCORE_FLOORS}


def candidates(task: str, seed: int = 0) -> list[ModelSpec]:
    """What to fit and compare for `task` (any binary one), simplest first."""
    return [ModelSpec(name, seed=seed) for name in CANDIDATES]


def score_candidates(seed: int = 0) -> list[ModelSpec]:
    """What to fit and compare for a score, simplest first; the recurrent network only where PyTorch is installed."""
    return [ModelSpec(name, seed=seed) for name in (*there(), "ensemble")]


def rules_of_thumb(names: tuple[str, ...]) -> list[ModelSpec]:
    """The rules that any model must beat, as far as a dataset with these features allows them."""
    recency = [ModelSpec("recency")] if set(RECENCY) & set(names) else []
    return [ModelSpec("base_rate"), *recency]


def build(spec: ModelSpec) -> Model:
    """An unfitted model of this spec.

    Raises KeyError naming the models there are.
    """
    if spec.name not in EVERY:
        raise KeyError(f"there is no model {spec.name!r}; there are {', '.join(EVERY)}")
    return EVERY[spec.name](spec)
