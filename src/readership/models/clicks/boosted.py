"""XGBoost whose trees read either where something was shown or everything else, never both: the two parts just add."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, ModelSpec
from readership.models._onnx import Graph
from readership.models._rows import Vocabularies
from readership.models._trees import XGBoost
from readership.models.clicks.place import BIAS, Floats
from readership.models.clicks.placed import Placed

DEFAULTS = {"eta": 0.1, "max_depth": 5, "min_child_weight": 20.0, "colsample_bytree": 0.6}


class PlacedXGBoost(Placed):
    """Boosted trees under `interaction_constraints`; parameters are XGBoost's own, `rounds` the number of trees.

    The part of the places is read off exactly: the margin of each place less that of one of them, all else equal. The
    rest is the margin at that one place.
    """

    FILE = "click_xgboost.json"

    def _learn(self, rows: Dataset, valid: Dataset | None) -> Floats:
        rest = sorted(name for name in rows.names if name not in BIAS)
        chosen = {**DEFAULTS, **self.spec.parameters}
        groups = {"interaction_constraints": [sorted(BIAS), rest]}
        self._trees = XGBoost(ModelSpec("xgboost", {**chosen, **groups}, self.spec.seed)).fit(rows, valid)
        self.spec = replace(self.spec, parameters={**chosen, "rounds": self._trees.spec.parameters["rounds"]})
        grid = np.full((int(np.prod(self._places.sizes)), len(rows.names)), np.nan, dtype=np.float32)
        grid[:, self._places.column] = self._places.grid()
        found = self._trees.margin(grid)
        return found - found[self._one()]

    def contributions(self, features: NDArray[np.float32]) -> Floats:
        """TreeSHAP of everything else; what the place adds stands under `position`."""
        parts = self._trees.contributions(self._at_one_place(features))
        columns = list(self._places.column)
        parts[:, -1] += parts[:, columns].sum(axis=1)
        parts[:, columns] = 0.0
        parts[:, self._places.column[0]] = self._table[self._places.number(features)]
        return parts

    def _rest(self, features: NDArray[np.float32]) -> Floats:
        return self._trees.margin(self._at_one_place(features))

    def _draw(self, graph: Graph) -> str:
        there = np.zeros((1, len(self._names)), dtype=bool)
        there[0, list(self._places.column)] = True
        held = self._at_one_place(np.zeros((1, len(self._names)), dtype=np.float32))
        same = graph.add("Where", graph.constant(there), graph.constant(held), "features")
        return self._trees.add_to(graph, same)

    def _told(self) -> Any:
        return json.loads(self._trees.native()[1])

    def _take_up(self, told: Any, categories: Vocabularies) -> None:
        spec = ModelSpec("xgboost", self.spec.parameters, self.spec.seed)
        self._trees = XGBoost.restore(spec, self._names, categories, json.dumps(told).encode())

    def _at_one_place(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        same = features.copy()
        same[:, list(self._places.column)] = self._places.grid()[self._one()]
        return same

    def _one(self) -> int:
        """Number of the place that the rest is computed at: the first position of the first placement and device."""
        return 1
