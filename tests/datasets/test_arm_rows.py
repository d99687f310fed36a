"""Decisions made by lot with their answers, by hand: edges of the horizon, answers not known yet, outages."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from readership.warehouse import Warehouse, read_sql

T = datetime(2026, 3, 4, 10, tzinfo=UTC)  # a Wednesday
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
MS = timedelta(milliseconds=1)
LOADED = T + 400 * DAY
NOW = T + 200 * DAY
KINDS = {"conversion": ("subscription_offer", 14), "churn_subscribers": ("retention_offer", 60)}


class Log:
    """Writes rows straight into the tables."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse, self.count = warehouse, 0

    def event(self, reader: int, at: datetime, kind: str = "navigation", **fields: Any) -> None:
        self.count += 1
        row = {"event_id": str(UUID(int=self.count)), "user_id": reader, "event_type": kind, "timestamp": at}
        self.write("events", row | {"received_at": at, "loaded_at": LOADED} | fields)

    def offer(self, reader: int, at: datetime, variant: str = "offer", **fields: Any) -> None:
        """A decision of the standing arm: both halves are logged alike."""
        told = {"experiment": "subscription_offer", "variant": variant, "propensity": 0.5}
        self.event(reader, at, **told | {"decision_id": f"d{reader}-{at.timestamp()}"} | fields)

    def exposure(self, reader: int, at: datetime, variant: str, treatment: str = "conversion", **fields: Any) -> None:
        row = {"unit": str(reader), "experiment": "campaign/spring", "variant": variant, "treatment": treatment}
        row |= {"propensity": 0.8, "decision_id": f"spring/{reader}", "at": at, "received_at": at}
        self.write("exposures", row | {"loaded_at": LOADED} | fields)

    def period(self, reader: int, start: datetime, end: datetime, **fields: Any) -> None:
        row = {"user_id": reader, "period_start": start, "period_end": end, "received_at": start, "valid_from": start}
        self.write("subscriptions", row | {"loaded_at": LOADED} | fields)

    def write(self, table: str, row: dict[str, Any]) -> None:
        block = json.dumps(row, default=lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3])
        self.warehouse.raw_insert(table, list(row), block.encode(), "JSONEachRow")

    def arms(self, question: str = "conversion", now: datetime = NOW, brand: str = "") -> list[dict[str, Any]]:
        experiment, horizon = KINDS[question]
        rows = self.warehouse.frame(
            read_sql("readership.datasets.arms", question),
            experiment=experiment,
            task=question,
            horizon_days=horizon,
            brand=brand,
            now=now,
            snapshot_at=LOADED,
        )
        return rows.to_dicts()

    def labels(self, question: str = "conversion", now: datetime = NOW, brand: str = "") -> dict[int, int]:
        return {row["user_id"]: row["label"] for row in self.arms(question, now, brand)}


@pytest.fixture
def log(warehouse: Warehouse) -> Log:
    return Log(warehouse)


def test_both_halves_are_rows_and_the_answer_lies_in_the_horizon_from_the_decision_on(log: Log) -> None:
    starts = {1: T, 2: T + 14 * DAY - MS, 3: T + 14 * DAY, 4: T - MS}
    for reader in (*starts, 5):
        log.offer(reader, T, "offer" if reader % 2 else "control")
    for reader, at in starts.items():
        log.event(reader, at, "subscription_start")
    assert log.labels() == {1: 1, 2: 1, 3: 0, 4: 0, 5: 0}
    rows = log.arms()
    assert [row["treated"] for row in rows] == [1, 0, 1, 0, 1]
    assert {row["propensity"] for row in rows} == {0.5}
    assert [row["delay_days"] for row in rows][2:] == [None] * 3
    assert rows[1]["delay_days"] == pytest.approx(14, abs=1e-4)


def test_a_decision_whose_horizon_has_not_passed_is_no_row_whatever_came_of_it(log: Log) -> None:
    log.offer(1, T)
    log.offer(2, T + MS)
    log.event(2, T + DAY, "subscription_start")
    assert log.labels(now=T + 14 * DAY) == {1: 0}
    assert log.labels(now=T + 14 * DAY - MS) == {}
    assert log.labels(now=T + 14 * DAY + MS) == {1: 0, 2: 1}


def test_features_come_from_the_last_monday_before_the_decision(log: Log) -> None:
    for reader, at in enumerate((MONDAY, MONDAY + MS, T, MONDAY + 7 * DAY - MS, MONDAY + 7 * DAY), start=1):
        log.offer(reader, at)
    found = {row["user_id"]: (row["as_of"], row["decided_at"]) for row in log.arms()}
    assert [as_of for as_of, _ in found.values()] == [*[MONDAY] * 4, MONDAY + 7 * DAY]
    assert all(as_of <= decided for as_of, decided in found.values())


def test_one_decision_is_one_row_however_many_events_tell_of_it(log: Log) -> None:
    log.offer(1, T, decision_id="d")
    log.offer(1, T + 50 * MS, decision_id="d")
    log.offer(1, T + 28 * DAY, "control", decision_id="e")
    assert [(row["decided_at"], row["treated"]) for row in log.arms()] == [(T, 1), (T + 28 * DAY, 0)]


def test_decisions_without_a_propensity_or_of_other_experiments_are_no_rows(log: Log) -> None:
    log.offer(1, T, propensity=None)
    log.offer(2, T, experiment="front_slot")
    log.offer(3, T, variant="even")
    log.offer(4, T, loaded_at=LOADED + MS)
    log.exposure(5, T, "treatment", treatment="churn")
    log.exposure(6, T, "treatment", experiment="ab/button")
    assert log.labels() == {}


def test_campaigns_of_the_task_are_rows_too(log: Log) -> None:
    log.exposure(1, T, "treatment")
    log.exposure(2, T, "control", propensity=0.2)
    log.exposure(3, NOW - 14 * DAY + MS, "control")
    log.event(2, T + DAY, "subscription_start")
    assert [(r["user_id"], r["treated"], r["propensity"], r["label"]) for r in log.arms()] == [
        (1, 1, 0.8, 0),
        (2, 0, 0.2, 1),
    ]


def test_an_outage_within_the_horizon_leaves_the_decision_out(log: Log) -> None:
    log.offer(1, T, brand="news")
    log.offer(2, T, brand="sport")
    log.offer(3, T - 20 * DAY, brand="news")
    outage = {"starts_at": T + DAY, "ends_at": T + 2 * DAY, "received_at": T, "loaded_at": LOADED}
    log.write("outages", outage | {"brand": "news"})
    assert log.labels() == {3: 0, 2: 0}
    log.write("outages", outage | {"brand": ""})
    assert log.labels() == {3: 0}


def test_with_a_brand_its_own_decisions_and_starts_count(log: Log) -> None:
    for reader, brand in ((1, "news"), (2, "sport"), (3, "news")):
        log.offer(reader, T, brand=brand)
    log.event(1, T + DAY, "subscription_start", brand="sport")
    log.event(3, T + DAY, "subscription_start", brand="")
    assert log.labels(brand="news") == {1: 0, 3: 1}


def retained(log: Log, reader: int, end: datetime, **fields: Any) -> None:
    """A subscriber whose paid period ends then, and a decision about an offer to stay."""
    log.period(reader, end - 30 * DAY, end, **fields)
    log.offer(reader, T, experiment="retention_offer")


def test_a_subscriber_who_does_not_renew_within_the_grace_has_left(log: Log) -> None:
    end = T + 20 * DAY
    for reader in (1, 2, 3, 4):
        retained(log, reader, end)
    log.period(2, end, end + 30 * DAY)
    log.period(3, end + 30 * DAY - MS, end + 60 * DAY)
    log.period(4, end + 30 * DAY, end + 60 * DAY)
    assert log.labels("churn_subscribers") == {1: 1, 2: 0, 3: 0, 4: 1}


def test_who_pays_until_when_is_what_was_known_at_the_decision(log: Log) -> None:
    end = T + 20 * DAY
    retained(log, 1, end, received_at=T)
    retained(log, 2, end, received_at=T + MS)
    retained(log, 3, T + 30 * DAY)
    retained(log, 4, T + 30 * DAY + MS)
    retained(log, 5, T)
    assert log.labels("churn_subscribers") == {1: 1, 3: 1}


def test_a_retention_decision_is_known_after_its_sixty_days(log: Log) -> None:
    retained(log, 1, T + 20 * DAY)
    assert log.labels("churn_subscribers", now=T + 60 * DAY - MS) == {}
    assert log.labels("churn_subscribers", now=T + 60 * DAY) == {1: 1}
