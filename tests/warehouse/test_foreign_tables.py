"""A table that is not ours: read by SELECT alone, types, zones and parts as they are; addresses and their secrets."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from readership.errors import SettingsError
from readership.settings import Settings, redact
from readership.warehouse import Warehouse
from readership.warehouse.dsn import arguments, database, place
from readership.warehouse.owner import Ownership
from readership.warehouse.read_as import part_of
from readership.warehouse.remote import SourceTable, open_source

CREATE = """
CREATE TABLE {db:Identifier}.kinds
(
    `the id` UUID, fixed FixedString(4), raw FixedString(2), low LowCardinality(Nullable(String)), n Nullable(UInt8),
    list Array(String), map Map(String, String), enum Enum8('a' = 1), price Decimal(9, 2), big UInt256, ok Bool,
    day Date, at DateTime, zoned Nullable(DateTime64(6, 'Europe/Berlin')), seconds Int64, said String
)
ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY at
"""
ROW = """
INSERT INTO {db:Identifier}.kinds VALUES
('61f0c404-5cb3-11e7-907b-a6006ad3dba0', 'ab', unhex('ff01'), 'x', NULL, ['1', 'é'], map('a', 'b'), 'a', 1.25, 7, true,
 '2026-03-02', '2026-03-02 12:00:00', '2026-07-01 12:00:00.5', 1772452800, '2026-03-02T12:00:00Z')
"""


@pytest.fixture
def kinds(server_root: Warehouse, server_dsn: str) -> Iterator[SourceTable]:
    with server_root.scratch() as scratch:
        scratch.command(CREATE, db=scratch.database)
        scratch.command(ROW, db=scratch.database)
        with open_source(server_dsn.replace("default:", "reader:"), Settings()) as source:
            yield source.table(f"{scratch.database}.kinds")


def read(table: SourceTable, *columns: str, zone: str = "") -> list[object]:
    got = table.read(columns, zone=zone, axis="at", parts=["2026-03-02"])
    return [None if value is None else value for value in got.to_pylist()[0].values()]


def test_every_type_is_read_as_a_person_would_write_it(kinds: SourceTable) -> None:
    assert read(kinds, "the id", "fixed", "raw", "low", "n", "list", "map", "enum", "price", "big", "ok", "said") == [
        b"61f0c404-5cb3-11e7-907b-a6006ad3dba0", b"ab", b"ff01", b"x", None, '["1","é"]'.encode(), b'{"a":"b"}', b"a",
        b"1.25", b"7", True, b"2026-03-02T12:00:00Z",
    ]  # fmt: skip


def test_times_without_a_zone_are_the_clock_that_is_seen(kinds: SourceTable) -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    zoned = datetime(2026, 7, 1, 10, 0, 0, 500_000, UTC)
    assert read(kinds, "at", "zoned", "day") == [noon, zoned, noon.replace(hour=0)]
    in_berlin = [noon.replace(hour=11), zoned, datetime(2026, 3, 1, 23, tzinfo=UTC)]
    assert read(kinds, "at", "zoned", "day", zone="Europe/Berlin") == in_berlin


@pytest.mark.parametrize("axis", ["at", "day", "zoned", "seconds", "said", "low"])
def test_parts_of_any_column_hold_every_row_once(kinds: SourceTable, axis: str) -> None:
    (part,) = kinds.parts(axis, "at")
    assert (part.rows, part.newest) == (1, "2026-03-02 12:00:00")
    shares = [kinds.read(["said"], zone="", axis=axis, parts=[part.key], share=(n, 3)) for n in range(3)]
    assert sum(share.num_rows for share in shares) == 1


def test_batches_hold_every_row_once(kinds: SourceTable, server_root: Warehouse) -> None:
    for _ in range(9):
        server_root.command(f"INSERT INTO {kinds.name} (said) SELECT toString(number) FROM numbers(50)")  # noqa: S608
    batches = list(kinds.batches(["said"], rows=100))
    assert len(batches) == 5
    assert sum(batch.num_rows for batch in batches) == kinds.count() == 451


def test_what_a_person_may_ask_of_a_table(kinds: SourceTable) -> None:
    assert kinds.values("low") == ["x"]
    assert kinds.ordering == "toYYYYMM(at), at"
    assert not kinds.made_by_us()
    assert kinds.identity == f"{kinds.source.place}/{kinds.name}"


def test_a_part_that_may_be_null_is_a_part() -> None:
    assert part_of("Nullable(DateTime)").startswith("ifNull(toDate(")
    assert "ifNull" not in part_of("DateTime")


def test_addresses() -> None:
    found = arguments(
        "clickhouse://me:p%40ss@ch.example/db?secure=true&verify=false&ca_cert=/etc/ca.pem&https_proxy=http://p:3128"
    )
    assert found == {
        "interface": "https", "host": "ch.example", "port": 8443, "username": "me", "password": "p@ss", "verify": False,
        "ca_cert": "/etc/ca.pem", "https_proxy": "http://p:3128",
    }  # fmt: skip
    assert arguments("clickhouse://h")["port"] == 8123
    assert arguments("https://h")["interface"] == "https"
    assert arguments("clickhouse://me@h", password="told")["password"] == "told"
    assert (place("clickhouse://me:secret@h/db"), database("clickhouse://h/my%20db")) == ("h:8123", "my db")


def test_tls_options_reach_the_driver(tmp_path) -> None:
    from readership.errors import WarehouseUnreachable

    missing = tmp_path / "ca.pem"
    with pytest.raises((WarehouseUnreachable, SettingsError), match=r"https://|ca\.pem|certificate|No such file"):  # noqa: SIM117
        with open_source(f"clickhouse://u:hidden@127.0.0.1:1/?secure=true&ca_cert={missing}", Settings()):
            pass


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("--from clickhouse://me:pa/ss@host:8123/db", "--from clickhouse://me:***@host:8123/db"),
        ("clickhouse://me:p@ss@host", "clickhouse://me:***@host"),
        (
            "clickhouse://h?https_proxy=http%3A%2F%2Fu%3Ahidden%40proxy",
            "clickhouse://h?https_proxy=http%3A%2F%2Fu%3A***%40proxy",
        ),
        ("https://h?access_token=hidden&x=1", "https://h?access_token=***&x=1"),
    ],
)
def test_secrets_of_addresses_are_not_shown(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_the_lock_file_names_the_command_without_its_password(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["readership", "ingest", "--from", "clickhouse://me:hidden@host/db"])
    owner = Ownership.take(tmp_path / "store")
    text = owner.path.read_text(encoding="utf-8")
    owner.release()
    assert "clickhouse://me:***@host/db" in text
    assert "hidden" not in text
