"""Random forest by scikit-learn: a floor that needs little care, and a candidate."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, ModelSpec
from readership.models._onnx import Graph, Tree, floor_float32
from readership.models._rows import Vocabularies, in_name_order, labelled, spread_loss, usable

LEAVES = (15, 50)
USUAL = 50
STEPS = 65_536
"""Leaf shares are kept in steps of 1/65,536, so that float32 adds up to 256 of them without rounding."""
MOST_ROWS = 10_000
"""Rows drawn for one tree, at most; more make the forest slower rather than better."""
EDGE = 1e-4
"""Shares nearer to 0 or 1 than this are taken as this, so that log-odds stay finite."""


@dataclass
class RandomForest:
    """Mean of the trees' leaf shares, as log-odds. Missing values are split on; a category is read by its code.

    Parameters: `trees` (at most 256), `leaf_rows` (fewest rows in a leaf; without it the best of `LEAVES` on `valid`,
    by `spread_loss`), `row_share` (drawn for each tree).
    """

    spec: ModelSpec
    FILE = "forest.json"

    def fit(self, train: Dataset, valid: Dataset | None) -> Self:
        """See `contracts.Model`."""
        rows = usable(train, self.spec.name)
        chosen = {"trees": 60, "row_share": 0.5} | dict(self.spec.parameters)
        self._names = rows.names
        later = None if valid is None or "leaf_rows" in chosen else labelled(valid)
        if later is None:
            chosen.setdefault("leaf_rows", USUAL)
            self._trees = self._grown(rows, chosen)
        else:
            tried = {leaf_rows: self._grown(rows, chosen | {"leaf_rows": leaf_rows}) for leaf_rows in LEAVES}
            losses = {
                leaf_rows: spread_loss(later.label, _log_odds(trees, later.features), later.weight)
                for leaf_rows, trees in tried.items()
            }
            chosen["leaf_rows"] = min(LEAVES, key=losses.__getitem__)
            self._trees = tried[chosen["leaf_rows"]]
        self.spec = replace(self.spec, parameters=chosen)
        return self

    def margin(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `contracts.Model`."""
        return _log_odds(self._trees, features)

    def contributions(self, features: NDArray[np.float32]) -> None:
        """None: log-odds of a mean of shares have no exact parts that are cheap to find."""
        return None

    def to_onnx(self) -> bytes:
        """See `contracts.Model`."""
        graph = Graph(len(self._names))
        total = graph.double(graph.trees("features", self._trees))
        share = graph.add("Div", total, graph.constant(np.array(float(STEPS * len(self._trees)))))
        share = graph.add("Clip", share, graph.constant(np.array(EDGE)), graph.constant(np.array(1 - EDGE)))
        rest = graph.add("Sub", graph.constant(np.array(1.0)), share)
        return graph.finish(graph.add("Log", graph.add("Div", share, rest)))

    def native(self) -> tuple[str, bytes]:
        """The trees' arrays, as JSON; leaves hold shares in steps of 1/65,536."""
        trees = [
            {
                "feature": tree.feature.tolist(),
                "threshold": tree.threshold.astype(float).tolist(),
                "left": tree.yes.tolist(),
                "right": tree.no.tolist(),
                "missing_left": tree.missing_yes.tolist(),
                "share": tree.value.tolist(),
            }
            for tree in self._trees
        ]
        return self.FILE, json.dumps({"features": self._names, "trees": trees}).encode()

    @classmethod
    def restore(cls, spec: ModelSpec, names: tuple[str, ...], categories: Vocabularies, content: bytes) -> Self:
        """The model that `native` wrote."""
        model = cls(spec)
        model._names = names
        model._trees = [
            Tree(
                feature=np.array(tree["feature"], dtype=np.int64),
                threshold=np.array(tree["threshold"], dtype=np.float32),
                mode=tuple("LEQ" if column >= 0 else "LEAF" for column in tree["feature"]),
                yes=np.array(tree["left"], dtype=np.int64),
                no=np.array(tree["right"], dtype=np.int64),
                missing_yes=np.array(tree["missing_left"], dtype=bool),
                value=np.array(tree["share"], dtype=np.float64),
            )
            for tree in json.loads(content)["trees"]
        ]
        return model

    def _grown(self, rows: Dataset, chosen: Mapping[str, Any]) -> list[Tree]:
        from sklearn.ensemble import RandomForestClassifier

        forest = RandomForestClassifier(
            n_estimators=chosen["trees"],
            min_samples_leaf=chosen["leaf_rows"],
            max_features="sqrt",
            max_samples=min(math.ceil(chosen["row_share"] * len(rows)), MOST_ROWS),
            random_state=self.spec.seed,
            n_jobs=1,
        )
        order = in_name_order(rows.names)
        forest.fit(rows.features[:, order], rows.label, sample_weight=rows.weight)
        return [_tree(estimator.tree_, order) for estimator in forest.estimators_]


def _log_odds(trees: Sequence[Tree], features: NDArray[np.float32]) -> NDArray[np.float64]:
    total = np.zeros(len(features))
    for tree in trees:
        total += tree.values(features)
    share = np.clip(total / (STEPS * len(trees)), EDGE, 1 - EDGE)
    return np.log(share / (1 - share))


def _tree(part: Any, order: NDArray[np.int64]) -> Tree:
    leaf = part.children_left < 0
    shares = part.value[:, 0, :]
    share = shares[:, 1] / shares.sum(axis=1)
    return Tree(
        feature=np.where(leaf, -1, order[np.where(leaf, 0, part.feature)]),
        threshold=floor_float32(np.where(leaf, 0.0, part.threshold)),
        mode=tuple(np.where(leaf, "LEAF", "LEQ").tolist()),
        yes=np.where(leaf, 0, part.children_left),
        no=np.where(leaf, 0, part.children_right),
        missing_yes=~leaf & (part.missing_go_to_left == 1),
        value=np.where(leaf, np.round(share * STEPS), 0.0),
    )
