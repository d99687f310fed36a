"""Calibrators by hand, by recovery of a known miscalibration, and *none* able to win."""

import io
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readership.models._calibration import NAMES, Calibrator, Rows, choose, clustered_mean, fit, sigmoid


def rows(n: int, slope: float = 1.0, shift: float = 0.0, seed: int = 0, bend: float = 0.0) -> Rows:
    """Margins whose true log-odds are slope * margin + shift + bend * margin²."""
    rng = np.random.default_rng(seed)
    margin = rng.normal(size=n) * 1.5
    truth = sigmoid(slope * margin + shift + bend * margin**2)
    label = (rng.random(n) < truth).astype(np.float32)
    return Rows(margin, label, np.arange(n, dtype=np.uint64) // 3, np.ones(n))


def test_none_shift_and_platt_by_hand() -> None:
    margin = np.array([0.0, math.log(3)])
    np.testing.assert_allclose(Calibrator("none")(margin), [1 / 2, 3 / 4])
    np.testing.assert_allclose(Calibrator("shift", {"shift": np.array([math.log(3)])})(margin), [3 / 4, 9 / 10])
    platt = Calibrator("platt", {"slope": np.array([2.0]), "shift": np.array([0.0])})
    np.testing.assert_allclose(platt(margin), [1 / 2, 9 / 10])


def test_shift_moves_the_mean_to_the_rate_seen() -> None:
    # four rows at log-odds 0, three positives: log-odds must become log 3
    four = Rows(np.zeros(4), np.array([1, 1, 1, 0], np.float32), np.arange(4, dtype=np.uint64), np.ones(4))
    assert fit("shift", four).arrays["shift"][0] == pytest.approx(math.log(3), abs=1e-6)


def test_isotonic_by_hand() -> None:
    # labels 0 1 0 1 by rising margin: the middle two fall, so they share 1/2 at the middle of their margins
    four = Rows(np.array([0.0, 1, 2, 3]), np.array([0, 1, 0, 1], np.float32), np.arange(4, dtype=np.uint64), np.ones(4))
    fitted = fit("isotonic", four)
    np.testing.assert_allclose(fitted.arrays["margin"], [0, 1.5, 3])
    np.testing.assert_allclose(fitted.arrays["probability"], [1 / 6, 1 / 2, 5 / 6])
    np.testing.assert_allclose(fitted(np.array([-9.0, 0.75, 1.5, 9])), [1 / 6, 1 / 3, 1 / 2, 5 / 6])


def test_isotonic_equals_scikit_learn_at_its_steps() -> None:
    from sklearn.isotonic import IsotonicRegression

    sample = rows(400, seed=3)
    fitted = fit("isotonic", sample)
    steps = IsotonicRegression(y_min=1 / 402, y_max=401 / 402).fit_transform(sample.margin, sample.label)
    assert sorted(set(np.round(steps, 9))) == pytest.approx(sorted(set(np.round(fitted.arrays["probability"], 9))))


def test_platt_finds_the_slope_and_shift_that_were_there() -> None:
    found = fit("platt", rows(60_000, slope=0.6, shift=0.5)).arrays
    assert found["slope"][0] == pytest.approx(0.6, abs=0.03)
    assert found["shift"][0] == pytest.approx(0.5, abs=0.03)


def test_weights_stand_for_repeated_rows() -> None:
    sample = rows(300, slope=0.5)
    weight = np.tile([1.0, 2.0, 3.0], 100)
    repeated = Rows(*(column.repeat(weight.astype(int)) for column in sample[:3]), np.ones(int(weight.sum())))
    for name in ("shift", "platt"):
        once, often = fit(name, sample._replace(weight=weight)), fit(name, repeated)
        for key, value in once.arrays.items():
            assert value == pytest.approx(often.arrays[key], abs=1e-8)


@pytest.mark.parametrize(
    ("slope", "shift", "bend", "expected"),
    [(1, 0, 0, "none"), (1, 0.7, 0, "shift"), (0.5, 0.4, 0, "platt"), (2.5, -1, 1.2, "isotonic")],
)
def test_the_simplest_calibrator_that_clearly_helps_is_chosen(slope, shift, bend, expected) -> None:
    early, late = rows(4000, slope, shift, 1, bend), rows(3000, slope, shift, 2, bend)
    assert choose(early, late, late) == expected


def test_a_trend_that_turns_leaves_none() -> None:
    late = rows(3000, shift=-0.6, seed=2)
    assert choose(rows(3000, shift=0.6, seed=1), late, late) == "none"


def test_a_trend_that_goes_on_leaves_none_too() -> None:
    early, late = rows(4000, shift=0.5, seed=1), rows(4000, shift=1.0, seed=2)
    assert choose(early, late, late) == "none"  # a shift of 0.5 would help, but the level is still moving
    assert choose(early, rows(4000, shift=0.5, seed=2), rows(4000, shift=0.5, seed=2)) == "shift"


def test_a_newer_fit_that_knows_the_level_needs_no_calibrator() -> None:
    early, late = rows(4000, shift=0.7, seed=1), rows(4000, shift=0.7, seed=2)
    assert choose(early, late, late) == "shift"
    assert choose(early, late, late._replace(margin=late.margin + 0.7)) == "none"


def test_a_margin_that_points_the_wrong_way_is_not_turned_round() -> None:
    assert fit("platt", rows(3000, slope=-1.0)).name == "none"


@pytest.mark.parametrize("name", NAMES)
def test_stored_and_restored(name: str) -> None:
    fitted = fit(name, rows(500, 0.7, 0.3))
    buffer = io.BytesIO()
    np.savez(buffer, **fitted.to_arrays())
    buffer.seek(0)
    with np.load(buffer, allow_pickle=False) as arrays:
        again = Calibrator.from_arrays(fitted.name, {key: arrays[key] for key in arrays.files})
    margin = np.linspace(-5, 5, 101)
    np.testing.assert_array_equal(again(margin), fitted(margin))
    assert again(margin).dtype == np.float64


@pytest.mark.parametrize(
    ("name", "arrays", "message"),
    [
        ("beta", {}, "no calibrator 'beta'; there are none, shift, platt, isotonic"),
        ("shift", {}, "'shift' needs arrays"),
        ("platt", {"slope": [1.0]}, "'platt' needs arrays"),
        ("shift", {"shift": [1.0, 2.0]}, "one number"),
        ("shift", {"shift": [np.nan]}, "not finite"),
        ("isotonic", {"margin": [1.0, 1.0], "probability": [0.1, 0.2]}, "margins rising"),
    ],
)
def test_what_cannot_be_a_calibrator_is_refused(name, arrays, message) -> None:
    with pytest.raises(ValueError, match=message):
        Calibrator.from_arrays(name, {key: np.array(value) for key, value in arrays.items()})


@settings(max_examples=40, deadline=None)
@given(
    margins=st.lists(st.floats(-30, 30), min_size=2, max_size=40),
    labels=st.lists(st.sampled_from([0.0, 1.0]), min_size=40, max_size=40),
    name=st.sampled_from(NAMES),
)
def test_probabilities_rise_with_the_margin_and_stay_inside(margins, labels, name) -> None:
    n = len(margins)
    sample = Rows(np.array(margins), np.array(labels[:n], np.float32), np.arange(n, dtype=np.uint64), np.ones(n))
    found = fit(name, sample)(np.linspace(-40, 40, 81))
    assert (found >= 0).all()
    assert (found <= 1).all()
    assert (np.diff(found) >= -1e-12).all()


def test_clustered_mean_by_hand() -> None:
    # readers 1 (values 0, 0) and 2 (values 2, 2): mean 1, reader totals -2 and 2, correction 2/1
    mean, error = clustered_mean(np.array([0.0, 0, 2, 2]), np.array([1, 1, 2, 2], np.uint64), np.ones(4))
    assert mean == 1.0
    assert error == pytest.approx(math.sqrt(2 / 1 * (4 + 4)) / 4)
