"""The X-learner: effects imputed by the other group's model, then learnt as such, by small LightGBM models."""

import json
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import ModelSpec, Trial
from readership.models._calibration import sigmoid
from readership.models._onnx import Graph
from readership.models._rows import Vocabularies
from readership.models._trees import LightGBMRegression
from readership.models._uplift import ARMS, TLearner

Floats = NDArray[np.float64]


@dataclass
class XLearner:
    """Each reader's effect is imputed by the model of the other group; two models learn these and are averaged.

    Of a reader contacted: outcome - P(outcome | left alone); of one left alone: P(outcome | contacted) - outcome. The
    mean gives each model the other group's share, so that the one of the larger group, whose imputation rests on
    fewer readers, counts less (Künzel and others, 2019).

    Parameters: those of LightGBM, for all four models.
    """

    spec: ModelSpec
    FILE = "effects.json"

    def fit(self, trial: Trial) -> Self:
        """See `_uplift.Pair.fit`."""
        outcomes = TLearner(self.spec).fit(trial)
        self.spec = replace(self.spec, parameters=outcomes.spec.parameters)
        chance = {arm: sigmoid(part.margin(trial.rows.features)) for arm, part in outcomes.parts().items()}
        imputed = np.where(trial.treated, trial.rows.label - chance["alone"], chance["contacted"] - trial.rows.label)
        rows = replace(trial.rows, label=imputed.astype(np.float32))
        self._share = float(np.mean(np.where(trial.treated, 1 / rows.weight, 1 - 1 / rows.weight)))
        self._effects = [
            LightGBMRegression(self._part(self.spec)).fit(rows.take(trial.treated == arm), None)
            for arm in (True, False)
        ]
        return self

    def margin(self, features: NDArray[np.float32]) -> Floats:
        """The effect [n]."""
        contacted, alone = (part.margin(features) for part in self._effects)
        return (1 - self._share) * contacted + self._share * alone

    def contributions(self, features: NDArray[np.float32]) -> Floats:
        """TreeSHAP of both, averaged as the effects are."""
        contacted, alone = (part.contributions(features) for part in self._effects)
        return (1 - self._share) * contacted + self._share * alone

    def to_onnx(self) -> bytes:
        """See `contracts.Model`."""
        import onnx

        parts = [onnx.load_model_from_string(part.to_onnx()) for part in self._effects]
        graph = Graph(parts[0].graph.input[0].type.tensor_type.shape.dim[1].dim_value)
        shares = ((1 - self._share), self._share)
        weighed = [
            graph.add("Mul", graph.double(graph.embed(part, f"{arm}_")), graph.constant(np.array(share)))
            for arm, part, share in zip(ARMS, parts, shares, strict=True)
        ]
        return graph.finish(graph.add("Add", *weighed))

    def native(self) -> tuple[str, bytes]:
        """Both models' own text and the share of readers contacted, in one JSON file."""
        texts = {arm: part.native()[1].decode() for arm, part in zip(ARMS, self._effects, strict=True)}
        return self.FILE, json.dumps({"share": self._share, **texts}).encode()

    @classmethod
    def restore(cls, spec: ModelSpec, names: tuple[str, ...], categories: Vocabularies, content: bytes) -> Self:
        """The learner that `native` wrote."""
        model, stored = cls(spec), json.loads(content)
        model._share = stored["share"]
        model._effects = [
            LightGBMRegression.restore(cls._part(spec), names, categories, stored[arm].encode()) for arm in ARMS
        ]
        return model

    @staticmethod
    def _part(spec: ModelSpec) -> Any:
        return ModelSpec("lightgbm_regression", spec.parameters, spec.seed)
