"""Files of events into the warehouse, on both engines."""

import csv
import gzip
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from written_events import START, event, late, write

from readership.errors import InputError
from readership.events import lines as lines_module
from readership.events.identity import reader_key
from readership.events.mapping import Mapping, load_mapping
from readership.pipelines import ingest as ingest_module
from readership.pipelines.ingest import IngestSummary, ingest
from readership.settings import Settings
from readership.warehouse import Warehouse

NATIVE = load_mapping("native")
DESKDROP = load_mapping("deskdrop")

FULL = {
    "event_id": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
    "user_id": "42",
    "device_id": "d1",
    "session_id": "s1",
    "event_type": "scroll",
    "timestamp": "2026-03-02T12:00:00.250Z",
    "received_at": "2026-03-02T12:00:01Z",
    "brand": "Herald",
    "category": "politics",
    "article_id": "a1",
    "article_title": "Title, with \"quotes\" and ünïcode",
    "article_type": "news",
    "page_url": "https://herald.example/a1",
    "referrer": "search",
    "device_type": "Mobile",
    "device_os": "iOS",
    "browser": "Safari",
    "country": "FR",
    "city": "Paris",
    "timezone": "Europe/Paris",
    "subscription_tier": "premium",
    "user_segment": "loyal",
    "consent": {"analytics": True, "personalisation": True, "advertising": False, "marketing": False},
    "slate_id": "sl",
    "position": 3,
    "placement": "top",
    "propensity": 0.25,
    "decision_id": "d",
    "ad_id": "ad",
    "campaign_id": "c",
    "plan": "monthly",
    "price_eur": 9.99,
    "period_end": "2026-04-02T00:00:00Z",
    "cancel_reason": "voluntary",
    "experiment": "e",
    "variant": "b",
    "engagement_metrics": {
        "scroll_depth": 55.5,
        "time_on_page": 12.345,
        "read_progress": 80,
        "is_article_complete": True,
        "video_duration": 60,
        "playback_position": 30.5,
        "search_query": "budget",
        "results_count": 7,
        "ad_position": "inline",
        "ad_category": "travel",
        "ad_revenue": 0.0123,
    },
    "metadata": {"ab": "x", "n": "1"},
}  # fmt: skip
EXPECTED = {
    "user_id": 42, "device_id": "d1", "session_id": "s1", "event_type": "scroll",
    "timestamp": datetime(2026, 3, 2, 12, 0, 0, 250_000, UTC), "received_at": datetime(2026, 3, 2, 12, 0, 1, 0, UTC),
    "brand": "Herald", "category": "politics", "article_id": "a1", "article_title": FULL["article_title"],
    "article_type": "news", "page_url": "https://herald.example/a1", "referrer": "search", "device_type": "mobile",
    "device_os": "iOS", "browser": "Safari", "country": "FR", "city": "Paris", "timezone": "Europe/Paris",
    "subscription_tier": "premium", "user_segment": "loyal", "consent": 3, "slate_id": "sl", "position": 3,
    "placement": "top", "propensity": 0.25, "decision_id": "d", "ad_id": "ad", "campaign_id": "c", "plan": "monthly",
    "price_eur": 9.99, "period_end": datetime(2026, 4, 2, tzinfo=UTC), "cancel_reason": "voluntary",
    "experiment": "e", "variant": "b", "scroll_depth": 55.5, "engaged_ms": 12345, "read_progress": 80.0,
    "is_article_complete": 1, "video_duration": 60.0, "playback_position": 30.5, "search_query": "budget",
    "results_count": 7, "ad_position": "inline", "ad_category": "travel", "ad_revenue_micros": 12300,
    "metadata": {"ab": "x", "n": "1"},
}  # fmt: skip


def load(
    warehouse: Warehouse, settings: Settings, *files: Path, mapping: Mapping = NATIVE, **options: Any
) -> IngestSummary:
    return ingest(warehouse, files, mapping, settings=settings, **options)


def events(warehouse: Warehouse) -> list[dict[str, Any]]:
    frame = warehouse.frame("SELECT *, toString(event_id) AS id FROM events ORDER BY timestamp, event_id")
    rows = frame.to_dicts()
    for row in rows:
        row["metadata"] = dict(row["metadata"])
    return rows


def flat(row: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in row.items() if name != "engagement_metrics"}, **row["engagement_metrics"]}


def check_full(warehouse: Warehouse) -> None:
    (row,) = events(warehouse)
    assert row["id"] == FULL["event_id"]
    found = {name: row[name] for name in EXPECTED}
    assert found == EXPECTED


@pytest.mark.parametrize("form", [dict, flat])
def test_every_field_of_a_json_line(each_warehouse: Warehouse, settings: Settings, tmp_path: Path, form: Any) -> None:
    summary = load(each_warehouse, settings, write(tmp_path / "a.jsonl", [form(FULL)]))
    assert summary.as_dict() | {"seconds": {}} == {
        "events_loaded": 1, "events_duplicate": 0, "events_quarantined": 0, "sessions": 1, "readers": 1,
        "events_erased": 0, "reasons": [], "unknown_types": {}, "not_loaded": {}, "seconds": {},
    }  # fmt: skip
    check_full(each_warehouse)


@pytest.mark.parametrize("form", [dict, flat])
def test_every_field_of_a_parquet_row(each_warehouse: Warehouse, settings: Settings, tmp_path: Path, form: Any) -> None:
    row = form(FULL)
    for name in ("timestamp", "received_at", "period_end"):
        row = {**row, name: datetime.fromisoformat(row[name])}
    table = pa.Table.from_pylist([row])
    category = table.column("category").dictionary_encode()
    pq.write_table(table.set_column(table.column_names.index("category"), "category", category), tmp_path / "a.parquet")
    load(each_warehouse, settings, tmp_path / "a.parquet")
    check_full(each_warehouse)


def test_engagement_metrics_as_a_map_in_parquet(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    kind = pa.map_(pa.string(), pa.string())
    row = event(1)
    table = pa.Table.from_pylist([row]).append_column(
        "engagement_metrics", pa.array([[("scroll_depth", "40"), ("time_on_page", "2.5")]], kind)
    )
    pq.write_table(table, tmp_path / "a.parquet")
    load(warehouse, settings, tmp_path / "a.parquet")
    (found,) = events(warehouse)
    assert (found["scroll_depth"], found["engaged_ms"], found["consent"]) == (40.0, 2500, 3)


def test_every_field_of_a_csv_row(each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    row = {**flat(FULL), "consent": '["analytics", "personalisation"]', "metadata": '{"ab": "x", "n": "1"}'}
    with (tmp_path / "a.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row), delimiter=";")
        writer.writeheader()
        writer.writerow(row)
    load(each_warehouse, settings, tmp_path / "a.csv")
    check_full(each_warehouse)


def test_the_same_file_again_adds_nothing(each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", [event(n, n) for n in range(5)] + [event(9, user_id=""), "nonsense"])
    first = load(each_warehouse, settings, file)
    rows = each_warehouse.scalar("SELECT count() FROM session_versions")
    again = load(each_warehouse, settings, file)
    assert (first.events_loaded, first.events_duplicate, first.events_quarantined) == (5, 0, 2)
    assert (again.events_loaded, again.events_duplicate, again.events_quarantined) == (0, 5, 2)
    assert (again.sessions, again.readers) == (first.sessions, first.readers) == (1, 1)
    assert each_warehouse.scalar("SELECT count() FROM quarantine") == 2
    assert each_warehouse.scalar("SELECT count() FROM session_versions") == rows


def test_an_overlapping_export_adds_only_what_is_new(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    load(warehouse, settings, write(tmp_path / "a.jsonl", [event(n, n) for n in range(6)]))
    summary = load(warehouse, settings, write(tmp_path / "b.jsonl", [event(n, n) for n in range(3, 9)]))
    assert (summary.events_loaded, summary.events_duplicate) == (3, 3)


def test_of_repeats_in_a_load_the_first_received_stays(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    file = [
        event(1, article_id="second", received_at=late(5)),
        event(1, article_id="first", received_at=late(2)),
        event(1, article_id="third", received_at=late(9)),
    ]
    summary = load(warehouse, settings, write(tmp_path / "a.jsonl", file))
    assert (summary.events_loaded, summary.events_duplicate) == (1, 2)
    assert [row["article_id"] for row in events(warehouse)] == ["first"]
    load(warehouse, settings, write(tmp_path / "b.jsonl", [event(1, article_id="earlier", received_at=late(1))]))
    assert [row["article_id"] for row in events(warehouse)] == ["first"]


def test_without_ids_overlaps_count_once_and_true_repeats_stay(
    each_warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    def row(minute: int) -> dict[str, Any]:
        return event(0, minute, event_id=None)

    first = load(each_warehouse, settings, write(tmp_path / "a.jsonl", [row(1), row(2), row(2), row(3)]))
    overlap = load(each_warehouse, settings, write(tmp_path / "b.jsonl", [row(2), row(3), row(4)]))
    more = load(each_warehouse, settings, write(tmp_path / "c.jsonl", [row(2), row(2), row(2)]))
    assert [summary.events_loaded for summary in (first, overlap, more)] == [4, 1, 1]


def test_occurrences_are_counted_over_the_chunks_of_a_file(
    warehouse: Warehouse, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "read_lines", lambda source: lines_module.read_lines(source, 300))
    file = write(tmp_path / "a.jsonl", [event(0, 1, event_id=None)] * 7)
    assert load(warehouse, settings, file).events_loaded == 7
    assert load(warehouse, settings, file).events_duplicate == 7


@pytest.mark.parametrize("size", [1, 400, 100_000])
def test_lines_keep_their_numbers_over_chunks(
    each_warehouse: Warehouse, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(ingest_module, "read_lines", lambda source: lines_module.read_lines(source, size))
    file = [event(n, n) for n in range(8)]
    file[2:2] = ["", "broken"]
    file[7:7] = [event(99, user_id="")]
    load(each_warehouse, settings, write(tmp_path / "a.jsonl", file))
    found = each_warehouse.rows("SELECT source, line, field, reason FROM quarantine ORDER BY line")
    assert found == [
        ("a.jsonl", 4, "line", "line is not JSON"),
        ("a.jsonl", 8, "user_id", "is empty, and so is device_id"),
    ]


def test_many_lines_keep_their_order(each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", ["x" if n % 500 == 0 else event(n, n / 1e3) for n in range(1, 4001)])
    load(each_warehouse, settings, file)
    assert each_warehouse.rows("SELECT line FROM quarantine ORDER BY line") == [(n,) for n in range(500, 4001, 500)]


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        (1772452800, "2026-03-02 12:00:00.000"),
        (1772452800.5, "2026-03-02 12:00:00.500"),
        (1772452800123, "2026-03-02 12:00:00.123"),
        ("1772452800", "2026-03-02 12:00:00.000"),
        ("2026-03-02T12:00:00.123Z", "2026-03-02 12:00:00.123"),
        ("2026-03-02T12:00:00+02:00", "2026-03-02 10:00:00.000"),
        ("2026-03-02 12:00:00", "2026-03-02 12:00:00.000"),
    ],
)
def test_times(warehouse: Warehouse, settings: Settings, tmp_path: Path, stated: Any, found: str) -> None:
    load(warehouse, settings, write(tmp_path / "a.jsonl", [event(1, timestamp=stated)]))
    assert warehouse.rows("SELECT toString(timestamp), received_at = timestamp FROM events") == [(found, 1)]


def test_received_now_dates_rows_by_the_clock(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", [event(1), event(2, received_at=late(3))])
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    load(warehouse, settings, file, received="now")
    first, second = events(warehouse)
    assert before <= first["received_at"] <= datetime.now(UTC)
    assert second["received_at"] == START + timedelta(minutes=3)


def test_unknown_types_are_kept_and_counted(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", [event(1), event(2, event_type="poll_vote"), event(3, event_type="poll_vote")])
    summary = load(warehouse, settings, file)
    assert (summary.events_loaded, summary.unknown_types) == (3, {"poll_vote": 2})


def test_check_says_what_loading_would_do_and_does_nothing(
    each_warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.jsonl", [event(1), event(1), event(2, 1), event(3, timestamp="n/a")])
    summary = load(each_warehouse, settings, file, check=True)
    assert (summary.events_loaded, summary.events_duplicate, summary.events_quarantined) == (2, 1, 1)
    assert summary.reasons == [
        {"field": "timestamp", "rows": 1, "file": "a.jsonl", "line": 4, "reason": "'n/a' is not a time"}
    ]
    for table in ("events", "quarantine", "readers", "session_versions"):
        assert each_warehouse.scalar("SELECT count() FROM {table:Identifier}", table=table) == 0


def test_nothing_is_left_in_staging(each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    load(each_warehouse, settings, write(tmp_path / "a.jsonl", [event(1)]))
    query = "SELECT count() FROM system.databases WHERE startsWith(name, 'readership_staging_')"
    assert each_warehouse.scalar(query) == 0


class TestConsent:
    """Nobody is scored unless somebody said that they may be."""

    def test_a_silent_import_is_refused(self, each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
        file = write(tmp_path / "a.jsonl", [event(1, consent=None)])
        with pytest.raises(InputError, match=r"says nothing about consent.*none can be scored; nothing was loaded"):
            load(each_warehouse, settings, file)
        assert each_warehouse.scalar("SELECT count() FROM events") == 0

    def test_told_on_the_way_in(self, warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
        file = write(tmp_path / "a.jsonl", [event(1, consent=None), event(2, 1)])
        load(warehouse, settings, file, consent=["analytics"])
        assert [row["consent"] for row in events(warehouse)] == [1, 3]

    def test_told_by_the_settings(self, warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
        told = settings.model_copy(update={"default_consent": frozenset({"analytics", "personalisation"})})
        load(warehouse, told, write(tmp_path / "a.jsonl", [event(1, consent=None)]))
        assert [row["consent"] for row in events(warehouse)] == [None]

    def test_a_log_that_has_stated_consent_before_may_go_on(
        self, warehouse: Warehouse, settings: Settings, tmp_path: Path
    ) -> None:
        load(warehouse, settings, write(tmp_path / "a.jsonl", [event(1)]))
        load(warehouse, settings, write(tmp_path / "b.jsonl", [event(2, 1, consent=None)]))
        assert [row["consent"] for row in events(warehouse)] == [3, None]

    @pytest.mark.parametrize(
        ("stated", "bits"),
        [({"marketing": True}, 8), ({"analytics": "1"}, 1), (["analytics", "advertising"], 5), (15, 15), ({}, 0)],
    )
    def test_forms(self, warehouse: Warehouse, settings: Settings, tmp_path: Path, stated: Any, bits: int) -> None:
        load(warehouse, settings, write(tmp_path / "a.jsonl", [event(1, consent=stated)]))
        assert [row["consent"] for row in events(warehouse)] == [bits]


class TestReaders:
    """Who stands behind a number."""

    def test_ids_come_back_as_they_were(self, each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
        ids = ["-5", "7", "anna@example.org", "ü", "007"]
        rows = [event(n, n, user_id=name) for n, name in enumerate(ids)]
        rows.append(event(9, 9, user_id=None, device_id="phone"))
        rows.append(event(10, 9, user_id=12345678901234567890))
        summary = load(each_warehouse, settings, write(tmp_path / "a.jsonl", rows))
        wanted = [*ids, "device:phone", "12345678901234567890"]
        assert summary.readers == 7
        assert dict(each_warehouse.rows("SELECT external_id, user_id FROM readers")) == {
            name: reader_key(name) for name in wanted
        }

    def test_what_is_known_grows_with_later_loads(
        self, warehouse: Warehouse, settings: Settings, tmp_path: Path
    ) -> None:
        load(warehouse, settings, write(tmp_path / "a.jsonl", [event(1, 60, timezone="Europe/Paris", brand="A")]))
        more = [event(2, 30, event_type="login"), event(3, 90, consent=["analytics"], brand="B")]
        load(warehouse, settings, write(tmp_path / "b.jsonl", more))
        (row,) = warehouse.frame("SELECT * FROM readers FINAL").to_dicts()
        assert (row["first_seen"], row["registered_at"]) == (START + timedelta(minutes=30),) * 2
        assert (row["timezone"], row["brand"], row["consent"]) == ("Europe/Paris", "A", 1)

    def test_two_ids_with_one_number_are_refused(
        self, warehouse: Warehouse, settings: Settings, tmp_path: Path
    ) -> None:
        load(warehouse, settings, write(tmp_path / "a.jsonl", [event(1, user_id="5")]))
        warehouse.command("ALTER TABLE readers UPDATE external_id = 'other' WHERE 1 SETTINGS mutations_sync = 2")
        with pytest.raises(InputError, match=r"the reader ids .*'5'.* share the number 5; .* was not loaded"):
            load(warehouse, settings, write(tmp_path / "b.jsonl", [event(2, 1, user_id="5")]))
        assert warehouse.scalar("SELECT count() FROM events") == 1


class TestMappings:
    """Sources with columns of their own."""

    def test_columns_types_constants_times_and_brands(
        self, each_warehouse: Warehouse, settings: Settings, tmp_path: Path
    ) -> None:
        (tmp_path / "own.toml").write_text(
            """
            nested = "m"
            [columns]
            user_id = "uid"
            timestamp = "when"
            event_type = "what"
            brand = "site"
            timezone = "tz"
            scroll_depth = "m.depth"
            [constants]
            country = "DE"
            [event_types]
            PV = "article_view"
            [time]
            format = "%d.%m.%Y %H:%M"
            zone = "Europe/Berlin"
            [consent]
            purposes = ["analytics"]
            [brand_timezones]
            Kurier = "Europe/Vienna"
            """,
            encoding="utf-8",
        )
        rows = [
            {"uid": 1, "when": "01.07.2026 12:30", "what": "PV", "site": "Kurier", "m": {"depth": 9}},
            {"uid": 2, "when": "01.01.2026 12:30", "what": "X", "site": "Bild", "tz": "Asia/Tokyo", "m": {"other": 9}},
        ]
        mapping = load_mapping(tmp_path / "own.toml")
        load(each_warehouse, settings, write(tmp_path / "a.jsonl", rows), mapping=mapping)
        query = "SELECT user_id, toString(timestamp), event_type, country, consent, timezone, scroll_depth FROM events"
        assert each_warehouse.rows(query + " ORDER BY user_id") == [
            (1, "2026-07-01 10:30:00.000", "article_view", "DE", 1, "Europe/Vienna", 9.0),
            (2, "2026-01-01 11:30:00.000", "X", "DE", 1, "Asia/Tokyo", None),
        ]

    def test_deskdrop(self, each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
        agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 10_2 like Mac OS X) Version/10.0 Mobile/14C92 Safari/602.1"
        rows = [
            "timestamp,eventType,contentId,personId,sessionId,userAgent,userRegion,userCountry",
            "1465413032,VIEW,-3499919498720038879,-8845298781299428018,1264196770339959068,,,",
            f'1465412560,LIKE,8890720798209849691,-1032019229384696495,3621737643587579081,"{agent}",NY,US',
            f'1465412560,LIKE,8890720798209849691,-1032019229384696495,3621737643587579081,"{agent}",NY,US',
        ]
        file = tmp_path / "users.csv.gz"
        file.write_bytes(gzip.compress("\n".join(rows).encode()))
        summary = load(each_warehouse, settings, file, mapping=DESKDROP)
        assert (summary.events_loaded, summary.readers, summary.sessions) == (3, 2, 2)
        assert load(each_warehouse, settings, file, mapping=DESKDROP).events_loaded == 0
        _, liked, viewed = events(each_warehouse)
        assert viewed["user_id"] == reader_key("-8845298781299428018")
        assert (viewed["event_type"], viewed["subscription_tier"], viewed["consent"]) == ("article_view", "free", 15)
        assert (viewed["device_type"], viewed["country"]) == ("", "")
        assert (liked["event_type"], liked["city"], liked["country"]) == ("article_like", "NY", "US")
        assert (liked["device_type"], liked["device_os"], liked["browser"]) == ("mobile", "iOS", "Safari")

    @pytest.mark.parametrize(
        ("agent", "found"),
        [
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/54.0 Safari/537.36", ("desktop", "Windows", "Chrome")),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:45.0) Gecko/20100101 Firefox/45.0", ("desktop", "Linux", "Firefox")),
            ("Mozilla/5.0 (Linux; Android 6.0; Moto G) Chrome/55.0 Mobile Safari/537", ("mobile", "Android", "Chrome")),
            ("Mozilla/5.0 (Linux; Android 5.0; SM-T530) Chrome/55.0 Safari/537.36", ("tablet", "Android", "Chrome")),
            ("Mozilla/5.0 (iPad; CPU OS 9_3 like Mac OS X) Version/9.0 Safari/601", ("tablet", "iOS", "Safari")),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11) Version/9.1 Safari/601", ("desktop", "macOS", "Safari")),
            ("Mozilla/5.0 (Windows NT 10.0) Chrome/51 Safari/537 Edge/14.14393", ("desktop", "Windows", "Edge")),
            (
                "Mozilla/5.0 (SMART-TV; Linux; Tizen 2.3) SamsungBrowser/1.0 TV",
                ("smart_tv", "Linux", "Samsung Internet"),
            ),
        ],
    )
    def test_user_agents(
        self, warehouse: Warehouse, settings: Settings, tmp_path: Path, agent: str, found: tuple[str, ...]
    ) -> None:
        load(warehouse, settings, write(tmp_path / "a.jsonl", [event(1, user_agent=agent)]))
        assert warehouse.rows("SELECT device_type, device_os, browser FROM events") == [found]


def test_an_event_id_that_is_no_uuid_is_turned_into_one(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    rows = [event(1, event_id="click-1"), event(2, event_id="click-2"), event(3, event_id="click-1")]
    assert load(warehouse, settings, write(tmp_path / "a.jsonl", rows)).events_duplicate == 1


def test_binary_uuids_in_parquet(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    row = event(1)
    ids = pa.array([uuid.UUID(row["event_id"]).bytes], pa.binary(16))
    table = pa.Table.from_pylist([row]).drop_columns(["event_id"]).append_column("event_id", ids)
    pq.write_table(table, tmp_path / "a.parquet")
    load(warehouse, settings, tmp_path / "a.parquet")
    assert [found["id"] for found in events(warehouse)] == [row["event_id"]]


def test_the_roadmap_s_query_runs_as_it_stands(each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    rows = [event(n, n, country="FR", device_type="mobile", subscription_tier="free") for n in range(3)]
    rows.append(event(9, 300, country="FR", device_type="mobile", subscription_tier="free", event_type="search"))
    load(each_warehouse, settings, write(tmp_path / "a.jsonl", rows))
    query = """
SELECT 
    user_id,
    count() as total_sessions,
    avg(session_duration_sec) as avg_duration,
    avg(total_events) as avg_events,
    avg(article_views) as avg_article_views,
    subscription_tier,
    country,
    device_type
FROM session_metrics
GROUP BY user_id, subscription_tier, country, device_type
"""
    assert each_warehouse.rows(query) == [(reader_key("r"), 2, 60.0, 2.0, 1.5, "free", "FR", "mobile")]


def test_a_log_of_twelve_years_goes_in_at_once(each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    rows = [event(n, -n * 60 * 24 * 31) for n in range(150)]
    summary = load(each_warehouse, settings, write(tmp_path / "a.jsonl", rows))
    assert (summary.events_loaded, summary.sessions) == (150, 150)
