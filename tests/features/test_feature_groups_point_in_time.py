"""Every feature file keeps the point-in-time rule: what was not known at as_of changes nothing."""

from typing import Any

import polars as pl
import pytest
from session_rows import AS_OF, DAY, LOADED, TICK, insert, rich, session

from readership.features.catalogue import group_names, group_sql
from readership.warehouse import Warehouse, read_sql

STATEMENTS = {group: group_sql(group) for group in group_names()} | {
    "consent": read_sql("readership.features", "consent")
}
SNAPSHOT = AS_OF
READER = 5


def run(warehouse: Warehouse, sql: str, as_of: Any = AS_OF, snapshot_at: Any = SNAPSHOT) -> pl.DataFrame:
    frame = warehouse.frame(sql, as_of=as_of, snapshot_at=snapshot_at, default_consent=1)
    return frame.sort("user_id") if "user_id" in frame.columns else frame


def base() -> list[dict[str, Any]]:
    return [rich(READER, AS_OF - 30 * DAY, brand="old"), session(READER, AS_OF - 3 * DAY), session(6, AS_OF - 2 * DAY)]


def poison(ended: Any, **columns: Any) -> dict[str, Any]:
    return rich(READER, ended, consent=1, minutes=500, country="zz", referrer="https://google.com/", **columns)


@pytest.mark.parametrize("name", STATEMENTS)
def test_only_what_was_known_at_the_cutoff_counts(warehouse: Warehouse, name: str) -> None:
    sql = STATEMENTS[name]
    insert(warehouse, base())
    before = run(warehouse, sql)
    replaced = session(READER, AS_OF - 4 * DAY, tombstone=1)
    insert(
        warehouse,
        [
            poison(AS_OF),
            poison(AS_OF + DAY, known_at=AS_OF),
            poison(AS_OF - DAY, known_at=AS_OF + TICK),
            poison(AS_OF - DAY, loaded_at=SNAPSHOT + TICK),
            poison(AS_OF - DAY, tombstone=1),
            replaced,
        ],
    )
    assert run(warehouse, sql).equals(before)

    insert(warehouse, [poison(AS_OF - TICK, known_at=AS_OF, loaded_at=SNAPSHOT)])
    assert not run(warehouse, sql).equals(before), "the same row a tick before as_of, known by then, must count"


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_new_version_counts_from_the_moment_it_is_known(warehouse: Warehouse, name: str) -> None:
    sql = STATEMENTS[name]
    known = AS_OF - DAY
    first = poison(AS_OF - 2 * DAY)
    second = session(
        READER,
        AS_OF - 2 * DAY + TICK,
        version=2,
        replaces=first["row_id"],
        known_at=known,
        session_id=first["session_id"],
    )
    with warehouse.scratch() as alone:
        insert(alone, [*base(), first])
        with_first = run(alone, sql, known - TICK)
    with warehouse.scratch() as alone:
        insert(alone, [*base(), second])
        with_second = run(alone, sql, known)
    assert not with_first.equals(with_second)

    insert(warehouse, [*base(), first, second])
    assert run(warehouse, sql, known - TICK).equals(with_first), "before the new version is known"
    assert run(warehouse, sql, known).equals(with_second), "once the new version is known"


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_joined_session_counts_no_more_once_its_tombstone_is_known(warehouse: Warehouse, name: str) -> None:
    sql = STATEMENTS[name]
    insert(warehouse, base())
    without = run(warehouse, sql)
    first = poison(AS_OF - 2 * DAY)
    tombstone = {**first, "row_id": 10**9, "replaces": first["row_id"], "tombstone": 1, "known_at": AS_OF - DAY}
    insert(warehouse, [first, tombstone])
    assert run(warehouse, sql).equals(without)
    assert not run(warehouse, sql, AS_OF - DAY - TICK).equals(without)


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_version_loaded_after_the_snapshot_replaces_nothing(warehouse: Warehouse, name: str) -> None:
    sql = STATEMENTS[name]
    first = poison(AS_OF - 2 * DAY)
    insert(warehouse, [*base(), first])
    before = run(warehouse, sql)
    insert(warehouse, [session(READER, AS_OF - DAY, replaces=first["row_id"], loaded_at=SNAPSHOT + TICK)])
    assert run(warehouse, sql).equals(before)
    assert not run(warehouse, sql, snapshot_at=SNAPSHOT + TICK).equals(before)


@pytest.mark.parametrize("name", STATEMENTS)
def test_order_of_arrival_does_not_matter(warehouse: Warehouse, name: str) -> None:
    rows = [
        rich(user, AS_OF - (1 + user % 9) * DAY, loaded_at=LOADED, brand=f"b{n % 3}")
        for n, user in enumerate([5, 6] * 40)
    ]
    with warehouse.scratch() as other:
        for row in reversed(rows):
            insert(other, [row])
        one_by_one = run(other, STATEMENTS[name])
    insert(warehouse, rows)
    assert run(warehouse, STATEMENTS[name]).equals(one_by_one)
