"""Where something was shown, as a table that is added to a margin: so it can be left out again exactly.

A place is a placement, a device and a position. Whoever scores without a position gets, for the placement and device,
the number that leaves the mean probability of all its impressions as it was.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset
from readership.errors import InputError
from readership.models._calibration import sigmoid
from readership.models._onnx import Graph

BIAS = ("position", "placement", "device_type")
LAST = 30
"""Positions beyond count as this one; 0 stands for an unknown one."""
SHRINK = 20.0
"""Impressions' worth of doubt that pulls a place towards the places it belongs to."""
STEPS = 30
Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Places:
    """Number of the place of each row: ((placement * devices) + device) * positions + position.

    column  of the features: position, placement, device
    sizes   how many placements, devices (the unseen one last, which also stands for a missing one) and positions
    """

    column: tuple[int, int, int]
    sizes: tuple[int, int, int]

    @classmethod
    def of(cls, rows: Dataset) -> Self:
        """The places of these rows; InputError where they do not say where things were shown."""
        if missing := [name for name in BIAS if name not in rows.names]:
            raise InputError(f"a model of clicks needs the features {', '.join(missing)}, which this dataset lacks")
        position, placement, device = (rows.names.index(name) for name in BIAS)
        words = [len(rows.categories.get(name, ())) + 1 for name in BIAS[1:]]
        return cls((position, placement, device), (words[0], words[1], LAST + 1))

    def codes(self, features: NDArray[np.float32]) -> Codes:
        """[n, 3]: placement, device and position of each row."""
        position, placement, device = (features[:, column].astype(np.float64) for column in self.column)
        parts = [
            np.clip(np.where(np.isnan(value), unknown, value), 0, size - 1)
            for value, size, unknown in zip(
                (placement, device, position), self.sizes, (self.sizes[0], self.sizes[1], 0.0), strict=True
            )
        ]
        return np.stack(parts, axis=1).astype(np.int64)

    def number(self, features: NDArray[np.float32]) -> Codes:
        """[n]: the place of each row."""
        return np.ravel_multi_index(tuple(self.codes(features).T), self.sizes)

    def add_to(self, graph: Graph, table: Floats) -> str:
        """The entry of `table` [places] for each row in ONNX, float64 [n, 1]; returns its name."""
        from onnx import TensorProto

        position, placement, device = self.column
        total = ""
        strides = (self.sizes[1] * self.sizes[2], self.sizes[2], 1)
        unknown = (float(self.sizes[0]), float(self.sizes[1]), 0.0)
        for column, size, stride, otherwise in zip(
            (placement, device, position), self.sizes, strides, unknown, strict=True
        ):
            value = graph.add("Gather", graph.double("features"), graph.constant(np.array([column])), axis=1)
            value = graph.add("Where", graph.add("IsNaN", value), graph.constant(np.array(otherwise)), value)
            low, high = graph.constant(np.array(0.0)), graph.constant(np.array(size - 1.0))
            code = graph.add("Cast", graph.add("Clip", value, low, high), to=TensorProto.INT64)
            part = graph.add("Mul", code, graph.constant(np.array(stride, dtype=np.int64)))
            total = graph.add("Add", total, part) if total else part
        return graph.add("Gather", graph.constant(table), total, axis=0)

    def grid(self) -> NDArray[np.float32]:
        """[places, 3]: position, placement and device of every place, in the order of their numbers."""
        placement, device, position = np.unravel_index(np.arange(int(np.prod(self.sizes))), self.sizes)
        return np.stack([position, placement, device], axis=1).astype(np.float32)


def fit_table(places: Places, rows: Dataset, offset: Floats) -> Floats:
    """Log-odds of each place [places] beside `offset` [n], by ridge-shrunk Newton steps from coarse to fine.

    First one number for all, then what each position of a placement adds, then what a device changes of that; a place
    without impressions has what it belongs to. Position 0 is filled by `without_position`.
    """
    codes = places.codes(rows.features)
    placements, devices, positions = places.sizes
    everywhere = np.zeros(len(rows), dtype=np.int64)
    level = _added(everywhere, 1, rows, offset, 0.0)
    by_position = _added(codes[:, 2], positions, rows, offset + level[0], SHRINK)
    so_far = level[0] + by_position[codes[:, 2]]
    group = codes[:, 0] * positions + codes[:, 2]
    by_placement = _added(group, placements * positions, rows, offset + so_far, SHRINK)
    so_far = so_far + by_placement[group]
    number = places.number(rows.features)
    by_device = _added(number, int(np.prod(places.sizes)), rows, offset + so_far, SHRINK)
    coarse = level[0] + by_position[None, :] + by_placement.reshape(placements, positions)
    table = coarse[:, None, :] + by_device.reshape(places.sizes)
    assert table.shape == (placements, devices, positions)
    return without_position(places, table.ravel(), rows, offset)


def without_position(places: Places, table: Floats, rows: Dataset, rest: Floats) -> Floats:
    """The table with position 0 of every placement and device such that the mean probability of its rows stays.

    `rest` [n] is the margin without the table. A placement and device without rows takes the number of the placement,
    a placement without rows that of all rows.
    """
    filled = table.reshape(places.sizes).copy()
    codes, given = places.codes(rows.features), sigmoid(rest + table[places.number(rows.features)])
    whole = _same_mean(rest, given, rows.weight)
    for placement in range(places.sizes[0]):
        here = codes[:, 0] == placement
        usual = _same_mean(rest[here], given[here], rows.weight[here]) if here.any() else whole
        for device in range(places.sizes[1]):
            own = here & (codes[:, 1] == device)
            enough = int(own.sum()) >= SHRINK
            filled[placement, device, 0] = _same_mean(rest[own], given[own], rows.weight[own]) if enough else usual
    return filled.ravel()


def _added(group: Codes, many: int, rows: Dataset, offset: Floats, shrink: float) -> Floats:
    """What each group adds to the log-odds: Newton's steps on its own rows, with `shrink` rows of doubt."""
    found = np.zeros(many)
    doubt = shrink * 0.1
    clicks = np.bincount(group, weights=rows.weight * rows.label, minlength=many)
    for _ in range(STEPS):
        given = sigmoid(offset + found[group])
        excess = np.bincount(group, weights=rows.weight * given, minlength=many) - clicks + doubt * found
        spread = np.bincount(group, weights=rows.weight * given * (1 - given), minlength=many) + doubt
        step = np.clip(excess / np.maximum(spread, 1e-9), -2.0, 2.0)
        found = found - step
        if np.abs(step).max() < 1e-6:
            break
    return found


def _same_mean(rest: Floats, given: Floats, weight: Floats) -> float:
    """The number c for which the mean of sigmoid(rest + c) is that of `given`."""
    wanted = float(np.average(given, weights=weight))
    found = float(np.log(wanted / (1 - wanted)) - np.average(rest, weights=weight))
    for _ in range(STEPS):
        now = sigmoid(rest + found)
        over = float(np.average(now, weights=weight)) - wanted
        step = over / max(float(np.average(now * (1 - now), weights=weight)), 1e-9)
        found -= min(max(step, -2.0), 2.0)
        if abs(step) < 1e-9:
            break
    return found


def stored(places: Places, table: Floats) -> dict[str, Any]:
    """Places and table as JSON has them."""
    return {"sizes": list(places.sizes), "table": table.tolist()}


def restored(told: dict[str, Any], names: tuple[str, ...]) -> tuple[Places, Floats]:
    """What `stored` wrote, for a feature matrix with these names."""
    position, placement, device = (names.index(name) for name in BIAS)
    return Places((position, placement, device), tuple(told["sizes"])), np.array(told["table"])
