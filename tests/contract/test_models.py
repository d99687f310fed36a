"""What every model promises, for every model at once; models are found, not listed."""

import importlib
import inspect
import pkgutil
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from tabular_world import odd, parts, score_world, world

import readership.models
from readership.contracts import Dataset, Manifest, Model, ModelSpec
from readership.errors import BundleError, NotEnoughData
from readership.models import uplift
from readership.models._calibration import Calibrator
from readership.models._native import restore
from readership.models._rows import log_loss, squared_error
from readership.models._tabular import CANDIDATES, EVERY, SCORE_FLOORS, SCORES, build
from readership.models._uplift import Pair

EVERY_MODEL = sorted(EVERY)
OF_SCORES = {*SCORES, *SCORE_FLOORS}
LEARNS = sorted({*CANDIDATES, "recency"})
PROMISE = ("fit", "margin", "contributions", "to_onnx", "native", "restore")


@cache
def _world(name: str = "") -> Dataset:
    """What a model of this name is fitted on: readers who leave or stay, or the scores of their sessions."""
    return _fresh(name)


def _fresh(name: str) -> Dataset:
    return score_world() if name in OF_SCORES else world()


def scale(name: str) -> float:
    """What a margin may be off by is meant for one of log-odds; a score has a hundred points."""
    return 100.0 if name in OF_SCORES else 1.0


@cache
def fitted(name: str) -> Model:
    if name == "gru":
        pytest.importorskip("torch")
    train, valid, _ = parts(_world(name))
    return build(ModelSpec(name, seed=7)).fit(train, valid)


@pytest.fixture(params=EVERY_MODEL)
def model(request: pytest.FixtureRequest) -> Model:
    return fitted(request.param)


def onnx_margin(content: bytes, features: np.ndarray) -> np.ndarray:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    (margin,) = session.run(["margin"], {"features": features})
    assert margin.dtype == np.float32
    assert margin.shape == (len(features), 1)
    return margin[:, 0]


def test_every_model_of_the_package_is_found() -> None:
    modules = [
        importlib.import_module(f"readership.models.{m.name}") for m in pkgutil.iter_modules(readership.models.__path__)
    ]
    classes = {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ and all(hasattr(kind, name) for name in PROMISE)
    }
    learners = {*uplift.LEARNERS.values(), *uplift.FLOORS.values()}  # test_uplift_learners.py asks these
    assert classes == {*EVERY.values(), *learners, Pair}


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(KeyError, match="no model 'oracle'; there are logistic_regression"):
        build(ModelSpec("oracle"))


def test_same_seed_gives_the_same_answer(model: Model) -> None:
    train, valid, later = parts(_world(model.spec.name))
    again = build(ModelSpec(model.spec.name, seed=7)).fit(train, valid)
    np.testing.assert_array_equal(again.margin(later.features), model.margin(later.features))
    assert again.spec == model.spec


def test_inputs_are_unchanged(model: Model) -> None:
    train, valid, later = parts(_fresh(model.spec.name))
    before = [array.copy() for data in (train, valid, later) for array in (data.features, data.label, data.weight)]
    other = build(ModelSpec(model.spec.name)).fit(train, valid)
    other.margin(later.features)
    other.contributions(later.features)
    after = [array for data in (train, valid, later) for array in (data.features, data.label, data.weight)]
    for one, two in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, two)


def test_saved_and_loaded_predicts_the_same(model: Model, tmp_path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(model.to_onnx())
    later = parts(_world(model.spec.name))[2].features
    np.testing.assert_allclose(
        onnx_margin(path.read_bytes(), later), model.margin(later), rtol=0, atol=1e-5 * scale(model.spec.name)
    )
    assert model.to_onnx() == path.read_bytes()


def test_restored_from_its_own_file_it_gives_the_very_same(model: Model, tmp_path) -> None:
    rows = odd(_world(model.spec.name))
    name, content = model.native()
    (tmp_path / name).write_bytes(content)
    again = restore(_manifest(model, rows), tmp_path)
    np.testing.assert_array_equal(again.margin(rows.features), model.margin(rows.features))
    assert again.to_onnx() == model.to_onnx()
    if (parts_then := model.contributions(rows.features)) is not None:
        np.testing.assert_array_equal(again.contributions(rows.features), parts_then)


def test_a_file_that_cannot_be_read_back_is_named(model: Model, tmp_path) -> None:
    manifest = _manifest(model, _world(model.spec.name))
    with pytest.raises(BundleError, match="cannot be read back"):
        restore(manifest, tmp_path)
    (tmp_path / model.native()[0]).write_bytes(b"{}")
    with pytest.raises(BundleError, match="cannot be read back"):
        restore(manifest, tmp_path)
    with pytest.raises(BundleError, match="'oracle', which this version does not know"):
        restore(replace(manifest, model=ModelSpec("oracle")), tmp_path)


def _manifest(model: Model, rows: Dataset) -> Manifest:
    told = dict.fromkeys(("task", "version", "calibration", "population", "dataset_hash", "data_from"), "")
    dates = dict.fromkeys(("data_to", "trained_until", "created_at"), "")
    days = {"horizon_days": 28, "lookback_days": 56}
    tables = {name: {} for name in ("sql_hashes", "libraries", "metrics", "operating_points", "files")}
    return Manifest(
        model=model.spec, features=rows.names, categories=rows.categories, **days, **told, **dates, **tables
    )


def test_onnx_equals_native_on_odd_rows_too(model: Model) -> None:
    for rows in (_world(model.spec.name), odd(_world(model.spec.name))):
        native = model.margin(rows.features)
        served = onnx_margin(model.to_onnx(), rows.features)
        assert native.dtype == np.float64
        np.testing.assert_allclose(served, native, rtol=0, atol=1e-5 * scale(model.spec.name))
        for calibrator in (
            Calibrator("none"),
            Calibrator("platt", {"slope": np.array([1.2]), "shift": np.array([0.1])}),
        ):
            np.testing.assert_allclose(
                calibrator(served), calibrator(native), rtol=0, atol=1e-5 * scale(model.spec.name)
            )


def test_column_order_does_not_matter(model: Model) -> None:
    train, valid, later = parts(_world(model.spec.name))
    turned = tuple(reversed(train.names))
    other = build(ModelSpec(model.spec.name, seed=7)).fit(train.select(turned), valid.select(turned))
    expected, got = model.margin(later.features), other.margin(later.select(turned).features)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-6 * scale(model.spec.name))
    parts_here, parts_there = model.contributions(later.features), other.contributions(later.select(turned).features)
    if parts_here is not None:
        np.testing.assert_allclose(
            parts_there[:, :-1][:, ::-1], parts_here[:, :-1], rtol=0, atol=1e-5 * scale(model.spec.name)
        )


def test_an_unseen_category_survives(model: Model) -> None:
    rows = parts(_world(model.spec.name))[2]
    features = rows.features.copy()
    features[:, rows.names.index("device_type")] = len(rows.categories["device_type"])
    assert np.isfinite(model.margin(features)).all()


def test_a_batch_equals_its_rows_one_by_one(model: Model) -> None:
    features = odd(_world(model.spec.name)).features[:40]
    content = model.to_onnx()
    one_by_one = np.array([model.margin(features[i : i + 1])[0] for i in range(len(features))])
    np.testing.assert_allclose(one_by_one, model.margin(features), rtol=0, atol=1e-9 * scale(model.spec.name))
    served = np.array([onnx_margin(content, features[i : i + 1])[0] for i in range(5)])
    np.testing.assert_allclose(served, onnx_margin(content, features)[:5], rtol=0, atol=1e-6 * scale(model.spec.name))


def test_no_rows_give_no_margins(model: Model) -> None:
    assert model.margin(np.empty((0, len(_world(model.spec.name).names)), dtype=np.float32)).shape == (0,)


@pytest.mark.parametrize("name", LEARNS)
def test_it_beats_the_base_rate(name: str) -> None:
    later = parts(_world())[2]
    losses = {n: log_loss(later.label, fitted(n).margin(later.features), later.weight) for n in (name, "base_rate")}
    assert losses[name] < losses["base_rate"] - 0.02


@pytest.mark.parametrize("name", sorted(CANDIDATES))
def test_a_candidate_beats_the_recency_rule(name: str) -> None:
    later = parts(_world())[2]
    losses = {n: log_loss(later.label, fitted(n).margin(later.features), later.weight) for n in (name, "recency")}
    assert losses[name] < losses["recency"]


def test_contributions_add_up_to_the_margin(model: Model) -> None:
    rows = odd(_world(model.spec.name))
    found = model.contributions(rows.features)
    if found is not None:
        assert found.shape == (len(rows), len(rows.names) + 1)
        np.testing.assert_allclose(
            found.sum(axis=1), model.margin(rows.features), rtol=0, atol=2e-5 * scale(model.spec.name)
        )
        assert np.ptp(found[:, -1]) < 1e-6
        assert (found[:, rows.names.index("never_known")] == 0).all()


def test_the_spec_found_fits_the_same_model_without_validation_rows(model: Model) -> None:
    train, _, later = parts(_world(model.spec.name))
    again = build(model.spec).fit(train, None)
    np.testing.assert_allclose(
        again.margin(later.features), model.margin(later.features), rtol=0, atol=1e-6 * scale(model.spec.name)
    )
    assert again.spec == model.spec


def test_rows_without_a_label_are_left_out(model: Model) -> None:
    train, valid, later = parts(_world(model.spec.name))
    doubled = [
        replace(data.take(np.r_[np.arange(len(data))].repeat(2)), label=_every_other_unknown(data.label))
        for data in (train, valid)
    ]
    again = build(ModelSpec(model.spec.name, seed=7)).fit(*doubled)
    np.testing.assert_array_equal(again.margin(later.features), model.margin(later.features))


def _every_other_unknown(label: np.ndarray) -> np.ndarray:
    twice = label.repeat(2)
    twice[1::2] = np.nan
    return twice


@pytest.mark.parametrize("name", sorted(SCORES))
def test_a_model_of_scores_beats_one_score_for_all_and_as_last_time(name: str) -> None:
    later = parts(_world(name))[2]

    def error(of: str) -> float:
        return squared_error(later.label, fitted(of).margin(later.features), later.weight)

    assert error(name) < 0.9 * min(error("global_mean"), error("last_score"))


@pytest.mark.parametrize("name", sorted({*CANDIDATES, *SCORES, "recency"}))
def test_one_answer_only_is_refused(name: str) -> None:
    train, valid, _ = parts(_world(name))
    with pytest.raises(NotEnoughData, match=f"{name} cannot be fitted for '{train.task}'.* only the answer 1"):
        build(ModelSpec(name)).fit(replace(train, label=np.ones_like(train.label)), valid)


def test_weights_count(model: Model) -> None:
    train, _, later = parts(_world(model.spec.name))
    if model.spec.name in ("last_score", "reader_mean"):
        pytest.skip("these rules say what a column says")
    heavier = replace(train, weight=np.where(train.label >= (40 if scale(model.spec.name) > 1 else 1), 3.0, 1.0))
    again = build(model.spec).fit(heavier, None)
    moved = again.margin(later.features).mean() - model.margin(later.features).mean()
    assert moved > (0.3 if scale(model.spec.name) == 1 else 1.0)
