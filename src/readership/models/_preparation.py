"""What a linear model, a forest or a network needs before it can read a feature matrix, in NumPy and in ONNX.

Numbers are squeezed by a signed log(1 + |x|) (counts and seconds have long tails), a missing one takes the median
and raises a flag of its own, a category becomes one column for each word; all columns are then standardised and
cut at `LIMIT` standard deviations. An unseen category is none of the words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset
from readership.models._onnx import Graph
from readership.models._rows import in_name_order

LIMIT = 8.0
TERMS = ("value", "is missing", "is code")
"""The kinds of prepared columns, in their order."""


@dataclass(frozen=True)
class Preparation:
    """Fitted on training rows; turns features [n, p] into standardised columns float64 [n, q].

    Columns stand in the order of their names, whatever order the rows have them in.

    numeric   positions of number columns; `median` [len(numeric)] of each after the logarithm
    flagged   positions of columns that had missing values in training, one of those that miss them together
    worded    position of the category column of each (column, code) pair; `code` [len(worded)] its code
    """

    numeric: NDArray[np.int64]
    median: NDArray[np.float64]
    flagged: NDArray[np.int64]
    worded: NDArray[np.int64]
    code: NDArray[np.float64]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def fit(cls, train: Dataset, only: tuple[str, ...] | None = None) -> Self:
        """Medians, vocabularies, means and scales of these rows; `only` names the features to prepare."""
        order = in_name_order(train.names)
        if only is not None:
            order = order[[train.names[i] in only for i in order]]
        words = [len(train.categories.get(name, ())) for name in train.names]
        numeric = order[[train.names[i] not in train.categories for i in order]]
        worded = np.repeat(order, [words[i] for i in order])
        code = np.concatenate([np.arange(words[i]) for i in order]).astype(np.float64)
        flagged = order[_different(np.isnan(train.features[:, order]))]
        median = _medians(_squeezed(train.features[:, numeric].astype(np.float64)))
        unit = cls(numeric, median, flagged, worded, code, np.zeros(1), np.ones(1))
        columns = unit._columns(train.features)
        deviation = columns.std(axis=0)
        scale = np.where(deviation > 1e-9, deviation, 1.0)
        return cls(numeric, median, flagged, worded, code, columns.mean(axis=0), scale)

    @classmethod
    def from_terms(cls, terms: Sequence[Mapping[str, Any]], names: tuple[str, ...]) -> Self:
        """What `terms` wrote down, for a feature matrix with these names."""
        kinds = {kind: [term for term in terms if term["term"] == kind] for kind in TERMS}
        position = {
            kind: np.array([names.index(term["feature"]) for term in those], dtype=np.int64)
            for kind, those in kinds.items()
        }
        return cls(
            numeric=position["value"],
            median=np.array([term["median"] for term in kinds["value"]], dtype=np.float64),
            flagged=position["is missing"],
            worded=position["is code"],
            code=np.array([term["code"] for term in kinds["is code"]], dtype=np.float64),
            mean=np.array([term["mean"] for term in terms], dtype=np.float64),
            scale=np.array([term["scale"] for term in terms], dtype=np.float64),
        )

    def terms(self, names: tuple[str, ...]) -> list[dict[str, Any]]:
        """Every prepared column in plain words and numbers, in order: for JSON, and for `from_terms`."""
        kinds: list[dict[str, Any]] = [{"term": "value", "median": median} for median in self.median.tolist()]
        kinds += [{"term": "is missing"} for _ in self.flagged]
        kinds += [{"term": "is code", "code": code} for code in self.code.tolist()]
        return [
            {"feature": names[source], **kind, "mean": mean, "scale": scale}
            for source, kind, mean, scale in zip(
                self.source, kinds, self.mean.tolist(), self.scale.tolist(), strict=True
            )
        ]

    @property
    def source(self) -> NDArray[np.int64]:
        """Position of the feature that each prepared column was made of."""
        return np.concatenate([self.numeric, self.flagged, self.worded])

    def apply(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Prepared columns of these rows."""
        return np.clip((self._columns(features) - self.mean) / self.scale, -LIMIT, LIMIT)

    def add_to(self, graph: Graph) -> str:
        """The same in ONNX; returns the name of the prepared columns."""
        values = graph.double("features")
        number = graph.add("Gather", values, graph.constant(self.numeric), axis=1)
        one = graph.constant(np.array(1.0))
        logarithm = graph.add("Log", graph.add("Add", graph.add("Abs", number), one))
        squeezed = graph.add("Mul", graph.add("Sign", number), logarithm)
        filled = graph.add("Where", graph.add("IsNaN", number), graph.constant(self.median), squeezed)
        flags = graph.add("IsNaN", graph.add("Gather", values, graph.constant(self.flagged), axis=1))
        words = graph.add("Gather", values, graph.constant(self.worded), axis=1)
        words = graph.add("Equal", words, graph.constant(self.code))
        columns = graph.add("Concat", filled, graph.double(flags), graph.double(words), axis=1)
        centred = graph.add("Sub", columns, graph.constant(self.mean))
        scaled = graph.add("Div", centred, graph.constant(self.scale))
        return graph.add("Clip", scaled, graph.constant(np.array(-LIMIT)), graph.constant(np.array(LIMIT)))

    def _columns(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        number = _squeezed(features[:, self.numeric].astype(np.float64))
        filled = np.where(np.isnan(number), self.median, number)
        flags = np.isnan(features[:, self.flagged])
        words = features[:, self.worded] == self.code
        return np.concatenate([filled, flags, words], axis=1)


def _squeezed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sign(values) * np.log1p(np.abs(values))


def _medians(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of each column's known values; 0 for a column without any."""
    known = ~np.isnan(values)
    return np.array(
        [np.median(column[there]) if there.any() else 0.0 for column, there in zip(values.T, known.T, strict=True)]
    )


def _different(missing: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Positions of columns that are missing now and then, the first of those missing in the very same rows."""
    some = np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0))
    packed = np.packbits(missing[:, some], axis=0)
    first = {column.tobytes(): at for at, column in zip(some[::-1], packed.T[::-1], strict=True)}
    return np.array(sorted(first.values()), dtype=np.int64)
