"""The session network as an ONNX graph.

`features` float32 [n, steps] holds places in the catalogue as `SessionNetwork.places` gives them: the oldest first,
then −1, at least one known; `margin` float32 [n, articles] is what `SessionNetwork.scores` says.
"""

import numpy as np

from readership.models._onnx import Graph
from readership.models.recommendation.session_network import EPSILON, SessionNetwork, unit


def to_onnx(network: SessionNetwork) -> bytes:
    """The network as ONNX Runtime has it, in float32 throughout."""
    graph = Graph(network.steps)
    vectors = unit(network.weights["articles"])
    places = graph.add("Clip", "features", _number(graph, 0))
    articles = graph.add("Gather", graph.constant(vectors), graph.add("Cast", places, to=7), axis=0)
    scaled = graph.add("Mul", articles, _number(graph, np.sqrt(vectors.shape[1])))
    h = graph.add("Add", scaled, graph.constant(network.weights["places"]))
    mask = graph.constant(np.triu(np.full((network.steps, network.steps), -np.inf, dtype=np.float32), 1))
    for layer in range(network.layers):
        seen = _attention(graph, network, _line(graph, network, f"{layer}.attend", _centred(graph, h)), mask)
        h = graph.add("Add", h, _line(graph, network, f"{layer}.mix", seen))
        wide = graph.add("Relu", _line(graph, network, f"{layer}.widen", _centred(graph, h)))
        h = graph.add("Add", h, _line(graph, network, f"{layer}.narrow", wide))
    out = _line(graph, network, "out", _centred(graph, _newest(graph, h)))
    length = graph.add("ReduceL2", out, axes=[-1], keepdims=1)
    scores = graph.add("MatMul", graph.add("Div", out, length), graph.constant(vectors.T))
    return graph.finish(graph.add("Div", scores, _number(graph, network.temperature)), network.articles)


def _newest(graph: Graph, h: str) -> str:
    """State [n, d] at each session's last article: the place after which −1 stands, or the last."""
    known = graph.add("Cast", graph.add("GreaterOrEqual", "features", _number(graph, 0)), to=1)
    counted = graph.add("CumSum", known, graph.constant(np.array(1, dtype=np.int64)))
    length = graph.add("ReduceSum", known, _axes(graph, 1), keepdims=1)
    last = graph.add("Mul", known, graph.add("Cast", graph.add("Equal", counted, length), to=1))
    picked = graph.add("MatMul", graph.add("Unsqueeze", last, _axes(graph, 1)), h)
    return graph.add("Squeeze", picked, _axes(graph, 1))


def _attention(graph: Graph, network: SessionNetwork, values: str, mask: str) -> str:
    """See `SessionNetwork._attention`."""
    width, heads = network.weights["out"].shape[0], network.heads
    shape = graph.constant(np.array([0, network.steps, 3, heads, width // heads], dtype=np.int64))
    parts = graph.add("Transpose", graph.add("Reshape", values, shape), perm=[2, 0, 3, 1, 4])
    query, key, value = (graph.add("Gather", parts, graph.constant(np.array([part])), axis=0) for part in range(3))
    fit = graph.add("MatMul", query, graph.add("Transpose", key, perm=[0, 1, 2, 4, 3]))
    fit = graph.add("Div", fit, _number(graph, np.sqrt(width // heads)))
    weight = graph.add("Softmax", graph.add("Add", fit, mask), axis=-1)
    seen = graph.add("Transpose", graph.add("MatMul", weight, value), perm=[1, 3, 0, 2, 4])
    return graph.add("Reshape", seen, graph.constant(np.array([0, network.steps, width], dtype=np.int64)))


def _line(graph: Graph, network: SessionNetwork, name: str, values: str) -> str:
    product = graph.add("MatMul", values, graph.constant(network.weights[name]))
    return graph.add("Add", product, graph.constant(network.weights[f"{name}.shift"]))


def _centred(graph: Graph, values: str) -> str:
    moved = graph.add("Sub", values, graph.add("ReduceMean", values, axes=[-1], keepdims=1))
    variance = graph.add("ReduceMean", graph.add("Mul", moved, moved), axes=[-1], keepdims=1)
    return graph.add("Div", moved, graph.add("Sqrt", graph.add("Add", variance, _number(graph, EPSILON))))


def _number(graph: Graph, value: float) -> str:
    return graph.constant(np.array(value, dtype=np.float32))


def _axes(graph: Graph, *axes: int) -> str:
    return graph.constant(np.array(axes, dtype=np.int64))
