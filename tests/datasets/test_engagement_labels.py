"""The engagement label by hand: rows exactly at the edges, late rows, versions, consent, outages, brands."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from readership.datasets.rules import label_rule
from readership.models import engagement
from readership.settings import Settings
from readership.warehouse import Warehouse

T = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
MS = timedelta(milliseconds=1)
LOADED = T + 400 * DAY
ONE_ARTICLE = 15 / 3 / 25 * 100
"""Points of a session with one article and one event: all that its log carries is breadth and length."""


class Rows:
    """Writes rows straight into the tables."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.count = 0

    def session(self, reader: int, ended: datetime, minutes: float = 0, **columns: Any) -> int:
        """One session, known when it ended unless told otherwise; gives its row's id."""
        self.count += 1
        started = ended - minutes * MINUTE
        row = {"row_id": self.count, "user_id": reader, "session_id": str(self.count), "version": 1}
        row |= {"session_start": started, "session_end": ended, "known_at": ended, "loaded_at": LOADED}
        self._write("session_versions", row | {"consent": 3, "article_views": 1, "total_events": 1} | columns)
        return self.count

    def outage(self, start: datetime, end: datetime, brand: str = "") -> None:
        """A recorded tracking outage."""
        row = {"starts_at": start, "ends_at": end, "brand": brand, "received_at": end, "loaded_at": LOADED}
        self._write("outages", row)

    def _write(self, table: str, row: dict[str, Any]) -> None:
        block = json.dumps(row, default=lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3])
        self.warehouse.raw_insert(table, list(row), block.encode(), "JSONEachRow")


@pytest.fixture
def rows(warehouse: Warehouse) -> Rows:
    return Rows(warehouse)


def labels(rows: Rows, snapshot: datetime = LOADED, default_consent: int = 1, brand: str = "") -> dict[int, Any]:
    rule = label_rule("engagement", Settings())
    found = rows.warehouse.frame(
        rule.sql,
        as_of=T,
        snapshot_at=snapshot,
        horizon_days=rule.horizon_days,
        lookback_days=rule.lookback_days,
        default_consent=default_consent,
        brand=brand,
    )
    return {reader: None if label is None else round(label, 3) for reader, label in found.rows()}


def known(rows: Rows, reader: int, **columns: Any) -> None:
    """Two sessions before the cut-off, the second a day before it."""
    rows.session(reader, T - 40 * DAY, **columns)
    rows.session(reader, T - DAY, **columns)


def test_the_label_is_the_score_of_the_first_session_from_the_cutoff_on(rows: Rows) -> None:
    for reader in (1, 2, 3, 4, 5):
        known(rows, reader)
    rows.session(1, T)  # starts exactly at the cut-off
    rows.session(1, T + DAY, article_views=9)  # not the first
    rows.session(2, T + 14 * DAY - 30 * MINUTE)  # just over within the horizon
    rows.session(3, T + 14 * DAY - 30 * MINUTE + MS)  # its silence reaches beyond
    rows.session(4, T + 5 * MINUTE, minutes=6)  # began before the cut-off: the session of before
    assert labels(rows) == {1: ONE_ARTICLE, 2: ONE_ARTICLE, 3: None, 4: None, 5: None}


def test_who_is_asked_about_has_two_known_sessions_the_last_one_lately(rows: Rows) -> None:
    rows.session(1, T - DAY)  # one alone
    known(rows, 2)
    rows.session(3, T - 40 * DAY)
    rows.session(3, T - 28 * DAY)  # exactly at the beginning of the lookback
    rows.session(4, T - 40 * DAY)
    rows.session(4, T - 28 * DAY - MS)
    rows.session(5, T - DAY)
    rows.session(5, T)  # exactly at the cut-off: not before it
    rows.session(6, T - DAY)
    rows.session(6, T - 2 * DAY, known_at=T + MS)  # received later
    rows.session(7, T - DAY)
    rows.session(7, T - 2 * DAY, known_at=T)
    rows.session(8, T - DAY)
    rows.session(8, T - 2 * DAY, tombstone=1)
    assert set(labels(rows)) == {2, 3, 7}


def test_a_session_received_late_still_answers_by_its_newest_version(rows: Rows) -> None:
    known(rows, 1)
    first = rows.session(1, T + DAY, known_at=T + 90 * DAY)
    assert labels(rows) == {1: ONE_ARTICLE}
    rows.session(1, T + DAY, version=2, replaces=first, article_views=2, loaded_at=LOADED + MS)
    assert labels(rows) == {1: ONE_ARTICLE}, "loaded after the snapshot"
    assert labels(rows, LOADED + MS) == {1: round(15 / 2 / 25 * 100, 3)}


def test_a_version_known_only_after_the_cutoff_changes_nobody_s_membership(rows: Rows) -> None:
    rows.session(1, T - 9 * DAY)
    second = rows.session(1, T - DAY)
    rows.session(1, T - DAY, version=2, replaces=second, tombstone=1, known_at=T + MS)
    assert set(labels(rows)) == {1}


def test_only_readers_who_agreed_to_personalisation(rows: Rows) -> None:
    known(rows, 1, consent=1)
    known(rows, 2, consent=3)
    known(rows, 3, consent=None)
    known(rows, 4, consent=3)
    rows.session(4, T - 2 * MINUTE, consent=1)  # withdrawn
    known(rows, 5, consent=1)
    rows.session(5, T + DAY, consent=3)  # agreed only later
    assert set(labels(rows)) == {2}
    assert set(labels(rows, default_consent=3)) == {2, 3}


def test_an_outage_in_the_window_leaves_out_whom_it_may_have_hidden(rows: Rows) -> None:
    known(rows, 1, brand="North")
    known(rows, 2, brand="South")
    rows.outage(T + DAY, T + 2 * DAY, brand="North")
    assert set(labels(rows)) == {2}
    rows.outage(T + 14 * DAY, T + 15 * DAY)  # begins as the window closes
    assert set(labels(rows)) == {2}
    rows.outage(T + 13 * DAY, T + 15 * DAY)
    assert labels(rows) == {}


def test_with_a_brand_all_sessions_are_meant_there(rows: Rows) -> None:
    known(rows, 1, brand="North")
    rows.session(1, T + DAY, brand="South", article_views=2)
    rows.session(1, T + 2 * DAY, brand="North")
    known(rows, 2, brand="South")
    assert labels(rows, brand="North") == {1: ONE_ARTICLE}


def test_the_population_has_the_name_that_serving_knows() -> None:
    assert label_rule("engagement", Settings()).population == engagement.POPULATION


def test_an_empty_log_has_nobody_to_ask_about(rows: Rows) -> None:
    assert labels(rows) == {}
