"""Boosted trees by XGBoost and LightGBM: missing values and categories are read as they are.

Both grow many small, heavily shrunk trees on a share of columns and rows, which holds up when readers change;
`valid` (later cut-offs) stops them, by `spread_loss` or, for a score, by squared error. A categorical split singles
out one word, so an unseen word never follows it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, ModelSpec
from readership.models._onnx import Graph, Tree, floor_float32
from readership.models._rows import Vocabularies, in_name_order, labelled, spread_loss, squared_error, usable

ROUNDS = 100
MOST_ROUNDS = 600
PATIENCE = 40
ONE_WORD = 10_000


class Loss(NamedTuple):
    """What trees make small: the libraries' words for it, how their answers become margins, what stops them."""

    xgboost: str
    lightgbm: str
    margin: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    measure: Callable[[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]], float]

    def watched(self, given: NDArray[np.float32], data: Any) -> float:
        """What early stopping watches, from the answers a library gives."""
        weight = data.get_weight()
        whole = np.ones(len(given)) if weight is None or not len(weight) else weight.astype(np.float64)
        return self.measure(data.get_label(), self.margin(given.astype(np.float64)), whole)


def _log_odds(share: NDArray[np.float64]) -> NDArray[np.float64]:
    held = np.clip(share, 1e-7, 1 - 1e-7)
    return np.log(held / (1 - held))


LOGISTIC = Loss("binary:logistic", "binary", _log_odds, spread_loss)
SQUARED = Loss("reg:squarederror", "regression", np.asarray, squared_error)


@dataclass
class XGBoost:
    """XGBoost, by default with logistic loss. Parameters override `DEFAULTS`; `rounds` is the number of trees."""

    spec: ModelSpec
    FILE = "xgboost.json"
    LOSS: ClassVar[Loss] = LOGISTIC

    DEFAULTS = {  # noqa: RUF012 (a constant, never changed)
        "eta": 0.05,
        "max_depth": 3,
        "min_child_weight": 20.0,
        "subsample": 0.7,
        "colsample_bytree": 0.4,
        "lambda": 10.0,
        "max_bin": 64,
    }

    def fit(self, train: Dataset, valid: Dataset | None) -> Self:
        """See `contracts.Model`."""
        import xgboost

        rows = usable(train, self.spec.name)
        self._order, self._names, self._words = in_name_order(rows.names), rows.names, frozenset(rows.categories)
        chosen = dict(self.spec.parameters)
        rounds = chosen.pop("rounds", None)
        stops = valid is not None and rounds is None
        settings = {
            **self.DEFAULTS,
            **chosen,
            "objective": self.LOSS.xgboost,
            "disable_default_eval_metric": 1,
            "tree_method": "hist",
            "max_cat_to_onehot": ONE_WORD,
            "base_score": float(np.average(rows.label, weights=rows.weight)),
            "nthread": 1,
            "seed": self.spec.seed,
            "verbosity": 0,
        }
        watched = [(self._matrix(labelled(valid).features, labelled(valid)), "valid")] if valid and stops else []
        booster = xgboost.train(
            settings,
            self._matrix(rows.features, rows),
            num_boost_round=MOST_ROUNDS if stops else rounds or ROUNDS,
            evals=watched,
            custom_metric=lambda given, data: ("watched", self.LOSS.watched(given, data)),
            early_stopping_rounds=PATIENCE if stops else None,
            verbose_eval=False,
        )
        rounds = booster.best_iteration + 1 if stops else booster.num_boosted_rounds()
        self._booster = booster[:rounds]
        self.spec = replace(self.spec, parameters={**self.spec.parameters, "rounds": rounds})
        return self

    def margin(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `contracts.Model`."""
        return self._booster.predict(self._matrix(features), output_margin=True).astype(np.float64)

    def contributions(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """TreeSHAP by the library."""
        sorted_parts = self._booster.predict(self._matrix(features), pred_contribs=True).astype(np.float64)
        return _unsorted(sorted_parts, self._order)

    def to_onnx(self) -> bytes:
        """See `contracts.Model`."""
        graph = Graph(len(self._names))
        return graph.finish(self.add_to(graph, "features"))

    def add_to(self, graph: Graph, features: str) -> str:
        """The margin over this value of a graph, float32 [n, 1]; returns its name."""
        content = json.loads(self._booster.save_raw("json"))["learner"]
        base = self.LOSS.margin(np.array([float(content["learner_model_param"]["base_score"].strip("[]"))]))
        trees = [_xgboost_tree(tree, self._order) for tree in content["gradient_booster"]["model"]["trees"]]
        return graph.trees(features, trees, base=float(base[0]))

    def native(self) -> tuple[str, bytes]:
        """XGBoost's own JSON; features in the order of their names."""
        return self.FILE, bytes(self._booster.save_raw("json"))

    @classmethod
    def restore(cls, spec: ModelSpec, names: tuple[str, ...], categories: Vocabularies, content: bytes) -> Self:
        """The model that `native` wrote."""
        import xgboost

        model = cls(spec)
        model._order, model._names, model._words = in_name_order(names), names, frozenset(categories)
        model._booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(content))
        return model

    def _matrix(self, features: NDArray[np.float32], rows: Dataset | None = None) -> Any:
        import xgboost

        names = [self._names[i] for i in self._order]
        return xgboost.DMatrix(
            features[:, self._order],
            label=None if rows is None else rows.label,
            weight=None if rows is None else rows.weight,
            feature_names=names,
            feature_types=["c" if name in self._words else "q" for name in names],
            enable_categorical=True,
            nthread=1,
        )


@dataclass
class LightGBM:
    """LightGBM, by default with logistic loss. Parameters override `DEFAULTS`; `rounds` is the number of trees."""

    spec: ModelSpec
    FILE = "lightgbm.txt"
    LOSS: ClassVar[Loss] = LOGISTIC

    DEFAULTS = {  # noqa: RUF012 (a constant, never changed)
        "learning_rate": 0.05,
        "num_leaves": 8,
        "min_data_in_leaf": 60,
        "feature_fraction": 0.4,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 10.0,
        "max_bin": 63,
    }

    def fit(self, train: Dataset, valid: Dataset | None) -> Self:
        """See `contracts.Model`."""
        import lightgbm

        rows = usable(train, self.spec.name)
        self._order, self._names, self._words = in_name_order(rows.names), rows.names, frozenset(rows.categories)
        chosen = dict(self.spec.parameters)
        rounds = chosen.pop("rounds", None)
        stops = valid is not None and rounds is None
        settings = {
            **self.DEFAULTS,
            **chosen,
            "objective": self.LOSS.lightgbm,
            "metric": "None",
            "max_cat_to_onehot": ONE_WORD,
            "num_threads": 1,
            "deterministic": True,
            "force_col_wise": True,
            "seed": self.spec.seed,
            "verbosity": -1,
        }
        fitted = self._matrix(rows, settings)
        booster = lightgbm.train(
            settings,
            fitted,
            num_boost_round=MOST_ROUNDS if stops else rounds or ROUNDS,
            valid_sets=[self._matrix(labelled(valid), settings, fitted)] if valid and stops else None,
            feval=lambda given, data: ("watched", self.LOSS.watched(given, data), False),
            callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)] if stops else None,
        )
        rounds = booster.best_iteration if stops else booster.num_trees()
        self._booster = lightgbm.Booster(model_str=booster.model_to_string(num_iteration=rounds))
        self.spec = replace(self.spec, parameters={**self.spec.parameters, "rounds": rounds})
        return self

    def margin(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `contracts.Model`."""
        return self._predict(features, raw_score=True)

    def contributions(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """TreeSHAP by the library."""
        return _unsorted(self._predict(features, pred_contrib=True), self._order)

    def to_onnx(self) -> bytes:
        """See `contracts.Model`."""
        trees = [lightgbm_tree(tree["tree_structure"], self._order) for tree in self._booster.dump_model()["tree_info"]]
        graph = Graph(len(self._names))
        return graph.finish(graph.trees("features", trees))

    def native(self) -> tuple[str, bytes]:
        """LightGBM's own text; features in the order of their names."""
        return self.FILE, self._booster.model_to_string().encode()

    @classmethod
    def restore(cls, spec: ModelSpec, names: tuple[str, ...], categories: Vocabularies, content: bytes) -> Self:
        """The model that `native` wrote."""
        import lightgbm

        model = cls(spec)
        model._order, model._names, model._words = in_name_order(names), names, frozenset(categories)
        model._booster = lightgbm.Booster(model_str=content.decode())
        return model

    def _predict(self, features: NDArray[np.float32], **kind: bool) -> NDArray[np.float64]:
        sorted_features = np.ascontiguousarray(features[:, self._order])
        return np.asarray(self._booster.predict(sorted_features, num_threads=1, **kind), dtype=np.float64)

    def _matrix(self, rows: Dataset, settings: dict[str, Any], reference: Any = None) -> Any:
        import lightgbm

        names = [self._names[i] for i in self._order]
        return lightgbm.Dataset(
            np.ascontiguousarray(rows.features[:, self._order]),
            label=rows.label,
            weight=rows.weight,
            reference=reference,
            feature_name=names,
            categorical_feature=[i for i, name in enumerate(names) if name in self._words],
            params=settings,
        )


class XGBoostRegression(XGBoost):
    """XGBoost with squared error: the margin is the expected score."""

    LOSS = SQUARED


class LightGBMRegression(LightGBM):
    """LightGBM with squared error: the margin is the expected score."""

    LOSS = SQUARED


def _unsorted(parts: NDArray[np.float64], order: NDArray[np.int64]) -> NDArray[np.float64]:
    """Contributions back in the order the features came in; the constant stays last."""
    result = np.empty_like(parts)
    result[:, order] = parts[:, :-1]
    result[:, -1] = parts[:, -1]
    return result


def _xgboost_tree(tree: dict[str, Any], order: NDArray[np.int64]) -> Tree:
    """XGBoost goes left when `value < condition`, or when the value is not the one word of a categorical split."""
    left, right = np.array(tree["left_children"]), np.array(tree["right_children"])
    leaf = left < 0
    word = np.array(tree["split_type"]) == 1
    condition = np.array(tree["split_conditions"], dtype=np.float32)
    for node, start in zip(tree["categories_nodes"], tree["categories_segments"], strict=True):
        condition[node] = tree["categories"][start]
    missing_left = np.array(tree["default_left"]) == 1
    return Tree(
        feature=np.where(leaf, -1, order[np.array(tree["split_indices"])]),
        threshold=np.where(leaf, np.float32(0), condition),
        mode=tuple("LEAF" if end else "EQ" if is_word else "LT" for end, is_word in zip(leaf, word, strict=True)),
        yes=np.where(leaf, 0, np.where(word, right, left)),
        no=np.where(leaf, 0, np.where(word, left, right)),
        missing_yes=~leaf & (missing_left != word),
        value=np.where(leaf, condition, 0.0).astype(np.float64),
    )


def lightgbm_tree(root: dict[str, Any], order: NDArray[np.int64]) -> Tree:
    """LightGBM goes left when `value <= threshold`, or when the value is the one word of a categorical split."""
    nodes: list[dict[str, Any]] = []
    children: list[tuple[int, int]] = []

    def walk(node: dict[str, Any]) -> int:
        at = len(nodes)
        nodes.append(node)
        children.append((0, 0))
        if "split_feature" in node:
            children[at] = (walk(node["left_child"]), walk(node["right_child"]))
        return at

    walk(root)
    splits = ["split_feature" in node for node in nodes]
    threshold = np.array(
        [float(node["threshold"]) if split else 0.0 for node, split in zip(nodes, splits, strict=True)]
    )
    return Tree(
        feature=np.array([order[node["split_feature"]] if "split_feature" in node else -1 for node in nodes]),
        threshold=floor_float32(threshold),
        mode=tuple(
            {"<=": "LEQ", "==": "EQ"}[node["decision_type"]] if "split_feature" in node else "LEAF" for node in nodes
        ),
        yes=np.array([left for left, _ in children]),
        no=np.array([right for _, right in children]),
        missing_yes=np.array(
            [split and _lightgbm_missing_left(node) for node, split in zip(nodes, splits, strict=True)]
        ),
        value=np.array([0.0 if split else node["leaf_value"] for node, split in zip(nodes, splits, strict=True)]),
    )


def _lightgbm_missing_left(node: dict[str, Any]) -> bool:
    """Where a missing value goes: a feature never missing in training reads it as 0, a word split as another word."""
    if node["decision_type"] == "==":
        return False
    return node["default_left"] if node["missing_type"] == "NaN" else float(node["threshold"]) >= 0.0
