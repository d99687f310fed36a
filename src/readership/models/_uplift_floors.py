"""Floors of uplift: the same effect for everybody, and whoever is likeliest anyway."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import ModelSpec, Trial
from readership.models._calibration import sigmoid
from readership.models._floors import BaseRate
from readership.models._linear import LogisticRegression
from readership.models._onnx import Graph
from readership.models._rows import Vocabularies


class ConstantEffect(BaseRate):
    """Everybody gets the mean effect: the weighted share with the outcome among readers contacted, less the others'."""

    FILE = "constant_effect.json"

    def fit(self, trial: Trial) -> Self:  # type: ignore[override]
        """The difference of two weighted shares."""
        rows = trial.rows
        contacted, alone = (
            float(np.average(rows.label[trial.treated == arm], weights=rows.weight[trial.treated == arm]))
            for arm in (True, False)
        )
        self._columns, self._margin = len(rows.names), contacted - alone
        return self


@dataclass
class Response:
    """Readers by the probability of the outcome, contacted or not: what a list of likely readers is made of.

    It is no effect; it only ranks. A logistic regression on all decisions; `C` is its parameter.
    """

    spec: ModelSpec
    FILE = "response.json"
    STRENGTH = 0.001

    def fit(self, trial: Trial) -> Self:
        """See `_uplift.Pair.fit`."""
        self.spec = replace(self.spec, parameters={"C": self.STRENGTH, **self.spec.parameters})
        self._model = LogisticRegression(self._part(self.spec)).fit(trial.rows, None)
        self._columns = len(trial.rows.names)
        return self

    def margin(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """The probability [n]."""
        return sigmoid(self._model.margin(features))

    def contributions(self, features: NDArray[np.float32]) -> None:
        """None: a floor needs no reasons."""
        return None

    def to_onnx(self) -> bytes:
        """See `contracts.Model`."""
        import onnx

        graph = Graph(self._columns)
        inner = onnx.load_model_from_string(self._model.to_onnx())
        return graph.finish(graph.add("Sigmoid", graph.double(graph.embed(inner, "response_"))))

    def native(self) -> tuple[str, bytes]:
        """The coefficients, as JSON."""
        return self.FILE, self._model.native()[1]

    @classmethod
    def restore(cls, spec: ModelSpec, names: tuple[str, ...], categories: Vocabularies, content: bytes) -> Self:
        """The floor that `native` wrote."""
        model = cls(spec)
        model._model = LogisticRegression.restore(cls._part(spec), names, categories, content)
        model._columns = len(names)
        return model

    @staticmethod
    def _part(spec: ModelSpec) -> ModelSpec:
        return ModelSpec("logistic_regression", spec.parameters, spec.seed)
