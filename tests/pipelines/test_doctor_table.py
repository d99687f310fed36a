"""The doctor on somebody's own table, behind HTTP, with a user who may only read."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from readership.errors import InputError
from readership.evaluation.readiness import Facts, diagnose
from readership.events.mapping import load_mapping
from readership.pipelines.doctor import agreeing
from readership.pipelines.doctor_table import examine_table
from readership.settings import Settings
from readership.warehouse import Warehouse
from readership.warehouse.remote import open_source

DAY = datetime(2026, 1, 5, 8, tzinfo=UTC)
COLUMNS = (
    "visit_id UUID, reader_uuid UUID, publication LowCardinality(String), visit_start DateTime, visit_end DateTime, "
    "abo LowCardinality(Nullable(String)), article_ids Array(String), pages UInt16"
)
ROWS = """
SELECT generateUUIDv4(number), toUUID(concat('00000000-0000-4000-8000-', leftPad(toString(number % 40), 12, '0'))),
    ['Kurier', 'Bote', 'Post'][number % 3 + 1],
    toDateTime('2026-01-05 08:00:00') + toIntervalDay(intDiv(number, 40) * (1 + number % 40 % 9)) AS began,
    began + 60, if(number % 40 < 30, 'free', NULL), ['a', 'b'], 2
FROM numbers({visits:UInt32})
WHERE intDiv(number, 40) * (1 + number % 40 % 9) < {days:UInt32} - if(number % 40 % 2 = 0, 0, (number % 40) * 5)
"""
Judge = Callable[..., Facts]


@pytest.fixture
def foreign(server_root: Warehouse) -> Iterator[Warehouse]:
    """An empty database that is not ours."""
    server_root.command("CREATE DATABASE IF NOT EXISTS theirs")
    yield server_root
    server_root.command("DROP DATABASE theirs SYNC")


@pytest.fixture
def visits(foreign: Warehouse) -> Warehouse:
    """Forty readers of three papers, most of whom visit for 200 days."""
    foreign.command(f"CREATE TABLE theirs.visits ({COLUMNS}) ENGINE = MergeTree ORDER BY visit_id")
    foreign.command(f"INSERT INTO theirs.visits {ROWS}", visits=8_000, days=200)
    return foreign


@pytest.fixture
def judge(server_dsn: str, settings: Settings) -> Judge:
    """The facts of a table, read by a user who may only read."""

    def run(table: str, mapping: str | None = None, consent: str | None = None) -> Facts:
        reader = server_dsn.replace("default", "reader").removesuffix("/analytics")
        with open_source(reader, settings) as source:
            return examine_table(
                source.table(table), load_mapping(mapping) if mapping else None, agreeing(settings, consent)
            )

    return run


def states(facts: Facts) -> dict[str, str]:
    return {step.step: step.state for step in diagnose(facts).steps}


def contents(warehouse: Warehouse, table: str) -> str:
    rows = warehouse.rows("SELECT * FROM {db:Identifier}.{table:Identifier} ORDER BY ALL", db="theirs", table=table)
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_a_table_nobody_described(visits: Warehouse, judge: Judge) -> None:
    before = contents(visits, "visits"), visits.rows("SELECT name FROM system.tables WHERE database = 'theirs'")
    facts = judge("theirs.visits")
    assert facts.readers == 40
    assert facts.rows == visits.scalar("SELECT count() FROM theirs.visits")
    assert (facts.registered, facts.consenting, facts.grain) == (30, 0, "sessions")
    assert facts.first == DAY
    assert set(facts.brands) == {"Kurier", "Bote", "Post"}
    assert facts.fields["article_id"] == facts.rows
    found = diagnose(facts)
    assert states(facts)["exploration"] == "ready"
    assert states(facts)["churn"] == "impossible"
    assert "`readership doctor --consent" in next(step.remedy for step in found.steps if step.step == "churn")
    after = contents(visits, "visits"), visits.rows("SELECT name FROM system.tables WHERE database = 'theirs'")
    assert before == after


def test_what_consent_would_allow(visits: Warehouse, judge: Judge) -> None:
    facts = judge("theirs.visits", consent="analytics,personalisation")
    assert facts.consenting == 40
    assert states(facts)["churn"] == "degraded"
    churn = facts.questions["churn"].cutoffs
    assert all(0 < cutoff.positives < cutoff.asked <= 30 for cutoff in churn)


def test_local_times_are_read_in_the_mapping_s_zone(visits: Warehouse, judge: Judge, tmp_path: Path) -> None:
    mapping = tmp_path / "visits.toml"
    mapping.write_text(
        'kind = "sessions"\n[columns]\nuser_id = "reader_uuid"\nsession_start = "visit_start"\n'
        'session_end = "visit_end"\n'
        'brand = "publication"\n[time]\nzone = "Europe/Vienna"\n[brand_timezones]\nKurier = "Europe/Vienna"\n'
    )
    facts = judge("theirs.visits", str(mapping))
    assert facts.first == DAY - timedelta(hours=1)
    assert 0 < facts.zone_rows < facts.rows
    assert facts.registered == 0
    assert set(facts.unmapped) == {"visit_id", "abo", "article_ids", "pages"}


def test_columns_named_like_our_own_are_no_trap(foreign: Warehouse, judge: Judge, tmp_path: Path) -> None:
    names = (
        "reader String, at DateTime64(3, 'UTC'), tier String, brand String, content String, rows UInt8, number UInt8"
    )
    foreign.command(f"CREATE TABLE theirs.odd ({names}, text String, kind String) ENGINE = MergeTree ORDER BY reader")
    foreign.command(
        "INSERT INTO theirs.odd SELECT toString(number % 5), toDateTime64('2026-01-05 08:00:00', 3, 'UTC') "
        "+ toIntervalDay(number), 'free', 'b', 'c', 1, 1, 't', 'view' FROM numbers(50)"
    )
    mapping = tmp_path / "odd.toml"
    mapping.write_text(
        '[columns]\nuser_id = "reader"\ntimestamp = "at"\nevent_type = "kind"\nsubscription_tier = "tier"\n'
        'brand = "brand"\n'
    )
    facts = judge("theirs.odd", mapping=str(mapping))
    assert (facts.rows, facts.readers, facts.registered, facts.types) == (50, 5, 5, {"view": 50})


@pytest.mark.parametrize("kind", ["String", "UInt64", "Nullable(DateTime64(3, 'Europe/Paris'))", "Date"])
def test_times_of_every_kind(foreign: Warehouse, judge: Judge, kind: str) -> None:
    foreign.command(f"CREATE TABLE theirs.times (uid String, visit_start {kind}, duration UInt32) ENGINE = Memory")
    written = {"UInt64": "1767607200", "String": "2026-01-05T10:00:00Z", "Date": "2026-01-05"}
    moment = written.get(kind, "2026-01-05 11:00:00")
    foreign.command("INSERT INTO theirs.times SELECT 'a', {moment:String}, 5", moment=moment)
    first = judge("theirs.times").first
    assert first == datetime(2026, 1, 5, 0 if kind == "Date" else 10, tzinfo=UTC)


def test_a_hundred_brands_and_a_year_of_gaps(foreign: Warehouse, judge: Judge) -> None:
    foreign.command(
        "CREATE TABLE theirs.many (uid String, site String, visit_start DateTime, duration UInt8) ENGINE = Memory"
    )
    foreign.command(
        "INSERT INTO theirs.many SELECT toString(number % 300), concat('brand ', toString(number % 100)), "
        "toDateTime('2024-01-01 00:00:00') + toIntervalDay(number % 100 + if(number % 2 = 0, 465, 0)), 9 "
        "FROM numbers(9000)"
    )
    facts = judge("theirs.many", consent="personalisation")
    assert len(facts.brands) == 100
    assert facts.gap_days > 360
    found = {step.step: step for step in diagnose(facts).steps}
    assert "days without any row from 2024-04-" in found["exploration"].reason


def test_one_row_and_none(foreign: Warehouse, judge: Judge) -> None:
    foreign.command(
        "CREATE TABLE theirs.one (uid String, visit_start DateTime, duration UInt8, tier String) ENGINE = Memory"
    )
    assert {step.state for step in diagnose(judge("theirs.one")).steps} == {"impossible"}
    foreign.command("INSERT INTO theirs.one VALUES ('a', '2026-01-05 10:00:00', 9, 'free')")
    facts = judge("theirs.one", consent="personalisation")
    assert (facts.rows, facts.readers, facts.days) == (1, 1, 1)
    found = {step.step: step for step in diagnose(facts).steps}
    assert found["churn"].reason.startswith(
        "0 days of history, and 28 days ahead after 56 back need 168; no horizon fits"
    )
    assert found["exploration"].state == "ready"


def test_what_is_wrong_with_table_or_mapping_is_said(foreign: Warehouse, judge: Judge) -> None:
    foreign.command("CREATE TABLE theirs.odd (alpha String, beta String) ENGINE = Memory")
    with pytest.raises(
        InputError, match=r"theirs.odd: no column was found for .*its columns are alpha, beta.*--mapping"
    ):
        judge("theirs.odd")
    with pytest.raises(InputError, match=r"theirs\.gone"):
        judge("theirs.gone")
    foreign.command("CREATE TABLE theirs.bad (uid String, visit_start String, duration UInt8) ENGINE = Memory")
    foreign.command("INSERT INTO theirs.bad VALUES ('a', 'n/a', 1)")
    with pytest.raises(
        InputError, match=r"theirs\.bad holds 1 rows, 1 with a reader and 1 with a time, but none that can be"
    ):
        judge("theirs.bad")


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("reader:mistaken", r"user or password is wrong; correct --from"),
        (
            "stranger:secret",
            r"theirs\.visits on .*: this user may not read it; ask for `GRANT SELECT ON theirs\.visits",
        ),
    ],
)
def test_who_may_not_read_is_told_what_to_ask_for(
    visits: Warehouse, server_dsn: str, settings: Settings, who: str, said: str
) -> None:
    dsn = server_dsn.replace("default:secret", who).removesuffix("/analytics")
    with pytest.raises(InputError, match=said) as refused, open_source(dsn, settings) as source:
        examine_table(source.table("theirs.visits"), None, settings)
    assert who.split(":")[1] not in str(refused.value)
