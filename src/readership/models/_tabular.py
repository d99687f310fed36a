"""Candidates for a question over one feature matrix, by name: what to try, and how to build each."""

from collections.abc import Callable

from readership.contracts import Model, ModelSpec
from readership.models._linear import LogisticRegression
from readership.models._trees import LightGBM, XGBoost

BUILDERS: dict[str, Callable[[ModelSpec], Model]] = {
    "logistic_regression": LogisticRegression,
    "xgboost": XGBoost,
    "lightgbm": LightGBM,
}
"""Every model by the name its spec carries, simplest first."""


def candidates(task: str, seed: int = 0) -> list[ModelSpec]:
    """What to fit and compare for `task`, simplest first."""
    return [ModelSpec(name, seed=seed) for name in BUILDERS]


def build(spec: ModelSpec) -> Model:
    """An unfitted model of this spec; KeyError names the models there are."""
    if spec.name not in BUILDERS:
        raise KeyError(f"there is no model {spec.name!r}; there are {', '.join(BUILDERS)}")
    return BUILDERS[spec.name](spec)
