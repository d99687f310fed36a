"""Rows that hold several events, by a mapping of one's own: places, repeats, quarantine, and files that do not fit."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from written_events import write

from readership.errors import InputError
from readership.events import unfold as unfold_module
from readership.events.mapping import Mapping, load_mapping
from readership.pipelines.ingest import IngestSummary, ingest
from readership.settings import Settings
from readership.warehouse import Warehouse

SLATES = """
[list]
separator = "|"
label_separator = "="
labels = ["0", "1"]
[columns]
user_id = "who"
timestamp = "at"
slate_id = "slate"
device_type = "device"
[device_types]
pc = "desktop"
unknown = ""
[consent]
purposes = ["analytics", "personalisation"]
[[unfold]]
event_type = "article_impression"
lists = { article_id = "shown" }
constants = { placement = "home" }
slate = "ordered"
[[unfold]]
event_type = "article_click"
lists = { article_id = "shown" }
label = "1"
slate = "ordered"
"""
HEADER = "who,at,slate,device,shown\n"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    (tmp_path / "slates.toml").write_text(SLATES, encoding="utf-8")
    return load_mapping(tmp_path / "slates.toml")


def load(warehouse: Warehouse, settings: Settings, file: Path, mapping: Mapping, **options: Any) -> IngestSummary:
    return ingest(warehouse, [file], mapping, settings=settings, **options)


def written(path: Path, *rows: str) -> Path:
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def stored(warehouse: Warehouse, columns: str) -> list[tuple[Any, ...]]:
    return warehouse.rows(f"SELECT {columns} FROM events ORDER BY ALL")  # noqa: S608


def test_places_slates_and_devices_are_stored(
    each_warehouse: Warehouse, settings: Settings, tmp_path: Path, mapping: Mapping
) -> None:
    file = written(tmp_path / "a.csv", "r,2026-03-02T12:00:00Z,s1,PC,a=0|b=1", "r,2026-03-02T12:00:00Z,s2,unknown,a=0")
    assert load(each_warehouse, settings, file, mapping).events_loaded == 4
    assert stored(each_warehouse, "slate_id, event_type, article_id, position, placement, device_type, timestamp") == [
        ("s1", "article_click", "b", 2, "", "desktop", NOON),
        ("s1", "article_impression", "a", 1, "home", "desktop", NOON),
        ("s1", "article_impression", "b", 2, "home", "desktop", NOON),
        ("s2", "article_impression", "a", 1, "home", "", NOON),
    ]


def test_checking_says_the_same_and_stores_nothing(
    warehouse: Warehouse, settings: Settings, tmp_path: Path, mapping: Mapping
) -> None:
    file = written(tmp_path / "a.csv", "r,2026-03-02T12:00:00Z,s1,pc,a=0|b=1", "r,2026-03-02T12:00:00Z,s2,pc,a=2")
    summary = load(warehouse, settings, file, mapping, check=True)
    assert (summary.events_loaded, summary.events_quarantined) == (3, 1)
    assert stored(warehouse, "event_type") == []


def test_a_row_repeated_in_one_file_stays_and_one_of_an_overlapping_file_counts_once(
    warehouse: Warehouse, settings: Settings, tmp_path: Path, mapping: Mapping
) -> None:
    row, other = "r,2026-03-02T12:00:00Z,s1,pc,a=1", "r,2026-03-03T12:00:00Z,s2,pc,b=0"
    assert load(warehouse, settings, written(tmp_path / "a.csv", row, row), mapping).events_loaded == 4
    second = load(warehouse, settings, written(tmp_path / "b.csv", other, row), mapping)
    assert (second.events_loaded, second.events_duplicate) == (1, 2)


def test_portions_change_neither_ids_nor_lines(
    warehouse: Warehouse,
    settings: Settings,
    tmp_path: Path,
    mapping: Mapping,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [f"r{n % 3},2026-03-02T12:00:0{n % 10}Z,s{n % 2},pc,a=0|b=1|c=0" for n in range(20)] + ["r,never,s,pc,a=1"]
    file = written(tmp_path / "a.csv", *rows)
    assert load(warehouse, settings, file, mapping).events_loaded == 80
    whole = unfold_module.unfolded
    monkeypatch.setattr("readership.pipelines.ingest.unfolded", lambda rows, mapping: whole(rows, mapping, 7))
    again = load(warehouse, settings, file, mapping)
    assert (again.events_loaded, again.events_duplicate, again.events_quarantined) == (0, 80, 1)
    assert again.reasons == [
        {"field": "timestamp", "rows": 1, "file": "a.csv", "line": 22, "reason": "'never' is not a time"}
    ]
    assert warehouse.rows("SELECT line, field, raw FROM quarantine") == [
        (22, "timestamp", '{"who": "r", "at": "never", "slate": "s", "device": "pc", "shown": "a=1"}')
    ]


def test_a_column_that_the_file_lacks_is_named(
    warehouse: Warehouse, settings: Settings, tmp_path: Path, mapping: Mapping
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("who,at,slate,device\nr,2026-03-02T12:00:00Z,s,pc\n", encoding="utf-8")
    told = "mapping 'slates.toml' reads 'article_id' from column 'shown', which the file does not have"
    with pytest.raises(InputError, match=told):
        load(warehouse, settings, file, mapping)


def test_files_that_do_not_fit_are_refused(
    warehouse: Warehouse, settings: Settings, tmp_path: Path, mapping: Mapping
) -> None:
    lines = write(tmp_path / "a.jsonl", [{"who": "r", "shown": "a=1"}])
    with pytest.raises(InputError, match=r"a.jsonl is JSON lines, and mapping 'slates.toml' is for files with columns"):
        load(warehouse, settings, lines, mapping)
    pq.write_table(pa.table({"userId": [1]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"a.parquet is Parquet, and the mapping says under \[file\] how a text is"):
        load(warehouse, settings, tmp_path / "a.parquet", load_mapping("movielens-dat"))


def test_device_types_of_json_lines(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        'optional_columns = true\n[device_types]\npc = "desktop"\n"?" = ""\n[consent]\npurposes = ["analytics"]\n'
        '[time]\nzone = "UTC"\n',
        encoding="utf-8",
    )
    row = {"user_id": "r", "event_type": "scroll", "timestamp": 1_772_452_800}
    devices = ["PC", "?", "Tablet", ""]
    load(
        warehouse,
        settings,
        write(tmp_path / "a.jsonl", [row | {"device_type": device} for device in devices]),
        load_mapping(tmp_path / "own.toml"),
    )
    assert stored(warehouse, "device_type") == [("",), ("",), ("desktop",), ("tablet",)]
