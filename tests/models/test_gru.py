"""The recurrent network: its own forward pass and its ONNX form from made-up weights, and PyTorch's where it is."""

import json
import subprocess
import sys

import numpy as np
import pytest
from tabular_world import LAGS, odd, parts, score_world

from readership.contracts import ModelSpec
from readership.errors import InputError, MissingExtra
from readership.models import _gru
from readership.models._gru import STEPS, Gru, Weights, last_state

NAMES = tuple(f"{name}_lag_{k}" for name in ("score", "silence_days", "articles") for k in range(1, STEPS + 1))


def made_up(names: tuple[str, ...] = NAMES, units: int = 5, seed: int = 0) -> Gru:
    """A network nobody fitted."""
    rng = np.random.default_rng(seed)
    shapes = {
        "inputs": (3 * units, 4),
        "state": (3 * units, units),
        "inputs_shift": 3 * units,
        "state_shift": 3 * units,
    }
    weights = {
        name: rng.normal(size=shape).tolist() for name, shape in {**shapes, "line": units, "constant": 1}.items()
    }
    scales = {"mean": [3.3, 1.1, 0.9], "scale": [0.7, 0.8, 0.5], "level": 28.0, "spread": 19.0}
    return Gru.restore(ModelSpec("gru"), names, {}, json.dumps({**scales, "weights": weights}).encode())


def lags(rows: int = 60, seed: int = 1) -> np.ndarray:
    """Scores, silences and articles of 0 to 30 sessions a reader."""
    rng = np.random.default_rng(seed)
    values = np.hstack(
        [100 * rng.random((rows, STEPS)), rng.exponential(9, (rows, STEPS)), rng.poisson(2, (rows, STEPS))]
    )
    there = np.arange(STEPS) < np.arange(rows)[:, None] % (STEPS + 1)
    return np.where(np.tile(there, 3), values, np.nan).astype(np.float32)


def served(model: Gru, features: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(model.to_onnx(), providers=["CPUExecutionProvider"])
    return session.run(["margin"], {"features": features})[0][:, 0]


def test_one_step_by_hand() -> None:
    """One unit: r = z = σ(0) = ½, n = tanh(x + ½ · 2) with x = 0, so h = ½ tanh 1."""
    zero, weights = np.zeros((3, 1), np.float32), np.zeros(3, np.float32)
    state_shift = np.array([0, 0, 2], np.float32)
    one = Weights(zero, zero, weights, state_shift, np.ones(1, np.float32), np.zeros(1, np.float32))
    np.testing.assert_allclose(last_state(one, np.zeros((1, 1, 1))), [[np.tanh(1) / 2]])


def test_onnx_equals_numpy_within_a_hundred_thousandth_of_the_scale() -> None:
    model = made_up()
    extreme = lags(seed=2)
    extreme[::5] = 3e7
    extreme[1::5] = -2e9
    for features in (lags(), extreme, np.full((3, len(NAMES)), np.nan, np.float32)):
        margin = model.margin(features)
        assert np.ptp(margin) > 1 or len(features) == 3
        np.testing.assert_allclose(served(model, features), margin, rtol=0, atol=100 * 1e-5)


def test_lags_are_found_by_name_and_one_that_was_dropped_counts_as_missing() -> None:
    model, features = made_up(), lags()
    turned = made_up(tuple(reversed(NAMES)))
    np.testing.assert_array_equal(turned.margin(features[:, ::-1]), model.margin(features))
    fewer = tuple(name for name in NAMES if name != "articles_lag_2")
    without = features.copy()
    without[:, NAMES.index("articles_lag_2")] = np.nan
    dropped = features[:, [NAMES.index(name) for name in fewer]]
    np.testing.assert_array_equal(made_up(fewer).margin(dropped), model.margin(without))
    np.testing.assert_allclose(served(made_up(fewer), dropped), model.margin(without), rtol=0, atol=1e-3)


def test_the_newest_session_is_the_last_step() -> None:
    model = made_up()
    column = model._lags.column
    assert column[-1].tolist() == [NAMES.index(f"{name}_lag_1") for name in ("score", "silence_days", "articles")]
    assert column[0, 0] == NAMES.index(f"score_lag_{STEPS}")


def test_without_lags_it_says_what_it_needs() -> None:
    with pytest.raises(InputError, match="needs the features score_lag_1, score_lag_2"):
        made_up(("sessions_7d",))


def test_without_pytorch_fitting_says_how_to_get_it_and_everything_else_works(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    train, valid, _ = parts(score_world(readers=60))
    with pytest.raises(MissingExtra, match=r"needs PyTorch; `pip install 'readership\[deep\]'`"):
        Gru(ModelSpec("gru")).fit(train, valid)
    assert np.isfinite(made_up().margin(lags())).all()


def test_scoring_loads_no_pytorch() -> None:
    code = (
        "import sys; sys.path[:0] = ['tests/models', 'tests']; import test_gru as t; m = t.made_up();"
        "m.margin(t.lags()); m.to_onnx(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=_root())
    assert done.stdout.strip() == "False"


def _root() -> str:
    from pathlib import Path

    return str(Path(__file__).parents[2])


def test_numpy_equals_pytorch_after_a_real_fit() -> None:
    torch = pytest.importorskip("torch")
    train, valid, later = parts(score_world(readers=150))
    model = Gru(ModelSpec("gru", {"units": 7}, seed=3)).fit(train, valid)
    layer, line = torch.nn.GRU(4, 7, batch_first=True), torch.nn.Linear(7, 1)
    with torch.no_grad():
        for target, part in zip((*layer.parameters(), line.weight, line.bias), model._weights, strict=True):
            target.copy_(torch.tensor(part).reshape(target.shape))
        for rows in (later, odd(later)):
            sequence = torch.tensor(model._lags.sequence(rows.features), dtype=torch.float32)
            expected = model._level + model._spread * line(layer(sequence)[1][0])[:, 0].numpy()
            np.testing.assert_allclose(model.margin(rows.features), expected, rtol=0, atol=1e-3)
            np.testing.assert_allclose(served(model, rows.features), expected, rtol=0, atol=1e-3)


def test_pytorch_s_own_dice_and_threads_are_as_they_were() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(5)
    expected, threads = torch.rand(1), torch.get_num_threads()
    torch.manual_seed(5)
    train, _, _ = parts(score_world(readers=40))
    Gru(ModelSpec("gru", {"epochs": 1})).fit(train, None)
    assert torch.rand(1) == expected
    assert torch.get_num_threads() == threads


def test_the_world_of_these_tests_has_fewer_lags_than_the_network_reads() -> None:
    assert LAGS < STEPS == _gru.STEPS
