"""A recurrent network (GRU) over a reader's last sessions: fitted by PyTorch, run by NumPy and by ONNX.

Columns `<channel>_lag_<k>` are read as a sequence, the oldest session first. PyTorch is needed by `fit` alone, which
takes a GPU where there is one; weights are kept as NumPy arrays, so nothing else ever loads it.
"""

import json
import re
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, ModelSpec
from readership.errors import InputError
from readership.models._onnx import Graph
from readership.models._pytorch import one_thread, pytorch_for
from readership.models._rows import Vocabularies, labelled, usable

STEPS = 30
CHANNELS = ("score", "silence_days", "articles")
LIMIT = 8.0
EPOCHS = 10
MOST_EPOCHS = 40
PATIENCE = 5
BATCH = 512
_LAG = re.compile(rf"({'|'.join(CHANNELS)})_lag_([1-9]\d*)")
Numbers = NDArray[np.float64]


class Weights(NamedTuple):
    """A GRU's weights as PyTorch lays them out (gates r, z, n below each other), float32, and of the line behind it.

    inputs [3h, c], state [3h, h], inputs_shift [3h], state_shift [3h], line [h], constant [1]
    """

    inputs: NDArray[np.float32]
    state: NDArray[np.float32]
    inputs_shift: NDArray[np.float32]
    state_shift: NDArray[np.float32]
    line: NDArray[np.float32]
    constant: NDArray[np.float32]


@dataclass(frozen=True)
class Lags:
    """Where the lags stand among the features, and how their values are brought to one scale.

    column        position of each step's channels [STEPS, channels], the oldest first; -1 where there is no such column
    mean, scale   of each channel's known values, after a signed log(1 + |x|)
    """

    column: NDArray[np.int64]
    mean: Numbers
    scale: Numbers

    @classmethod
    def of(cls, rows: Dataset) -> Self:
        """The lags of these rows; InputError where they have no scores of past sessions."""
        column = _columns(rows.names)
        unit = cls(column, np.zeros(len(CHANNELS)), np.ones(len(CHANNELS)))
        known = [unit.values(rows.features)[:, :, channel] for channel in range(len(CHANNELS))]
        return cls(
            column,
            np.array([_of_known(np.mean, values, 0.0) for values in known]),
            np.array([_of_known(np.std, values, 1.0) or 1.0 for values in known]),
        )

    def values(self, features: NDArray[np.float32]) -> Numbers:
        """[n, STEPS, channels] on the common scale; nan is missing."""
        found = features[:, np.maximum(self.column, 0)].astype(np.float64)
        found = np.where(self.column < 0, np.nan, np.sign(found) * np.log1p(np.abs(found)))
        return np.clip((found - self.mean) / self.scale, -LIMIT, LIMIT)

    def sequence(self, features: NDArray[np.float32]) -> Numbers:
        """[n, STEPS, channels + 1]: the values, 0 where missing, and 1 where there was a session."""
        values = self.values(features)
        there = ~np.isnan(values[:, :, :1])
        return np.concatenate([np.nan_to_num(values), there], axis=2)

    def add_to(self, graph: Graph) -> str:
        """The same in ONNX, with the steps first: float32 [STEPS, n, channels + 1]; returns its name."""
        shape = graph.constant(np.array([0, *self.column.shape], dtype=np.int64))
        columns = graph.constant(np.maximum(self.column, 0).ravel())
        found = graph.add("Reshape", graph.add("Gather", graph.double("features"), columns, axis=1), shape)
        one, nothing = graph.constant(np.array(1.0)), graph.constant(np.array(0.0))
        logarithm = graph.add("Log", graph.add("Add", graph.add("Abs", found), one))
        squeezed = graph.add("Mul", graph.add("Sign", found), logarithm)
        absent, missing = graph.constant(self.column < 0), graph.constant(np.array(np.nan))
        centred = graph.add("Sub", graph.add("Where", absent, missing, squeezed), graph.constant(self.mean))
        scaled = graph.add("Div", centred, graph.constant(self.scale))
        cut = graph.add("Clip", scaled, graph.constant(np.array(-LIMIT)), graph.constant(np.array(LIMIT)))
        unknown = graph.add("IsNaN", scaled)
        scores = graph.add("Gather", unknown, graph.constant(np.array([0])), axis=2)
        there = graph.double(graph.add("Not", scores))
        whole = graph.add("Concat", graph.add("Where", unknown, nothing, cut), there, axis=2)
        return graph.add("Transpose", graph.single(whole), perm=[1, 0, 2])


@dataclass
class Gru:
    """One layer of gated recurrent units and a line, least squares. Made for scores from 0 to 100.

    Parameters: `units`, `rate` (of learning), `decay` (shrinkage), `epochs` (passes over the rows; chosen on `valid`
    when absent).
    """

    spec: ModelSpec
    FILE = "gru.json"

    def fit(self, train: Dataset, valid: Dataset | None) -> Self:
        """See `contracts.Model`. Raises MissingExtra where PyTorch is not installed."""
        rows = usable(train, self.spec.name)
        chosen = {"units": 16, "rate": 0.005, "decay": 0.0001} | dict(self.spec.parameters)
        self._names, self._lags = rows.names, Lags.of(rows)
        self._level = float(np.average(rows.label, weights=rows.weight))
        self._spread = float(np.std(rows.label)) or 1.0
        later = labelled(valid) if valid is not None and "epochs" not in chosen else None
        self._weights, epochs = _learn(self, rows, later, chosen)
        self.spec = replace(self.spec, parameters={**chosen, "epochs": epochs})
        return self

    def margin(self, features: NDArray[np.float32]) -> Numbers:
        """See `contracts.Model`; the score."""
        state = last_state(self._weights, self._lags.sequence(features))
        line = state @ self._weights.line.astype(np.float64) + float(self._weights.constant[0])
        return self._level + self._spread * line

    def contributions(self, features: NDArray[np.float32]) -> None:
        """None: a network has no exact additive parts."""
        return None

    def to_onnx(self) -> bytes:
        """See `contracts.Model`; the recurrence runs in float32, as ONNX Runtime has it."""
        graph = Graph(len(self._names))
        weights, units = self._weights, len(self._weights.line)
        inputs, state, inputs_shift, state_shift = (_onnx_gates(part, units) for part in weights[:4])
        last = graph.last_state(
            "GRU",
            self._lags.add_to(graph),
            graph.constant(inputs[None]),
            graph.constant(state[None]),
            graph.constant(np.concatenate([inputs_shift, state_shift])[None]),
            hidden_size=units,
            linear_before_reset=1,
        )
        one_layer = graph.add("Squeeze", last, graph.constant(np.array([0])))
        line = graph.add("MatMul", graph.double(one_layer), graph.constant(weights.line[:, None].astype(np.float64)))
        shifted = graph.add("Add", line, graph.constant(weights.constant.astype(np.float64)))
        spread = graph.add("Mul", shifted, graph.constant(np.array(self._spread)))
        return graph.finish(graph.add("Add", spread, graph.constant(np.array(self._level))))

    def native(self) -> tuple[str, bytes]:
        """Scales and weights, as JSON; columns are found by their names."""
        told = {
            "mean": self._lags.mean.tolist(),
            "scale": self._lags.scale.tolist(),
            "level": self._level,
            "spread": self._spread,
            "weights": {name: part.tolist() for name, part in self._weights._asdict().items()},
        }
        return self.FILE, json.dumps(told).encode()

    @classmethod
    def restore(cls, spec: ModelSpec, names: tuple[str, ...], categories: Vocabularies, content: bytes) -> Self:
        """The model that `native` wrote."""
        model, stored = cls(spec), json.loads(content)
        model._names, model._level, model._spread = names, stored["level"], stored["spread"]
        model._lags = Lags(_columns(names), np.array(stored["mean"]), np.array(stored["scale"]))
        model._weights = Weights(**{n: np.array(part, dtype=np.float32) for n, part in stored["weights"].items()})
        return model


def last_state(weights: Weights, sequence: Numbers) -> Numbers:
    """What a GRU remembers [n, h] after a sequence [n, steps, c], from nothing.

    r = σ(Wᵣx + bᵣ + Uᵣh + cᵣ), z likewise, n = tanh(Wₙx + bₙ + r·(Uₙh + cₙ)), h' = (1 − z)·n + z·h
    """
    inputs, state, inputs_shift, state_shift = (part.astype(np.float64) for part in weights[:4])
    units = len(weights.line)
    h = np.zeros((len(sequence), units))
    for step in range(sequence.shape[1]):
        x = sequence[:, step] @ inputs.T + inputs_shift
        u = h @ state.T + state_shift
        gates = 1 / (1 + np.exp(-(x + u)[:, : 2 * units]))
        reset, keep = gates[:, :units], gates[:, units:]
        new = np.tanh(x[:, 2 * units :] + reset * u[:, 2 * units :])
        h = (1 - keep) * new + keep * h
    return h


def torch_is_there() -> bool:
    """Whether this candidate can be fitted here."""
    from importlib.util import find_spec

    return find_spec("torch") is not None


def _learn(model: Gru, rows: Dataset, later: Dataset | None, chosen: dict[str, Any]) -> tuple[Weights, int]:
    """Weights of the best pass over the rows, and its number; the last one where `later` is None."""
    torch = pytorch_for("the recurrent network")
    there = "cuda" if torch.cuda.is_available() else "cpu"

    def tensor(values: NDArray[Any]) -> Any:
        return torch.tensor(values, dtype=torch.float32, device=there)

    x, y = tensor(model._lags.sequence(rows.features)), tensor((rows.label - model._level) / model._spread)
    weight = tensor(rows.weight / rows.weight.mean())
    with torch.random.fork_rng(), one_thread(torch):
        torch.manual_seed(model.spec.seed)
        layer = torch.nn.GRU(x.shape[2], chosen["units"], batch_first=True).to(there)
        line = torch.nn.Linear(chosen["units"], 1).to(there)
        parameters = [*layer.parameters(), *line.parameters()]
        steps = torch.optim.Adam(parameters, lr=chosen["rate"], weight_decay=chosen["decay"])
        best, since = (np.inf, 0, _weights(layer, line)), 0
        for epoch in range(1, 1 + (chosen.get("epochs", EPOCHS) if later is None else MOST_EPOCHS)):
            order = np.random.default_rng([model.spec.seed, epoch]).permutation(len(rows))
            for part in np.array_split(order, max(1, len(order) // BATCH)):
                steps.zero_grad()
                missed = line(layer(x[part])[1][0])[:, 0] - y[part]
                (weight[part] * missed * missed).mean().backward()
                steps.step()
            model._weights = _weights(layer, line)
            loss = -epoch if later is None else _squared_error(model, later)
            best, since = ((loss, epoch, model._weights), 0) if loss < best[0] else (best, since + 1)
            if since > PATIENCE:
                break
    return best[2], best[1]


def _weights(layer: Any, line: Any) -> Weights:
    parts = (layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0, line.weight[0], line.bias)
    return Weights(*(part.detach().cpu().numpy().astype(np.float32).copy() for part in parts))


def _squared_error(model: Gru, rows: Dataset) -> float:
    return float(np.average((model.margin(rows.features) - rows.label) ** 2, weights=rows.weight))


def _onnx_gates(part: NDArray[np.float32], units: int) -> NDArray[np.float32]:
    """Gates r, z, n of PyTorch as z, r, h of ONNX."""
    reset, keep, new = part[:units], part[units : 2 * units], part[2 * units :]
    return np.concatenate([keep, reset, new])


def _columns(names: tuple[str, ...]) -> NDArray[np.int64]:
    column = np.full((STEPS, len(CHANNELS)), -1, dtype=np.int64)
    for place, name in enumerate(names):
        lag = _LAG.fullmatch(name)
        if lag and int(lag[2]) <= STEPS:
            column[STEPS - int(lag[2]), CHANNELS.index(lag[1])] = place
    if (column[:, 0] < 0).all():
        raise InputError(
            "the recurrent network needs the features score_lag_1, score_lag_2, …, which this dataset lacks"
        )
    return column


def _of_known(measure: Any, values: Numbers, otherwise: float) -> float:
    known = values[~np.isnan(values)]
    return float(measure(known)) if known.size else otherwise
