"""With sessions alone every step runs that can: features, labels of churn and conversion, the leakage audit."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from foreign_table import ALL, BEGIN, CREATE, MAPPING, Theirs, Visit

from readership.events.identity import reader_key
from readership.events.mapping import load_mapping
from readership.pipelines.adopt import adopt
from readership.pipelines.audit import audit_leakage
from readership.pipelines.clock import resolve_now
from readership.pipelines.dataset import labels, newest_load
from readership.pipelines.explore import explore
from readership.pipelines.features import feature_frame
from readership.pipelines.sessions import build_sessions
from readership.settings import Settings
from readership.warehouse import Warehouse
from readership.warehouse.remote import open_source

DAY = 24 * 60
LENGTH = 100
AS_OF = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=60)


def visits(random: Random) -> Iterator[Visit]:
    """40 readers: the first ten stop after day 50, the next ten subscribe on day 65, 30 to 39 have no account."""
    number = 0
    for reader in range(40):
        for day in range(0, LENGTH, 2):
            if reader < 10 and day > 50:
                continue
            number += 1
            tier = "gast" if reader >= 30 else "plus" if 10 <= reader < 20 and day >= 65 else "basis"
            yield Visit(
                f"r{reader:02}",
                day * DAY + random.randrange(600),
                number=number,
                tier=tier,
                stories=tuple(f"s{random.randrange(50)}" for _ in range(random.randrange(4))),
                written=random.choice([1, 1, 1, DAY, 3 * DAY]),
            )


@pytest.fixture(scope="module")
def adopted(
    warehouse_root: Warehouse, server_root: Warehouse, server_dsn: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """A warehouse that holds an adopted table; not to be changed."""
    folder = tmp_path_factory.mktemp("adopted")
    theirs = Theirs(server_root, server_dsn, folder)
    theirs.do("CREATE DATABASE {db:Identifier}")
    theirs.do(CREATE)
    theirs.write(list(visits(Random(3))))
    (folder / "visits.toml").write_text(MAPPING)
    with warehouse_root.scratch() as scratch, open_source(theirs.dsn, Settings()) as source:
        mapping = load_mapping(folder / "visits.toml")
        adopt(scratch, source.table(theirs.name), mapping, settings=Settings(), consent=ALL)
        theirs.do("DROP DATABASE {db:Identifier} SYNC")
        yield scratch


def keys(*numbers: int) -> set[int]:
    return {reader_key(f"r{number:02}".ljust(32, "0")) for number in numbers}


def test_churn_asks_registered_readers_and_sees_who_came_back(adopted: Warehouse, settings: Settings) -> None:
    frame = labels(adopted, "churn", AS_OF, newest_load(adopted), settings)
    assert set(frame["user_id"]) == keys(*range(30))
    assert set(frame.filter(frame["label"] == 1)["user_id"]) == keys(*range(10))


def test_conversion_sees_who_subscribed(adopted: Warehouse, settings: Settings) -> None:
    frame = labels(adopted, "conversion", AS_OF, newest_load(adopted), settings)
    assert set(frame.filter(frame["label"] == 1)["user_id"]) == keys(*range(10, 20))
    assert set(frame["user_id"]) == keys(*range(30)), "everyone with an account who pays nothing yet"


def test_features_are_those_of_the_table(adopted: Warehouse, settings: Settings) -> None:
    frame = feature_frame(adopted, AS_OF, newest_load(adopted), settings=settings)
    (row,) = frame.filter(frame["user_id"] == next(iter(keys(25)))).to_dicts()
    assert row["sessions_28d"] in (13, 14)
    assert row["tier"] == "free"
    assert row["days_since_last_session"] < 3


def test_sessions_are_not_built_again_from_what_they_told(adopted: Warehouse) -> None:
    before = adopted.scalar("SELECT count() FROM session_versions")
    assert build_sessions(adopted) == 0
    assert adopted.scalar("SELECT count() FROM session_versions") == before


def test_the_leakage_audit_is_clean(adopted: Warehouse, settings: Settings) -> None:
    short = settings.model_copy(update={"churn_horizon_days": 14, "churn_lookback_days": 28})
    report = audit_leakage(adopted, short)
    assert {check.name: check.detail for check in report.checks if check.result == "fail"} == {}
    assert report.verdict == "clean"
    travelled = [check for check in report.checks if check.name == "time_travel"]
    assert sum(check.rows_compared for check in travelled) > 100


def test_a_session_that_was_written_late_is_not_known_before(adopted: Warehouse, settings: Settings) -> None:
    late = adopted.rows(
        "SELECT count() FROM session_versions WHERE session_end < {at:DateTime64(3, 'UTC')} "
        "AND known_at > {at:DateTime64(3, 'UTC')}",
        at=AS_OF,
    )
    assert late[0][0] > 0
    then = feature_frame(adopted, AS_OF, newest_load(adopted), settings=settings)["sessions_ever"].sum()
    ended = adopted.scalar(
        "SELECT count() FROM session_versions WHERE session_end < {at:DateTime64(3, 'UTC')}", at=AS_OF
    )
    assert then == ended - late[0][0]


def test_exploration_runs(adopted: Warehouse, settings: Settings) -> None:
    now = resolve_now(adopted, settings)
    assert now.at > BEGIN.replace(tzinfo=UTC)
    assert explore(adopted, settings, now.at).is_file()
