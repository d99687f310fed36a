"""Migrations: once each, in order, never over what is not ours."""

from pathlib import Path
from typing import Any

import pytest
from clickhouse_http_shim import served

from readership.errors import MigrationError, WarehouseError
from readership.settings import Settings
from readership.warehouse import Warehouse, migrate
from readership.warehouse import migrate as migrate_package
from readership.warehouse.migrate import Migration, migrations

USER_FEATURES = """
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


@pytest.fixture
def bare(request: pytest.FixtureRequest, each_warehouse: Warehouse) -> Any:
    """A database without any table, on either engine."""
    name = f"{each_warehouse.database}_bare"
    each_warehouse.command("CREATE DATABASE {db:Identifier}", db=name)
    with each_warehouse.using(name):
        yield each_warehouse
    each_warehouse.command("DROP DATABASE {db:Identifier} SYNC", db=name)


def patched(monkeypatch: pytest.MonkeyPatch, found: list[Migration]) -> None:
    import sys

    monkeypatch.setattr(sys.modules["readership.warehouse.migrate"], "migrations", lambda: found)


def test_each_is_applied_once_and_recorded_with_its_checksum(bare: Warehouse) -> None:
    applied = migrate(bare)
    assert applied == [migration.name for migration in migrations()]
    assert migrate(bare) == []
    rows = bare.rows("SELECT number, name, checksum FROM schema_migrations ORDER BY number")
    assert rows == [(m.number, m.name, m.checksum) for m in migrations()]


def test_numbers_are_consecutive_and_name_what_they_make() -> None:
    known = migrations()
    assert [migration.number for migration in known] == list(range(1, len(known) + 1))
    for migration in known:
        makes = f" {migration.name}\n" in migration.sql or f" {migration.name} AS" in migration.sql
        assert makes or "\nALTER TABLE " in migration.sql
        assert migration.sql.startswith("-- ")


def test_the_contract_s_tables_exist(each_warehouse: Warehouse) -> None:
    query = "SELECT name FROM system.tables WHERE database = currentDatabase()"
    names = {name for (name,) in each_warehouse.rows(query)}
    assert names >= {
        "events", "session_versions", "session_metrics", "readers", "articles", "subscriptions", "quarantine",
        "predictions", "exposures",
    }  # fmt: skip


def test_session_metrics_has_the_contract_s_columns(each_warehouse: Warehouse) -> None:
    columns = "SELECT name FROM system.columns WHERE database = currentDatabase()"
    query = f"{columns} AND table = 'session_metrics' ORDER BY position"
    assert [name for (name,) in each_warehouse.rows(query)] == [
        "session_id", "user_id", "brand", "country", "city", "device_type", "device_os", "browser",
        "subscription_tier", "user_segment", "referrer", "timezone", "session_start", "session_end",
        "session_duration_sec", "total_events", "article_views", "article_clicks", "video_plays",
        "newsletter_signups", "ad_clicks", "searches", "pages_visited_count", "unique_pages_count",
        "unique_categories_count", "categories_visited", "article_ids_visited", "article_titles_visited",
        "page_events", "created_at", "batch_id",
    ]  # fmt: skip


def test_a_changed_file_is_refused(bare: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(bare)
    first, *rest = migrations()
    patched(monkeypatch, [first._replace(checksum="other"), *rest])
    with pytest.raises(MigrationError, match=r"migration 0001_events.sql was changed after it was applied to database"):
        migrate(bare)


def test_a_new_file_is_applied_on_top(bare: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(bare)
    known = migrations()
    new = Migration(len(known) + 1, "notes", "CREATE TABLE notes (x UInt8) ENGINE = Memory", "sum")
    patched(monkeypatch, [*known, new])
    assert migrate(bare) == ["notes"]


def test_a_table_that_is_not_ours_is_not_touched(bare: Warehouse) -> None:
    bare.command("CREATE TABLE events (theirs String) ENGINE = Memory")
    bare.command("INSERT INTO events VALUES ('kept')")
    with pytest.raises(MigrationError, match=r"events exists and was not made by Readership; it was not touched"):
        migrate(bare)
    assert bare.rows("SELECT theirs FROM events") == [("kept",)]
    assert bare.scalar("SELECT count() FROM schema_migrations") == 0


def test_a_publisher_s_session_metrics_stays_and_ours_lie_beside_it(tmp_path: Path) -> None:
    with served(tmp_path / "store") as dsn:
        with Warehouse.open(Settings(warehouse=dsn)) as first:
            assert first.database == "analytics"
            first.command("CREATE TABLE session_metrics (session_id String, mine UInt8) ENGINE = Memory")
            first.command("INSERT INTO session_metrics VALUES ('s', 1)")
        with Warehouse.open(Settings(warehouse=dsn)) as ours:
            assert ours.database == "readership"
            migrate(ours)
            assert ours.scalar("SELECT count() FROM session_metrics") == 0
            assert ours.rows("SELECT * FROM analytics.session_metrics") == [("s", 1)]


THEIRS = {
    "events": "theirs String",
    "articles": "id UInt64",
    "schema_migrations": "version Int64, dirty UInt8, sequence UInt64",
}


def test_any_table_under_a_name_of_ours_is_left_alone(tmp_path: Path) -> None:
    with served(tmp_path / "store") as dsn:
        settings = Settings(warehouse=dsn)
        with Warehouse.open(settings) as first:
            for table, columns in THEIRS.items():
                create = f"CREATE TABLE analytics.{table} ({columns}) ENGINE = MergeTree ORDER BY tuple()"
                first.command(create)
                with Warehouse.open(settings) as ours:
                    assert ours.database == "readership"
                    assert ours.left_alone == (table,)
                    assert ours.notice == (
                        f"analytics.{table} was not made by Readership and will not be touched; "
                        "its own tables lie in database readership"
                    )
                first.command("DROP TABLE analytics.{table:Identifier} SYNC", table=table)
            first.command("CREATE TABLE analytics.orders (id UInt64) ENGINE = Memory")
        with Warehouse.open(settings) as ours:
            assert (ours.database, ours.left_alone, ours.notice) == ("analytics", (), "")


def test_ours_stay_where_they_are_when_the_stranger_is_gone(tmp_path: Path) -> None:
    with served(tmp_path / "store") as dsn:
        settings = Settings(warehouse=dsn)
        with Warehouse.open(settings) as first:
            first.command("CREATE TABLE analytics.events (theirs String) ENGINE = Memory")
        with Warehouse.open(settings) as ours:
            migrate(ours)
            ours.command("DROP TABLE analytics.events SYNC")
        with Warehouse.open(settings) as again:
            assert again.database == "readership"
            assert migrate(again) == []


def test_the_roadmap_s_query_runs_on_the_publisher_s_own_table_and_on_ours(tmp_path: Path) -> None:
    with served(tmp_path / "store") as dsn:
        with Warehouse.open(Settings(warehouse=dsn)) as first:
            first.command(
                "CREATE TABLE session_metrics (user_id UInt64, session_duration_sec Float64, total_events UInt32, "
                "article_views UInt32, subscription_tier String, country String, device_type String) "
                "ENGINE = MergeTree ORDER BY user_id"
            )
            first.command("INSERT INTO session_metrics VALUES (1, 60, 5, 2, 'free', 'FR', 'mobile')")
        with Warehouse.open(Settings(warehouse=dsn)) as ours:
            migrate(ours)
            assert ours.rows(USER_FEATURES) == []
            with ours.using("analytics"):
                assert ours.rows(USER_FEATURES) == [(1, 1, 60.0, 5.0, 2.0, "free", "FR", "mobile")]


def test_our_own_session_metrics_is_no_stranger(tmp_path: Path) -> None:
    with served(tmp_path / "store") as dsn:
        with Warehouse.open(Settings(warehouse=dsn)) as first:
            migrate(first)
        with Warehouse.open(Settings(warehouse=dsn)) as again:
            assert again.database == "analytics"
            assert migrate(again) == []


def test_a_user_who_may_only_read_cannot_keep_the_warehouse(tmp_path: Path) -> None:
    with (
        served(tmp_path / "store") as dsn,
        pytest.raises(WarehouseError, match="is readonly; check READERSHIP_WAREHOUSE"),
    ):
        Warehouse.open(Settings(warehouse=dsn.replace("default:", "reader:")))


def test_the_package_exports_the_function() -> None:
    assert migrate_package is migrate
