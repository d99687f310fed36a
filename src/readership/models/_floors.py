"""Floors: what anyone could do without a model, fitted and judged like one."""

import json
import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, ModelSpec
from readership.errors import InputError
from readership.models._linear import LogisticRegression
from readership.models._onnx import Graph
from readership.models._preparation import Preparation
from readership.models._rows import Vocabularies, labelled

RECENCY = ("days_since_last_session", "current_gap_days")
"""Columns that say how long ago the last visit was, the finest first."""
UNSHRUNK = 1000.0


@dataclass
class BaseRate:
    """Everyone gets the share of training rows whose label is 1, kept within 1e-6 of 0 and 1."""

    spec: ModelSpec
    FILE = "base_rate.json"

    def fit(self, train: Dataset, valid: Dataset | None) -> Self:
        """See `contracts.Model`; `valid` is not needed."""
        rows = labelled(train)
        share = float(np.average(rows.label, weights=rows.weight)) if len(rows) else 0.5
        share = min(max(share, 1e-6), 1 - 1e-6)
        self._columns, self._margin = len(rows.names), math.log(share / (1 - share))
        return self

    def margin(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `contracts.Model`."""
        return np.full(len(features), self._margin)

    def contributions(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Nothing but the constant."""
        result = np.zeros((len(features), features.shape[1] + 1))
        result[:, -1] = self._margin
        return result

    def to_onnx(self) -> bytes:
        """See `contracts.Model`."""
        graph = Graph(self._columns)
        first = graph.add("Gather", graph.double("features"), graph.constant(np.array([0])), axis=1)
        nothing = graph.add("Where", graph.add("IsNaN", first), *[graph.constant(np.array(0.0))] * 2)
        return graph.finish(graph.add("Add", nothing, graph.constant(np.array(self._margin))))

    def native(self) -> tuple[str, bytes]:
        """The margin, as JSON."""
        return self.FILE, json.dumps({"margin": self._margin}).encode()

    @classmethod
    def restore(cls, spec: ModelSpec, names: tuple[str, ...], categories: Vocabularies, content: bytes) -> Self:
        """The model that `native` wrote."""
        model = cls(spec)
        model._columns, model._margin = len(names), json.loads(content)["margin"]
        return model


class Recency(LogisticRegression):
    """The rule every editor knows: the longer since the last visit, the likelier the reader is gone.

    Log-odds are a line in the logarithm of one column. Parameters: `column`, by default the first of
    `RECENCY` that there is.
    """

    def fit(self, train: Dataset, valid: Dataset | None) -> Self:
        """See `contracts.Model`; `valid` is not needed. Raises InputError where there is no such column."""
        wanted = (self.spec.parameters["column"],) if "column" in self.spec.parameters else RECENCY
        column = next((name for name in wanted if name in train.names), None)
        if column is None:
            raise InputError(f"the recency rule needs the feature {' or '.join(wanted)}, which this dataset has not")
        self.spec = replace(self.spec, parameters={"column": column, "C": UNSHRUNK})
        return super().fit(train, None)

    def _prepare(self, rows: Dataset) -> Preparation:
        return Preparation.fit(rows, only=(self.spec.parameters["column"],))
