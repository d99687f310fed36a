"""Subscriptions, articles and ads of a table on somebody's own server, behind the real HTTP client."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from readership.errors import InputError
from readership.events.record_mapping import NATIVE, RecordMapping
from readership.pipelines.records import adopt_records
from readership.settings import Settings
from readership.warehouse import Warehouse

MAPPING = RecordMapping("own.toml", {"user_id": "customer", "period_start": "since", "period_end": "until"}, zone="UTC")


@pytest.fixture
def billing(server_root: Warehouse) -> Iterator[Warehouse]:
    """A database of the publisher's own, with a table of paid periods."""
    server_root.command("CREATE DATABASE billing")
    server_root.command(
        "CREATE TABLE billing.periods (customer UUID, since Date, until DateTime('Europe/Vienna'), "
        "price_eur Decimal(9, 2), plan LowCardinality(String), "
        "cancelled_at Nullable(DateTime64(3, 'UTC'))) ENGINE = MergeTree ORDER BY customer"
    )
    server_root.command(
        "INSERT INTO billing.periods SELECT toUUID('00000000-0000-0000-0000-00000000000' || toString(number)), "
        "'2026-01-01', '2026-02-01 00:00:00', if(number = 3, -1, 9.9), 'digital', "
        "if(number = 2, toDateTime64('2026-01-10 00:00:00', 3, 'UTC'), NULL) FROM numbers(4)"
    )
    yield server_root
    server_root.command("DROP DATABASE billing SYNC")


def test_a_table_is_loaded_once_and_left_as_it_was(
    billing: Warehouse, warehouse: Warehouse, settings: Settings, server_dsn: str
) -> None:
    held = "SELECT count(), sum(cityHash64(*)) FROM billing.periods"
    before = billing.rows(held)
    for expected in ((3, 0, 1), (0, 3, 1)):
        summary = adopt_records(warehouse, settings, "subscriptions", server_dsn, "billing.periods", MAPPING)
        assert (summary.rows_loaded, summary.rows_duplicate, summary.rows_quarantined) == expected
    assert billing.rows(held) == before
    assert warehouse.rows(
        "SELECT external_id, period_start, period_end, price_micros, received_at FROM subscriptions AS s "
        "INNER JOIN readers AS r ON r.user_id = s.user_id WHERE isNotNull(cancelled_at)"
    ) == [
        (
            "00000000-0000-0000-0000-000000000002",
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2026, 1, 31, 23, tzinfo=UTC),
            9_900_000,
            datetime(2026, 1, 10, tzinfo=UTC),
        )
    ]
    ((source, field, reason),) = warehouse.rows("SELECT source, field, reason FROM quarantine")
    assert source.endswith("/billing.periods")
    assert (field, reason) == ("price_eur", "'-1' is below 0")


def test_wrong_columns_and_tables_are_named(
    billing: Warehouse, warehouse: Warehouse, settings: Settings, server_dsn: str
) -> None:
    with pytest.raises(InputError, match=r"billing\.periods: mapping 'native' reads 'user_id' .* write a TOML file"):
        adopt_records(warehouse, settings, "subscriptions", server_dsn, "billing.periods", RecordMapping(NATIVE))
    with pytest.raises(InputError, match=r"billing\.gone on .*: there is no such table"):
        adopt_records(warehouse, settings, "subscriptions", server_dsn, "billing.gone", MAPPING)
    billing.command("TRUNCATE TABLE billing.periods")
    with pytest.raises(InputError, match=r"billing\.periods holds no rows; nothing was loaded"):
        adopt_records(warehouse, settings, "subscriptions", server_dsn, "billing.periods", MAPPING)
    assert warehouse.scalar("SELECT count() FROM subscriptions") == 0
