"""A small neural network on prepared columns, by scikit-learn: one hidden layer, stopped on later cut-offs."""

import json
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, ModelSpec
from readership.models._onnx import Graph
from readership.models._preparation import Preparation
from readership.models._rows import Vocabularies, labelled, spread_loss, usable

EPOCHS = 4
MOST_EPOCHS = 15
PATIENCE = 2
Layer = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass
class NeuralNetwork:
    """One hidden layer of rectified units and one output, shrunk by L2.

    Parameters: `units`, `alpha` (shrinkage), `epochs` (passes over the rows; chosen on `valid` when absent).
    """

    spec: ModelSpec
    FILE = "network.json"

    def fit(self, train: Dataset, valid: Dataset | None) -> Self:
        """See `contracts.Model`."""
        rows = usable(train, self.spec.name)
        chosen = {"units": 24, "alpha": 1.0} | dict(self.spec.parameters)
        self._names = rows.names
        self._preparation = Preparation.fit(rows)
        columns = self._preparation.apply(rows.features)
        later = labelled(valid) if valid is not None and "epochs" not in chosen else None
        prepared = None if later is None else self._preparation.apply(later.features)
        network = self._network(chosen, len(rows))
        best, since = (np.inf, 0, self._layers_of(None)), 0
        for epoch in range(1, 1 + (MOST_EPOCHS if later is not None else chosen.get("epochs", EPOCHS))):
            network.partial_fit(columns, rows.label, classes=[0.0, 1.0], sample_weight=rows.weight)
            layers = self._layers_of(network)
            loss = -epoch if later is None else spread_loss(later.label, _forward(prepared, layers), later.weight)
            best, since = ((loss, epoch, layers), 0) if loss < best[0] else (best, since + 1)
            if since > PATIENCE:
                break
        self._layers = best[2]
        self.spec = replace(self.spec, parameters={**chosen, "epochs": best[1]})
        return self

    def margin(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `contracts.Model`."""
        return _forward(self._preparation.apply(features), self._layers)

    def contributions(self, features: NDArray[np.float32]) -> None:
        """None: a network has no exact additive parts."""
        return None

    def to_onnx(self) -> bytes:
        """See `contracts.Model`."""
        graph = Graph(len(self._names))
        values = self._preparation.add_to(graph)
        for number, (weights, shift) in enumerate(self._layers):
            values = graph.add("MatMul", values if number == 0 else graph.add("Relu", values), graph.constant(weights))
            values = graph.add("Add", values, graph.constant(shift))
        return graph.finish(values)

    def native(self) -> tuple[str, bytes]:
        """Prepared columns and the layers' weights, as JSON."""
        layers = [{"weights": weights.tolist(), "shift": shift.tolist()} for weights, shift in self._layers]
        return self.FILE, json.dumps({"terms": self._preparation.terms(self._names), "layers": layers}).encode()

    @classmethod
    def restore(cls, spec: ModelSpec, names: tuple[str, ...], categories: Vocabularies, content: bytes) -> Self:
        """The model that `native` wrote."""
        model, stored = cls(spec), json.loads(content)
        model._names = names
        model._preparation = Preparation.from_terms(stored["terms"], names)
        model._layers = tuple((np.array(part["weights"]), np.array(part["shift"])) for part in stored["layers"])
        return model

    def _network(self, chosen: dict[str, Any], rows: int) -> Any:
        from sklearn.neural_network import MLPClassifier

        return MLPClassifier(
            hidden_layer_sizes=(chosen["units"],),
            alpha=chosen["alpha"],
            batch_size=min(256, rows),
            learning_rate_init=0.001,
            random_state=np.random.RandomState(self.spec.seed),
        )

    @staticmethod
    def _layers_of(network: Any) -> tuple[Layer, ...]:
        if network is None:
            return ()
        return tuple((w.copy(), b.copy()) for w, b in zip(network.coefs_, network.intercepts_, strict=True))


def _forward(columns: NDArray[np.float64] | None, layers: tuple[Layer, ...]) -> NDArray[np.float64]:
    assert columns is not None
    (first, first_shift), (second, second_shift) = layers
    return (np.maximum(columns @ first + first_shift, 0.0) @ second + second_shift)[:, 0]
