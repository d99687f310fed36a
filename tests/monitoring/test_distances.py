"""Distances by hand, and how often chance alone passes for drift."""

import numpy as np
import pytest

from readership.monitoring.distances import (
    Sample,
    compare,
    jensen_shannon,
    kolmogorov_smirnov,
    number_bins,
    psi,
    random_signs,
    word_bins,
)

WORDS = np.array([0.4, 0.3, 0.15, 0.1, 0.02, 0.01, 0.01, 0.01])


def test_the_distances_of_two_shares_worked_out_by_hand() -> None:
    before, now = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.25, 0.5])
    assert psi(before, now) == pytest.approx(0.25 * np.log(2) * 2)
    assert kolmogorov_smirnov(before, now) == pytest.approx(0.25)
    # middle (3/8, 1/4, 3/8): its entropy less the common one of (1/2, 1/4, 1/4), in bits
    middle = -(2 * 3 / 8 * np.log2(3 / 8) + 1 / 4 * np.log2(1 / 4))
    assert jensen_shannon(before, now) == pytest.approx(middle - 1.5)


def test_numbers_lie_in_the_tenths_of_the_reference_and_missing_apart() -> None:
    then, now = number_bins(np.arange(100.0), np.array([-1.0, 9.5, 12.0, 99.0, 1e9, np.nan]))
    assert np.bincount(then).tolist() == [10] * 10
    assert now.tolist() == [0, 0, 1, 9, 9, 10]


def test_equal_numbers_share_a_bin_and_a_reference_without_any_has_one() -> None:
    then, now = number_bins(np.zeros(50), np.array([0.0, 3.0]))
    assert set(then) == {1}
    assert now.tolist() == [1, 1]
    then, now = number_bins(np.full(5, np.nan), np.array([1.0, np.nan]))
    assert then.tolist() == [1] * 5
    assert now.tolist() == [0, 1]


def test_rare_words_are_counted_together() -> None:
    then, now = word_bins(np.repeat([0.0, 1.0, 2.0, 3.0], [50, 45, 3, 2]), np.repeat([0.0, 1.0, 9.0], [10, 9, 1]))
    assert np.bincount(then).tolist() == [50, 45, 5]
    assert np.bincount(now).tolist() == [10, 9, 1]


@pytest.mark.parametrize("kind", ["numbers", "counts", "words"])
@pytest.mark.parametrize("rows_each", [1, 4])
def test_chance_passes_for_drift_about_as_often_as_stated(kind: str, rows_each: int) -> None:
    """400 comparisons of 60 readers with 240 at the level of 0.99; each reader's rows are all alike."""
    found = sum(_chance(kind, rows_each, seed) for seed in range(400))
    assert found <= 14  # 4 are due; 14 and more have a chance of one in twenty thousand


def test_the_usual_threshold_alone_would_cry_wolf_on_small_data() -> None:
    rng = np.random.default_rng(0)
    values = [_compared("numbers", rng.normal(size=240), rng.normal(size=60), 1, s)["psi"] for s in range(100)]
    assert sum(found.value > 0.1 for found in values) > 50
    assert sum(found.value > max(0.1, found.by_chance) for found in values) <= 3


def test_a_shift_of_half_a_deviation_is_found() -> None:
    rng = np.random.default_rng(1)
    found = _compared("numbers", rng.normal(size=2000), rng.normal(0.5, 1, 500), 1, 0)
    assert found["psi"].value > max(0.1, found["psi"].by_chance)
    assert found["ks"].value == pytest.approx(0.197, abs=0.05)  # 2 Φ(1/4) − 1


def test_readers_in_both_samples_count_in_both_at_once() -> None:
    """The same readers a month later: what stays of each makes chance smaller than among strangers."""
    rng = np.random.default_rng(2)
    trait = rng.normal(size=300)
    then, now = number_bins(trait + rng.normal(0, 0.02, 300), trait + rng.normal(0, 0.02, 300))
    same = compare(Sample(then, np.arange(300)), Sample(now, np.arange(300)), random_signs(300))
    others = compare(Sample(then, np.arange(300)), Sample(now, 300 + np.arange(300)), random_signs(600))
    assert same["psi"].by_chance < 0.5 * others["psi"].by_chance


def test_nothing_cannot_be_compared() -> None:
    empty = np.array([], dtype=np.intp)
    with pytest.raises(ValueError, match="0 rows of the reference and 1 of the window"):
        compare(Sample(empty, empty), Sample(np.array([0]), np.array([0])), random_signs(1))


def _chance(kind: str, rows_each: int, seed: int) -> bool:
    rng = np.random.default_rng(seed)
    draw = {
        "numbers": lambda n: rng.normal(size=n),
        "counts": lambda n: rng.poisson(0.7, n).astype(float),
        "words": lambda n: rng.choice(len(WORDS), n, p=WORDS).astype(float),
    }[kind]
    found = _compared(kind, draw(240), draw(60), rows_each, seed)["psi"]
    return found.value > found.by_chance


def _compared(kind: str, reference: np.ndarray, window: np.ndarray, rows_each: int, seed: int):
    before, now = np.repeat(reference, rows_each), np.repeat(window, rows_each)
    then, these = (word_bins if kind == "words" else number_bins)(before, now)
    readers = np.repeat(np.arange(len(reference) + len(window)), rows_each)
    samples = Sample(then, readers[: len(before)]), Sample(these, readers[len(before) :])
    return compare(*samples, random_signs(len(reference) + len(window), seed), level=0.99)
