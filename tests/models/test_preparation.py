"""Prepared columns worked out by hand, and the linear model against scikit-learn's own pipeline."""

import math
from dataclasses import replace

import numpy as np
import pytest
from tabular_world import parts, world

from readership.contracts import Dataset, ModelSpec
from readership.models._preparation import LIMIT, Preparation
from readership.models._tabular import build

NAN = float("nan")


def tiny(features: list[list[float]], names: tuple[str, ...], categories: dict[str, tuple[str, ...]]) -> Dataset:
    n = len(features)
    return Dataset(
        task="churn",
        features=np.array(features, dtype=np.float32),
        names=names,
        label=np.arange(n, dtype=np.float32) % 2,
        reader=np.arange(n, dtype=np.uint64),
        as_of=np.full(n, "2025-01-01", dtype="datetime64[ms]"),
        weight=np.ones(n),
        categories=categories,
    )


def test_columns_by_hand() -> None:
    e = math.e - 1  # log(1 + e) = 1
    rows = tiny([[e, 0], [-e, 1], [NAN, NAN], [e, 2]], ("visits", "device"), {"device": ("app", "desktop")})
    prepared = Preparation.fit(rows)
    # device (2 words), visits; sorted: numbers [visits], flags [device, which misses the same row as visits], words
    assert prepared.source.tolist() == [0, 1, 1, 1]
    raw = prepared.apply(rows.features) * prepared.scale + prepared.mean
    np.testing.assert_allclose(
        raw, [[1, 0, 1, 0], [-1, 0, 0, 1], [1, 1, 0, 0], [1, 0, 0, 0]], atol=1e-6
    )  # the missing visit takes the median of 1, -1, 1; code 2 is an unseen word


def test_columns_are_standardised_and_cut() -> None:
    train = parts(world())[0]
    prepared = Preparation.fit(train)
    columns = prepared.apply(train.features)
    np.testing.assert_allclose(columns.mean(axis=0), 0, atol=0.02)
    assert set(np.round(columns.std(axis=0), 1)) <= {0.0, 1.0}
    assert np.abs(prepared.apply(train.features * np.float32(1e30))).max() <= LIMIT


def test_columns_that_are_missing_together_raise_one_flag() -> None:
    rows = tiny([[1, 1, 1], [NAN, NAN, 2], [3, 3, NAN]], ("a", "b", "c"), {})
    assert Preparation.fit(rows).flagged.tolist() == [0, 2]


def test_logistic_regression_is_scikit_learns() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    train, _, later = parts(world())
    names = ("sessions_28d", "days_since_last_session", "noise")
    train, later = train.select(names), later.select(names)
    squeeze = FunctionTransformer(lambda x: np.sign(x) * np.log1p(np.abs(x)))
    peer = make_pipeline(squeeze, StandardScaler(), LogisticRegression(C=0.05, tol=1e-10, max_iter=1000))
    peer.fit(train.features.astype(float), train.label)
    own = build(ModelSpec("logistic_regression", {"C": 0.05})).fit(train, None)
    expected = peer.decision_function(later.features.astype(float))
    np.testing.assert_allclose(own.margin(later.features), expected, atol=1e-4)


def test_a_matrix_of_categories_alone_and_of_numbers_alone() -> None:
    train, valid, later = parts(world())
    for names in (("device_type", "tier"), ("sessions_28d", "noise")):
        for name in ("logistic_regression", "xgboost", "lightgbm", "neural_network", "random_forest"):
            model = build(ModelSpec(name)).fit(train.select(names), valid.select(names))
            assert np.isfinite(model.margin(later.select(names).features)).all()
            assert len(model.to_onnx()) > 0


@pytest.mark.parametrize("name", ["logistic_regression", "xgboost", "lightgbm", "neural_network", "random_forest"])
def test_features_that_are_all_missing_are_no_harm(name: str) -> None:
    train, valid, later = parts(world())
    empty = replace(train, features=np.full_like(train.features, np.nan))
    model = build(ModelSpec(name)).fit(empty, valid)
    share = 1 / (1 + np.exp(-model.margin(np.full_like(later.features, np.nan))))
    assert share == pytest.approx(train.label.mean(), abs=0.1)
