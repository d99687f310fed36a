"""One client for two engines: what is bound stays a value, and secrets stay out of messages."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pytest

from readership.errors import WarehouseError, WarehouseUnreachable
from readership.settings import Settings
from readership.warehouse import Warehouse
from readership.warehouse.client import redact

AT = datetime(2026, 3, 2, 12, 0, 0, 123_000, UTC)
TRICKY = ["it's", 'a "quote"', "back\\slash", "new\nline", "tab\t", "%s {x}", "é 漢", "'; DROP TABLE events; --", ""]


@pytest.mark.parametrize("value", TRICKY)
def test_texts_are_values(each_warehouse: Warehouse, value: str) -> None:
    assert each_warehouse.scalar("SELECT {value:String}", value=value) == value
    assert each_warehouse.rows("SELECT arrayJoin({values:Array(String)})", values=[value]) == [(value,)]


def test_times_keep_their_moment(each_warehouse: Warehouse) -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=5)))
    for moment in (AT, elsewhere):
        assert each_warehouse.scalar("SELECT {at:DateTime64(3, 'UTC')}", at=moment) == AT
    assert each_warehouse.scalar("SELECT isNull({at:Nullable(DateTime64(3, 'UTC'))})", at=None) == 1


def test_a_time_without_a_zone_is_refused(each_warehouse: Warehouse) -> None:
    with pytest.raises(ValueError, match="parameter 'at' is a time without a zone"):
        each_warehouse.scalar("SELECT {at:DateTime64(3, 'UTC')}", at=AT.replace(tzinfo=None))
    with pytest.raises(ValueError, match="parameter 'at' is a time without a zone"):
        each_warehouse.scalar("SELECT {at:Array(DateTime64(3, 'UTC'))}", at=[AT.replace(tzinfo=None)])


def test_numbers_and_lists(each_warehouse: Warehouse) -> None:
    values: dict[str, Any] = {"big": 2**64 - 1, "small": -5, "real": 0.1, "many": [1, 2**63]}
    sql = "SELECT {big:UInt64}, {small:Int32}, {real:Float64}, {many:Array(UInt64)}"
    assert each_warehouse.rows(sql, **values) == [(2**64 - 1, -5, 0.1, [1, 2**63])]


def test_tables_by_name(each_warehouse: Warehouse) -> None:
    assert each_warehouse.scalar("SELECT count() FROM {table:Identifier}", table="events") == 0


def test_arrow_in_and_out(each_warehouse: Warehouse) -> None:
    rows = pa.table({"starts_at": pa.array([AT], pa.timestamp("ms", "UTC")), "timezone": ["Europe/Paris"],
                     "utc_offset_minutes": pa.array([60], pa.int16())})  # fmt: skip
    each_warehouse.insert("zone_offsets", rows)
    (found,) = each_warehouse.frame("SELECT timezone, starts_at, utc_offset_minutes FROM zone_offsets").to_dicts()
    assert found == {"timezone": "Europe/Paris", "starts_at": AT, "utc_offset_minutes": 60}


def test_blocks_of_a_long_answer(each_warehouse: Warehouse) -> None:
    blocks = list(each_warehouse.stream("SELECT number FROM numbers({n:UInt64})", n=200_000))
    assert sum(len(block) for block in blocks) == 200_000


def test_a_scratch_database_is_empty_and_then_gone(each_warehouse: Warehouse) -> None:
    home = each_warehouse.database
    with each_warehouse.scratch() as scratch:
        name = scratch.database
        assert name != home
        assert scratch.scalar("SELECT count() FROM events") == 0
        assert scratch.scalar("SELECT currentDatabase()") == name
    assert each_warehouse.scalar("SELECT currentDatabase()") == home
    query = "SELECT count() FROM system.databases WHERE name = {name:String}"
    assert each_warehouse.scalar(query, name=name) == 0


def test_a_statement_the_engine_refuses_says_what_it_said(each_warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="UNKNOWN_IDENTIFIER"):
        each_warehouse.command("SELECT nowhere")


def test_a_query_that_needs_too_much_memory_names_the_setting(each_warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="raise READERSHIP_QUERY_MEMORY_GIB or narrow the data"):
        each_warehouse.command("SELECT groupArray(number) FROM numbers(10000000) SETTINGS max_memory_usage = 1000000")


def test_a_server_that_does_not_answer(settings: Settings) -> None:
    dead = settings.model_copy(update={"warehouse": type(settings.warehouse)("clickhouse://me:hidden@127.0.0.1:1/x")})
    with pytest.raises(WarehouseUnreachable) as caught:
        Warehouse.open(dead)
    message = str(caught.value)
    assert message.startswith("the warehouse clickhouse://me:***@127.0.0.1:1/x cannot be opened: ")
    assert "hidden" not in message
    assert message.endswith("check READERSHIP_WAREHOUSE; nothing was changed")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("clickhouse://me:pass@host:8123/db", "clickhouse://me:***@host:8123/db"),
        ("a clickhouse://me:p%40ss@h and https://x:y@z", "a clickhouse://me:***@h and https://x:***@z"),
        ("clickhouse://host:8123/db", "clickhouse://host:8123/db"),
        ("chdb:///var/warehouse", "chdb:///var/warehouse"),
    ],
)
def test_passwords_are_not_shown(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_settings_never_print_the_password() -> None:
    assert "hidden" not in repr(Settings(warehouse="clickhouse://me:hidden@host/x"))
