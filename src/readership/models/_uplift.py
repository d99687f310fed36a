"""Learners of an effect from randomised decisions: what contacting adds to the probability of the wanted outcome.

All keep one promise beside `contracts.Model`: `fit` takes a Trial, `margin` is the effect itself (a difference of
probabilities), and ONNX gives the same number. The propensity is known by design, so it is never estimated.
"""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Model, ModelSpec, Trial
from readership.models._calibration import sigmoid
from readership.models._linear import LogisticRegression
from readership.models._onnx import Graph
from readership.models._preparation import Preparation
from readership.models._rows import Vocabularies, usable
from readership.models._trees import LightGBM

Floats = NDArray[np.float64]
ARMS = ("contacted", "alone")


@dataclass
class Pair(ABC):
    """Two models of the outcome, of readers contacted and of readers left alone; the effect is their difference."""

    spec: ModelSpec
    FILE = "pair.json"
    PART: ClassVar[Any] = LightGBM

    def fit(self, trial: Trial) -> Self:
        """Fit both; raises NotEnoughData where one of the two groups has one outcome only."""
        self._contacted, self._alone = self._parts(trial)
        return self

    def margin(self, features: NDArray[np.float32]) -> Floats:
        """The effect [n]: P(outcome | contacted) - P(outcome | left alone)."""
        return sigmoid(self._contacted.margin(features)) - sigmoid(self._alone.margin(features))

    def contributions(self, features: NDArray[np.float32]) -> None:
        """None: a difference of two probabilities has no exact additive parts."""
        return None

    def to_onnx(self) -> bytes:
        """See `contracts.Model`."""
        return difference_of(self._contacted.to_onnx(), self._alone.to_onnx())

    def native(self) -> tuple[str, bytes]:
        """Both models' own forms in one JSON file."""
        return self.FILE, json.dumps({arm: part.native()[1].decode() for arm, part in self.parts().items()}).encode()

    @classmethod
    def restore(cls, spec: ModelSpec, names: tuple[str, ...], categories: Vocabularies, content: bytes) -> Self:
        """The learner that `native` wrote."""
        model, stored = cls(spec), json.loads(content)
        part = ModelSpec(cls.PART.__name__, spec.parameters, spec.seed)
        model._contacted, model._alone = (
            cls.PART.restore(part, names, categories, stored[arm].encode()) for arm in ARMS
        )
        return model

    def parts(self) -> dict[str, Model]:
        """The two fitted models."""
        return dict(zip(ARMS, (self._contacted, self._alone), strict=True))

    @abstractmethod
    def _parts(self, trial: Trial) -> tuple[Model, Model]:
        """The model of those contacted and of those left alone, fitted."""


class TLearner(Pair):
    """Two small LightGBM models, each of one group alone. Parameters: those of LightGBM."""

    DEFAULTS: ClassVar[dict[str, Any]] = {"num_leaves": 4, "rounds": 60}

    def _parts(self, trial: Trial) -> tuple[Model, Model]:
        parameters = {**self.DEFAULTS, **self.spec.parameters}
        self.spec = replace(self.spec, parameters=parameters)
        spec = ModelSpec("lightgbm", parameters, self.spec.seed)
        contacted, alone = (LightGBM(spec).fit(trial.rows.take(trial.treated == arm), None) for arm in (True, False))
        return contacted, alone


class RidgePair(Pair):
    """Two logistic regressions on prepared columns, shrunk towards zero and, more strongly, towards each other.

    log-odds = a + x·b ± (c + x·d) / 2, plus for readers contacted, minus for those left alone. With few outcomes the
    penalty on d lets the two differ only where the data insist; what stays is that an offer multiplies the odds.

    Parameters: `C`, the inverse strength of shrinkage of b (scikit-learn's meaning); `apart`, how much smaller d is
    expected to be than b.
    """

    PART = LogisticRegression
    DEFAULTS: ClassVar[dict[str, Any]] = {"C": 0.001, "apart": 0.5}
    LEVEL = 10.0

    def _parts(self, trial: Trial) -> tuple[Model, Model]:
        parameters = {**self.DEFAULTS, **self.spec.parameters}
        self.spec = replace(self.spec, parameters=parameters)
        rows = usable(trial.rows, self.spec.name)
        preparation = Preparation.fit(rows)
        columns = preparation.apply(rows.features)
        side = np.where(trial.treated, 0.5, -0.5)[:, None]
        whole = np.concatenate([columns, parameters["apart"] * side * columns, self.LEVEL * side], axis=1)
        fitted, constant = _solve(whole, rows.label, rows.weight, parameters["C"])
        shared, differing, level = np.split(fitted, [columns.shape[1], 2 * columns.shape[1]])
        spec = ModelSpec("logistic_regression", {"C": parameters["C"]}, self.spec.seed)
        contacted, alone = (
            LogisticRegression.of(
                spec,
                rows.names,
                preparation,
                shared + half * parameters["apart"] * differing,
                constant + half * self.LEVEL * float(level[0]),
            )
            for half in (0.5, -0.5)
        )
        return contacted, alone


def difference_of(contacted: bytes, alone: bytes) -> bytes:
    """One ONNX model whose margin is the difference of the two models' probabilities over the same features."""
    import onnx

    parts = [onnx.load_model_from_string(content) for content in (contacted, alone)]
    graph = Graph(parts[0].graph.input[0].type.tensor_type.shape.dim[1].dim_value)
    shares = [
        graph.add("Sigmoid", graph.double(graph.embed(part, f"{arm}_"))) for arm, part in zip(ARMS, parts, strict=True)
    ]
    return graph.finish(graph.add("Sub", *shares))


def _solve(columns: Floats, label: NDArray[np.float32], weight: Floats, strength: float) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression as Solver

    solver = Solver(C=strength, solver="newton-cholesky", max_iter=100, tol=1e-6)
    solver.fit(columns, label, sample_weight=weight / weight.mean())
    return solver.coef_[0].astype(np.float64), float(solver.intercept_[0])
