"""Several models of a score added up, each with the weight that served best on rows none of them was fitted on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, Model, ModelSpec
from readership.models._gru import Gru, torch_is_there
from readership.models._linear import Ridge
from readership.models._onnx import weighted_sum
from readership.models._rows import Vocabularies, labelled, usable
from readership.models._trees import LightGBMRegression, XGBoostRegression

PARTS: dict[str, Any] = {
    "ridge": Ridge,
    "lightgbm_regression": LightGBMRegression,
    "xgboost_regression": XGBoostRegression,
    "gru": Gru,
}
Numbers = NDArray[np.float64]


def there() -> dict[str, Any]:
    """The parts that can be fitted here: the recurrent network needs PyTorch."""
    return {name: kind for name, kind in PARTS.items() if kind is not Gru or torch_is_there()}


@dataclass
class Ensemble:
    """A weighted mean of models; weights are not negative and sum to 1. A part of weight 0 is dropped.

    Parameters: those of each part by its name (by default all parts that can be fitted here), and `weights`, by name;
    without them `fit` finds them on `valid`, and without that all weigh the same.
    """

    spec: ModelSpec
    FILE = "ensemble.json"

    def parts(self) -> list[ModelSpec]:
        """What to fit before it can be joined."""
        chosen = self.spec.parameters
        names = [name for name in PARTS if name in chosen] or list(there())
        return [ModelSpec(name, chosen.get(name, {}), self.spec.seed) for name in names]

    def fit(self, train: Dataset, valid: Dataset | None) -> Self:
        """See `contracts.Model`."""
        usable(train, self.spec.name)
        self.join([PARTS[spec.name](spec).fit(train, valid) for spec in self.parts()])
        return self if valid is None or "weights" in self.spec.parameters else self.weigh(valid)

    def join(self, parts: Sequence[Model]) -> Self:
        """The ensemble of `parts()` already fitted, so that none is fitted twice."""
        self._parts = list(parts)
        weights = self.spec.parameters.get("weights")
        self._weights = [1 / len(parts) if weights is None else weights[part.spec.name] for part in parts]
        told = {part.spec.name: dict(part.spec.parameters) for part in parts}
        self.spec = replace(self.spec, parameters={**self.spec.parameters, **told})
        return self

    def weigh(self, rows: Dataset) -> Self:
        """The same parts with the weights of least squared error on these rows, which none of them was fitted on."""
        judged = labelled(rows)
        scores = np.stack([part.margin(judged.features) for part in self._parts], axis=1)
        found = least_error_weights(scores - judged.label[:, None], judged.weight)
        kept = {part.spec.name: (part, share) for part, share in zip(self._parts, found, strict=True) if share > 0}
        self._parts, self._weights = [part for part, _ in kept.values()], [share for _, share in kept.values()]
        told = {name: dict(part.spec.parameters) for name, (part, _) in kept.items()}
        self.spec = replace(self.spec, parameters={**told, "weights": {n: share for n, (_, share) in kept.items()}})
        return self

    def margin(self, features: NDArray[np.float32]) -> Numbers:
        """See `contracts.Model`; the score."""
        scores = [share * part.margin(features) for part, share in zip(self._parts, self._weights, strict=True)]
        return np.sum(scores, axis=0)

    def contributions(self, features: NDArray[np.float32]) -> Numbers | None:
        """The weighted mean of the parts' contributions; None where one of them has none."""
        found = [part.contributions(features) for part in self._parts]
        known = [parts for parts in found if parts is not None]
        if len(known) < len(found):
            return None
        return np.sum([share * parts for parts, share in zip(known, self._weights, strict=True)], axis=0)

    def to_onnx(self) -> bytes:
        """See `contracts.Model`."""
        return weighted_sum([part.to_onnx() for part in self._parts], self._weights)

    def native(self) -> tuple[str, bytes]:
        """Each part's own form, in one JSON file."""
        return self.FILE, json.dumps({part.spec.name: part.native()[1].decode() for part in self._parts}).encode()

    @classmethod
    def restore(cls, spec: ModelSpec, names: tuple[str, ...], categories: Vocabularies, content: bytes) -> Self:
        """The model that `native` wrote."""
        model, stored = cls(spec), json.loads(content)
        specs = model.parts()
        return model.join(
            [PARTS[part.name].restore(part, names, categories, stored[part.name].encode()) for part in specs]
        )


def least_error_weights(errors: Numbers, weight: Numbers) -> list[float]:
    """Weights [k], not negative, sum 1, to three places, of least mean square of errors [n, k] @ weights.

    Exact: for each set of columns the best weights that sum to 1 are G⁻¹1 / 1ᵀG⁻¹1 with G = EᵀE; of the sets whose
    weights are all positive the best is taken.

    >>> least_error_weights(np.array([[1.0, -1.0], [1.0, -1.0]]), np.ones(2))    # the errors cancel
    [0.5, 0.5]
    """
    columns = errors.shape[1]
    products = (errors * weight[:, None]).T @ errors / weight.sum()
    best, least = np.eye(columns)[0], np.inf
    for size in range(1, columns + 1):
        for chosen in combinations(range(columns), size):
            part = products[np.ix_(chosen, chosen)]
            found = np.linalg.lstsq(part, np.ones(size), rcond=None)[0]
            total = found.sum()
            if total <= 0 or (found <= 0).any():
                continue
            whole = np.zeros(columns)
            whole[list(chosen)] = found / total
            if (error := float(whole @ products @ whole)) < least - 1e-12:
                best, least = whole, error
    rounded = np.round(best, 3)
    rounded[np.argmax(rounded)] += 1 - rounded.sum()
    return [round(float(share), 3) for share in rounded]
