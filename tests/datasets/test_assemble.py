"""Rows, weights and vocabularies of a dataset, and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from readership.contracts import Dataset, Folds
from readership.datasets.assemble import Cutoff, assemble, check_folds, plan_sample
from readership.errors import NotEnoughData
from readership.features.catalogue import Feature

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = tuple(START + 28 * n * DAY for n in range(4))
FOLDS = Folds(
    train=TIMES[:1], valid=TIMES[1:2], calibration=TIMES[2:3], test=TIMES[3:], refit=TIMES[:3], horizon=28 * DAY
)


def feature(name: str, kind: str = "number", model_input: bool = True) -> Feature:
    return Feature(name, "group", "meaning", "category" if kind == "category" else "days", "missing", kind, model_input)


FEATURES = [
    feature("tenure_days"),
    feature("clock", model_input=False),
    *(feature(name, "category") for name in ("tier", "country", "device_type", "brand")),
]


def cutoff(at: datetime, readers: list[int], labels: list[int], device: str = "app") -> Cutoff:
    known = pl.DataFrame({"user_id": readers[1:]}, schema={"user_id": pl.UInt64}).with_columns(
        tenure_days=pl.lit(3.0),
        clock=pl.lit(9.0),
        tier=pl.lit("free"),
        country=pl.lit(None, dtype=pl.String),
        device_type=pl.lit(device),
        brand=pl.lit("North"),
    )
    rows = pl.DataFrame({"user_id": readers, "label": labels}, schema={"user_id": pl.UInt64, "label": pl.UInt8})
    return Cutoff(at, rows, known)


def four() -> list[Cutoff]:
    return [cutoff(at, [1, 2, 3], [0, 1, 0], device="watch" if at == TIMES[3] else "app") for at in TIMES]


def test_every_labelled_reader_has_a_row_in_order_and_unknown_features_are_missing() -> None:
    dataset = assemble("churn", four(), FOLDS, FEATURES, None)
    assert dataset.reader.tolist() == [1, 2, 3] * 4
    assert dataset.as_of[:3].tolist() == [START.replace(tzinfo=None)] * 3
    assert dataset.label.tolist() == [0, 1, 0] * 4
    assert np.isnan(dataset.features[0]).all()
    assert dataset.slices["tenure"][:2].tolist() == ["(unknown)", "under a week"]
    assert dataset.slices["country"].tolist() == ["(unknown)"] * 12


def test_publisher_wide_columns_are_left_out() -> None:
    assert "clock" not in assemble("churn", four(), FOLDS, FEATURES, None).names


def test_a_word_first_met_in_the_test_has_the_code_of_the_unseen() -> None:
    dataset = assemble("churn", four(), FOLDS, FEATURES, None)
    device = dataset.features[:, dataset.names.index("device_type")]
    assert dataset.categories["device_type"] == ("app",)
    assert device[1] == 0
    assert device[-1] == 1


def test_the_weighted_sample_estimates_the_whole_and_spares_the_test() -> None:
    generator = np.random.default_rng(5)
    readers = np.arange(5000, dtype=np.uint64)
    every = [
        pl.DataFrame({"user_id": readers, "label": (generator.random(5000) < 0.01).astype(np.uint8)}) for _ in TIMES[:3]
    ]
    sample = plan_sample(every, max_rows=3000)
    assert sample is not None
    rows = pl.concat(every)
    stays = sample.keeps(rows["user_id"].to_numpy())
    assert abs(stays.sum() - 3000) < 300
    weight = 1 / sample.chance(rows["user_id"].to_numpy()[stays])
    label = rows["label"].to_numpy()[stays]
    assert label.sum() == rows["label"].sum()  # every reader with a positive label stays
    assert weight.sum() == pytest.approx(rows.height, rel=0.1)
    assert np.average(label, weights=weight) == pytest.approx(rows["label"].mean(), rel=0.1)


def test_when_positives_are_common_all_readers_have_the_same_chance() -> None:
    rows = [pl.DataFrame({"user_id": np.arange(100, dtype=np.uint64), "label": np.ones(100, dtype=np.uint8)})]
    sample = plan_sample(rows, max_rows=50)
    assert sample is not None
    assert sample.chance(np.arange(100, dtype=np.uint64)).tolist() == [0.5] * 100
    assert plan_sample(rows, max_rows=100) is None


def test_sampled_training_rows_weigh_more_and_test_rows_one() -> None:
    sample = plan_sample([each.labels for each in four()[:3]], max_rows=6)
    dataset = assemble("churn", four(), FOLDS, FEATURES, sample)
    assert dataset.weight[-3:].tolist() == [1, 1, 1]
    assert dataset.weight[:-3].tolist() == [2, 1, 2] * 3  # half of those who never churn would stay


def whole() -> Dataset:
    return assemble("churn", four(), FOLDS, FEATURES, None)


def test_a_fold_with_one_class_is_refused_by_name() -> None:
    dataset = whole()
    label = dataset.label.copy()
    label[3:6] = 1
    with pytest.raises(NotEnoughData, match="all 3 labels at the validation cut-off 2026-01-29 are 1; a model needs"):
        check_folds(replace(dataset, label=label), FOLDS, lambda _: "")


def test_a_fold_without_anybody_says_who_was_left_out() -> None:
    dataset = whole().at(TIMES[1:])
    with pytest.raises(
        NotEnoughData, match="nobody can be asked about at the train cut-off 2026-01-01: 7 readers were"
    ):
        check_folds(dataset, FOLDS, lambda cutoff: "7 readers were seen")


def test_two_classes_everywhere_pass() -> None:
    check_folds(whole(), FOLDS, lambda _: "")


def test_a_fold_without_cutoffs_is_not_asked_for() -> None:
    few = replace(FOLDS, valid=(), calibration=())
    check_folds(assemble("churn", [four()[0], four()[3]], few, FEATURES, None), few, lambda _: "")
