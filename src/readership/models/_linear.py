"""A line on prepared columns, for log-odds or for a score: the simple candidate that every other must beat."""

import json
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, ModelSpec
from readership.models._onnx import Graph
from readership.models._preparation import Preparation
from readership.models._rows import Vocabularies, labelled, spread_loss, squared_error, usable


@dataclass
class LogisticRegression:
    """Log-odds linear in the prepared columns, shrunk by L2.

    Parameters: `C`, the inverse strength of shrinkage (scikit-learn's meaning, for standardised columns). Without it
    the best of `STRENGTHS` on `valid` (by `spread_loss`) is taken and kept in `spec`.
    """

    spec: ModelSpec
    FILE = "coefficients.json"
    STRENGTH = "C"
    STRENGTHS: ClassVar[tuple[float, ...]] = (0.001, 0.01, 0.1)
    USUAL: ClassVar[float] = 0.01

    def fit(self, train: Dataset, valid: Dataset | None) -> Self:
        """See `contracts.Model`."""
        rows = usable(train, self.spec.name)
        self._names = rows.names
        self._preparation = self._prepare(rows)
        columns = self._preparation.apply(rows.features)
        self._coefficients, self._constant, strength = self._best(columns, rows, valid)
        self.spec = replace(self.spec, parameters={**self.spec.parameters, self.STRENGTH: strength})
        return self

    @classmethod
    def of(
        cls,
        spec: ModelSpec,
        names: tuple[str, ...],
        preparation: Preparation,
        coefficients: NDArray[np.float64],
        constant: float,
    ) -> Self:
        """A model of these numbers, fitted elsewhere."""
        model = cls(spec)
        model._names, model._preparation = names, preparation
        model._coefficients, model._constant = coefficients, constant
        return model

    def margin(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `contracts.Model`."""
        return self._preparation.apply(features) @ self._coefficients + self._constant

    def contributions(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Coefficient times prepared value, summed over the columns made of one feature; zero means average."""
        parts = self._preparation.apply(features) * self._coefficients
        result = np.zeros((len(features), features.shape[1] + 1))
        for column, source in enumerate(self._preparation.source):
            result[:, source] += parts[:, column]
        result[:, -1] = self._constant
        return result

    def to_onnx(self) -> bytes:
        """See `contracts.Model`."""
        graph = Graph(len(self._names))
        columns = self._preparation.add_to(graph)
        product = graph.add("MatMul", columns, graph.constant(self._coefficients[:, None]))
        return graph.finish(graph.add("Add", product, graph.constant(np.array([self._constant]))))

    def native(self) -> tuple[str, bytes]:
        """Every term with its coefficient, as JSON."""
        terms = self._preparation.terms(self._names)
        told = [term | {"coefficient": value} for term, value in zip(terms, self._coefficients.tolist(), strict=True)]
        return self.FILE, json.dumps({"constant": self._constant, "terms": told}, indent=1).encode()

    @classmethod
    def restore(cls, spec: ModelSpec, names: tuple[str, ...], categories: Vocabularies, content: bytes) -> Self:
        """The model that `native` wrote."""
        stored = json.loads(content)
        coefficients = np.array([term["coefficient"] for term in stored["terms"]], dtype=np.float64)
        return cls.of(spec, names, Preparation.from_terms(stored["terms"], names), coefficients, stored["constant"])

    def _prepare(self, rows: Dataset) -> Preparation:
        return Preparation.fit(rows)

    def _best(self, columns: NDArray[np.float64], rows: Dataset, valid: Dataset | None) -> tuple[Any, float, float]:
        chosen = self.spec.parameters.get(self.STRENGTH)
        if chosen is not None or valid is None:
            strength = self.USUAL if chosen is None else float(chosen)
            return *self._solve(columns, rows, strength), strength
        later = labelled(valid)
        prepared = self._preparation.apply(later.features)
        best: tuple[float, Any, float, float] | None = None
        for strength in self.STRENGTHS:
            coefficients, constant = self._solve(columns, rows, strength)
            loss = self._loss(later.label, prepared @ coefficients + constant, later.weight)
            if best is None or loss < best[0]:
                best = (loss, coefficients, constant, strength)
        assert best is not None
        return best[1:]

    _loss = staticmethod(spread_loss)

    @staticmethod
    def _solve(columns: NDArray[np.float64], rows: Dataset, strength: float) -> tuple[NDArray[np.float64], float]:
        from sklearn.linear_model import LogisticRegression as Solver

        solver = Solver(C=strength, solver="newton-cholesky", max_iter=100, tol=1e-6)
        solver.fit(columns, rows.label, sample_weight=rows.weight)
        return solver.coef_[0].astype(np.float64), float(solver.intercept_[0])


class Ridge(LogisticRegression):
    """A score linear in the prepared columns, shrunk by L2, by least squares.

    Parameters: `alpha`, the shrinkage: with coefficients b it adds alpha · |b|² to the mean squared error.
    """

    STRENGTH = "alpha"
    STRENGTHS = (0.01, 0.1, 0.3, 1.0, 3.0)
    USUAL = 1.0
    _loss = staticmethod(squared_error)

    @staticmethod
    def _solve(columns: NDArray[np.float64], rows: Dataset, strength: float) -> tuple[NDArray[np.float64], float]:
        share = rows.weight / rows.weight.sum()
        middle, level = share @ columns, float(share @ rows.label)
        centred = columns - middle
        spread = (centred * share[:, None]).T @ centred + strength * np.eye(columns.shape[1])
        coefficients = np.linalg.solve(spread, centred.T @ (share * (rows.label - level)))
        return coefficients, level - float(middle @ coefficients)
