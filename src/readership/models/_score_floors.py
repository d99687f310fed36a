"""Floors of a score: what anyone could say without a model, fitted and judged like one."""

import json
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, ModelSpec
from readership.errors import InputError
from readership.models._onnx import Graph
from readership.models._rows import Vocabularies, labelled


@dataclass
class GlobalMean:
    """The same score for everybody: the mean of the training labels. A rule with a `COLUMN` says what stands there."""

    spec: ModelSpec
    FILE = "rule.json"
    COLUMN: ClassVar[str] = ""

    def fit(self, train: Dataset, valid: Dataset | None) -> Self:
        """See `contracts.Model`; `valid` is not needed. Raises InputError where there is no such column."""
        if self.COLUMN and self.COLUMN not in train.names:
            raise InputError(f"the rule {self.spec.name} needs the feature {self.COLUMN}, which this dataset has not")
        rows = labelled(train)
        self._names = rows.names
        self._otherwise = float(np.average(rows.label, weights=rows.weight)) if len(rows) else 0.0
        return self

    def margin(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `contracts.Model`; the score."""
        if not self.COLUMN:
            return np.full(len(features), self._otherwise)
        value = features[:, self._names.index(self.COLUMN)].astype(np.float64)
        return np.where(np.isnan(value), self._otherwise, value)

    def contributions(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """How far the column lies from the mean; the constant is the mean."""
        result = np.zeros((len(features), features.shape[1] + 1))
        result[:, -1] = self._otherwise
        if self.COLUMN:
            result[:, self._names.index(self.COLUMN)] = self.margin(features) - self._otherwise
        return result

    def to_onnx(self) -> bytes:
        """See `contracts.Model`."""
        graph = Graph(len(self._names))
        place = self._names.index(self.COLUMN) if self.COLUMN else 0
        value = graph.add("Gather", graph.double("features"), graph.constant(np.array([place])), axis=1)
        otherwise = graph.constant(np.array(self._otherwise))
        known = value if self.COLUMN else otherwise
        return graph.finish(graph.add("Where", graph.add("IsNaN", value), otherwise, known))

    def native(self) -> tuple[str, bytes]:
        """What stands for a missing value, as JSON."""
        return self.FILE, json.dumps({"otherwise": self._otherwise}).encode()

    @classmethod
    def restore(cls, spec: ModelSpec, names: tuple[str, ...], categories: Vocabularies, content: bytes) -> Self:
        """The model that `native` wrote."""
        model = cls(spec)
        model._names, model._otherwise = names, json.loads(content)["otherwise"]
        return model


class LastScore(GlobalMean):
    """As last time; the mean of the training labels where that is not known."""

    COLUMN = "score_lag_1"


class ReaderMean(GlobalMean):
    """As this reader's sessions so far, on average; the mean of the training labels where there are none."""

    COLUMN = "score_mean_ever"
