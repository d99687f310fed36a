"""Writes ONNX graphs by hand: a few operators and one tree ensemble, equal to the fitted model to rounding.

Every graph maps `features` float32 [n, p] to `margin` float32 [n, 1] (the session network's: [n, articles]). Arithmetic
of tables runs in float64 and is rounded once at the end; trees compare float32 values with float32 thresholds, as
their libraries do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET = 17
ML_OPSET = 3
IR_VERSION = 8


@dataclass(frozen=True)
class Tree:
    """One binary tree as arrays over its nodes; node 0 is the root.

    feature       column compared; -1 at a leaf
    threshold     `value <= threshold` goes to `yes` (`mode` LEQ), `value < threshold` (LT), `value == threshold` (EQ)
    mode          "LEAF", "LEQ", "LT" or "EQ" for each node
    yes, no       node where the comparison leads
    missing_yes   whether a missing value goes to `yes`
    value         what a leaf adds to the margin; 0 elsewhere
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float32]
    mode: tuple[str, ...]
    yes: NDArray[np.int64]
    no: NDArray[np.int64]
    missing_yes: NDArray[np.bool_]
    value: NDArray[np.float64]

    def values(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Value of the leaf each row [n] ends in; for trees whose every comparison is LEQ."""
        node = np.zeros(len(features), dtype=np.int64)
        inside = np.arange(len(features)) if self.feature[0] >= 0 else np.empty(0, dtype=np.int64)
        while inside.size:
            at = node[inside]
            value = features[inside, self.feature[at]]
            yes = (value <= self.threshold[at]) | (np.isnan(value) & self.missing_yes[at])
            node[inside] = np.where(yes, self.yes[at], self.no[at])
            inside = inside[self.feature[node[inside]] >= 0]
        return self.value[node]


class Graph:
    """An ONNX graph under construction; every method adds one node and returns the name of its output.

    >>> graph = Graph(columns=2)
    >>> total = graph.add("MatMul", graph.double("features"), graph.constant(np.array([[1.0], [2.0]])))
    >>> len(graph.finish(total)) > 100
    True
    """

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, array: NDArray[Any]) -> str:
        """A tensor kept in the graph."""
        from onnx import numpy_helper

        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """One node."""
        from onnx import helper

        name = f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], domain=domain, **attributes))
        return name

    def last_state(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """One recurrent node; returns the name of its second output, the state after the last step."""
        from onnx import helper

        name = f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), ["", name], **attributes))
        return name

    def double(self, name: str) -> str:
        """The same values as float64."""
        from onnx import TensorProto

        return self.add("Cast", name, to=TensorProto.DOUBLE)

    def single(self, name: str) -> str:
        """The same values as float32."""
        from onnx import TensorProto

        return self.add("Cast", name, to=TensorProto.FLOAT)

    def trees(self, name: str, trees: Sequence[Tree], base: float = 0.0) -> str:
        """Sum of what the trees' leaves add, float32 [n, 1]."""
        return self.add(
            "TreeEnsembleRegressor",
            name,
            domain="ai.onnx.ml",
            n_targets=1,
            aggregate_function="SUM",
            base_values=[base],
            **_ensemble(trees),
        )

    def embed(self, model: Any, prefix: str) -> str:
        """All of another model that `finish` made, reading the same features; returns its margin."""
        from onnx import compose, helper

        inner = compose.add_prefix(model, prefix)
        self._nodes.append(helper.make_node("Identity", ["features"], [f"{prefix}features"]))
        self._nodes.extend(inner.graph.node)
        self._constants.extend(inner.graph.initializer)
        return f"{prefix}margin"

    def finish(self, margin: str, answers: int = 1) -> bytes:
        """The whole model, checked; `margin` names a [n, answers] value."""
        from onnx import TensorProto, checker, helper

        self._nodes.append(helper.make_node("Cast", [margin], ["margin"], to=TensorProto.FLOAT))
        graph = helper.make_graph(
            self._nodes,
            "readership",
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, self._columns])],
            [helper.make_tensor_value_info("margin", TensorProto.FLOAT, [None, answers])],
            initializer=self._constants,
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="readership")
        checker.check_model(model)
        return bytes(model.SerializeToString())


def weighted_sum(models: Sequence[bytes], weights: Sequence[float]) -> bytes:
    """One model whose margin is the sum of these models' margins over the same features, each times its weight."""
    import onnx

    parts = [onnx.load_model_from_string(content) for content in models]
    whole = Graph(parts[0].graph.input[0].type.tensor_type.shape.dim[1].dim_value)
    margins = [
        whole.add("Mul", whole.double(whole.embed(part, f"p{number}_")), whole.constant(np.array(float(weight))))
        for number, (part, weight) in enumerate(zip(parts, weights, strict=True))
    ]
    return whole.finish(whole.add("Sum", *margins))


def floor_float32(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest float32 not above each threshold: for float32 x, `x <= threshold` stays exactly what it was.

    >>> float(floor_float32(np.array([0.1]))[0]) <= 0.1    # float32(0.1) lies above 0.1
    True
    """
    largest = float(np.finfo(np.float32).max)
    rounded = np.clip(threshold, -largest, largest).astype(np.float32)
    return np.where(rounded > threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def _ensemble(trees: Sequence[Tree]) -> dict[str, Any]:
    sizes = np.array([len(tree.feature) for tree in trees])
    tree_ids = np.repeat(np.arange(len(trees)), sizes)
    node_ids = np.concatenate([np.arange(size) for size in sizes])
    feature = np.concatenate([tree.feature for tree in trees])
    value = np.concatenate([tree.value for tree in trees])
    leaf = feature < 0
    return {
        "nodes_treeids": tree_ids.tolist(),
        "nodes_nodeids": node_ids.tolist(),
        "nodes_featureids": np.where(leaf, 0, feature).tolist(),
        "nodes_values": np.concatenate([tree.threshold for tree in trees]).astype(np.float32).tolist(),
        "nodes_modes": [mode if mode == "LEAF" else f"BRANCH_{mode}" for tree in trees for mode in tree.mode],
        "nodes_truenodeids": np.concatenate([tree.yes for tree in trees]).tolist(),
        "nodes_falsenodeids": np.concatenate([tree.no for tree in trees]).tolist(),
        "nodes_missing_value_tracks_true": np.concatenate([tree.missing_yes for tree in trees]).astype(int).tolist(),
        "nodes_hitrates": np.ones(len(feature)).tolist(),
        "target_treeids": tree_ids[leaf].tolist(),
        "target_nodeids": node_ids[leaf].tolist(),
        "target_ids": np.zeros(int(leaf.sum()), dtype=int).tolist(),
        "target_weights": value[leaf].astype(np.float32).tolist(),
    }
