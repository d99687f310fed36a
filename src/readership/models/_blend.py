"""A linear and a boosted model averaged by their log-odds: a line carries on where trees stop, and trees bend."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, Model, ModelSpec
from readership.models._linear import LogisticRegression
from readership.models._onnx import merged
from readership.models._rows import Vocabularies, labelled, log_loss, usable
from readership.models._trees import XGBoost

SHARES = (0.25, 0.5, 0.75)
PARTS: dict[str, Any] = {"logistic_regression": LogisticRegression, "xgboost": XGBoost}


@dataclass
class Blend:
    """(1 - share) * logistic regression + share * XGBoost, in log-odds; exact parts, since both have them.

    Parameters: `share`, the best of `SHARES` on `valid` when absent; `logistic_regression` and `xgboost`, the
    parameters of the two.
    """

    spec: ModelSpec
    FILE = "blend.json"

    def parts(self) -> list[ModelSpec]:
        """What to fit before the two can be joined."""
        return [ModelSpec(name, self.spec.parameters.get(name, {}), self.spec.seed) for name in PARTS]

    def fit(self, train: Dataset, valid: Dataset | None) -> Self:
        """See `contracts.Model`."""
        usable(train, self.spec.name)
        return self.join([PARTS[spec.name](spec).fit(train, valid) for spec in self.parts()], valid)

    def join(self, parts: Sequence[Model], valid: Dataset | None) -> Self:
        """The blend of `parts()` already fitted, so that none is fitted twice; `valid` chooses the share."""
        self._parts = list(parts)
        share = self.spec.parameters.get("share")
        if share is None:
            share = 0.5 if valid is None else self._best_share(labelled(valid))
        self._weights = (1 - share, share)
        sizes = {part.spec.name: dict(part.spec.parameters) for part in self._parts}
        self.spec = replace(self.spec, parameters={"share": share, **sizes})
        return self

    def margin(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `contracts.Model`."""
        line, trees = (part.margin(features) for part in self._parts)
        return self._weights[0] * line + self._weights[1] * trees

    def contributions(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """The parts' contributions in the same shares."""
        line, trees = (part.contributions(features) for part in self._parts)
        assert line is not None
        assert trees is not None
        return self._weights[0] * line + self._weights[1] * trees

    def to_onnx(self) -> bytes:
        """See `contracts.Model`."""
        return merged([part.to_onnx() for part in self._parts], self._weights)

    def native(self) -> tuple[str, bytes]:
        """Both native forms and their shares in one JSON file."""
        parts = [
            {"share": weight, "name": part.spec.name, "content": json.loads(part.native()[1])}
            for weight, part in zip(self._weights, self._parts, strict=True)
        ]
        return self.FILE, json.dumps({"parts": parts}).encode()

    @classmethod
    def restore(cls, spec: ModelSpec, names: tuple[str, ...], categories: Vocabularies, content: bytes) -> Self:
        """The model that `native` wrote."""
        model, stored = cls(spec), json.loads(content)["parts"]
        model._weights = tuple(part["share"] for part in stored)
        model._parts = [
            kind.restore(part, names, categories, json.dumps(own["content"]).encode())
            for kind, part, own in zip(PARTS.values(), model.parts(), stored, strict=True)
        ]
        return model

    def _best_share(self, later: Dataset) -> float:
        line, trees = (part.margin(later.features) for part in self._parts)
        losses = {share: log_loss(later.label, (1 - share) * line + share * trees, later.weight) for share in SHARES}
        return min(losses, key=losses.__getitem__)
