"""What every learner of an effect promises, for all at once."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from trial_world import odd, trial, true_effect

from readership.contracts import Manifest, ModelSpec, Trial
from readership.errors import NotEnoughData
from readership.models import uplift
from readership.models._native import restore

EVERY = sorted(uplift.LEARNERS | uplift.FLOORS)


@cache
def world() -> Trial:
    return trial()


@cache
def fitted(name: str) -> Any:
    return uplift.build(ModelSpec(name, seed=7)).fit(world())


@pytest.fixture(params=EVERY)
def learner(request: pytest.FixtureRequest) -> Any:
    return fitted(request.param)


def served(content: bytes, features: np.ndarray) -> np.ndarray:
    """What ONNX Runtime makes of it."""
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (margin,) = session.run(["margin"], {"features": features})
    assert margin.shape == (len(features), 1)
    return margin[:, 0]


def bundled(spec: ModelSpec) -> Manifest:
    """A manifest that names this learner and the columns of the world."""
    told = dict.fromkeys(("task", "version", "calibration", "population", "dataset_hash", "data_from", "data_to"), "")
    dates = dict.fromkeys(("trained_until", "created_at"), "")
    tables: dict[str, Any] = {n: {} for n in ("sql_hashes", "libraries", "metrics", "operating_points", "files")}
    rows = world().rows
    return Manifest(
        model=spec, features=rows.names, categories=rows.categories, horizon_days=14, lookback_days=28,
        answer="uplift", **told, **dates, **tables,
    )  # fmt: skip


def test_an_unknown_learner_is_named() -> None:
    with pytest.raises(KeyError, match="no learner 'oracle'; there are ridge_pair, t_learner, x_learner"):
        uplift.build(ModelSpec("oracle"))


def test_same_seed_same_answer_and_inputs_unchanged(learner: Any) -> None:
    before = [world().rows.features.copy(), world().rows.label.copy(), world().treated.copy()]
    again = uplift.build(ModelSpec(learner.spec.name, seed=7)).fit(world())
    np.testing.assert_array_equal(again.margin(world().rows.features), learner.margin(world().rows.features))
    assert again.spec == learner.spec
    for one, two in zip(before, [world().rows.features, world().rows.label, world().treated], strict=True):
        np.testing.assert_array_equal(one, two)


def test_onnx_equals_the_learner_also_on_odd_rows(learner: Any) -> None:
    for features in (world().rows.features, odd(world().rows)):
        found = learner.margin(features)
        assert found.dtype == np.float64
        np.testing.assert_allclose(served(learner.to_onnx(), features), found, rtol=0, atol=1e-5)


def test_restored_from_its_own_file_it_gives_the_very_same(learner: Any, tmp_path) -> None:
    name, content = learner.native()
    (tmp_path / name).write_bytes(content)
    rows, features = world().rows, odd(world().rows)
    if learner.spec.name in uplift.LEARNERS:
        again = restore(bundled(learner.spec), tmp_path)
    else:
        again = type(learner).restore(learner.spec, rows.names, rows.categories, content)
    np.testing.assert_array_equal(again.margin(features), learner.margin(features))


def test_column_order_does_not_matter(learner: Any) -> None:
    turned = tuple(reversed(world().rows.names))
    other = uplift.build(ModelSpec(learner.spec.name, seed=7)).fit(world().select(turned))
    got = other.margin(world().select(turned).rows.features)
    np.testing.assert_allclose(got, learner.margin(world().rows.features), rtol=0, atol=1e-6)


def test_a_batch_equals_its_rows_one_by_one(learner: Any) -> None:
    rows = world().rows.features[:20]
    singly = np.concatenate([learner.margin(rows[i : i + 1]) for i in range(len(rows))])
    np.testing.assert_allclose(learner.margin(rows), singly, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", sorted(uplift.LEARNERS))
def test_a_learner_finds_who_is_moved_and_who_is_put_off(name: str) -> None:
    later = trial(2_000, seed=1).rows.features
    found = fitted(name).margin(later)
    by_segment = [found[later[:, 2] == code].mean() for code in range(3)]
    assert by_segment[2] > by_segment[0] > by_segment[1]
    assert np.corrcoef(found, true_effect(later))[0, 1] > 0.7


def test_weights_undo_uneven_odds() -> None:
    uneven = trial(20_000, propensity=0.2)
    constant = uplift.build(ModelSpec("constant_effect")).fit(uneven)
    assert constant.margin(uneven.rows.features[:1])[0] == pytest.approx(0.05, abs=0.02)  # (0 - .10 + .25) / 3
    x = uplift.build(ModelSpec("x_learner")).fit(uneven)
    assert x._share == pytest.approx(0.2)


def test_a_group_with_one_outcome_only_is_refused() -> None:
    never = world()
    never = replace(never, rows=replace(never.rows, label=np.where(never.treated, never.rows.label, 0)))
    with pytest.raises(NotEnoughData, match="only the answer 0"):
        uplift.build(ModelSpec("t_learner")).fit(never)
