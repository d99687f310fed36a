"""Logistic regression beside a table of places: the simple candidate, and the floors that need no model at all."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset
from readership.models._calibration import sigmoid
from readership.models._onnx import Graph
from readership.models._preparation import Preparation
from readership.models._rows import Vocabularies
from readership.models.clicks.place import BIAS, Floats, fit_table
from readership.models.clicks.placed import Placed

ROUNDS = 4
"""Times that table and coefficients are fitted in turn; each makes room for the other."""
STEPS = 2
LIMIT = 0.95


class PlacedLogistic(Placed):
    """Log-odds linear in the prepared columns, shrunk by `ridge` (1 is one row's worth), plus the table."""

    FILE = "click_logistic.json"

    def _learn(self, rows: Dataset, valid: Dataset | None) -> Floats:
        ridge = float(self.spec.parameters.get("ridge", 30.0))
        self.spec = replace(self.spec, parameters={"ridge": ridge})
        self._preparation = Preparation.fit(rows, only=tuple(name for name in rows.names if name not in BIAS))
        columns, number = self._preparation.apply(rows.features), self._places.number(rows.features)
        self._coefficients = np.zeros(columns.shape[1])
        for _ in range(ROUNDS):
            table = fit_table(self._places, rows, columns @ self._coefficients)
            self._coefficients = _newton(columns, rows, table[number], self._coefficients, ridge)
        return fit_table(self._places, rows, columns @ self._coefficients)

    def _rest(self, features: NDArray[np.float32]) -> Floats:
        found: Floats = self._preparation.apply(features) @ self._coefficients
        return found

    def _draw(self, graph: Graph) -> str:
        return graph.add("MatMul", self._preparation.add_to(graph), graph.constant(self._coefficients[:, None]))

    def _told(self) -> Any:
        terms = self._preparation.terms(self._names)
        return [term | {"coefficient": value} for term, value in zip(terms, self._coefficients.tolist(), strict=True)]

    def _take_up(self, told: Any, categories: Vocabularies) -> None:
        self._preparation = Preparation.from_terms(told, self._names)
        self._coefficients = np.array([term["coefficient"] for term in told])


class PlaceOnly(Placed):
    """The rate of each place, whatever is shown there to whom."""

    FILE = "click_place_only.json"

    def _learn(self, rows: Dataset, valid: Dataset | None) -> Floats:
        return fit_table(self._places, rows, np.zeros(len(rows)))

    def _rest(self, features: NDArray[np.float32]) -> Floats:
        return np.zeros(len(features))

    def _draw(self, graph: Graph) -> str:
        zero = graph.constant(np.zeros((1, 1)))
        first = graph.add("Gather", graph.constant(np.zeros(2)), graph.add("Cast", self._flag(graph), to=7), axis=0)
        return graph.add("Add", first, zero)

    def _flag(self, graph: Graph) -> str:
        column = graph.constant(np.array([self._places.column[0]]))
        return graph.add("IsNaN", graph.add("Gather", "features", column, axis=1))

    def _told(self) -> Any:
        return None

    def _take_up(self, told: Any, categories: Vocabularies) -> None:
        return None


class ItemRate(PlaceOnly):
    """The item's own smoothed click rate, whoever looks and wherever it stands.

    p = base rate * `item_rate` (clicks over those an average item gets in the same places).
    """

    FILE = "click_item_rate.json"

    def _learn(self, rows: Dataset, valid: Dataset | None) -> Floats:
        self._column = rows.names.index("item_rate")
        self._base = float(np.average(rows.label, weights=rows.weight))
        return np.zeros(int(np.prod(self._places.sizes)))

    def _rest(self, features: NDArray[np.float32]) -> Floats:
        rate = features[:, self._column].astype(np.float64)
        given = np.clip(np.where(np.isnan(rate), 1.0, rate) * self._base, 1e-6, LIMIT)
        return np.log(given / (1 - given))

    def _draw(self, graph: Graph) -> str:
        rate = graph.add("Gather", graph.double("features"), graph.constant(np.array([self._column])), axis=1)
        rate = graph.add("Where", graph.add("IsNaN", rate), graph.constant(np.array(1.0)), rate)
        given = graph.add("Mul", rate, graph.constant(np.array(self._base)))
        given = graph.add("Clip", given, graph.constant(np.array(1e-6)), graph.constant(np.array(LIMIT)))
        other = graph.add("Sub", graph.constant(np.array(1.0)), given)
        return graph.add("Log", graph.add("Div", given, other))

    def _told(self) -> Any:
        return {"base": self._base}

    def _take_up(self, told: Any, categories: Vocabularies) -> None:
        self._column, self._base = self._names.index("item_rate"), told["base"]


def _newton(columns: Floats, rows: Dataset, offset: Floats, start: Floats, ridge: float) -> Floats:
    """Coefficients of least ridge-penalised log loss beside an offset."""
    found = start
    for _ in range(STEPS):
        given = sigmoid(columns @ found + offset)
        slope = columns.T @ (rows.weight * (given - rows.label)) + ridge * found
        spread = columns * (rows.weight * given * (1 - given))[:, None]
        step = np.linalg.solve(spread.T @ columns + ridge * np.eye(len(found)), slope)
        found = found - step
        if np.abs(step).max() < 1e-7:
            break
    return found
