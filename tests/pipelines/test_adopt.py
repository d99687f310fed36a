"""A publisher's own table of sessions: read by SELECT alone, understood by a mapping, each version once."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from foreign_table import ALL, BEGIN, MAPPING, Theirs, Visit

from readership.events.identity import reader_key
from readership.pipelines.staging import Staging
from readership.settings import Settings
from readership.warehouse import Warehouse

START = BEGIN.replace(tzinfo=UTC) - timedelta(hours=1)
"""BEGIN, in UTC."""
DAY = 24 * 60


def sessions(warehouse: Warehouse) -> list[dict[str, Any]]:
    query = (
        "SELECT r.external_id AS reader, session_start, session_end, known_at, s.brand AS brand, "
        "subscription_tier AS tier, total_events, article_views, article_ids, registered, s.consent AS consent, "
        "version, subscription_starts AS starts, subscription_cancels AS cancels FROM session_versions AS s "
        "LEFT JOIN (SELECT * FROM readers FINAL) AS r ON r.user_id = s.user_id ORDER BY session_start, version"
    )
    return warehouse.frame(query).to_dicts()


def events(warehouse: Warehouse, *columns: str) -> list[tuple[Any, ...]]:
    return warehouse.frame("SELECT * FROM events ORDER BY timestamp, event_type, article_id").select(columns).rows()


def contents(warehouse: Warehouse) -> list[Any]:
    """All that was stored, without when."""
    return [
        warehouse.rows("SELECT * EXCEPT (loaded_at, batch_id) FROM session_versions ORDER BY row_id"),
        warehouse.rows("SELECT * EXCEPT (loaded_at, metadata) FROM events ORDER BY event_id"),
        warehouse.rows("SELECT * EXCEPT loaded_at FROM readers FINAL ORDER BY user_id"),
        warehouse.rows("SELECT source, line, field, reason, raw FROM quarantine ORDER BY line, reason"),
    ]


def test_rows_become_sessions_readers_and_events(each_warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    theirs.write([Visit("ab", tier="basis", stories=("s1", "s2")), Visit("cd", 30, number=2, site="Bote")])
    before = theirs.content()
    found = theirs.read(each_warehouse, settings)
    assert theirs.content() == before
    assert found["sessions_loaded"] == found["sessions"] == found["readers"] == 2
    first, second = sessions(each_warehouse)
    assert first == {
        "reader": "ab".ljust(32, "0"),
        "session_start": START,
        "session_end": START + timedelta(minutes=10),
        "known_at": START + timedelta(minutes=11),
        "brand": "Kurier",
        "tier": "free",
        "total_events": 3,
        "article_views": 2,
        "article_ids": ["s1", "s2"],
        "registered": 1,
        "consent": 15,
        "version": 1,
        "starts": 0,
        "cancels": 0,
    }
    assert (second["brand"], second["tier"], second["registered"]) == ("Bote", "", 0)
    minute = timedelta(minutes=1)
    assert events(each_warehouse, "event_type", "article_id", "timestamp", "received_at", "subscription_tier") == [
        ("article_view", "s1", START, START + 11 * minute, "free"),
        ("article_view", "s2", START + 5 * minute, START + 11 * minute, "free"),
        ("session_end", "", START + 10 * minute, START + 11 * minute, "free"),
        ("session_end", "", START + 40 * minute, START + 41 * minute, ""),
    ]
    assert set(each_warehouse.rows("SELECT DISTINCT user_id FROM events")) == {
        (reader_key(reader.ljust(32, "0")),) for reader in ("ab", "cd")
    }


def test_the_same_again_adds_nothing(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    theirs.write([Visit("r", DAY * day, number=day, tier="basis", stories=("s",)) for day in range(6)])
    assert theirs.read(warehouse, settings)["sessions_loaded"] == 6
    before = contents(warehouse)
    again = theirs.read(warehouse, settings)
    assert (again["sessions_loaded"], again["sessions_changed"], again["events_loaded"]) == (0, 0, 0)
    assert again["rows_read"] == again["sessions_known"] == 3, "only the newest days are read again"
    assert contents(warehouse) == before


def test_rows_that_arrive_late_are_found_however_old(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    theirs.write([Visit("r", DAY * day, number=day) for day in range(200)])
    theirs.read(warehouse, settings)
    theirs.write([Visit("late", DAY * 17, number=999), Visit("r", DAY * 200, number=200)])
    found = theirs.read(warehouse, settings)
    assert found["sessions_loaded"] == 2
    assert found["rows_read"] == 2 + 3, "the day it arrived in, and the newest three"


def test_a_changed_row_is_a_new_version_and_the_past_stays(
    warehouse: Warehouse, theirs: Theirs, settings: Settings
) -> None:
    theirs.write([Visit("r", DAY * day, number=day) for day in range(9)])
    theirs.read(warehouse, settings)
    theirs.write([Visit("r", 0, number=0, hits=8, written=3 * DAY)])
    found = theirs.read(warehouse, settings)
    assert (found["sessions_loaded"], found["sessions_changed"]) == (0, 1)
    one, two = sessions(warehouse)[:2]
    assert (one["version"], one["total_events"], one["known_at"]) == (1, 3, START + timedelta(minutes=11))
    assert (two["version"], two["total_events"], two["known_at"]) == (2, 8, START + timedelta(days=3, minutes=10))
    assert warehouse.rows("SELECT count(), sum(total_events) FROM session_metrics") == [(9, 8 * 3 + 8)]
    assert theirs.read(warehouse, settings)["sessions_changed"] == 0


def test_a_change_without_a_newer_time_is_known_from_now_on(
    warehouse: Warehouse, theirs: Theirs, settings: Settings
) -> None:
    theirs.write([Visit("r")])
    theirs.read(warehouse, settings)
    theirs.do("ALTER TABLE {db:Identifier}.visits UPDATE hits = 9 WHERE 1 SETTINGS mutations_sync = 1")
    began = datetime.now(UTC)
    assert theirs.read(warehouse, settings)["sessions_changed"] == 1
    assert sessions(warehouse)[1]["known_at"] >= began - timedelta(seconds=1)


def test_a_backfill_is_known_when_its_sessions_ended(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    """On the first day most rows were written 90 days later: a backfill. On the second one of three came late."""
    theirs.write([Visit("r", 30 * n, number=n, written=90 * DAY) for n in range(3)])
    theirs.write([Visit("s", DAY + 30 * n, number=10 + n, written=5 * DAY if n == 1 else 1) for n in range(3)])
    theirs.read(warehouse, settings)
    found = sessions(warehouse)
    assert [row["known_at"] - row["session_end"] for row in found[:3]] == [timedelta(0)] * 3
    minute, day = timedelta(minutes=1), timedelta(days=1)
    assert [row["known_at"] - row["session_end"] for row in found[3:]] == [minute, 5 * day, minute]


def test_without_created_at_a_session_is_known_when_it_ended(
    warehouse: Warehouse, theirs: Theirs, settings: Settings
) -> None:
    theirs.write([Visit("r", written=50)])
    theirs.read(warehouse, settings, theirs.mapping(MAPPING.replace('created_at = "written_at"\n', "")))
    (row,) = sessions(warehouse)
    assert row["known_at"] == row["session_end"]


def test_starts_and_cancels_follow_from_tiers(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    tiers = ["plus", "basis", None, "plus", "plus", "gast", "premium", "basis"]
    theirs.write([Visit("r", 60 * n, number=n, tier=tier) for n, tier in enumerate(tiers)])
    found = theirs.read(warehouse, settings)
    assert (found["starts"], found["cancels"]) == (1, 2)
    assert [(row["starts"], row["cancels"]) for row in sessions(warehouse)] == [
        (0, 0), (0, 1), (0, 0), (1, 0), (0, 0), (0, 0), (0, 0), (0, 1),
    ]  # fmt: skip
    told = [row for row in events(warehouse, "event_type", "timestamp") if row[0].startswith("subscription")]
    assert told == [
        ("subscription_cancel", START + timedelta(hours=1)),
        ("subscription_start", START + timedelta(hours=3)),
        ("subscription_cancel", START + timedelta(hours=7)),
    ]


def test_tiers_are_compared_across_runs(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    theirs.write([Visit("r", 0, number=1, tier="basis")])
    theirs.read(warehouse, settings)
    theirs.write([Visit("r", 40 * DAY, number=2, tier="plus")])
    assert theirs.read(warehouse, settings)["starts"] == 1
    assert theirs.read(warehouse, settings)["starts"] == 0


def test_page_events_with_times_become_events(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    theirs.do("ALTER TABLE {db:Identifier}.visits ADD COLUMN log String")
    at = [(START + timedelta(minutes=n)).isoformat() for n in range(3)]
    log = [
        {"type": "PV", "time": at[0], "article_id": "s9", "url": "/s9"},
        {"type": "search", "ts": at[1]},
        {"type": "PV", "time": "n/a"},
    ]
    row = {"reader_hash": "r" * 32, "begin": "2026-03-02 12:00:00", "finish": "2026-03-02 12:10:00"}
    theirs.insert({**row, "story_ids": ["s9"], "log": json.dumps(log)})
    text = MAPPING.replace("[tiers]", 'page_events = "log"\n[event_types]\nPV = "article_view"\n[tiers]')
    theirs.read(warehouse, settings, theirs.mapping(text.replace('created_at = "written_at"\n', "")))
    assert events(warehouse, "event_type", "article_id", "page_url", "timestamp") == [
        ("article_view", "s9", "/s9", START),
        ("search", "", "", START + timedelta(minutes=1)),
        ("session_end", "", "", START + timedelta(minutes=10)),
    ]


STEPS = ["insert_readers", "adopt/insert_events", "adopt/insert_sessions", "adopt/insert_quarantine"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("nth", [1, 2])
def test_a_run_stopped_anywhere_is_completed_by_the_next(
    warehouse: Warehouse,
    theirs: Theirs,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    nth: int,
) -> None:
    for name in ("FIRST_ROWS", "MOST_ROWS", "LEAST_ROWS"):
        monkeypatch.setattr(f"readership.pipelines.adopt.{name}", 5)
    tiers = ["basis", "plus", None]
    visits = [Visit(f"r{n % 3}", 400 * n, number=n, tier=tiers[n % 7 % 3], stories=("a", "b")) for n in range(20)]
    theirs.write([*visits, Visit("bad", 100, number=77, length=-5), Visit("bad", 5000, number=78, length=-5)])
    with warehouse.scratch():
        theirs.read(warehouse, settings)
        undisturbed = contents(warehouse)
    calls = 0
    run = Staging.run

    def stopping(self: Staging, name: str, **values: object) -> None:
        nonlocal calls
        calls += name == step
        if name == step and calls == nth:
            raise KeyboardInterrupt
        run(self, name, **values)

    with monkeypatch.context() as patched:
        patched.setattr(Staging, "run", stopping)
        with pytest.raises(KeyboardInterrupt):
            theirs.read(warehouse, settings)
    theirs.read(warehouse, settings)
    assert contents(warehouse) == undisturbed


def test_a_table_read_while_it_is_written(
    warehouse: Warehouse, theirs: Theirs, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that arrive between the count and the read, in any part of the table: the next run has all of them."""
    for name in ("FIRST_ROWS", "MOST_ROWS", "LEAST_ROWS"):
        monkeypatch.setattr(f"readership.pipelines.adopt.{name}", 4)
    theirs.write([Visit("r", 300 * n, number=n) for n in range(30)])
    run = Staging.run
    written = 0

    def writing(self: Staging, name: str, **values: object) -> None:
        nonlocal written
        run(self, name, **values)
        if name == "adopt/insert_sessions" and written < 5:
            written += 1
            theirs.write([Visit("w", 299 * 5 * written, number=100 + written), Visit("w", 10, number=200 + written)])

    with monkeypatch.context() as patched:
        patched.setattr(Staging, "run", writing)
        theirs.read(warehouse, settings)
    theirs.read(warehouse, settings)
    assert warehouse.rows("SELECT count(), uniqExact(session_id) FROM session_metrics") == [(40, 40)]


def test_check_says_what_it_would_do_and_stores_nothing(
    warehouse: Warehouse, theirs: Theirs, settings: Settings
) -> None:
    theirs.write([Visit("r", stories=("a",)), Visit("s", 5, number=2, length=-1)])
    found = theirs.read(warehouse, settings, check=True)
    assert (found["sessions_loaded"], found["events_loaded"], found["events_quarantined"]) == (1, 2, 1)
    for table in ("events", "session_versions", "readers", "quarantine", "adopted_parts", "adopted_columns"):
        assert warehouse.scalar("SELECT count() FROM {table:Identifier}", table=table) == 0
    assert theirs.read(warehouse, settings)["sessions_loaded"] == 1


def test_again_forgets_what_was_read(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    theirs.write([Visit("r", 60 * n, number=n) for n in range(3)])
    theirs.read(warehouse, settings, theirs.mapping(MAPPING.replace("Berlin", "Athens")))
    found = theirs.read(warehouse, settings, again=True)
    assert (found["sessions_loaded"], found["sessions"], found["readers"]) == (3, 3, 1)
    assert sessions(warehouse)[0]["session_start"] == START


def test_source_and_warehouse_on_one_server(server_warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    theirs.write([Visit("r", 60 * n, number=n, stories=("a", "b", "c")) for n in range(5)])
    before = theirs.content()
    assert theirs.read(server_warehouse, settings)["events_loaded"] == 20
    assert theirs.content() == before


def test_memory_is_bounded_by_batches(
    warehouse: Warehouse, theirs: Theirs, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from readership.events.columns import Rows
    from readership.pipelines.session_rows import SessionRows

    monkeypatch.setattr("readership.pipelines.adopt.FIRST_ROWS", 1000)
    monkeypatch.setattr("readership.pipelines.adopt.MOST_ROWS", 1000)
    theirs.do(
        "INSERT INTO {db:Identifier}.visits (visit_uuid, reader_hash, begin, finish) SELECT generateUUIDv4(number), "
        "hex(MD5(toString(number % 700))), toDateTime('2026-03-02 08:00:00') + number % 3000 AS b, b + 60 "
        "FROM numbers(12000)"
    )
    sizes: list[int] = []
    load = SessionRows.load

    def measuring(self: SessionRows, rows: Rows) -> None:
        sizes.append(rows.columns.num_rows)
        load(self, rows)

    monkeypatch.setattr(SessionRows, "load", measuring)
    assert theirs.read(warehouse, settings, consent=ALL)["sessions_loaded"] == 12_000
    assert sum(sizes) == 12_000
    assert max(sizes) < 1300, "one day of 12,000 rows was read in shares"
