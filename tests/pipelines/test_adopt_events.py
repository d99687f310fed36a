"""A publisher's own table of events goes the same checked way as a file; tables of sessions also come as files."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from foreign_table import ALL, MAPPING, Theirs, Visit
from pyarrow import csv, parquet

from readership.errors import InputError
from readership.pipelines.adopt import adopt, ingest_session_files
from readership.pipelines.ingest import ingest
from readership.settings import Settings
from readership.warehouse import Warehouse

CREATE = """
CREATE TABLE {db:Identifier}.clicks
(
    hit_id String, uid UInt64, kind Enum8('PV' = 1, 'END' = 2), at DateTime64(6, 'UTC'), arrived DateTime('UTC'),
    story LowCardinality(Nullable(String)), depth Nullable(Float32), about Map(String, String)
)
ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY (uid, at)
"""
EVENTS = """
[columns]
user_id = "uid"
event_type = "kind"
timestamp = "at"
received_at = "arrived"
article_id = "story"
scroll_depth = "depth"
metadata = "about"
[event_types]
PV = "article_view"
"""


class Clicks:
    """The publisher's table of events."""

    def __init__(self, theirs: Theirs) -> None:
        self.theirs = theirs
        theirs.do(CREATE)

    def write(self, *rows: tuple[int, str, str, float]) -> None:
        """Reader, time of 2 March 2026, article, scroll depth."""
        for number, (reader, at, story, depth) in enumerate(rows):
            self.theirs.do(
                "INSERT INTO {db:Identifier}.clicks SELECT {id:String}, {uid:UInt64}, 'PV', {at:String}, {at:String}, "
                "{story:String}, {depth:Float32}, map('n', '1')",
                id=f"hit-{at}-{number}",
                uid=reader,
                at=f"2026-03-02 {at}",
                story=story,
                depth=depth,
            )

    def read(self, warehouse: Warehouse, settings: Settings, text: str = EVENTS, **options: Any) -> Any:
        """Read what is new."""
        mapping = self.theirs.mapping(text)
        with self.theirs.opened(settings, f"{self.theirs.database}.clicks") as table:
            return adopt(warehouse, table, mapping, settings=settings, consent=ALL, **options)


@pytest.fixture
def clicks(theirs: Theirs) -> Clicks:
    return Clicks(theirs)


def test_events_of_a_table(each_warehouse: Warehouse, clicks: Clicks, settings: Settings) -> None:
    clicks.write((7, "12:00:00", "s1", 50), (7, "12:05:00", "s2", 100), (8, "12:00:00", "s1", 250))
    before = clicks.theirs.content()
    found = clicks.read(each_warehouse, settings)
    assert clicks.theirs.content() == before
    assert (found["events_loaded"], found["events_quarantined"], found["sessions"]) == (2, 1, 1)
    assert each_warehouse.rows(
        "SELECT user_id, event_type, article_id, metadata['n'] FROM events ORDER BY timestamp"
    ) == [
        (7, "article_view", "s1", "1"),
        (7, "article_view", "s2", "1"),
    ]
    assert each_warehouse.rows("SELECT source, field, reason FROM quarantine") == [
        (f"{clicks.theirs.database}.clicks", "scroll_depth", "'250' is not a number from 0 to 100")
    ]


def test_the_same_again_adds_nothing_and_late_rows_are_found(
    warehouse: Warehouse, clicks: Clicks, settings: Settings
) -> None:
    """Without ids of their own two equal rows are two events, each once; a bad row is in quarantine once."""
    clicks.write((7, "12:00:00", "s", 1), (7, "12:00:00", "s", 1), (7, "12:30:00", "s", 250))
    assert clicks.read(warehouse, settings)["events_loaded"] == 2
    again = clicks.read(warehouse, settings)
    assert (again["events_loaded"], again["events_duplicate"]) == (0, 2)
    clicks.write((9, "11:00:00", "s", 1))
    assert clicks.read(warehouse, settings)["events_loaded"] == 1
    assert warehouse.scalar("SELECT count() FROM quarantine") == 1


def test_sessions_from_the_first_event_on_are_left_out(
    warehouse: Warehouse, theirs: Theirs, clicks: Clicks, settings: Settings
) -> None:
    clicks.write((7, "12:00:00", "s", 1))
    clicks.read(warehouse, settings)
    theirs.write([Visit("old", -600), Visit("new", 120, number=2)])
    found = theirs.read(warehouse, settings)
    assert (found["sessions_loaded"], found["sessions_left_out"], found["sessions"]) == (1, 1, 2)


def test_events_beside_adopted_sessions_would_count_twice(
    warehouse: Warehouse, theirs: Theirs, clicks: Clicks, settings: Settings
) -> None:
    theirs.write([Visit("r")])
    theirs.read(warehouse, settings)
    clicks.write((7, "12:00:00", "s", 1))
    with pytest.raises(
        InputError, match=r"has events from 2026-03-02 on, and sessions up to 2026-03-02 were read from"
    ):
        clicks.read(warehouse, settings)
    assert warehouse.scalar("SELECT count() FROM events WHERE origin = ''") == 0


def test_later_events_leave_adopted_sessions_as_they_are(
    warehouse: Warehouse, theirs: Theirs, clicks: Clicks, settings: Settings
) -> None:
    theirs.write([Visit("7", -3 * 24 * 60, stories=("a",)), Visit("7", -4 * 24 * 60, number=2)])
    theirs.read(warehouse, settings)
    clicks.write((7, "12:00:00", "s", 1), (7, "12:05:00", "s", 1))
    clicks.read(warehouse, settings)
    assert warehouse.rows(
        "SELECT origin != '', count(), sum(total_events) FROM session_versions GROUP BY 1 ORDER BY 1"
    ) == [
        (0, 1, 2),
        (1, 2, 6),
    ]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_same_mapping_reads_files_of_sessions(
    warehouse: Warehouse, theirs: Theirs, settings: Settings, tmp_path: Path, kind: str
) -> None:
    names = [
        "visit_uuid",
        "reader_hash",
        "site",
        "begin",
        "finish",
        "abo",
        "articles_read",
        "story_ids",
        "hits",
        "written_at",
    ]
    visits = [Visit("r", tier="basis", stories=("a", "b")).values(), Visit("s", 5, number=2, length=-1).values()]
    columns = {name: [visit[n] for visit in visits] for n, name in enumerate(names)}
    file = tmp_path / f"visits.{kind}"
    if kind == "csv":
        columns["story_ids"] = ['["a", "b"]', "[]"]
        csv.write_csv(pa.table(columns), file)
    else:
        parquet.write_table(pa.table(columns), file)
    mapping = theirs.mapping(MAPPING)
    for loaded in (1, 0):
        found = ingest_session_files(warehouse, [file], mapping, settings=settings, consent=ALL)
        assert (found["sessions_loaded"], found["events_quarantined"]) == (loaded, 1)
    assert warehouse.rows("SELECT article_ids, subscription_tier, toString(session_start) FROM session_versions") == [
        (["a", "b"], "free", "2026-03-02 11:00:00.000")
    ]
    assert warehouse.rows("SELECT source, field FROM quarantine") == [(file.name, "session_end")]


def test_json_lines_of_sessions_are_refused(
    warehouse: Warehouse, theirs: Theirs, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "visits.jsonl"
    file.write_text('{"reader_hash": "r"}\n')
    with pytest.raises(InputError, match=r"visits.jsonl is JSON lines; sessions are read from CSV or Parquet"):
        ingest_session_files(warehouse, [file], theirs.mapping(), settings=settings, consent=ALL)


def test_a_mapping_of_sessions_does_not_read_events(
    warehouse: Warehouse, theirs: Theirs, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("x,y\n1,2\n")
    with pytest.raises(InputError, match="is one of sessions; `readership ingest` reads them as such"):
        ingest(warehouse, [file], theirs.mapping(), settings=settings, consent=ALL)
