"""Models of a score by hand: rules of thumb, ridge, the ensemble's weights, and which one is chosen."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tabular_world import parts, score_world

from readership.contracts import Dataset, ModelSpec
from readership.errors import InputError
from readership.models import _ensemble, engagement
from readership.models._ensemble import Ensemble, least_error_weights
from readership.models._score_selection import choose_champion
from readership.models._selection import fit_candidates
from readership.models._tabular import build


def rows_of(label: list[float], features: list[list[float]], names: tuple[str, ...]) -> Dataset:
    n = len(label)
    return Dataset(
        task="engagement",
        features=np.array(features, np.float32),
        names=names,
        label=np.array(label, np.float32),
        reader=np.arange(n, dtype=np.uint64),
        as_of=np.full(n, np.datetime64("2026-01-01", "ms")),
        weight=np.ones(n),
    )


def test_rules_of_thumb() -> None:
    rows = rows_of([10, 20, 60], [[5, 7], [np.nan, 9], [50, 40]], ("score_lag_1", "score_mean_ever"))
    margins = {name: build(ModelSpec(name)).fit(rows, None).margin(rows.features) for name in _FLOORS}
    assert margins["global_mean"].tolist() == [30, 30, 30]
    assert margins["last_score"].tolist() == [5, 30, 50]  # the mean where it is not known
    assert margins["reader_mean"].tolist() == [7, 9, 40]
    with pytest.raises(InputError, match="last_score needs the feature score_lag_1"):
        build(ModelSpec("last_score")).fit(rows.select(("score_mean_ever",)), None)


_FLOORS = ("global_mean", "last_score", "reader_mean")


def test_ridge_of_one_standardised_column_by_hand() -> None:
    """x is ±1, y = 10 + 4x: b = mean(xy) / (mean(x²) + alpha) = 4 / 2 with alpha 1."""
    rows = rows_of([14, 6, 14, 6], [[1], [-1], [1], [-1]], ("x",))
    model = build(ModelSpec("ridge", {"alpha": 1.0})).fit(rows, None)
    np.testing.assert_allclose(model.margin(rows.features), [12, 8, 12, 8])
    np.testing.assert_allclose(model.contributions(rows.features), [[2, 10], [-2, 10], [2, 10], [-2, 10]])


def test_weights_of_least_error() -> None:
    errors = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])  # G = diag(2, 8) / 4
    assert least_error_weights(errors, np.ones(4)) == [0.8, 0.2]  # 1/2 : 1/8
    assert least_error_weights(np.array([[1.0, 3.0], [2.0, 6.0]]), np.ones(2)) == [1.0, 0.0]  # never negative
    assert least_error_weights(np.array([[1.0, 1.0], [-1.0, 1.0]]), np.array([1.0, 0.0])) in ([0.5, 0.5], [1.0, 0.0])


def test_weights_are_those_of_a_search_over_all_of_them() -> None:
    rng = np.random.default_rng(4)
    errors = rng.normal(size=(300, 3)) @ rng.normal(size=(3, 3)) + rng.normal(size=3)
    found = np.array(least_error_weights(errors, np.ones(300)))
    grid = [(a / 50, b / 50, 1 - (a + b) / 50) for a in range(51) for b in range(51 - a)]
    best = min(float(np.mean((errors @ np.array(weights)) ** 2)) for weights in grid)
    assert np.mean((errors @ found) ** 2) <= best * (1 + 1e-3)
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ensemble, "torch_is_there", lambda: False)
    monkeypatch.setattr(engagement, "torch_is_there", lambda: False)


def test_without_pytorch_the_others_are_tried_and_it_is_said(without_torch: None) -> None:
    names = [spec.name for spec in engagement.specs()]
    assert names == ["ridge", "lightgbm_regression", "xgboost_regression", "ensemble"]
    assert "readership[deep]" in engagement.left_out()["gru"]
    assert [spec.name for spec in Ensemble(ModelSpec("ensemble")).parts()] == names[:3]


def test_the_ensemble_is_weighed_on_rows_given_to_it_and_keeps_its_weights(without_torch: None) -> None:
    train, valid, later = parts(score_world(readers=200))
    fitted = fit_candidates(engagement.specs(), train, valid)
    ensemble = fitted["ensemble"]
    assert isinstance(ensemble, Ensemble)
    assert ensemble.spec.parameters.keys() == {"ridge", "lightgbm_regression", "xgboost_regression"}
    before = ensemble.margin(later.features)
    alone = [fitted[name].margin(later.features) for name in ("ridge", "lightgbm_regression", "xgboost_regression")]
    np.testing.assert_allclose(before, np.mean(alone, axis=0))
    weights = ensemble.weigh(later).spec.parameters["weights"]
    assert sum(weights.values()) == pytest.approx(1)
    error = [float(np.mean((margin - later.label) ** 2)) for margin in (ensemble.margin(later.features), *alone)]
    assert error[0] <= min(error[1:]) + 1e-3
    again = fit_candidates([fitted[n].spec for n in (*weights, "ensemble")], train, None)
    np.testing.assert_allclose(again["ensemble"].margin(later.features), ensemble.margin(later.features), atol=1e-6)
    parts_sum = ensemble.contributions(later.features)
    assert parts_sum is not None
    np.testing.assert_allclose(parts_sum.sum(axis=1), ensemble.margin(later.features), atol=1e-3)


def test_an_ensemble_restored_needs_no_part_that_weighs_nothing() -> None:
    train, valid, later = parts(score_world(readers=100))
    ridge = build(ModelSpec("ridge")).fit(train, valid)
    spec = ModelSpec("ensemble", {"ridge": dict(ridge.spec.parameters), "weights": {"ridge": 1.0}})
    content = json.dumps({"ridge": ridge.native()[1].decode()}).encode()
    again = Ensemble.restore(spec, later.names, later.categories, content)
    np.testing.assert_array_equal(again.margin(later.features), ridge.margin(later.features))


class Given:
    """A model that says what it is told."""

    def __init__(self, margin: np.ndarray, reasons: bool = True) -> None:
        self._margin, self._reasons = margin, reasons

    def margin(self, features: np.ndarray) -> np.ndarray:
        return self._margin[: len(features)]

    def contributions(self, features: np.ndarray) -> np.ndarray | None:
        return np.zeros((len(features), 2)) if self._reasons else None


def test_the_simplest_of_equals_is_champion_and_reasons_are_worth_a_little() -> None:
    rng = np.random.default_rng(0)
    label = 30 + 10 * rng.normal(size=400)
    rows = replace(rows_of(label.tolist(), [[0.0]] * 400, ("x",)), reader=np.arange(400, dtype=np.uint64) // 4)
    signal = 30 + 0.3 * (rows.label - 30).astype(float)
    good, tie = Given(signal), Given(signal + 1e-6)
    assert choose_champion({"plain": good, "other": tie}, rows).champion == "plain"
    assert choose_champion({"other": tie, "plain": good}, rows).champion == "other"
    slightly = Given(signal + 0.001 * (rows.label - 30), reasons=False)  # better, by 0.0014 of the variance
    choice = choose_champion({"plain": good, "network": slightly}, rows)
    assert choice.champion == "plain"
    assert "unlike network (R² more by at most 0.002) it can give its reasons" in choice.why
    clearly = Given(signal + 0.1 * (rows.label - 30), reasons=False)
    choice = choose_champion({"plain": good, "network": clearly}, rows)
    assert choice.champion == "network"
    assert choice.rivals["network"].explained == pytest.approx(1 - 0.6**2, abs=0.03)
    assert choice.rivals["plain"].low > 0
    assert "clearly ahead of all others" in choice.why
