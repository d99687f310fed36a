"""Trees in ONNX: many of them, with thresholds exactly at values, categories, and missing values new at scoring."""

from dataclasses import replace

import numpy as np
import pytest
from tabular_world import odd, parts, world

from readership.contracts import ModelSpec
from readership.models._onnx import floor_float32
from readership.models._tabular import build

BIG = {
    "xgboost": {"rounds": 500, "max_depth": 6, "min_child_weight": 1.0, "lambda": 0.1},
    "lightgbm": {"rounds": 500, "num_leaves": 31, "min_data_in_leaf": 5, "lambda_l2": 0.1},
    "random_forest": {"trees": 256, "leaf_rows": 1},
}


def run(content: bytes, features: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(None, {"features": features})[0][:, 0]


@pytest.mark.parametrize("name", sorted(BIG))
def test_large_overfitted_models_too(name: str) -> None:
    train, _, later = parts(world())
    model = build(ModelSpec(name, BIG[name])).fit(train, None)
    for rows in (train, later, odd(later)):
        np.testing.assert_allclose(run(model.to_onnx(), rows.features), model.margin(rows.features), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", sorted(BIG))
def test_values_on_and_beside_a_threshold(name: str) -> None:
    train, _, _ = parts(world())
    model = build(ModelSpec(name, BIG[name])).fit(train, None)
    numbers = np.array([name not in train.categories for name in train.names])
    above = np.where(numbers, np.nextafter(train.features, np.float32(np.inf)), train.features)
    between = np.where(numbers, (train.features + np.roll(train.features, 1, axis=0)) / 2, train.features)
    for rows in (train.features, above, between):
        np.testing.assert_allclose(run(model.to_onnx(), rows), model.margin(rows), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", sorted(BIG))
def test_values_missing_only_when_scoring(name: str) -> None:
    train, _, later = parts(world())
    known = replace(train, features=np.nan_to_num(train.features, nan=0.0))
    model = build(ModelSpec(name, BIG[name])).fit(known, None)
    rows = odd(later)
    np.testing.assert_allclose(run(model.to_onnx(), rows.features), model.margin(rows.features), rtol=0, atol=1e-5)


def test_native_forms_load_in_their_own_libraries() -> None:
    import lightgbm
    import xgboost

    train, valid, later = parts(world())
    order = sorted(range(len(train.names)), key=train.names.__getitem__)
    features = np.ascontiguousarray(later.features[:, order])

    trees = build(ModelSpec("lightgbm")).fit(train, valid)
    loaded = lightgbm.Booster(model_str=trees.native()[1].decode())
    np.testing.assert_array_equal(loaded.predict(features, raw_score=True), trees.margin(later.features))

    trees = build(ModelSpec("xgboost")).fit(train, valid)
    booster = xgboost.Booster(model_file=bytearray(trees.native()[1]))
    kinds = ["c" if train.names[i] in train.categories else "q" for i in order]
    matrix = xgboost.DMatrix(
        features, feature_names=[train.names[i] for i in order], feature_types=kinds, enable_categorical=True
    )
    np.testing.assert_array_equal(booster.predict(matrix, output_margin=True), trees.margin(later.features))


def test_the_forest_is_scikit_learns() -> None:
    from sklearn.ensemble import RandomForestClassifier

    train, _, later = parts(world())
    own = build(ModelSpec("random_forest", {"trees": 20, "leaf_rows": 10}, seed=4)).fit(train, None)
    order = sorted(range(len(train.names)), key=train.names.__getitem__)
    peer = RandomForestClassifier(20, min_samples_leaf=10, max_features="sqrt", max_samples=500, random_state=4)
    peer.fit(train.features[:, order], train.label, sample_weight=train.weight)
    share = 1 / (1 + np.exp(-own.margin(later.features)))
    np.testing.assert_allclose(share, peer.predict_proba(later.features[:, order])[:, 1], rtol=0, atol=1e-4)


def test_a_threshold_is_rounded_down() -> None:
    thresholds = np.array([0.1, 1 / 3, 2.0, -0.1, 1e300])
    rounded = floor_float32(thresholds)
    assert (rounded.astype(float) <= thresholds).all()
    assert (np.nextafter(rounded[:4], np.float32(np.inf)).astype(float) > thresholds[:4]).all()
