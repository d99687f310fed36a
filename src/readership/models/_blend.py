"""A linear and a boosted model averaged by their log-odds: a line carries on where trees stop, and trees bend."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, Model, ModelSpec
from readership.models._linear import LogisticRegression
from readership.models._onnx import weighted_sum
from readership.models._rows import Vocabularies, usable
from readership.models._trees import XGBoost

PARTS: dict[str, Any] = {"logistic_regression": LogisticRegression, "xgboost": XGBoost}


@dataclass
class Blend:
    """The mean of the two log-odds; exact parts, since both have them. Equal weights are seldom beaten by fitted ones.

    Parameters: `logistic_regression` and `xgboost`, the parameters of the two.
    """

    spec: ModelSpec
    FILE = "blend.json"

    def parts(self) -> list[ModelSpec]:
        """What to fit before the two can be joined."""
        return [ModelSpec(name, self.spec.parameters.get(name, {}), self.spec.seed) for name in PARTS]

    def fit(self, train: Dataset, valid: Dataset | None) -> Self:
        """See `contracts.Model`."""
        usable(train, self.spec.name)
        return self.join([PARTS[spec.name](spec).fit(train, valid) for spec in self.parts()])

    def join(self, parts: Sequence[Model]) -> Self:
        """The blend of `parts()` already fitted, so that none is fitted twice."""
        self._parts = list(parts)
        sizes = {part.spec.name: dict(part.spec.parameters) for part in self._parts}
        self.spec = replace(self.spec, parameters=sizes)
        return self

    def margin(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `contracts.Model`."""
        line, trees = (part.margin(features) for part in self._parts)
        return (line + trees) / 2

    def contributions(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """The mean of the two models' contributions."""
        line, trees = (part.contributions(features) for part in self._parts)
        assert line is not None
        assert trees is not None
        return (line + trees) / 2

    def to_onnx(self) -> bytes:
        """See `contracts.Model`."""
        return weighted_sum([part.to_onnx() for part in self._parts], [0.5, 0.5])

    def native(self) -> tuple[str, bytes]:
        """Both native forms in one JSON file."""
        return self.FILE, json.dumps({part.spec.name: json.loads(part.native()[1]) for part in self._parts}).encode()

    @classmethod
    def restore(cls, spec: ModelSpec, names: tuple[str, ...], categories: Vocabularies, content: bytes) -> Self:
        """The model that `native` wrote."""
        model, stored = cls(spec), json.loads(content)
        model._parts = [
            PARTS[part.name].restore(part, names, categories, json.dumps(stored[part.name]).encode())
            for part in model.parts()
        ]
        return model
