"""Rows that are older than is kept go; what is left adds up as before."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from written_events import START, event, write

from readership.events.mapping import load_mapping
from readership.pipelines.ingest import ingest
from readership.pipelines.retention import enforce_retention, limit_of
from readership.pipelines.sessions import build_sessions
from readership.settings import Settings
from readership.warehouse import Warehouse

LIMIT = datetime(2026, 3, 3, tzinfo=UTC)  # START is the noon before
NOW = datetime(2026, 3, 13, 15, 30, tzinfo=UTC)
TO_LIMIT = (LIMIT - START) / timedelta(minutes=1)


@pytest.fixture
def ten_days(settings: Settings) -> Settings:
    return settings.model_copy(update={"retention_days": 10, "now": NOW})


def load(warehouse: Warehouse, settings: Settings, folder: Path, *events: dict[str, object] | str) -> None:
    file = write(folder / f"{len(list(folder.iterdir()))}.jsonl", events)
    ingest(warehouse, [file], load_mapping("native"), settings=settings)


def numbers(warehouse: Warehouse) -> list[int]:
    """The events that are stored, by their numbers."""
    return [int(n[-4:]) for (n,) in warehouse.rows("SELECT toString(event_id) AS n FROM events ORDER BY n")]


def test_the_limit_lies_at_the_beginning_of_a_day(settings: Settings, ten_days: Settings) -> None:
    assert limit_of(ten_days) == LIMIT
    assert limit_of(settings) is None


def test_nothing_is_deleted_unless_it_is_set(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    load(warehouse, settings, tmp_path, event(1))
    assert enforce_retention(warehouse, settings) == {}
    assert numbers(warehouse) == [1]


def test_events_before_the_limit_go_with_their_sessions(
    warehouse: Warehouse, ten_days: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("arrived")
    load(
        warehouse,
        ten_days,
        folder,
        event(1, 0, user_id="gone"),
        event(2, 0, user_id="stays"),
        event(3, TO_LIMIT - 40, user_id="stays"),  # a visit of its own, over before the limit
        event(4, TO_LIMIT, user_id="stays"),  # exactly at the limit
        event(5, TO_LIMIT + 1, user_id="new"),
    )
    assert enforce_retention(warehouse, ten_days) == {"events": 3, "session_versions": 3, "readers": 1}
    assert numbers(warehouse) == [4, 5]
    assert warehouse.rows("SELECT external_id FROM readers ORDER BY external_id") == [("new",), ("stays",)]
    assert enforce_retention(warehouse, ten_days) == {}


def test_a_visit_across_the_limit_stays_whole(
    warehouse: Warehouse, ten_days: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("arrived")
    load(
        warehouse,
        ten_days,
        folder,
        event(1, TO_LIMIT - 60),
        event(2, TO_LIMIT - 15),
        event(3, TO_LIMIT + 5),
        event(4, TO_LIMIT - 25, device_id="d", session_id="other"),  # overlaps the visit, and is over before the limit
        event(5, TO_LIMIT - 10, device_id="d", session_id="other"),
    )
    assert enforce_retention(warehouse, ten_days) == {"events": 1, "session_versions": 1}
    assert numbers(warehouse) == [2, 3, 4, 5]
    assert build_sessions(warehouse) == 0
    found = warehouse.rows("SELECT total_events FROM session_metrics ORDER BY session_start")
    assert found == [(2,), (2,)]


def test_late_versions_do_not_bring_an_old_session_back(
    warehouse: Warehouse, ten_days: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("arrived")
    load(warehouse, ten_days, folder, event(1, 0), event(2, TO_LIMIT + 60))
    day_later = (START + timedelta(days=1)).isoformat()
    load(warehouse, ten_days, folder, event(3, 10, received_at=day_later))  # a new version of the old session
    assert warehouse.scalar("SELECT count() FROM session_versions") == 3
    assert enforce_retention(warehouse, ten_days) == {"events": 2, "session_versions": 2}
    assert warehouse.rows("SELECT total_events FROM session_metrics") == [(1,)]
    assert build_sessions(warehouse) == 0


def test_scores_exposures_and_quarantine_go_by_when_they_were_made(warehouse: Warehouse, ten_days: Settings) -> None:
    moments = [LIMIT - timedelta(milliseconds=1), LIMIT]
    at = pl.Series(moments).dt.cast_time_unit("ms")
    stored = {"at": at, "received_at": at, "loaded_at": at}
    warehouse.insert("predictions", pl.DataFrame({"decision_id": ["a", "b"], "user_id": [1, 1], **stored}).to_arrow())
    warehouse.insert("exposures", pl.DataFrame({"unit": ["1", "2"], **stored}).to_arrow())
    warehouse.insert("quarantine", pl.DataFrame({"source": ["f", "f"], "raw": ["x", "y"], "at": at}).to_arrow())
    assert enforce_retention(warehouse, ten_days) == {"predictions": 1, "exposures": 1, "quarantine": 1}
    assert warehouse.rows("SELECT decision_id FROM predictions") == [("b",)]
    assert warehouse.rows("SELECT raw FROM quarantine") == [("y",)]
