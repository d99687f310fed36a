"""Datasets from the warehouse: point in time, rebuilt identically, and refusals that say what to do."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from readership.contracts import Folds
from readership.datasets.store import content_hash, load, save
from readership.errors import NotEnoughData
from readership.evaluation.brute_force.log import DAY, START, Event, random_log
from readership.pipelines.brute_force import deliver
from readership.pipelines.dataset import build_dataset, labels, newest_load, rebuild_dataset
from readership.settings import Settings
from readership.warehouse import Warehouse

SETTINGS: dict[str, Any] = {"churn_horizon_days": 7, "churn_lookback_days": 21, "conversion_horizon_days": 7}


@pytest.fixture(scope="module")
def short() -> Settings:
    """Settings whose horizons fit a log of 110 days."""
    return Settings(**SETTINGS)


@pytest.fixture(scope="module")
def folds() -> Folds:
    """One cut-off a fold, two for training and two for the test."""
    cutoffs = [START + days * DAY for days in (32, 39, 60, 74, 88, 95)]
    train, valid, calibration, test = cutoffs[:2], cutoffs[2:3], cutoffs[3:4], cutoffs[4:]
    return Folds(
        tuple(train), tuple(valid), tuple(calibration), tuple(test), (*train, *valid, *calibration), horizon=7 * DAY
    )


@pytest.fixture(scope="module")
def log() -> list[Event]:
    """A log whose readers all agree, so that every fold has both outcomes."""
    agreed = ["analytics", "personalisation"]
    return [{**event, "consent": agreed, "subscription_tier": "free"} for event in random_log(seed=2, readers=60)]


@pytest.fixture(scope="module")
def full(warehouse_root: Warehouse, log: list[Event], short: Settings) -> Iterator[Warehouse]:
    with warehouse_root.scratch() as scratch:
        deliver(scratch, log, short)
        yield scratch


def test_the_dataset_has_a_row_for_every_label_of_every_cutoff(
    full: Warehouse, short: Settings, folds: Folds, tmp_path: Any
) -> None:
    dataset, manifest = build_dataset(full, short, "churn", folds)
    snapshot = newest_load(full)
    expected = {cutoff: labels(full, "churn", cutoff, snapshot, short) for cutoff in folds.all()}
    assert manifest.row_counts == {cutoff.isoformat(): rows.height for cutoff, rows in expected.items()}
    for cutoff, rows in expected.items():
        part = dataset.at((cutoff,))
        assert part.reader.tolist() == rows["user_id"].to_list()
        assert part.label.tolist() == rows["label"].to_list()
    assert not any(name.startswith("publisher") for name in dataset.names)
    assert set(dataset.slices) == {"tier", "country", "device", "brand", "tenure"}
    assert manifest.sql_hashes.keys() >= {"labels/churn", "features/activity", "features/consent"}
    assert manifest.as_folds() == folds
    save(dataset, manifest, tmp_path / "churn")
    assert content_hash(load(tmp_path / "churn")[0]) == manifest.content_hash


def test_readers_without_features_still_have_a_row(full: Warehouse, short: Settings, folds: Folds) -> None:
    dataset, _ = build_dataset(full, short, "churn", folds)
    assert len(dataset) == sum(labels(full, "churn", cutoff, newest_load(full), short).height for cutoff in folds.all())
    missing = np.isnan(dataset.features).all(axis=1)
    assert missing.sum() < len(dataset) / 10


def test_rows_are_capped_by_weighted_readers_outside_the_test(full: Warehouse, short: Settings, folds: Folds) -> None:
    whole, _ = build_dataset(full, short, "churn", folds)
    capped, manifest = build_dataset(full, short, "churn", folds, max_rows=60)
    assert len(capped.at(folds.refit)) < len(whole.at(folds.refit))
    assert len(capped.at(folds.test)) == len(whole.at(folds.test))
    assert manifest.sampled is not None
    assert content_hash(rebuild_dataset(full, short, manifest)) == manifest.content_hash


def test_the_hash_is_the_same_after_late_events_and_backfills_arrived(
    warehouse: Warehouse, log: list[Event], short: Settings, folds: Folds
) -> None:
    held_back = [event for event in log if int(event["event_id"], 16) % 7 == 0]
    ids = {event["event_id"] for event in held_back}
    deliver(warehouse, [event for event in log if event["event_id"] not in ids], short)
    _, manifest = build_dataset(warehouse, short, "churn", folds)

    deliver(warehouse, held_back, short)  # known in time, stored late: a backfill
    late = {"received_at": START + 500 * DAY}
    deliver(warehouse, [{**event, **late, "event_id": f"{n:032x}"} for n, event in enumerate(log[::5])], short)
    deliver(warehouse, [{**event, "user_id": "977", "event_id": f"{n:031x}f"} for n, event in enumerate(log)], short)

    assert content_hash(rebuild_dataset(warehouse, short, manifest)) == manifest.content_hash
    _, fresh = build_dataset(warehouse, short, "churn", folds)
    assert fresh.content_hash != manifest.content_hash


def test_an_outage_takes_its_cutoffs_out(warehouse: Warehouse, log: list[Event], short: Settings, folds: Folds) -> None:
    deliver(warehouse, log, short)
    touched = folds.test[-1]
    outage = {"starts_at": touched + 2 * DAY, "ends_at": touched + 3 * DAY}
    row = ", ".join(f"'{at:%Y-%m-%d %H:%M:%S.000}'" for at in (*outage.values(), START, START))
    warehouse.raw_insert("outages", ["starts_at", "ends_at", "received_at", "loaded_at"], f"({row})".encode(), "Values")
    dataset, manifest = build_dataset(warehouse, short, "churn", folds)
    assert manifest.left_out == (touched.isoformat(),)
    assert not len(dataset.at((touched,)))
    assert len(dataset.at(folds.test[:-1]))


def test_one_class_in_a_fold_is_refused(full: Warehouse, short: Settings, folds: Folds) -> None:
    forever = short.model_copy(update={"churn_horizon_days": 300})
    with pytest.raises(NotEnoughData, match=r"churn: all \d+ labels at the \w+ cut-off.* are 0; a model needs both"):
        build_dataset(full, forever, "churn", folds)


def test_nobody_to_ask_says_why(warehouse: Warehouse, log: list[Event], short: Settings, folds: Folds) -> None:
    deliver(warehouse, [{**event, "consent": ["analytics"]} for event in log[:200]], short)
    with pytest.raises(NotEnoughData, match=r"nobody can be asked about .* 0 of these agreed to personalisation"):
        build_dataset(warehouse, short, "churn", folds)


def test_subscribers_and_conversions_have_datasets(full: Warehouse, short: Settings, folds: Folds) -> None:
    dataset, manifest = build_dataset(full, short, "conversion", folds)
    assert manifest.population == "registered"
    assert 0 < dataset.label.mean() < 1
    with pytest.raises(NotEnoughData, match="churn_subscribers: nobody can be asked about"):
        build_dataset(full, short, "churn", folds, population="subscribers")


def test_the_snapshot_is_the_newest_load(full: Warehouse) -> None:
    assert newest_load(full) <= datetime.now(UTC) + timedelta(seconds=1)
    assert newest_load(full).tzinfo is not None
