"""Sessions as they were known, on both engines."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as some
from written_events import START, event, late, write

from readership.events.mapping import load_mapping
from readership.pipelines import sessions as sessions_module
from readership.pipelines.ingest import ingest
from readership.pipelines.sessions import build_sessions
from readership.settings import Settings
from readership.warehouse import Warehouse

COUNTING = """
SELECT session_id, user_id, session_start, session_end, total_events, version
FROM session_versions
WHERE known_at <= {as_of:DateTime64(3, 'UTC')} AND session_end < {as_of:DateTime64(3, 'UTC')} AND tombstone = 0
    AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    AND row_id NOT IN (SELECT replaces FROM session_versions WHERE replaces != 0
        AND known_at <= {as_of:DateTime64(3, 'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')})
ORDER BY user_id, session_start
"""
FAR = datetime.fromisoformat("2200-01-01T00:00:00+00:00")


class Publisher:
    """A warehouse that gets small deliveries."""

    def __init__(self, warehouse: Warehouse, settings: Settings, folder: Path) -> None:
        self.warehouse, self.settings, self.folder = warehouse, settings, folder
        self.deliveries = 0

    def deliver(self, *events: dict[str, Any], **options: Any) -> None:
        self.deliveries += 1
        file = write(self.folder / f"{self.deliveries}.jsonl", events)
        ingest(self.warehouse, [file], load_mapping("native"), settings=self.settings, **options)

    def known(self, as_of: datetime | float = FAR, snapshot_at: datetime = FAR) -> list[tuple[float, float, int]]:
        """Start and end in minutes after START, and number of events, of the sessions that count."""
        moment = as_of if isinstance(as_of, datetime) else START + timedelta(minutes=as_of)
        rows = self.warehouse.rows(COUNTING, as_of=moment, snapshot_at=snapshot_at)
        return [(_minutes(start), _minutes(end), events) for _, _, start, end, events, _ in rows]

    def newest(self) -> list[tuple[Any, ...]]:
        return self.warehouse.rows("SELECT session_id, total_events FROM session_metrics ORDER BY session_start")

    def rows(self) -> int:
        return int(self.warehouse.scalar("SELECT count() FROM session_versions"))


def _minutes(moment: datetime) -> float:
    return (moment - START) / timedelta(minutes=1)


@pytest.fixture
def publisher(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> Publisher:
    return Publisher(warehouse, settings, tmp_path)


@pytest.fixture
def each_publisher(each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> Publisher:
    return Publisher(each_warehouse, settings, tmp_path)


def test_without_ids_a_gap_of_thirty_minutes_parts_sessions(each_publisher: Publisher) -> None:
    each_publisher.deliver(event(1, 0), event(2, 29.99), event(3, 59.99), event(4, 90), event(5, 0, user_id="other"))
    assert sorted(each_publisher.known()) == [(0.0, 0.0, 1), (0.0, 29.99, 2), (59.99, 59.99, 1), (90.0, 90.0, 1)]


def test_the_source_s_ids_win_over_gaps(each_publisher: Publisher) -> None:
    each_publisher.deliver(
        event(1, 0, session_id="a"), event(2, 100, session_id="a"), event(3, 101, session_id="b"), event(4, 102)
    )
    assert each_publisher.newest() == [("a", 2), ("b", 1), (each_publisher.newest()[2][0], 1)]
    assert each_publisher.newest()[2][0].startswith("gap-")


def test_a_session_counts_once_it_is_over(publisher: Publisher) -> None:
    publisher.deliver(event(1, 0), event(2, 10))
    assert publisher.known(39.99) == []
    assert publisher.known(40) == [(0.0, 10.0, 2)]


def test_a_late_event_is_a_new_version_and_the_past_stays_as_it_was_known(each_publisher: Publisher) -> None:
    each_publisher.deliver(event(1, 0), event(2, 10))
    before = each_publisher.newest()
    each_publisher.deliver(event(3, 5, received_at=late(600)))
    assert each_publisher.known(599) == [(0.0, 10.0, 2)]
    assert each_publisher.known(600) == [(0.0, 10.0, 3)]
    query = "SELECT session_id, version, total_events, tombstone FROM session_versions ORDER BY version"
    session_id = before[0][0]
    assert each_publisher.warehouse.rows(query) == [(session_id, 1, 2, 0), (session_id, 2, 3, 0)]
    assert each_publisher.newest() == [(session_id, 3)]


def test_an_event_that_joins_two_sessions_leaves_one(each_publisher: Publisher) -> None:
    each_publisher.deliver(event(1, 0), event(2, 40))
    first, second = each_publisher.newest()
    each_publisher.deliver(event(3, 20, received_at=late(600)))
    assert each_publisher.known(599) == [(0.0, 0.0, 1), (40.0, 40.0, 1)]
    assert each_publisher.known(600) == [(0.0, 40.0, 3)]
    assert each_publisher.newest() == [(first[0], 3)]
    tombstones = "SELECT session_id FROM session_versions WHERE tombstone = 1"
    assert each_publisher.warehouse.rows(tombstones) == [(second[0],)]


def test_one_load_with_late_rows_equals_two(publisher: Publisher) -> None:
    publisher.deliver(event(1, 0), event(2, 40), event(3, 20, received_at=late(600)), event(4, 8, received_at=late(70)))
    assert publisher.known(69) == [(0.0, 0.0, 1)]
    assert publisher.known(70) == [(0.0, 8.0, 2), (40.0, 40.0, 1)]
    assert publisher.known(600) == [(0.0, 40.0, 4)]


def test_history_that_arrives_afterwards_changes_the_past_only_for_later_snapshots(publisher: Publisher) -> None:
    publisher.deliver(event(1, 0), event(2, 10))
    snapshot_at = publisher.warehouse.scalar("SELECT max(loaded_at) FROM session_versions")
    publisher.deliver(event(3, 20))
    assert publisher.known(45) == []
    assert publisher.known(50) == [(0.0, 20.0, 3)]
    assert publisher.known(45, snapshot_at) == [(0.0, 10.0, 2)]
    assert publisher.known(FAR, snapshot_at) == [(0.0, 10.0, 2)]
    assert publisher.newest()[0][1] == 3


def test_the_next_day_only_appends(publisher: Publisher) -> None:
    publisher.deliver(*(event(n, 60 * n) for n in range(20)))
    rows = publisher.rows()
    publisher.deliver(event(50, 60 * 30), event(51, 60 * 30 + 5))
    assert publisher.rows() == rows + 1


def test_a_new_event_builds_only_its_reader_and_from_its_session_on(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.deliver(*(event(n, 60 * n, user_id=f"r{n % 2}") for n in range(20)))
    scopes: list[list[tuple[Any, ...]]] = []
    build = sessions_module._build

    def spied(stage: Any, *arguments: Any) -> None:
        query = "SELECT from_ms FROM {staging:Identifier}.scope"
        scopes.append(publisher.warehouse.rows(query, staging=stage.database))
        build(stage, *arguments)

    monkeypatch.setattr(sessions_module, "_build", spied)
    publisher.deliver(event(99, 60 * 18 + 10, user_id="r0"))
    begin = START + timedelta(minutes=60 * 18 + 10 - 30)
    assert scopes == [[(int(begin.timestamp() * 1000),)]]


def test_an_interrupted_build_is_completed_by_the_next(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(sessions_module, "_build", stop)
        with pytest.raises(KeyboardInterrupt):
            publisher.deliver(event(1, 0), event(2, 100))
    assert publisher.known() == []
    assert build_sessions(publisher.warehouse) == 2
    assert publisher.known() == [(0.0, 0.0, 1), (100.0, 100.0, 1)]
    assert build_sessions(publisher.warehouse) == 0


def test_buckets_of_readers_make_no_difference(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "BUCKET_EVENTS", 3)
    publisher.deliver(*(event(10 * reader + n, 60 * n, user_id=f"r{reader}") for reader in range(7) for n in range(4)))
    assert publisher.rows() == 28
    assert publisher.warehouse.scalar("SELECT uniqExact(row_id) FROM session_versions") == 28


def test_since_looks_only_at_readers_with_newer_events(publisher: Publisher) -> None:
    publisher.deliver(event(1, 0))
    publisher.warehouse.command("TRUNCATE TABLE session_versions")
    last = publisher.warehouse.scalar("SELECT max(loaded_at) FROM events")
    assert build_sessions(publisher.warehouse, since=last + timedelta(milliseconds=1)) == 0
    assert build_sessions(publisher.warehouse, since=last) == 1


def test_what_a_session_sums_up(each_publisher: Publisher) -> None:
    view = {"page_url": "u1", "article_id": "a1", "article_title": "T1", "category": "sport"}
    other = {"page_url": "u2", "article_id": "a2", "article_title": "T2", "category": "sport"}
    each_publisher.deliver(
        event(1, 0, event_type="login", brand="", referrer="search", country="FR", city="Paris"),
        event(2, 1, **view, brand="A", device_type="mobile", scroll_depth=20.4, time_on_page=1.5),
        event(3, 2, **view, brand="B", subscription_tier="free", scroll_depth=30.6, time_on_page=2),
        event(4, 3, **other, subscription_tier="premium", user_segment="x", device_os="iOS"),
        event(5, 4, event_type="navigation", page_url="u3", user_segment="y", browser="Safari"),
        event(6, 5, event_type="article_complete", article_id="a1", is_article_complete=True),
        event(7, 6, event_type="ad_impression", ad_revenue=0.001),
        event(8, 6.5, event_type="ad_click", ad_revenue=-0.0004, referrer="direct"),
        event(9, 7, event_type="search", consent={"analytics": True}),
        event(10, 8, event_type="subscription_start", consent=None),
        event(11, 9, event_type="article_click", consent=None),
        event(12, 9.5, event_type="session_end", consent=None),
    )
    (row,) = each_publisher.warehouse.frame("SELECT * FROM session_versions").to_dicts()
    expected = {
        "brand": "A", "referrer": "search", "country": "FR", "city": "Paris", "device_type": "mobile",
        "device_os": "iOS", "browser": "Safari", "subscription_tier": "premium", "user_segment": "y", "registered": 1,
        "consent": 1, "total_events": 12, "article_views": 3, "article_clicks": 1, "article_completes": 1,
        "ad_impressions": 1, "ad_clicks": 1, "ad_revenue_micros": 600, "searches": 1, "subscription_starts": 1,
        "subscription_cancels": 0, "engaged_ms": 3500, "engaged_events": 2, "scroll_depth_sum": 51, "scroll_events": 2,
        "pages_visited_count": 4, "unique_pages_count": 3, "categories": ["sport", "sport", "sport"],
        "article_ids": ["a1", "a1", "a2"], "article_titles": ["T1", "T1", "T2"], "page_urls": ["u1", "u1", "u2", "u3"],
        "version": 1, "tombstone": 0, "replaces": 0, "session_start": START,
        "session_end": START + timedelta(minutes=9.5), "known_at": START + timedelta(minutes=39.5),
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_the_publisher_s_view_of_a_session(each_publisher: Publisher) -> None:
    each_publisher.deliver(event(1, 0, category="sport", article_id="a"), event(2, 3, category="sport", article_id="b"))
    columns = (
        "session_duration_sec, total_events, unique_categories_count, categories_visited, article_ids_visited, "
        "article_titles_visited, page_events, length(batch_id) > 0, created_at > session_end"
    )
    assert each_publisher.warehouse.rows(f"SELECT {columns} FROM session_metrics") == [  # noqa: S608
        (180.0, 2, 1, '["sport"]', '["a","b"]', '["",""]', "[]", 1, 1)
    ]


@pytest.mark.parametrize(
    ("zone", "at", "day", "hour", "offset"),
    [
        ("Europe/Paris", "2026-03-29T00:59:59Z", "2026-03-29", 1, 60),
        ("Europe/Paris", "2026-03-29T01:00:00Z", "2026-03-29", 3, 120),
        ("Europe/Paris", "2025-10-26T00:59:59Z", "2025-10-26", 2, 120),
        ("Europe/Paris", "2025-10-26T01:00:00Z", "2025-10-26", 2, 60),
        ("America/New_York", "2026-03-02T03:00:00Z", "2026-03-01", 22, -300),
        ("Asia/Kolkata", "2026-03-02T18:45:00Z", "2026-03-03", 0, 330),
        ("Not/AZone", "2026-03-02T23:00:00Z", "2026-03-02", 23, 0),
        (None, "2026-03-02T23:00:00Z", "2026-03-02", 23, 0),
    ],
)
def test_day_and_hour_on_the_reader_s_own_clock(
    publisher: Publisher, zone: str | None, at: str, day: str, hour: int, offset: int
) -> None:
    publisher.deliver(event(1, timestamp=at, timezone=zone))
    query = "SELECT toString(local_day), local_hour, utc_offset_minutes FROM session_versions"
    assert publisher.warehouse.rows(query) == [(day, hour, offset)]


def test_a_zone_met_later_is_known_too(each_publisher: Publisher) -> None:
    each_publisher.deliver(event(1, 0, timezone="Europe/Paris"))
    each_publisher.deliver(event(2, 500, timezone="Asia/Tokyo"))
    query = "SELECT utc_offset_minutes FROM session_versions ORDER BY session_start"
    assert each_publisher.warehouse.rows(query) == [(60,), (540,)]


def visits(rows: list[tuple[int, float, float, str]], as_of: float) -> list[tuple[float, float, int]]:
    """The rule, in plain Python: sessions of what was known, less those still open."""
    known = sorted((at, number, source) for number, at, received, source in rows if at < as_of and received <= as_of)
    groups: dict[str, list[list[float]]] = {}
    for at, _, source in known:
        found = groups.setdefault(source, [])
        if not found or (not source and at - found[-1][-1] >= 30):
            found.append([])
        found[-1].append(at)
    sessions = [group for found in groups.values() for group in found]
    return sorted((float(group[0]), float(group[-1]), len(group)) for group in sessions if group[-1] + 30 <= as_of)


LOGS = some.lists(
    some.tuples(
        some.integers(0, 300),
        some.sampled_from([0, 0, 0, 1, 25, 45, 400]),
        some.sampled_from(["", "", "s1", "s2"]),
        some.integers(1, 3),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[0],
)


@hypothesis_settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(log=LOGS)
def test_any_log_in_any_deliveries_gives_what_was_known(
    warehouse_root: Warehouse, settings: Settings, tmp_path: Path, log: list[tuple[int, int, str, int]]
) -> None:
    rows = [(number, at, at + delay, source) for number, (at, delay, source, _) in enumerate(log, 1)]
    with warehouse_root.scratch() as scratch:
        publisher = Publisher(scratch, settings, tmp_path)
        for delivery in (1, 2, 3):
            part = [
                event(number, at, received_at=late(received), session_id=source)
                for (number, at, received, source), (_, _, _, when) in zip(rows, log, strict=True)
                if when == delivery
            ]
            if part:
                publisher.deliver(*part)
        assert build_sessions(scratch) == 0
        for as_of in (60, 150, 331, 800):
            assert sorted(publisher.known(as_of)) == visits(rows, as_of), as_of
        assert sum(events for _, _, events in publisher.known()) == len(rows)


def test_a_late_event_of_a_named_session_builds_from_that_session_on(publisher: Publisher) -> None:
    publisher.deliver(event(1, 0, session_id="a"), event(2, 500), event(3, 1000, session_id="b"))
    publisher.deliver(event(4, 1010, session_id="a", received_at=late(1010)))
    assert publisher.known(1009) == [(0.0, 0.0, 1), (500.0, 500.0, 1)]
    assert sorted(publisher.known()) == [(0.0, 1010.0, 2), (500.0, 500.0, 1), (1000.0, 1000.0, 1)]
