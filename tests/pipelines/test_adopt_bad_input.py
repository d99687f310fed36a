"""What goes wrong with a publisher's own table: said with table, value and next step; the next run completes it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from foreign_table import ALL, CREATE, MAPPING, Theirs, Visit

from readership.errors import InputError, ReadershipError, SettingsError, WarehouseUnreachable
from readership.events.mapping import load_mapping
from readership.pipelines.adopt import adopt, mapping_for, propose_mapping, write_proposal
from readership.pipelines.staging import Staging
from readership.settings import Settings
from readership.warehouse import Warehouse, migrate
from readership.warehouse.remote import SourceTable, open_source

DAY = 24 * 60


def refused(kind: type[ReadershipError], *parts: str) -> Any:
    """Expect an error whose message holds these parts in order, and no password."""
    return pytest.raises(kind, match=".*".join(re.escape(part) for part in parts))


def stored(warehouse: Warehouse) -> int:
    return int(warehouse.scalar("SELECT count() FROM session_metrics"))


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        (("secret", "wr0ng"), InputError, "user or password is wrong; correct --from (or READERSHIP_SOURCE_PASSWORD)"),
        ((":secret@", "@"), InputError, "user or password is wrong"),
        (("reader:", "stranger:"), InputError, "this user may not read it; ask for `GRANT SELECT ON "),
        (("127.0.0.1:", "127.0.0.1:1"), WarehouseUnreachable, "does not answer"),
        (("?", "?"), InputError, "there is no such table; check --table (database.table)"),
    ],
    ids=["wrong password", "no password", "no rights", "no server", "no table"],
)
def test_a_source_that_cannot_be_read(
    theirs: Theirs, settings: Settings, change: tuple[str, str], kind: type[ReadershipError], says: str
) -> None:
    name = theirs.name if change[0] != "?" else f"{theirs.database}.nothing"
    dsn = re.sub(r":\d+/", ":1/", theirs.dsn) if kind is WarehouseUnreachable else theirs.dsn.replace(*change)
    with refused(kind, "127.0.0.1", says) as caught, open_source(dsn, settings) as source:
        source.table(name)
    assert "secret" not in str(caught.value)
    assert "wr0ng" not in str(caught.value)
    with theirs.opened(settings) as table:
        assert table.count() == 0


def test_a_mapping_that_speaks_of_files(theirs: Theirs, warehouse: Warehouse, settings: Settings) -> None:
    says = ("mapping 'mind' has [file], [[unfold]] or [not_loaded]", theirs.name, "export the table to Parquet")
    with theirs.opened(settings) as table, refused(InputError, *says):
        adopt(warehouse, table, load_mapping("mind"), settings=settings)


def test_the_password_may_come_from_the_settings(theirs: Theirs, settings: Settings) -> None:
    told = settings.model_copy(update={"source_password": type(settings.warehouse)("secret")})
    with open_source(theirs.dsn.replace(":secret@", "@"), told) as source:
        assert source.table(theirs.name).count() == 0


@pytest.mark.parametrize(
    ("dsn", "says"),
    [
        ("clickhouse://u:pa/ss@host:8123/db", "is no address: its port is not a number"),
        ("mysql://host/db", "is no address of a ClickHouse server"),
        ("clickhouse://u:hidden@host?ssl=1", "'ssl' is no option of an address; there are secure, verify"),
        ("clickhouse://u:hidden@host?secure=maybe", "secure is 'maybe'; write true or false"),
    ],
)
def test_an_address_that_is_none(settings: Settings, dsn: str, says: str) -> None:
    with refused(SettingsError, says) as caught, open_source(dsn, settings):
        pass
    assert "pa/ss" not in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_nothing_is_read_by_a_guess(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    theirs.write([Visit("r", tier="basis")])
    file = settings.path("mappings") / f"{theirs.name}.toml"
    with theirs.opened(settings) as table:
        with refused(
            InputError, theirs.name, "no mapping says which column is what", str(file), "run the same command"
        ):
            mapping_for(table, None, settings)
        chosen = mapping_for(table, None, settings)
        assert chosen.columns["user_id"] == "reader_hash"
        assert chosen.tiers == {"basis": "basis"}
        with refused(InputError, str(file), "exists and was not overwritten"):
            write_proposal(propose_mapping(table), file)
        assert adopt(warehouse, table, chosen, settings=settings, consent=ALL)["sessions_loaded"] == 1


def test_consent_that_nobody_tells(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    theirs.write([Visit("r")])
    with refused(InputError, theirs.name, "says nothing about consent", "none can be scored", "--consent analytics"):
        theirs.read(warehouse, settings, consent=None)
    assert stored(warehouse) == 0
    assert theirs.read(warehouse, settings)["sessions_loaded"] == 1


def test_another_consent_later(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    theirs.write([Visit("r")])
    theirs.read(warehouse, settings, consent=["analytics"])
    with refused(InputError, theirs.name, "another --consent before", "--again", "nothing was changed"):
        theirs.read(warehouse, settings)
    theirs.read(warehouse, settings, again=True)
    assert warehouse.rows("SELECT DISTINCT consent FROM session_versions") == [(15,)]


def test_a_table_that_goes_in_the_middle(
    warehouse: Warehouse, theirs: Theirs, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FIRST_ROWS", "MOST_ROWS", "LEAST_ROWS"):
        monkeypatch.setattr(f"readership.pipelines.adopt.{name}", 2)
    visits = [Visit("r", DAY * n, number=n) for n in range(8)]
    theirs.write(visits)
    read = SourceTable.read
    calls = 0

    def going(self: SourceTable, *arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            theirs.do("RENAME TABLE {db:Identifier}.visits TO {db:Identifier}.hidden")
        return read(self, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(SourceTable, "read", going)
        with refused(
            InputError, theirs.name, "there is no such table", "run again when it is back", "goes on from there"
        ):
            theirs.read(warehouse, settings)
    assert stored(warehouse) == 4
    theirs.do("RENAME TABLE {db:Identifier}.hidden TO {db:Identifier}.visits")
    assert theirs.read(warehouse, settings)["sessions_loaded"] == 4


def test_a_column_whose_type_changes_between_runs(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    theirs.write([Visit("r")])
    theirs.read(warehouse, settings)
    theirs.do("ALTER TABLE {db:Identifier}.visits MODIFY COLUMN hits String")
    with refused(
        InputError, theirs.name, "column 'hits' was UInt32 when it was first read and is String now", "--again"
    ):
        theirs.read(warehouse, settings)
    assert stored(warehouse) == 1
    assert theirs.read(warehouse, settings, again=True)["sessions"] == 1
    assert theirs.read(warehouse, settings)["sessions_known"] == 1


def test_a_column_that_is_gone(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    theirs.write([Visit("r")])
    theirs.read(warehouse, settings)
    theirs.do("ALTER TABLE {db:Identifier}.visits DROP COLUMN hits")
    with refused(InputError, theirs.name, "reads 'total_events' from column 'hits'", "its columns are visit_uuid"):
        theirs.read(warehouse, settings)
    assert stored(warehouse) == 1


def test_times_without_a_zone(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    theirs.write([Visit("r")])
    with refused(
        InputError, theirs.name, "column 'begin' (DateTime) states no time zone", "zone = ", "nothing was loaded"
    ):
        theirs.read(warehouse, settings, theirs.mapping(MAPPING.replace('zone = "Europe/Berlin"', "")))


def test_ids_that_collide(
    warehouse: Warehouse, theirs: Theirs, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs.write([Visit("r"), Visit("s", 5, number=2)])
    rows = Staging.rows

    def colliding(self: Staging, name: str, **values: object) -> Any:
        return [(7, ["r", "s"])] if name == "colliding_readers" else rows(self, name, **values)

    with monkeypatch.context() as patched:
        patched.setattr(Staging, "rows", colliding)
        with refused(InputError, theirs.name, "'r' and 's' share the number 7", "a prefix is enough"):
            theirs.read(warehouse, settings)
    assert stored(warehouse) == 0
    assert theirs.read(warehouse, settings)["sessions_loaded"] == 2


def test_session_ids_that_are_used_again(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    """The same id for two readers, and for one reader on two days, are different sessions."""
    theirs.write([Visit("r", number=1), Visit("s", number=1), Visit("r", DAY, number=1)])
    assert theirs.read(warehouse, settings)["sessions"] == 3


def test_rows_that_cannot_be_understood(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    good = Visit("r")
    wrong = [Visit("s", 5, number=2, length=-10), Visit("t", 9, number=3, length=60 * DAY), Visit("r", 365 * 20 * DAY)]
    theirs.write([good, *wrong])
    for _ in range(2):
        found = theirs.read(warehouse, settings)
        assert found["events_quarantined"] == 3
    (reason,) = found["reasons"]
    assert (reason["field"], reason["column"], reason["rows"]) == ("session_end", "finish", 3)
    rows = warehouse.rows("SELECT source, field, reason, raw FROM quarantine ORDER BY reason")
    assert [row[2] for row in rows] == [
        "is before session_start, by 600 s",
        "is in the future: are its times of another zone than the mapping says?",
        "is more than 31 days after session_start",
    ]
    assert {row[:2] for row in rows} == {(theirs.name, "session_end")}
    assert '"reader_hash": "s000' in rows[0][3]
    assert stored(warehouse) == 1


def test_mixed_time_zones(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    """Texts that state a zone keep it, texts that state none are read in the mapping's, and without one are refused."""
    theirs.do("ALTER TABLE {db:Identifier}.visits MODIFY COLUMN finish String, ADD COLUMN start_text String")
    row = {"reader_hash": "r" * 32, "begin": "2026-03-02 12:00:00"}
    ends = ["2026-03-02T11:10:00Z", "2026-03-02T13:10:00+02:00", "2026-03-02 12:10:00"]
    theirs.insert(
        *({**row, "visit_uuid": f"00000000-0000-0000-0000-00000000000{n}", "finish": end} for n, end in enumerate(ends))
    )
    text = MAPPING.replace('created_at = "written_at"\n', "")
    theirs.read(warehouse, settings, theirs.mapping(text))
    assert warehouse.rows("SELECT DISTINCT toString(session_end), session_duration_sec FROM session_metrics") == [
        ("2026-03-02 11:10:00.000", 600.0)
    ]
    only_texts = text.replace('session_start = "begin"', 'session_start = "finish"').replace(
        'zone = "Europe/Berlin"', ""
    )
    found = theirs.read(warehouse, settings, theirs.mapping(only_texts), again=True)
    assert (found["sessions_loaded"], found["events_quarantined"]) == (2, 1)
    assert "'2026-03-02 12:10:00' states no time zone and the mapping gives none" in found["reasons"][0]["reason"]


def test_a_created_at_of_another_zone_is_counted(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    theirs.write([Visit("r", written=-60), Visit("s", 5, number=2)])
    assert theirs.read(warehouse, settings)["created_before_end"] == 1


def test_a_hundred_brands(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    theirs.write([Visit(f"r{n}", n, number=n, site=f"Ausgabe {n % 100}") for n in range(300)])
    zones = '[brand_timezones]\n"Ausgabe 7" = "America/Lima"\n'
    theirs.read(warehouse, settings, theirs.mapping(MAPPING + zones))
    assert warehouse.scalar("SELECT uniqExact(brand) FROM session_metrics") == 100
    found = warehouse.rows("SELECT DISTINCT utc_offset_minutes FROM session_versions WHERE brand = 'Ausgabe 7'")
    assert found == [(-300,)]


def test_one_row_and_a_year_of_nothing(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    theirs.write([Visit("r")])
    assert theirs.read(warehouse, settings)["sessions"] == 1
    theirs.write([Visit("r", -365 * DAY, number=2), Visit("r", -800 * DAY, number=3)])
    assert theirs.read(warehouse, settings)["sessions"] == 3
    assert theirs.read(warehouse, settings)["sessions_loaded"] == 0


def test_an_empty_table(warehouse: Warehouse, theirs: Theirs, settings: Settings) -> None:
    with refused(InputError, theirs.name, "holds no rows; nothing was loaded"):
        theirs.read(warehouse, settings)


@pytest.fixture
def ours(server_root: Warehouse) -> Iterator[str]:
    with server_root.scratch() as scratch:
        migrate(scratch)
        yield f"{scratch.database}.session_metrics"


def test_a_table_of_our_own_is_not_adopted(warehouse: Warehouse, theirs: Theirs, settings: Settings, ours: str) -> None:
    with theirs.opened(settings, ours) as table, refused(InputError, ours, "is a table of Readership's own"):
        adopt(warehouse, table, theirs.mapping(), settings=settings, consent=ALL)


def test_the_source_is_never_changed_whatever_goes_wrong(
    warehouse: Warehouse, theirs: Theirs, settings: Settings
) -> None:
    theirs.do(CREATE.replace("visits", "beside"))
    theirs.write([Visit("r"), Visit("s", 5, number=2, length=-10)])
    before = theirs.content()
    with pytest.raises(InputError):
        theirs.read(warehouse, settings, consent=None)
    theirs.read(warehouse, settings, check=True)
    theirs.read(warehouse, settings)
    theirs.read(warehouse, settings, again=True)
    assert theirs.content() == before
