"""LambdaRank over the candidates: which of those on the list is read next. LightGBM fits it, ONNX runs it.

Who acts: whoever fills a slate. Floor: decayed popularity and each source by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import ModelSpec
from readership.models._onnx import Graph
from readership.models._trees import lightgbm_tree
from readership.models.recommendation.features import NAMES


class Lists(NamedTuple):
    """Lists of candidates, of each of which one was read.

    features  float32 [n, p], list after list
    size      int64 [lists]
    chosen    int64 [lists], which row of its list was read
    """

    features: NDArray[np.float32]
    size: NDArray[np.int64]
    chosen: NDArray[np.int64]

    def label(self) -> NDArray[np.float32]:
        """1 at the rows that were read, else 0 [n]."""
        label = np.zeros(len(self.features), dtype=np.float32)
        label[np.cumsum(self.size) - self.size + self.chosen] = 1
        return label


def gather(asked: Iterable[tuple[NDArray[np.float32], int]], others: int = 120) -> Lists:
    """Lists for training: of each (features [k, p], row that was read) the one read and others by lot, seed fixed.

    By lot, since a list of the most promising ones with the one read added to it teaches that what is promising is not
    read. Those whose article no source brought (row -1) teach nothing and are left out.
    """
    random = np.random.default_rng(0)
    parts: list[NDArray[np.float32]] = []
    chosen: list[int] = []
    for features, at in asked:
        if at >= 0:
            rest = np.delete(np.arange(len(features)), at)
            rows = np.sort(np.append(random.permutation(rest)[:others], at))
            parts.append(features[rows])
            chosen.append(int(np.searchsorted(rows, at)))
    size = np.array([len(part) for part in parts], dtype=np.int64)
    whole = np.concatenate(parts) if parts else np.empty((0, len(NAMES)), dtype=np.float32)
    return Lists(whole, size, np.array(chosen, dtype=np.int64))


@dataclass
class Ranker:
    """Several LambdaRank models of different seeds, summed. Parameters override `DEFAULTS`.

    `rounds` is the number of trees of each seed, `seeds` how many there are, `features` the names it looks at.
    """

    spec: ModelSpec
    FILE = "lightgbm.txt"
    DEFAULTS = {  # noqa: RUF012 (a constant, never changed)
        "rounds": 100,
        "seeds": 1,
        "learning_rate": 0.08,
        "num_leaves": 16,
        "min_data_in_leaf": 100,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 10.0,
        "lambdarank_truncation_level": 20,
        "max_bin": 63,
    }

    def fit(self, lists: Lists) -> Self:
        """Fit on lists of candidates; ValueError where there are none."""
        import lightgbm

        if not len(lists.size):
            raise ValueError("there are no lists to learn from: no read was among its candidates")
        settings = {**self.DEFAULTS, **self.spec.parameters}
        rounds, seeds = settings.pop("rounds"), settings.pop("seeds")
        fixed = {"objective": "lambdarank", "num_threads": 1, "deterministic": True, "force_row_wise": True}
        self._texts = []
        for seed in range(seeds):
            given = {**settings, **fixed, "seed": self.spec.seed + seed, "verbosity": -1}
            rows = lightgbm.Dataset(
                lists.features, label=lists.label(), group=lists.size, feature_name=list(NAMES), params=given
            )
            self._texts.append(lightgbm.train(given, rows, num_boost_round=rounds).model_to_string())
        self._boosters = [lightgbm.Booster(model_str=text) for text in self._texts]
        self.spec = replace(self.spec, parameters={**self.spec.parameters, "rounds": rounds, "seeds": seeds})
        return self

    def margin(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Sum of the models' scores [n]; only their order within one list means anything."""
        whole = np.zeros(len(features))
        for booster in self._boosters:
            whole += booster.predict(features, num_threads=1)
        return whole

    def to_onnx(self) -> bytes:
        """The same margin: input `features` float32 [n, p], output `margin` float32 [n, 1]."""
        order = np.arange(len(NAMES))
        trees = [
            lightgbm_tree(tree["tree_structure"], order)
            for booster in self._boosters
            for tree in booster.dump_model()["tree_info"]
        ]
        graph = Graph(len(NAMES))
        return graph.finish(graph.trees("features", trees))

    def native(self) -> tuple[str, bytes]:
        """LightGBM's own text, one model after the other."""
        return self.FILE, "\n".join(self._texts).encode()

    def gains(self) -> dict[str, float]:
        """How much each feature did for the fit, as a share, largest first."""
        gain = sum(booster.feature_importance("gain") for booster in self._boosters)
        whole = np.asarray(gain, dtype=np.float64)
        shares = whole / max(float(whole.sum()), 1e-12)
        return {NAMES[i]: float(shares[i]) for i in np.argsort(-shares, kind="stable")}
