"""What arrives: planted faults are found on their day, quiet days are quiet, and no day knows what came later."""

from collections.abc import Callable
from datetime import datetime, timedelta

import polars as pl
import pytest
from monitored_world import DAYS, START, day, emptied, fill, log, renamed, silent

from readership.monitoring.measure import Measure
from readership.pipelines.monitor_data import watch_data
from readership.settings import Settings
from readership.warehouse import Warehouse

FAULT, END = day(140), day(DAYS)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def quiet_log() -> pl.DataFrame:
    return log()


@pytest.fixture
def watched(warehouse: Warehouse, settings: Settings) -> Callable[..., list[Measure]]:
    def watch(events: pl.DataFrame, days: int = 60, until: datetime = END) -> list[Measure]:
        fill(warehouse, events)
        return watch_data(warehouse, settings, until, days)

    return watch


def states(found: list[Measure], measure: str, part: str = "") -> dict[int, str]:
    """By the day that ended."""
    return {(m.as_of - START).days: m.state for m in found if (m.measure, m.part) == (measure, part)}


def test_sixty_quiet_days_have_nothing_red(watched, quiet_log) -> None:
    found = watched(quiet_log)
    assert [m for m in found if m.state == "red"] == []
    noticed = [m for m in found if m.state == "amber"]
    assert len(noticed) <= 3, noticed  # of some 1,500 judged
    assert sum(m.state == "green" for m in found) > 900


def test_an_outage_is_found_on_its_day_and_is_over_after_it(watched, quiet_log) -> None:
    found = watched(silent(quiet_log, FAULT, FAULT + timedelta(days=1)))
    events = states(found, "events")
    assert (events[140], events[141], events[142]) == ("green", "red", "green")
    assert "of what is usual" in next(m.reason for m in found if (m.measure, m.state) == ("events", "red"))


def test_one_kind_of_event_alone_can_be_missing(watched, quiet_log) -> None:
    found = watched(quiet_log.filter((pl.col("event_type") != "scroll") | (pl.col("timestamp") < FAULT)))
    assert states(found, "events_of_event_type", "scroll")[141] == "red"
    assert states(found, "events_of_event_type", "article_view")[141] == "green"
    assert states(found, "events")[141] == "green"


def test_a_field_that_empties_is_found_and_no_other(watched, quiet_log) -> None:
    found = watched(emptied(quiet_log, FAULT, "country"))
    assert [states(found, "empty", "country")[n] for n in (140, 141, 142)] == ["green", "red", "red"]
    assert {m.part for m in found if m.measure == "empty" and m.state == "red"} == {"country"}
    assert set(states(found, "empty", "city").values()) == {"grey"}  # this log has never carried it


def test_a_word_that_changes_is_new_for_a_week(watched, quiet_log) -> None:
    found = watched(renamed(quiet_log, FAULT, "mobile", "Mobile (new)"))
    new = states(found, "new_words", "device_type")
    assert [new[n] for n in (140, 141, 147, 148)] == ["green", "red", "red", "green"]
    assert next(m.reason for m in found if m.measure == "new_words" and m.state == "red") == "new: Mobile (new)"


def test_events_that_repeat_are_found(watched, quiet_log) -> None:
    again = quiet_log.filter(pl.col("timestamp") >= FAULT).with_row_index("n").filter(pl.col("n") % 4 == 0).drop("n")
    found = watched(pl.concat([quiet_log, again]))
    assert [states(found, "repeated")[n] for n in (140, 141)] == ["green", "red"]


def test_events_that_come_late_are_found(watched, quiet_log) -> None:
    slow = (pl.col("timestamp") >= FAULT) & (pl.int_range(pl.len()) % 3 == 0)
    found = watched(
        quiet_log.with_columns(received_at=pl.col("timestamp") + pl.when(slow).then(2 * HOUR).otherwise(timedelta()))
    )
    assert [states(found, "late")[n] for n in (140, 141)] == ["green", "red"]


def test_a_log_that_stands_still_grows_old(watched, quiet_log) -> None:
    found = watched(quiet_log.filter(pl.col("timestamp") < FAULT))
    hours = states(found, "hours_since_newest")
    assert (hours[140], hours[141]) == ("green", "red")  # over 24 hours
    assert states(found, "events")[141] == "red"
    assert states(found, "repeated")[141] == "grey"  # nothing was there to repeat


def test_a_row_at_the_end_of_a_day_belongs_to_the_next_and_a_late_one_to_none(watched) -> None:
    row = log(days=1).head(1)
    at = {"before": day(1) - timedelta(milliseconds=1), "exactly": day(1), "late": day(1) - 2 * HOUR}
    rows = [row.with_columns(timestamp=pl.lit(moment).dt.cast_time_unit("ms")) for moment in at.values()]
    known = [row["timestamp"] for row in rows[:2]] + [rows[2]["timestamp"].dt.offset_by("3h")]
    found = watched(pl.concat([r.with_columns(received_at=k) for r, k in zip(rows, known, strict=True)]), 3, day(2))
    values = {(m.as_of - START).days: m.value for m in found if m.measure == "events"}
    assert values == {1: 1.0, 2: 1.0}  # the one just before; the one exactly at its end
    late = {(m.as_of - START).days: m.value for m in found if m.measure == "late"}
    assert late[2] == 0.5  # it arrived on the second day, beside the one that happened then


def test_quarantine_is_grey_where_nothing_was_loaded(watched, warehouse, quiet_log) -> None:
    bad = pl.DataFrame({"source": "f", "line": range(80), "field": "timestamp", "reason": "no time", "raw": "x"})
    at = pl.lit(day(150) + HOUR).dt.cast_time_unit("ms")
    warehouse.insert("quarantine", bad.with_columns(pl.col("line").cast(pl.UInt64), at=at).to_arrow())
    found = watched(quiet_log.filter(pl.col("timestamp") < day(160)))
    quarantined = states(found, "quarantined")
    assert (quarantined[150], quarantined[151], quarantined[165]) == ("green", "red", "grey")


def test_a_statement_that_fails_costs_only_what_it_measures(watched, warehouse, quiet_log) -> None:
    warehouse.command("DROP TABLE quarantine")
    found = watched(quiet_log, days=5)
    (grey,) = [m for m in found if m.measure == "quarantined"]
    assert (grey.state, grey.reason[:33]) == ("grey", "the warehouse could not answer: C")
    assert states(found, "events")[DAYS] == "green"
