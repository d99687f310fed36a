"""Bad input ends in quarantine or in a message that names the thing and the next step; the rest loads."""

import base64
import gzip
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from written_events import START, event, late, write

from readership.errors import InputError
from readership.events.lines import LONGEST_LINE
from readership.events.mapping import load_mapping
from readership.pipelines.ingest import IngestSummary, ingest
from readership.settings import Settings
from readership.warehouse import Warehouse

NATIVE = load_mapping("native")
DESKDROP = load_mapping("deskdrop")
HEADER = "timestamp,eventType,contentId,personId,sessionId,userAgent,userRegion,userCountry"


def load(warehouse: Warehouse, settings: Settings, *files: Path, mapping: Any = NATIVE) -> IngestSummary:
    return ingest(warehouse, files, mapping, settings=settings)


def quarantine(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.rows("SELECT source, line, field, reason, raw FROM quarantine ORDER BY source, line")


def stored(warehouse: Warehouse) -> int:
    return int(warehouse.scalar("SELECT count() FROM events"))


def hours_ahead(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


BROKEN: list[tuple[Any, str, str]] = [
    ("not json", "line", "line is not JSON"),
    ('{"event_type": "scroll"', "line", "line is not JSON"),
    ('["a"]', "line", "line is not a JSON object"),
    ('"text"', "line", "line is not a JSON object"),
    (b'{"event_type": "scroll", "user_id": "caf\xe9"}', "line", "line is not UTF-8 text"),
    ("{}", "user_id", "is empty, and so is device_id"),
    ({"user_id": "r"}, "event_type", "is empty"),
    (event(1, user_id=None), "user_id", "is empty, and so is device_id"),
    (event(1, event_type=""), "event_type", "is empty"),
    (event(1, timestamp=None), "timestamp", "is empty"),
    (event(1, timestamp="n/a"), "timestamp", "'n/a' is not a time"),
    (event(1, timestamp=-5), "timestamp", "1969-12-31 23:59:55.000 is before 1970"),
    (event(1, timestamp=9e99), "timestamp", "'9e99' is not a time"),
    (event(1, timestamp="NaN"), "timestamp", "'NaN' is not a time"),
    (event(1, received_at=late(-11)), "timestamp", "2026-03-02 12:00:00.000 is more than 10 minutes after received_at"),
    (event(1, received_at="yesterday"), "received_at", "'yesterday' is not a time"),
    (event(1, received_at=-1), "received_at", "1969-12-31 23:59:59.000 is before 1970"),
    (event(1, scroll_depth=130), "scroll_depth", "'130' is not a number from 0 to 100"),
    (event(1, scroll_depth="deep"), "scroll_depth", "'deep' is not a number from 0 to 100"),
    (event(1, scroll_depth="nan"), "scroll_depth", "'nan' is not a number from 0 to 100"),
    (event(1, engagement_metrics={"read_progress": -1}), "read_progress", "'-1' is not a number from 0 to 100"),
    (event(1, time_on_page=-3), "time_on_page", "'-3' is not a number of the size this field can hold"),
    (event(1, time_on_page="inf"), "time_on_page", "'inf' is not a number of the size this field can hold"),
    (event(1, is_article_complete="maybe"), "is_article_complete", "'maybe' is neither true nor false"),
    (event(1, results_count="many"), "results_count", "'many' is not a number of the size this field can hold"),
    (event(1, ad_revenue="1,5"), "ad_revenue", "'1,5' is not a number"),
    (event(1, position=70000), "position", "'70000' is not a number of the size this field can hold"),
    (event(1, propensity=1.5), "propensity", "'1.5' is not a number from 0 to 1"),
    (event(1, price_eur="free"), "price_eur", "'free' is not a number of the size this field can hold"),
    (event(1, video_duration="inf"), "video_duration", "'inf' is not a number of the size this field can hold"),
    (event(1, playback_position=-1), "playback_position", "'-1' is not a number of the size this field can hold"),
    (event(1, period_end="soon"), "period_end", "'soon' is not a time after 1970"),
    (event(1, consent="all"), "consent", "'all' is not a consent: an object, a list of purposes, or their bits"),
]


def test_every_kind_of_broken_line_has_its_place_and_reason(
    each_warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.jsonl", [event(100 + n, n) for n in range(3)] + [line for line, _, _ in BROKEN])
    summary = load(each_warehouse, settings, file)
    assert (summary.events_loaded, summary.events_quarantined) == (3, len(BROKEN))
    found = quarantine(each_warehouse)
    assert [row[:4] for row in found] == [
        ("a.jsonl", number, field, reason) for number, (_, field, reason) in enumerate(BROKEN, 4)
    ]
    for row, (line, _, _) in zip(found, BROKEN, strict=True):
        if isinstance(line, bytes):
            assert base64.b64decode(row[4].removeprefix("base64:")) == line
        else:
            assert row[4] == (line if isinstance(line, str) else json.dumps(line))
    assert sum(reason["rows"] for reason in summary.reasons) == len(BROKEN)
    assert {reason["field"] for reason in summary.reasons} == {field for _, field, _ in BROKEN}


def test_the_future_is_refused_and_a_little_of_it_allowed(
    each_warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    rows = [
        event(1, timestamp=hours_ahead(1)),
        event(2, timestamp=hours_ahead(1), received_at=hours_ahead(1)),
        event(3, received_at=late(-9)),
        event(4, timestamp=time.time() - 1),
    ]
    summary = load(each_warehouse, settings, write(tmp_path / "a.jsonl", rows))
    assert (summary.events_loaded, summary.events_quarantined) == (2, 2)
    assert [(line, field) for _, line, field, _, _ in quarantine(each_warehouse)] == [
        (1, "timestamp"),
        (2, "received_at"),
    ]
    assert all("is in the future" in reason for _, _, _, reason, _ in quarantine(each_warehouse))


def test_a_line_of_ten_megabytes(each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    huge = json.dumps(event(2, 1, article_title="x" * (10 << 20)))
    summary = load(each_warehouse, settings, write(tmp_path / "a.jsonl", [event(1), huge, event(3, 2)]))
    assert (summary.events_loaded, summary.events_quarantined) == (2, 1)
    ((_, line, field, reason, raw),) = quarantine(each_warehouse)
    assert (line, field) == (2, "line")
    assert reason == f"line has {len(huge)} bytes, more than the limit of {LONGEST_LINE}"
    assert raw == huge


def test_duplicate_ids_count_once(each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    summary = load(each_warehouse, settings, write(tmp_path / "a.jsonl", [event(1), event(1), event(1, 5)]))
    assert (summary.events_loaded, summary.events_duplicate, stored(each_warehouse)) == (1, 2, 1)


def test_a_reader_with_one_event_has_one_session(each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    load(each_warehouse, settings, write(tmp_path / "a.jsonl", [event(1)]))
    query = "SELECT total_events, session_duration_sec, session_start = session_end FROM session_metrics"
    assert each_warehouse.rows(query) == [(1, 0.0, 1)]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.jsonl", b"", "a.jsonl is empty; nothing was loaded; check the export that wrote it"),
        ("a.csv", HEADER.encode() + b"\n", "a.csv holds no rows; nothing was loaded"),
        (
            "a.csv.gz",
            gzip.compress((HEADER + "\n1,VIEW,1,1,1,,,\n" * 50).encode(), mtime=0)[:-9],
            "is cut off or damaged",
        ),
        (
            "a.csv",
            b"time,kind\n1,2\n",
            "from column 'timestamp', which the file does not have; its columns are time, kind",
        ),
        ("a.csv", b"a,a\n1,2\n", "the header names column 'a' twice; nothing was loaded; rename one"),
        ("a.csv", b"caf\xe9,b\n1,2\n", "the header is not UTF-8 text; convert the file with `iconv`"),
    ],
)
def test_a_csv_file_that_cannot_be_used(
    warehouse: Warehouse, settings: Settings, tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=message):
        load(warehouse, settings, tmp_path / name, mapping=DESKDROP)
    assert stored(warehouse) == 0


def test_one_bad_file_among_good_ones_stops_before_anything_is_loaded(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    good = write(tmp_path / "good.jsonl", [event(1)])
    with pytest.raises(InputError, match=r"none.jsonl does not exist"):
        load(warehouse, settings, good, tmp_path / "none.jsonl")
    assert stored(warehouse) == 0


def test_a_mapping_for_another_file_of_json_lines(
    each_warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.jsonl", [{"uid": "1", "when": 1772452800, "event_type": "scroll"}] * 3)
    with pytest.raises(
        InputError,
        match=r"reads 'user_id' from 'user_id', which no row of the file has; its columns are event_type, uid, when",
    ):
        load(each_warehouse, settings, file)
    for table in ("events", "quarantine", "readers"):
        assert each_warehouse.scalar("SELECT count() FROM {table:Identifier}", table=table) == 0


def test_native_csv_without_a_required_column(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user_id,event_type\n1,scroll\n")
    with pytest.raises(InputError, match=r"mapping 'native' reads 'timestamp' from column 'timestamp', which the file"):
        load(warehouse, settings, tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("timestamp,event_type\n1,scroll\n")
    with pytest.raises(InputError, match=r"mapping 'native' reads 'user_id' from column 'user_id', which the file"):
        load(warehouse, settings, tmp_path / "b.csv")


def test_rows_of_a_csv_file_that_cannot_be_understood(
    each_warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    rows = [
        HEADER.encode(),
        b"1465413032,VIEW,1,1,1,,,",
        b"1465413033,VIEW,1,1",
        b'1465413034,VIEW,1,1,1,"a browser',
        b'on two lines",,',
        b"x,VIEW,1,1,1,,,",
        b"",
        b"1465413035,VIEW,1,1,1,,caf\xe9,",
        b"1465413036,VIEW,1,1,1,,,,",
        b"1465413037,VIEW,1,1,1,,,FR",
    ]
    (tmp_path / "a.csv").write_bytes(b"\r\n".join(rows) + b"\r\n")
    summary = load(each_warehouse, settings, tmp_path / "a.csv", mapping=DESKDROP)
    assert (summary.events_loaded, summary.events_quarantined) == (3, 4)
    assert [row[1:4] for row in quarantine(each_warehouse)] == [
        (3, "line", "row has 4 values, the header has 8"),
        (6, "timestamp", "'x' is not a time"),
        (8, "line", "column 'userRegion' is not UTF-8 text"),
        (9, "line", "row has 9 values, the header has 8"),
    ]
    again = load(each_warehouse, settings, tmp_path / "a.csv", mapping=DESKDROP)
    assert (again.events_loaded, len(quarantine(each_warehouse))) == (0, 4)


def test_rows_of_a_parquet_file_that_cannot_be_understood(
    each_warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    rows = [
        {**event(n, n), "timestamp": START + timedelta(minutes=n), "scroll_depth": depth}
        for n, depth in enumerate([5.0, 500.0, None, float("nan")])
    ]
    rows[2]["user_id"] = ""
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    summary = load(each_warehouse, settings, tmp_path / "a.parquet")
    assert (summary.events_loaded, summary.events_quarantined) == (2, 2)
    first, second = quarantine(each_warehouse)
    assert first[1:4] == (2, "scroll_depth", "'500' is not a number from 0 to 100")
    assert second[1:4] == (3, "user_id", "is empty, and so is device_id")
    assert json.loads(first[4])["scroll_depth"] == 500.0


def test_a_damaged_parquet_file(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": list(range(1000))}), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"a.parquet cannot be read as Parquet: .*; get the whole file again"):
        load(warehouse, settings, tmp_path / "a.parquet")


def test_times_without_a_zone_need_one_in_the_mapping(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('optional_columns = true\nnested = "engagement_metrics"\n[columns]\n')
    mapping = load_mapping(tmp_path / "own.toml")
    file = write(
        tmp_path / "a.jsonl",
        [event(1, timestamp="2026-03-02 12:00:00"), event(2), event(3, timestamp=START.isoformat())],
    )
    summary = load(warehouse, settings, file, mapping=mapping)
    assert (summary.events_loaded, summary.events_quarantined) == (2, 1)
    assert quarantine(warehouse)[0][3] == "'2026-03-02 12:00:00' states no time zone and the mapping gives none"
    row = {**event(4), "timestamp": datetime(2026, 3, 2, 12)}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"a time column of the file has no zone; state `zone` under \[time\]"):
        load(warehouse, settings, tmp_path / "a.parquet", mapping=mapping)
