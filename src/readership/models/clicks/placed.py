"""What every model of a click shares: a margin of the item and the reader, plus the entry of a table of places."""

import json
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, ModelSpec
from readership.models._onnx import Graph
from readership.models._rows import Vocabularies, labelled, usable
from readership.models.clicks.place import Floats, Places, restored, stored, without_position


class Placed(ABC):
    """See `contracts.Model`. A kind of model says how its rest is fitted, computed, drawn in ONNX and written down.

    The rest never reads where something was shown: with position 0 the same model answers without it.
    """

    FILE: ClassVar[str]
    _names: tuple[str, ...]
    _places: Places
    _table: Floats

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec

    def fit(self, train: Dataset, valid: Dataset | None) -> Self:
        """See `contracts.Model`."""
        rows = usable(train, self.spec.name)
        self._names, self._places = rows.names, Places.of(rows)
        self._table = self._learn(rows, None if valid is None else labelled(valid))
        self._table = without_position(self._places, self._table, rows, self._rest(rows.features))
        return self

    def margin(self, features: NDArray[np.float32]) -> Floats:
        """See `contracts.Model`."""
        found: Floats = self._rest(features) + self._table[self._places.number(features)]
        return found

    def contributions(self, features: NDArray[np.float32]) -> Floats | None:
        """None, where the rest has no exact additive parts."""
        return None

    def to_onnx(self) -> bytes:
        """See `contracts.Model`."""
        graph = Graph(len(self._names))
        rest = graph.double(self._draw(graph))
        return graph.finish(graph.add("Add", rest, self._places.add_to(graph, self._table)))

    def native(self) -> tuple[str, bytes]:
        """The table of places and the rest, as JSON."""
        return self.FILE, json.dumps({**stored(self._places, self._table), "rest": self._told()}).encode()

    @classmethod
    def restore(cls, spec: ModelSpec, names: tuple[str, ...], categories: Vocabularies, content: bytes) -> Self:
        """The model that `native` wrote."""
        model, told = cls(spec), json.loads(content)
        model._names = names
        model._places, model._table = restored(told, names)
        model._take_up(told["rest"], categories)
        return model

    @abstractmethod
    def _learn(self, rows: Dataset, valid: Dataset | None) -> Floats:
        """Fit the rest, keep what was found in `spec`, and return the table (position 0 is filled afterwards)."""

    @abstractmethod
    def _rest(self, features: NDArray[np.float32]) -> Floats: ...

    @abstractmethod
    def _draw(self, graph: Graph) -> str: ...

    @abstractmethod
    def _told(self) -> Any: ...

    @abstractmethod
    def _take_up(self, told: Any, categories: Vocabularies) -> None: ...
