"""Wide & Deep: a line over crossed words, and a small network over their embeddings and the numbers; places aside.

Fitted by PyTorch, run by NumPy and by ONNX; weights are kept as float32 arrays, so nothing else ever loads PyTorch.
The margin is wide(x) + deep(x) + table[place], after Cheng et al. (2016), with the place out of both.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset
from readership.models._onnx import Graph
from readership.models._preparation import Preparation
from readership.models._pytorch import one_thread, pytorch_for
from readership.models._rows import Vocabularies, log_loss
from readership.models.clicks.place import BIAS, Floats
from readership.models.clicks.placed import Placed

BUCKETS = 1024
"""Crossed pairs of words are hashed into so many; each word into at most as many."""
PRIMES = (1_000_003, 8_191)
EPOCHS, MOST_EPOCHS, PATIENCE = 5, 12, 2
BATCH, FEWEST_STEPS = 1024, 60
"""Rows of a step; fewer where a pass would have fewer steps than this."""
DEFAULTS = {"width": 64, "embedding": 8, "rate": 0.002, "decay": 1e-5}
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Inputs:
    """What the network reads: prepared numbers [n, q], and for each category or pair of them a bucket.

    words  columns of the categories; a pair is (i, j) among them, a single one (i, i)
    """

    preparation: Preparation
    words: tuple[int, ...]

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The categories, then every two of them."""
        return (*((at, at) for at in range(len(self.words))), *combinations(range(len(self.words)), 2))

    def codes(self, features: NDArray[np.float32]) -> Codes:
        """[n, words]: the code of each word plus one; 0 where it is missing."""
        found = features[:, list(self.words)].astype(np.float64)
        return np.where(np.isnan(found), 0, np.nan_to_num(found) + 1).astype(np.int64)

    def buckets(self, features: NDArray[np.float32]) -> Codes:
        """[n, pairs]: bucket of every category, then of every pair."""
        codes = self.codes(features)
        left, right = (codes[:, [pair[side] for pair in self.pairs]] for side in (0, 1))
        return (left * PRIMES[0] + right * PRIMES[1]) % BUCKETS

    def add_to(self, graph: Graph) -> str:
        """The buckets in ONNX, int64 [n, pairs]; returns their name."""
        from onnx import TensorProto

        found = graph.add("Gather", graph.double("features"), graph.constant(np.array(self.words)), axis=1)
        one, none = graph.constant(np.array(1.0)), graph.constant(np.array(0.0))
        code = graph.add("Where", graph.add("IsNaN", found), none, graph.add("Add", found, one))
        code = graph.add("Cast", code, to=TensorProto.INT64)
        parts = []
        for side, prime in enumerate(PRIMES):
            place = graph.constant(np.array([pair[side] for pair in self.pairs]))
            chosen = graph.add("Gather", code, place, axis=1)
            parts.append(graph.add("Mul", chosen, graph.constant(np.array(prime, dtype=np.int64))))
        return graph.add("Mod", graph.add("Add", *parts), graph.constant(np.array(BUCKETS, dtype=np.int64)))


@dataclass(frozen=True)
class Weights:
    """Float32 arrays: wide [pairs, BUCKETS], embeddings [words, BUCKETS, d], line [q] and the layers of the tower."""

    wide: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    line: NDArray[np.float32]
    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]


class WideDeep(Placed):
    """Parameters: `width` of the first layer (half of it the second), `embedding`, `rate`, `decay`, `epochs`."""

    FILE = "wide_deep.json"

    def _learn(self, rows: Dataset, valid: Dataset | None) -> Floats:
        chosen = {**DEFAULTS, **self.spec.parameters}
        numbers = tuple(name for name in rows.names if name not in BIAS and name not in rows.categories)
        words = sorted(name for name in rows.categories if name not in BIAS)
        places = tuple(rows.names.index(name) for name in words)
        self._inputs = Inputs(Preparation.fit(rows, only=numbers), places)
        later = valid if "epochs" not in chosen else None
        table, epochs = _fit(self, rows, later, chosen)
        self.spec = replace(self.spec, parameters={**chosen, "epochs": epochs})
        return table

    def _rest(self, features: NDArray[np.float32]) -> Floats:
        numbers, buckets, weights = (
            self._inputs.preparation.apply(features),
            self._inputs.buckets(features),
            self._weights,
        )
        wide = weights.wide[np.arange(buckets.shape[1]), buckets].astype(np.float64).sum(axis=1)
        many = len(self._inputs.words)
        embedded = weights.embeddings[np.arange(many), buckets[:, :many]]
        embedded = embedded.reshape(len(features), many * weights.embeddings.shape[2])
        values = np.concatenate([numbers, embedded.astype(np.float64)], axis=1)
        for number, (line, shift) in enumerate(weights.layers):
            values = (np.maximum(values, 0.0) if number else values) @ line.astype(np.float64) + shift
        found: Floats = wide + numbers @ weights.line.astype(np.float64) + values[:, 0]
        return found

    def _draw(self, graph: Graph) -> str:
        weights, many = self._weights, len(self._inputs.words)
        numbers, buckets = self._inputs.preparation.add_to(graph), self._inputs.add_to(graph)
        parts = [graph.add("MatMul", numbers, graph.constant(weights.line.astype(np.float64)[:, None]))]
        embedded = []
        for at in range(len(self._inputs.pairs)):
            own = graph.add("Gather", buckets, graph.constant(np.array([at])), axis=1)
            own = graph.add("Reshape", own, graph.constant(np.array([-1])))
            weight = graph.constant(weights.wide[at].astype(np.float64)[:, None])
            parts.append(graph.add("Gather", weight, own, axis=0))
            if at < many:
                vectors = graph.constant(weights.embeddings[at].astype(np.float64))
                embedded.append(graph.add("Gather", vectors, own, axis=0))
        values = graph.add("Concat", numbers, *embedded, axis=1)
        for number, (line, shift) in enumerate(weights.layers):
            values = graph.add("Relu", values) if number else values
            values = graph.add("MatMul", values, graph.constant(line.astype(np.float64)))
            values = graph.add("Add", values, graph.constant(shift.astype(np.float64)))
        return graph.add("Sum", *parts, values)

    def _told(self) -> Any:
        weights = self._weights
        return {
            "terms": self._inputs.preparation.terms(self._names),
            "words": [self._names[at] for at in self._inputs.words],
            "wide": weights.wide.tolist(),
            "embeddings": weights.embeddings.tolist(),
            "line": weights.line.tolist(),
            "layers": [[line.tolist(), shift.tolist()] for line, shift in weights.layers],
        }

    def _take_up(self, told: Any, categories: Vocabularies) -> None:
        words = tuple(self._names.index(name) for name in told["words"])
        self._inputs = Inputs(Preparation.from_terms(told["terms"], self._names), words)
        layers = tuple((_single(line), _single(shift)) for line, shift in told["layers"])
        self._weights = Weights(_single(told["wide"]), _single(told["embeddings"]), _single(told["line"]), layers)


def _fit(model: WideDeep, rows: Dataset, later: Dataset | None, chosen: dict[str, Any]) -> tuple[Floats, int]:
    """The table of places and the number of the best pass; the model keeps the weights of that pass."""
    torch = pytorch_for("Wide & Deep")
    inputs, places = model._inputs, model._places
    with torch.random.fork_rng(), one_thread(torch):
        torch.manual_seed(model.spec.seed)
        share = float(np.average(rows.label, weights=rows.weight))
        net = _network(torch, inputs, places.sizes, {**chosen, "level": float(np.log(share / (1 - share)))})
        steps = torch.optim.Adam(net.parameters(), lr=chosen["rate"], weight_decay=chosen["decay"])
        read = _Rows(torch, model, rows)
        best, since = (np.inf, 0, _weights(net), _table(net, places.sizes)), 0
        for epoch in range(1, 1 + (chosen.get("epochs", EPOCHS) if later is None else MOST_EPOCHS)):
            for numbers, buckets, place, label, weight in read.batches(epoch):
                steps.zero_grad()
                loss = torch.nn.functional.binary_cross_entropy_with_logits(net(numbers, buckets, place), label, weight)
                loss.backward()
                steps.step()
            model._weights, model._table = _weights(net), _table(net, places.sizes)
            loss_now = -epoch if later is None else log_loss(later.label, model.margin(later.features), later.weight)
            better = loss_now < best[0]
            best, since = ((loss_now, epoch, model._weights, model._table), 0) if better else (best, since + 1)
            if since >= PATIENCE:
                break
    model._weights = best[2]
    return best[3], best[1]


class _Rows:
    """Training rows as tensors, in batches of another order in each pass."""

    def __init__(self, torch: Any, model: WideDeep, rows: Dataset) -> None:
        self._torch, self._seed, self._many = torch, model.spec.seed, len(rows)
        inputs, tensor = model._inputs, torch.from_numpy
        self._parts = (
            tensor(inputs.preparation.apply(rows.features).astype(np.float32)),
            tensor(inputs.buckets(rows.features)),
            tensor(model._places.codes(rows.features)),
            tensor(rows.label.astype(np.float32)),
            tensor((rows.weight / rows.weight.mean()).astype(np.float32)),
        )

    def batches(self, epoch: int) -> Iterator[tuple[Any, ...]]:
        order = np.random.default_rng([self._seed, epoch]).permutation(self._many)
        for some in np.array_split(order, max(min(FEWEST_STEPS, self._many // 16), self._many // BATCH, 1)):
            chosen = self._torch.from_numpy(some)
            yield tuple(part[chosen] for part in self._parts)


def _network(torch: Any, inputs: Inputs, sizes: tuple[int, int, int], chosen: dict[str, Any]) -> Any:
    """The network; a place has what its position, its placement's and its device's positions add."""
    pairs, words, width = len(inputs.pairs), len(inputs.words), chosen["width"]
    numbers = len(inputs.preparation.mean)

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.wide = torch.nn.Parameter(torch.zeros(pairs, BUCKETS))
            self.embeddings = torch.nn.Parameter(0.05 * torch.randn(words, BUCKETS, chosen["embedding"]))
            self.line = torch.nn.Parameter(torch.zeros(numbers))
            self.tower = torch.nn.ModuleList(
                torch.nn.Linear(*shape)
                for shape in ((numbers + words * chosen["embedding"], width), (width, width // 2), (width // 2, 1))
            )
            torch.nn.init.constant_(self.tower[-1].bias, chosen["level"])
            self.places = torch.nn.ParameterList(
                torch.zeros(shape)
                for shape in (sizes[2], (sizes[0], sizes[2]), (sizes[0], sizes[1], sizes[2]), (sizes[0], sizes[1], 1))
            )

        def forward(self, values: Any, buckets: Any, place: Any) -> Any:
            wide = self.wide[torch.arange(pairs), buckets].sum(1) + values @ self.line
            embedded = self.embeddings[torch.arange(words), buckets[:, :words]].flatten(1)
            deep = torch.cat([values, embedded], 1)
            for number, layer in enumerate(self.tower):
                deep = layer(torch.relu(deep) if number else deep)
            first, second, position = place.T
            by_position, by_placement, by_device, level = self.places
            added = by_position[position] + by_placement[first, position] + by_device[first, second, position]
            return wide + deep[:, 0] + added + level[first, second, 0]

    return Net()


def _weights(net: Any) -> Weights:
    def array(part: Any) -> NDArray[np.float32]:
        return np.asarray(part.detach().numpy().astype(np.float32).copy())

    layers = tuple((np.ascontiguousarray(array(layer.weight).T), array(layer.bias)) for layer in net.tower)
    return Weights(array(net.wide), array(net.embeddings), array(net.line), layers)


def _single(values: Any) -> NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)


def _table(net: Any, sizes: tuple[int, int, int]) -> Floats:
    position, placement, device, level = (part.detach().numpy().astype(np.float64) for part in net.places)
    return np.asarray((position[None, None] + placement[:, None] + device + level).reshape(int(np.prod(sizes))))
