"""Whose clock: the reader's, else the brand's, else UTC; from files and from tables, on the days clocks change."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from foreign_table import MAPPING, Theirs, Visit

from readership.events.mapping import load_mapping
from readership.pipelines.features import feature_frame
from readership.pipelines.ingest import ingest
from readership.settings import Settings
from readership.warehouse import Warehouse

OWN = """
optional_columns = true
[columns]
brand = "site"
[consent]
purposes = ["analytics", "personalisation"]
[brand_timezones]
Kurier = "Europe/Vienna"
Herald = "America/New_York"
"""
VISITS = [
    # reader, brand, zone of the reader, moment (UTC) -> local day, hour, offset
    ("winter", "Kurier", "", "2026-03-29T00:30:00Z", date(2026, 3, 29), 1, 60),
    (
        "summer",
        "Kurier",
        "",
        "2026-03-29T01:30:00Z",
        date(2026, 3, 29),
        3,
        120,
    ),  # an hour later by the log, two by the clock
    ("night", "Kurier", "", "2026-03-29T22:30:00Z", date(2026, 3, 30), 0, 120),
    ("autumn", "Kurier", "", "2026-10-25T00:30:00Z", date(2026, 10, 25), 2, 120),  # half past two comes twice
    ("again", "Kurier", "", "2026-10-25T01:30:00Z", date(2026, 10, 25), 2, 60),
    ("west", "Herald", "", "2026-03-29T00:30:00Z", date(2026, 3, 28), 20, -240),  # clocks there changed on 8 March
    ("own", "Kurier", "Asia/Kolkata", "2026-03-29T00:30:00Z", date(2026, 3, 29), 6, 330),
    ("other", "Bote", "", "2026-03-29T00:30:00Z", date(2026, 3, 29), 0, 0),
]


def local_clock(warehouse: Warehouse) -> dict[str, tuple[date, int, int]]:
    rows = warehouse.rows(
        "SELECT external_id, local_day, local_hour, utc_offset_minutes FROM session_versions AS s "
        "INNER JOIN (SELECT user_id, external_id FROM readers FINAL) AS r ON r.user_id = s.user_id"
    )
    return {reader: (day, hour, offset) for reader, day, hour, offset in rows}


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_files_on_the_days_clocks_change(
    each_warehouse: Warehouse, settings: Settings, tmp_path: Path, form: str
) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    rows = [
        {"user_id": reader, "site": brand, "timezone": zone, "timestamp": at, "event_type": "article_view"}
        for reader, brand, zone, at, *_ in VISITS
    ]
    file = tmp_path / f"events.{form}"
    if form == "jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif form == "csv":
        pl.DataFrame(rows).write_csv(file)
    else:
        pl.DataFrame(rows).with_columns(pl.col("timestamp").str.to_datetime(time_zone="UTC")).write_parquet(file)
    ingest(each_warehouse, [file], load_mapping(tmp_path / "own.toml"), settings=settings)
    assert local_clock(each_warehouse) == {reader: tuple(clock) for reader, _, _, _, *clock in VISITS}


def test_a_feature_of_the_day_part_is_that_of_the_brand_s_clock(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    rows = [
        {"user_id": reader, "site": brand, "timezone": zone, "timestamp": at, "event_type": "article_view"}
        for reader, brand, zone, at, *_ in VISITS
    ]
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ingest(warehouse, [file], load_mapping(tmp_path / "own.toml"), settings=settings)
    at = datetime(2026, 3, 30, 12, tzinfo=UTC)
    days = feature_frame(warehouse, at, datetime(2100, 1, 1, tzinfo=UTC), settings=settings, groups=["activity"])
    names = dict(warehouse.rows("SELECT user_id, external_id FROM readers FINAL"))
    active = {names[reader]: count for reader, count in days.select("user_id", "active_days_1d").rows()}
    assert active["night"] == 1  # Monday by the reader's clock, the day of as_of
    assert active["west"] == 0


def test_a_table_of_sessions_on_the_days_clocks_change(
    each_warehouse: Warehouse, theirs: Theirs, settings: Settings
) -> None:
    day = 24 * 60
    theirs.write(
        [
            Visit("before", 26 * day + 13 * 60, number=1),  # 2026-03-29 01:00 in Berlin
            Visit("after", 26 * day + 15 * 60, number=2),  # 03:00: the hour between does not exist
            Visit("west", 26 * day + 15 * 60, number=3, site="Herald"),
        ]
    )
    text = MAPPING.replace(
        "[tiers]", '[brand_timezones]\nKurier = "Europe/Vienna"\nHerald = "America/New_York"\n[tiers]'
    )
    theirs.read(each_warehouse, settings, theirs.mapping(text))
    starts = each_warehouse.rows("SELECT session_start FROM session_versions ORDER BY session_start LIMIT 2")
    assert [at.hour for (at,) in starts] == [0, 1]
    found = {reader.rstrip("0"): clock for reader, clock in local_clock(each_warehouse).items()}
    assert found == {
        "before": (date(2026, 3, 29), 1, 60),
        "after": (date(2026, 3, 29), 3, 120),
        "west": (date(2026, 3, 28), 21, -240),
    }
