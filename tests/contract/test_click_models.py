"""What every model of clicks promises, and that a place only ever adds to the rest."""

import importlib
import inspect
import pkgutil
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from click_world import NAMES, WORDS, odd, parts, world

import readership.models.clicks
from readership.contracts import Model, ModelSpec
from readership.errors import InputError, NotEnoughData
from readership.models import click
from readership.models._calibration import sigmoid
from readership.models._rows import log_loss
from readership.models._tabular import build as build_rule
from readership.models.clicks.placed import Placed

EVERY = sorted(click.LEARNERS)
TRAIN, VALID, LATER = parts(world())
PLACE = [NAMES.index(name) for name in ("position", "placement", "device_type")]


@cache
def fitted(name: str) -> Model:
    if name == "wide_deep":
        pytest.importorskip("torch")
    return click.build(ModelSpec(name, seed=7)).fit(TRAIN, VALID)


@pytest.fixture(params=EVERY)
def model(request: pytest.FixtureRequest) -> Model:
    return fitted(request.param)


def onnx_margin(content: bytes, features: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(["margin"], {"features": features})[0][:, 0]


def without_position(features: np.ndarray) -> np.ndarray:
    found = features.copy()
    found[:, 0] = 0.0
    return found


def test_every_model_of_the_package_is_found() -> None:
    folder = readership.models.clicks
    modules = [importlib.import_module(f"{folder.__name__}.{m.name}") for m in pkgutil.iter_modules(folder.__path__)]
    classes = {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ and issubclass(kind, Placed) and kind is not Placed
    }
    assert classes == set(click.LEARNERS.values())
    with pytest.raises(KeyError, match="no model of clicks 'churn'; there are click_logistic"):
        click.build(ModelSpec("churn"))


def test_onnx_equals_native_on_odd_rows_too(model: Model) -> None:
    for rows in (LATER.features, odd(LATER), without_position(LATER.features)):
        np.testing.assert_allclose(onnx_margin(model.to_onnx(), rows), model.margin(rows), rtol=0, atol=1e-5)
    assert model.margin(np.empty((0, len(NAMES)), dtype=np.float32)).shape == (0,)


def test_same_seed_and_any_order_of_columns_give_the_same_answer(model: Model) -> None:
    again = click.build(ModelSpec(model.spec.name, seed=7)).fit(TRAIN, VALID)
    np.testing.assert_array_equal(again.margin(LATER.features), model.margin(LATER.features))
    assert again.spec == model.spec
    turned = tuple(reversed(NAMES))
    other = click.build(ModelSpec(model.spec.name, seed=7)).fit(TRAIN.select(turned), VALID.select(turned))
    np.testing.assert_allclose(
        other.margin(LATER.select(turned).features), model.margin(LATER.features), rtol=0, atol=2e-3
    )


def test_restored_from_its_own_file_it_gives_the_very_same(model: Model) -> None:
    name, content = model.native()
    kind = click.LEARNERS[model.spec.name]
    again = kind.restore(model.spec, NAMES, WORDS, content)
    assert name == kind.FILE
    np.testing.assert_array_equal(again.margin(odd(LATER)), model.margin(odd(LATER)))
    assert again.to_onnx() == model.to_onnx()


def test_the_spec_found_fits_the_same_model_without_validation_rows(model: Model) -> None:
    again = click.build(model.spec).fit(TRAIN, None)
    np.testing.assert_allclose(again.margin(LATER.features), model.margin(LATER.features), rtol=0, atol=1e-6)


def test_a_place_adds_the_same_whatever_is_shown_there(model: Model) -> None:
    """margin(x, here) - margin(x, there) is one number for every x: so it can be taken out exactly."""
    rows = odd(LATER)
    for here, there in (((1, 0, 0), (5, 1, 1)), ((2, 1, 0), (0, 1, 0)), ((np.nan, 0, 1), (30, 0, np.nan))):
        first, second = rows.copy(), rows.copy()
        first[:, PLACE], second[:, PLACE] = here, there
        apart = model.margin(first) - model.margin(second)
        assert np.ptp(apart) < 1e-5


def test_without_a_position_the_mean_probability_stays(model: Model) -> None:
    if model.spec.name == "item_rate":
        pytest.skip("it knows no places")
    for placement in (0, 1):
        rows = TRAIN.features[TRAIN.features[:, PLACE[1]] == placement]
        told, untold = sigmoid(model.margin(rows)), sigmoid(model.margin(without_position(rows)))
        assert untold.mean() == pytest.approx(told.mean(), abs=1e-4)
    beyond = TRAIN.features[:5].copy()
    beyond[:, 0] = 99
    assert np.isfinite(model.margin(beyond)).all()


@pytest.mark.parametrize("name", sorted(click.CANDIDATES))
def test_a_candidate_beats_every_floor(name: str) -> None:
    def loss(model: Model) -> float:
        return log_loss(LATER.label, model.margin(LATER.features), LATER.weight)

    floors = [fitted(floor) for floor in click.FLOORS] + [build_rule(ModelSpec("base_rate")).fit(TRAIN, None)]
    assert loss(fitted(name)) < min(map(loss, floors)) - 0.01


def test_the_table_of_places_finds_the_true_effects() -> None:
    """In this world the front adds 0.6 and a position takes 0.25 of the log-odds."""
    model = fitted("click_logistic")
    rows = np.repeat(LATER.features[:1], 3, axis=0)
    rows[:, PLACE] = [(1, 0, 0), (5, 0, 0), (1, 1, 0)]
    first, fifth, related = model.margin(rows)
    assert fifth - first == pytest.approx(-1.0, abs=0.3)
    assert related - first == pytest.approx(-0.6, abs=0.3)


def test_contributions_add_up_to_the_margin() -> None:
    model, rows = fitted("click_xgboost"), odd(LATER)
    found = model.contributions(rows)
    np.testing.assert_allclose(found.sum(axis=1), model.margin(rows), rtol=0, atol=2e-5)
    assert np.ptp(found[:, -1]) < 1e-6


@pytest.mark.parametrize("name", sorted(click.CANDIDATES))
def test_thinned_rows_with_their_weights_give_the_same_level(name: str) -> None:
    """Half of the unclicked rows, each counting twice: probabilities need no correction afterwards."""
    if name == "wide_deep":
        pytest.importorskip("torch")
    keep = (TRAIN.label == 1) | (np.arange(len(TRAIN)) % 2 == 0)
    thin = TRAIN.take(keep)
    thin = replace(thin, weight=np.where(thin.label == 1, 1.0, 2.0))
    given = sigmoid(click.build(fitted(name).spec).fit(thin, None).margin(TRAIN.features)).mean()
    assert given == pytest.approx(TRAIN.label.mean(), abs=0.03)
    assert thin.label.mean() > TRAIN.label.mean() + 0.05, "uncorrected, the level would be off"


def test_what_cannot_be_learnt_from_is_named() -> None:
    with pytest.raises(InputError, match="needs the features position, which this dataset lacks"):
        click.build(ModelSpec("click_logistic")).fit(TRAIN.select(NAMES[1:]), None)
    with pytest.raises(NotEnoughData, match="hold only the answer 1"):
        click.build(ModelSpec("click_xgboost")).fit(replace(TRAIN, label=np.ones_like(TRAIN.label)), VALID)


def test_without_pytorch_the_network_is_left_out_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click, "find_spec", lambda name: None)
    assert [spec.name for spec in click.specs()] == ["click_logistic", "click_xgboost"]
    assert "pip install 'readership[deep]'" in click.left_out()["wide_deep"]
