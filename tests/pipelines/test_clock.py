"""What time it is for the pipeline."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from written_events import START, event, late, write

from readership.errors import NotEnoughData
from readership.events.mapping import load_mapping
from readership.pipelines.clock import resolve_now
from readership.pipelines.ingest import ingest
from readership.settings import Settings
from readership.warehouse import Warehouse

DAY = timedelta(days=1)


def load(warehouse: Warehouse, settings: Settings, folder: Path, **fields: str) -> None:
    file = write(folder / "a.jsonl", [event(1, **fields)])
    ingest(warehouse, [file], load_mapping("native"), settings=settings)


def test_an_empty_warehouse_names_the_ways_to_fill_it(each_warehouse: Warehouse, settings: Settings) -> None:
    with pytest.raises(NotEnoughData, match=r"`readership demo`.*`readership simulate`.*`readership ingest FILE`"):
        resolve_now(each_warehouse, settings)
    with pytest.raises(NotEnoughData):
        resolve_now(each_warehouse, settings, START)


def test_an_old_log_ends_when_its_last_session_is_over(
    each_warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    load(each_warehouse, settings, tmp_path)
    now = resolve_now(each_warehouse, settings)
    assert now.at == START + timedelta(minutes=30)
    assert "now is 2026-03-02 12:30 UTC, the end of the log" in now.reason
    load(each_warehouse, settings, tmp_path, event_id="late-1", received_at=late(600))
    assert resolve_now(each_warehouse, settings).at == START + timedelta(minutes=630)


def test_a_live_log_goes_by_the_clock(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    load(warehouse, settings, tmp_path, timestamp=(datetime.now(UTC) - 1.9 * DAY).isoformat())
    now = resolve_now(warehouse, settings)
    assert abs(now.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert "the newest event is from" in now.reason


def test_two_days_of_silence_end_a_log(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    newest = datetime.now(UTC) - 2.1 * DAY
    load(warehouse, settings, tmp_path, timestamp=newest.isoformat())
    assert resolve_now(warehouse, settings).at < newest + timedelta(minutes=31)


def test_the_option_wins_over_the_setting_and_both_over_the_log(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    load(warehouse, settings, tmp_path)
    told = settings.model_copy(update={"now": START + DAY})
    assert resolve_now(warehouse, told) == (START + DAY, "now is 2026-03-03 12:00 UTC, as READERSHIP_NOW says")
    assert resolve_now(warehouse, told, START + 2 * DAY).at == START + 2 * DAY
