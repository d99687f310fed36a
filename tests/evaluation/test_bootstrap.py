"""Intervals: they are drawn by reader, they are paired, and they cover."""

import numpy as np
import pytest

from readership.evaluation.bootstrap import Draws, measure, metric, ratio
from readership.evaluation.metrics import METRICS, binary_metrics


def world(seed: int, readers: int = 300, each: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Readers whose rows all end alike: four rows of one reader tell no more than one."""
    rng = np.random.default_rng(seed)
    truth = rng.beta(1.5, 2.5, readers)
    label = (rng.random(readers) < truth).astype(float)
    reader = np.repeat(np.arange(readers), each)
    return label[reader], truth[reader], reader


def test_a_replicate_is_the_metric_of_the_rows_drawn() -> None:
    label, probability, reader = world(1, readers=40)
    probability = probability.round(1)
    draws = Draws.of(reader, np.linspace(1, 2, len(reader)), replicates=5, seed=3)
    found = measure(label, probability, draws)
    assert dict(found.values) == binary_metrics(label, probability, draws.weight)
    for number, counts in enumerate(draws.counts):
        again = binary_metrics(label, probability, counts[reader] * draws.weight)
        for name in METRICS:
            assert found.replicates[name][number] == pytest.approx(again[name])


def test_sums_by_bin_are_the_sums_of_each_replicate() -> None:
    label, probability, reader = world(6, readers=30)
    draws = Draws.of(reader, np.linspace(1, 2, len(reader)), replicates=4)
    place = (probability * 5).astype(np.intp)
    found = draws.sums_by_bin(label, place, 7)
    for number, counts in enumerate(draws.counts):
        expected = np.bincount(place, counts[reader] * draws.weight * label, minlength=7)
        assert found[number] == pytest.approx(expected)
    assert draws.sums(label[:, None]).ravel() == pytest.approx(found.sum(axis=1))


def test_same_seed_same_interval() -> None:
    label, probability, reader = world(1)
    one, two, other = (measure(label, probability, Draws.of(reader, seed=seed)).metrics() for seed in (7, 7, 8))
    assert one == two
    assert one["roc_auc"]["ci95"] != other["roc_auc"]["ci95"]
    assert one["roc_auc"]["value"] == other["roc_auc"]["value"]


def test_interval_by_reader_covers_and_by_row_does_not() -> None:
    """Of 100 worlds, about 95 intervals hold the true base rate when readers are drawn; about 60 when rows are."""
    truth = 1.5 / 4
    covered = {"reader": 0, "row": 0}
    for seed in range(100):
        label, _, reader = world(seed)
        units = {"reader": reader, "row": np.arange(len(reader))}
        for unit, groups in units.items():
            low, high = ratio(label, np.ones(len(label)), Draws.of(groups, replicates=300, seed=seed))["ci95"]
            covered[unit] += low <= truth <= high
    assert covered["reader"] >= 88
    assert covered["row"] <= 75


def test_auc_interval_covers() -> None:
    label, probability, _ = world(12345, readers=200_000, each=1)
    truth = binary_metrics(label, probability)["roc_auc"]
    covered = 0
    for seed in range(60):
        label, probability, reader = world(seed)
        low, high = measure(label, probability, Draws.of(reader, replicates=200)).metrics()["roc_auc"]["ci95"]
        covered += low <= truth <= high
    assert covered >= 52


def test_differences_are_paired() -> None:
    """The difference of two nearly equal models is known far better than either."""
    label, probability, reader = world(2, readers=1000)
    draws = Draws.of(reader)
    rng = np.random.default_rng(0)
    one = measure(label, probability, draws)
    two = measure(label, np.clip(probability + rng.normal(0, 0.01, len(label)), 0, 1), draws)

    def width(found):
        return found["ci95"][1] - found["ci95"][0]

    assert width(two.minus(one)["roc_auc"]) < width(one.metrics()["roc_auc"]) / 5
    assert one.minus(one)["log_loss"] == {"value": 0.0, "ci95": [None, None]}


def test_part_of_the_rows_keeps_the_draws() -> None:
    label, probability, reader = world(4)
    draws = Draws.of(reader)
    rows = reader < 100
    assert draws.take(rows).readers == 100
    assert measure(label[rows], probability[rows], draws.take(rows)).values["brier"] == pytest.approx(
        binary_metrics(label[rows], probability[rows])["brier"]
    )


def test_calibration_error_interval_covers_though_noise_enlarges_it() -> None:
    """Probabilities three points too high: the true error is .03, and is inside; the plain percentiles lose it."""
    covered = plain = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        truth = rng.uniform(0.1, 0.9, 800)
        label = (rng.random(800) < truth).astype(float)
        found = measure(label, truth + 0.03, Draws.of(np.arange(800), replicates=200, seed=seed))
        low, high = found.metrics()["ece"]["ci95"]
        covered += low <= 0.03 <= high
        low, high = np.quantile(found.replicates["ece"], (0.025, 0.975))
        plain += low <= 0.03 <= high
    assert covered >= 56
    assert plain < 50


def test_what_cannot_be_known_is_none() -> None:
    assert metric(float("nan"), np.full(9, np.nan)) == {"value": None, "ci95": [None, None]}
    lone = measure([0, 1, 1], [0.2, 0.7, 0.4], Draws.of([5, 5, 5])).metrics()
    assert lone["roc_auc"] == {"value": 1.0, "ci95": [None, None]}
