"""Logistic regression on prepared columns: the simple candidate that every other must beat."""

import json
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, ModelSpec
from readership.models._onnx import Graph
from readership.models._preparation import Preparation
from readership.models._rows import labelled, log_loss, usable

STRENGTHS = (0.001, 0.01, 0.1)
USUAL = 0.01


@dataclass
class LogisticRegression:
    """Log-odds linear in the prepared columns, shrunk by L2.

    Parameters: `C`, the inverse strength of shrinkage (scikit-learn's meaning, for standardised columns). Without
    it the best of `STRENGTHS` on `valid` is taken and kept in `spec`.
    """

    spec: ModelSpec

    def fit(self, train: Dataset, valid: Dataset | None) -> Self:
        """See `contracts.Model`."""
        rows = usable(train, self.spec.name)
        self._names = rows.names
        self._preparation = self._prepare(rows)
        columns = self._preparation.apply(rows.features)
        self._coefficients, self._constant, strength = self._best(columns, rows, valid)
        self.spec = replace(self.spec, parameters={**self.spec.parameters, "C": strength})
        return self

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
        """Coefficients by feature, as JSON."""
        kinds = ["value"] * len(self._preparation.numeric) + ["is missing"] * len(self._preparation.flagged)
        kinds += [f"code {code:g}" for code in self._preparation.code]
        names = [self._names[i] for i in self._preparation.source]
        terms = [
            {"feature": name, "term": kind, "mean": mean, "scale": scale, "coefficient": coefficient}
            for name, kind, mean, scale, coefficient in zip(
                names,
                kinds,
                *(v.tolist() for v in (self._preparation.mean, self._preparation.scale)),
                self._coefficients.tolist(),
                strict=True,
            )
        ]
        content = {"constant": self._constant, "terms": terms}
        return "coefficients.json", json.dumps(content, indent=1).encode()

    def _prepare(self, rows: Dataset) -> Preparation:
        return Preparation.fit(rows)

    def _best(self, columns: NDArray[np.float64], rows: Dataset, valid: Dataset | None) -> tuple[Any, float, float]:
        chosen = self.spec.parameters.get("C")
        if chosen is not None or valid is None:
            strength = USUAL if chosen is None else float(chosen)
            return *_solve(columns, rows, strength), strength
        later = labelled(valid)
        prepared = self._preparation.apply(later.features)
        best: tuple[float, Any, float, float] | None = None
        for strength in STRENGTHS:
            coefficients, constant = _solve(columns, rows, strength)
            loss = log_loss(later.label, prepared @ coefficients + constant, later.weight)
            if best is None or loss < best[0]:
                best = (loss, coefficients, constant, strength)
        assert best is not None
        return best[1:]


def _solve(columns: NDArray[np.float64], rows: Dataset, strength: float) -> tuple[NDArray[np.float64], float]:
    from sklearn.linear_model import LogisticRegression as Solver

    solver = Solver(C=strength, solver="newton-cholesky", max_iter=100, tol=1e-6)
    solver.fit(columns, rows.label, sample_weight=rows.weight)
    return solver.coef_[0].astype(np.float64), float(solver.intercept_[0])
