"""Labels by hand: rows exactly at the edges, late rows, consent, outages, and the rules for subscribers."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from readership.datasets.rules import label_rule
from readership.errors import InputError
from readership.settings import Settings
from readership.warehouse import Warehouse

T = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MS = timedelta(milliseconds=1)
LOADED = T + 400 * DAY
ALL = 15


class Log:
    """Writes rows straight into the tables."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.count = 0

    def event(self, reader: int, at: datetime, kind: str = "article_view", **fields: Any) -> None:
        """One event, received when it happened unless told otherwise."""
        self.count += 1
        row = {"event_id": str(UUID(int=self.count)), "user_id": reader, "event_type": kind, "timestamp": at}
        row |= {"received_at": at, "loaded_at": LOADED, "consent": ALL, "subscription_tier": "free"}
        self.write("events", row | fields)

    def period(self, reader: int, start: datetime, end: datetime, **fields: Any) -> None:
        """One paid period, known when it began unless told otherwise."""
        row = {"user_id": reader, "period_start": start, "period_end": end, "received_at": start, "loaded_at": LOADED}
        self.write("subscriptions", row | fields)

    def outage(self, start: datetime, end: datetime, brand: str = "") -> None:
        """A recorded tracking outage."""
        row = {"starts_at": start, "ends_at": end, "brand": brand, "received_at": end, "loaded_at": LOADED}
        self.write("outages", row)

    def write(self, table: str, row: dict[str, Any]) -> None:
        block = json.dumps(row, default=lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3])
        self.warehouse.raw_insert(table, list(row), block.encode(), "JSONEachRow")


@pytest.fixture
def log(warehouse: Warehouse) -> Log:
    return Log(warehouse)


def labels(
    log: Log, task: str = "churn", snapshot: datetime = LOADED, default_consent: int = 1, brand: str = ""
) -> dict[int, int]:
    rule = label_rule(task, Settings())
    rows = log.warehouse.frame(
        rule.sql,
        as_of=T,
        snapshot_at=snapshot,
        horizon_days=rule.horizon_days,
        lookback_days=rule.lookback_days,
        default_consent=default_consent,
        brand=brand,
    )
    return dict(rows.select("user_id", "label").rows())


def test_churned_means_nothing_from_the_cutoff_until_just_before_the_horizon_ends(log: Log) -> None:
    for reader in (1, 2, 3, 4):
        log.event(reader, T - DAY)
    log.event(1, T)  # exactly at the cut-off: came back
    log.event(2, T + 28 * DAY - MS)  # the last moment that counts
    log.event(3, T + 28 * DAY)  # too late
    assert labels(log) == {1: 0, 2: 0, 3: 1, 4: 1}


def test_the_population_was_seen_in_the_lookback(log: Log) -> None:
    log.event(1, T - 56 * DAY)  # exactly at its beginning
    log.event(2, T - 56 * DAY - MS)  # before it
    log.event(3, T)  # not before the cut-off
    log.event(4, T - MS)
    assert labels(log) == {1: 1, 4: 1}


def test_an_event_received_after_the_cutoff_makes_nobody_a_member(log: Log) -> None:
    log.event(1, T - DAY, received_at=T + MS)
    log.event(2, T - DAY, received_at=T)
    assert labels(log) == {2: 1}


def test_a_late_event_inside_the_horizon_still_counts_as_a_return(log: Log) -> None:
    log.event(1, T - DAY)
    log.event(1, T + DAY, received_at=T + 90 * DAY)
    assert labels(log) == {1: 0}


def test_what_was_loaded_after_the_snapshot_is_unknown_to_label_and_population(log: Log) -> None:
    log.event(1, T - DAY)
    log.event(1, T + DAY, loaded_at=LOADED + MS)
    log.event(2, T - DAY, loaded_at=LOADED + MS)
    assert labels(log) == {1: 1}
    assert labels(log, snapshot=LOADED + MS) == {1: 0, 2: 1}


@pytest.mark.parametrize(
    ("fields", "member"),
    [
        ({"kind": "article_view", "subscription_tier": ""}, False),
        ({"kind": "article_view", "subscription_tier": "free"}, True),
        ({"kind": "login", "subscription_tier": ""}, True),
        ({"kind": "registration", "subscription_tier": ""}, True),
    ],
)
def test_only_registered_readers_are_asked_about(log: Log, fields: dict[str, str], member: bool) -> None:
    log.event(1, T - DAY, **fields)
    assert (1 in labels(log)) is member


def test_registration_counts_up_to_the_cutoff_itself_when_known_by_then(log: Log) -> None:
    for reader in (1, 2, 3):
        log.event(reader, T - DAY, subscription_tier="")
    log.event(1, T, "registration", subscription_tier="")
    log.event(2, T + MS, "registration", subscription_tier="")
    log.event(3, T - DAY, "registration", subscription_tier="", received_at=T + MS)
    assert labels(log) == {1: 0}


def test_a_registration_long_ago_is_remembered(log: Log) -> None:
    log.event(1, T - 300 * DAY, "registration", subscription_tier="")
    log.event(1, T - DAY, subscription_tier="")
    assert labels(log) == {1: 1}


def test_only_readers_who_agreed_to_personalisation_are_asked_about(log: Log) -> None:
    log.event(1, T - DAY, consent=1)  # analytics only
    log.event(2, T - 9 * DAY, consent=ALL)
    log.event(2, T - DAY, consent=1)  # withdrawn
    log.event(3, T - 9 * DAY, consent=1)
    log.event(3, T - DAY, consent=3)  # given
    log.event(4, T - 9 * DAY, consent=3)
    log.event(4, T - DAY, consent=None)  # says nothing: the earlier one stands
    log.event(5, T - DAY, consent=None)  # never said
    log.event(6, T - 9 * DAY, consent=3)
    log.event(6, T - DAY, consent=1, received_at=T + MS)  # withdrawn, but not known yet
    assert labels(log) == {3: 1, 4: 1, 6: 1}
    assert 5 in labels(log, default_consent=3)


def test_a_label_window_that_touches_an_outage_is_left_out(log: Log) -> None:
    log.event(1, T - DAY)
    log.outage(T - 2 * DAY, T)  # ends as the window opens
    log.outage(T + 28 * DAY, T + 29 * DAY)  # begins as it closes
    assert labels(log) == {1: 1}
    log.outage(T + 28 * DAY - MS, T + 29 * DAY)
    assert labels(log) == {}


def test_an_outage_of_one_brand_leaves_out_its_readers(log: Log) -> None:
    log.event(1, T - DAY, brand="North")
    log.event(2, T - DAY, brand="South")
    log.event(3, T - DAY, brand="South")
    log.event(3, T - 2 * DAY, brand="North")
    log.outage(T + DAY, T + 2 * DAY, brand="North")
    assert labels(log) == {2: 1}


def test_converted_means_a_subscription_started_in_the_horizon(log: Log) -> None:
    for reader in (1, 2, 3):
        log.event(reader, T - DAY)
    log.event(1, T, "subscription_start")
    log.event(2, T + 14 * DAY, "subscription_start")  # too late
    assert labels(log, "conversion") == {1: 1, 2: 0, 3: 0}


def test_who_already_pays_cannot_convert(log: Log) -> None:
    log.event(1, T - DAY, subscription_tier="premium")
    log.event(2, T - 9 * DAY, subscription_tier="premium")
    log.event(2, T - DAY, subscription_tier="free")  # no longer
    log.event(3, T - DAY)
    log.period(3, T - 20 * DAY, T + 10 * DAY)
    log.event(4, T - DAY)
    log.period(4, T - 20 * DAY, T + 10 * DAY, received_at=T + MS)  # not known yet
    log.event(5, T - 28 * DAY - MS)  # not seen lately
    assert labels(log, "conversion") == {2: 0, 4: 0}


def test_a_subscriber_churns_when_nothing_renews_within_30_days_of_the_end(log: Log) -> None:
    for reader in range(1, 8):
        log.event(reader, T - DAY, subscription_tier="premium")
    end = T + 10 * DAY
    for reader in (1, 2, 3, 4, 5):
        log.period(reader, end - 30 * DAY, end)
    log.period(2, end + 30 * DAY - MS, end + 60 * DAY)  # the last moment
    log.period(3, end + 30 * DAY, end + 60 * DAY)  # too late
    log.period(4, end, end + 30 * DAY)
    log.period(4, end, end, received_at=end + DAY)  # refunded: no valid renewal
    log.period(5, end - 30 * DAY, end, cancelled_at=T - DAY, received_at=T - DAY, reason="voluntary")
    log.period(5, end, end + 30 * DAY)  # changed their mind: a cancel click is not yet churn
    log.period(6, T - 30 * DAY, T)  # ended at the cut-off, not after it
    log.period(7, T, T + 30 * DAY, received_at=T)  # ends exactly 30 days after
    assert labels(log, "churn_subscribers") == {1: 1, 2: 0, 3: 1, 4: 1, 5: 0, 7: 1}


def test_a_period_already_renewed_or_not_yet_known_is_not_asked_about(log: Log) -> None:
    for reader in (1, 2, 3):
        log.event(reader, T - DAY, subscription_tier="premium")
    log.period(1, T - 20 * DAY, T + 10 * DAY)
    log.period(1, T + 10 * DAY, T + 40 * DAY, received_at=T - DAY)  # paid in advance
    log.period(2, T - 20 * DAY, T + 10 * DAY, received_at=T + MS)
    log.period(3, T - 20 * DAY, T + 31 * DAY)
    assert labels(log, "churn_subscribers") == {}


def test_the_reason_of_a_lost_subscriber_is_kept_apart(log: Log) -> None:
    for reader, reason in ((1, "voluntary"), (2, "payment"), (3, "")):
        log.event(reader, T - DAY)
        log.period(reader, T - 20 * DAY, T + 10 * DAY)
        log.period(reader, T - 20 * DAY, T + 10 * DAY, received_at=T + 9 * DAY, reason=reason)
    rule = label_rule("churn", Settings(), "subscribers")
    rows = log.warehouse.rows(
        rule.sql, as_of=T, snapshot_at=LOADED, horizon_days=60, lookback_days=28, default_consent=3, brand=""
    )
    assert rows == [(1, 1, "voluntary"), (2, 1, "payment"), (3, 1, "")]


def test_without_recorded_periods_the_events_tell_who_pays_and_until_when(log: Log) -> None:
    end = T + 10 * DAY
    for reader in (1, 2, 3, 4, 5):
        log.event(reader, end - 30 * DAY, "subscription_start", period_end=end, subscription_tier="")
    log.event(2, end, "subscription_renewal", period_end=end + 30 * DAY)
    log.event(3, T - DAY, "subscription_cancel", cancel_reason="voluntary")
    log.event(4, T + 12 * DAY, "payment_failed")
    log.event(5, end - 30 * DAY, "subscription_renewal", period_end=end + 60 * DAY, received_at=T)
    assert labels(log, "churn_subscribers") == {1: 1, 2: 0, 3: 1, 4: 1}
    rule = label_rule("churn", Settings(), "subscribers")
    rows = log.warehouse.frame(
        rule.sql, as_of=T, snapshot_at=LOADED, horizon_days=60, lookback_days=28, default_consent=3, brand=""
    )
    assert rows["reason"].to_list() == ["", "", "voluntary", "payment"]
    log.event(6, T - DAY, "login", subscription_tier="")
    assert labels(log, "conversion") == {6: 0}


def test_an_empty_log_has_no_labels(log: Log) -> None:
    assert labels(log) == labels(log, "conversion") == labels(log, "churn_subscribers") == {}


def test_an_unknown_question_is_refused() -> None:
    with pytest.raises(InputError, match="no label for task 'weather'"):
        label_rule("weather", Settings())
