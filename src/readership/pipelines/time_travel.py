"""The log as it was: copies of it with and without the future, and what becomes of features in between.

All copies are scratch databases beside the warehouse; the warehouse itself is only read. A share of the
readers stands for all where the log is large, chosen by a hash of their ids.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import polars as pl

from readership.evaluation.leakage import Check, Difference, compare
from readership.pipelines.sessions import build_sessions
from readership.warehouse import Warehouse, read_sql

SQL = "readership.pipelines.sql.audit"
FAR = datetime(2200, 1, 1, tzinfo=UTC)
ALL_READERS = 1_000_000
MS = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)
PLANTS = (
    ("~at", timedelta(0), timedelta(0)),
    ("~late", -HOUR, MS),
    ("~later", -72 * HOUR, 48 * HOUR),
    ("~after", 2 * HOUR, 2 * HOUR),
    ("~ahead", HOUR / 12, timedelta(0)),
)
"""Rows that must not count at a cut-off: mark, when they happen and when they arrive, relative to it."""


class Question(NamedTuple):
    """Something computed for every reader at a cut-off: a name, and how to ask."""

    name: str
    ask: Callable[[Warehouse, datetime], pl.DataFrame]


class Span(NamedTuple):
    """How long and how large a log is."""

    events: int
    readers: int
    first_at: datetime
    last_at: datetime


def span_of(warehouse: Warehouse) -> Span:
    """Size and first and last time of the events."""
    return Span(*warehouse.rows(read_sql(SQL, "span"))[0])


@contextmanager
def copy_of(warehouse: Warehouse, snapshot_at: datetime, per_million: int = ALL_READERS) -> Iterator[str]:
    """A scratch database with everything known of a share of the readers; gives its name, and is bound to it."""
    source = warehouse.database
    with warehouse.scratch():
        tables = ("events", "session_versions", "subscriptions", "articles", "ads", "zone_offsets", "outages")
        for table in tables:
            warehouse.command(
                read_sql(SQL, f"copy_{table}"),
                source=source,
                target=warehouse.database,
                until=FAR,
                snapshot_at=snapshot_at,
                per_million=per_million,
            )
        yield warehouse.database


@contextmanager
def without_future(warehouse: Warehouse, until: datetime, *, sessions: bool = True) -> Iterator[None]:
    """Bound to a scratch database with what was known at `until`, its sessions built anew where wanted."""
    source = warehouse.database
    with warehouse.scratch():
        for table in ("events", "adopted_sessions", "subscriptions", "articles", "ads", "zone_offsets", "outages"):
            warehouse.command(
                read_sql(SQL, f"copy_{table}"),
                source=source,
                target=warehouse.database,
                until=until,
                snapshot_at=FAR,
                per_million=ALL_READERS,
            )
        if sessions:
            build_sessions(warehouse)
        yield


@contextmanager
def only_window(warehouse: Warehouse, opens_at: datetime, closes_at: datetime) -> Iterator[None]:
    """Bound to a scratch database with the events and sessions of `[opens_at, closes_at)`, whenever received."""
    source = warehouse.database
    with warehouse.scratch():
        for part in ("copy_window", "copy_window_sessions"):
            warehouse.command(
                read_sql(SQL, part),
                source=source,
                target=warehouse.database,
                opens_at=opens_at,
                closes_at=closes_at,
            )
        for table in ("subscriptions", "outages"):
            warehouse.command(
                read_sql(SQL, f"copy_{table}"),
                source=source,
                target=warehouse.database,
                until=FAR,
                snapshot_at=FAR,
                per_million=ALL_READERS,
            )
        yield


@contextmanager
def planted(warehouse: Warehouse, as_of: datetime) -> Iterator[None]:
    """Bound to a copy with rows added for every reader that must not count at `as_of`, its sessions built anew."""
    with without_future(warehouse, FAR, sessions=False):
        for mark, happened, known in PLANTS:
            warehouse.command(
                read_sql(SQL, "plant_events"),
                as_of=as_of,
                happened_at=as_of + happened,
                known_at=as_of + known,
                mark=mark,
            )
        build_sessions(warehouse)
        yield


def time_travel(warehouse: Warehouse, questions: Sequence[Question], cutoffs: Sequence[datetime]) -> list[Check]:
    """Ask at each cut-off, delete what was not known then, rebuild, ask again: the answers must be the same."""
    found: dict[str, list[Difference]] = {question.name: [] for question in questions}
    for cutoff in cutoffs:
        _ask_twice(warehouse, questions, cutoff, found)
    return [_check("time_travel", name, cutoffs, differences) for name, differences in found.items()]


def edge_rows(warehouse: Warehouse, questions: Sequence[Question], cutoffs: Sequence[datetime]) -> list[Check]:
    """The same after adding rows exactly at the cut-off, after it, and before it but received later."""
    found: dict[str, list[Difference]] = {question.name: [] for question in questions}
    for cutoff in cutoffs:
        with planted(warehouse, cutoff):
            _ask_twice(warehouse, questions, cutoff, found)
    return [_check("edge_rows", name, cutoffs, differences) for name, differences in found.items()]


def _ask_twice(
    warehouse: Warehouse, questions: Sequence[Question], cutoff: datetime, found: dict[str, list[Difference]]
) -> None:
    full = {question.name: question.ask(warehouse, cutoff) for question in questions}
    with without_future(warehouse, cutoff):
        for question in questions:
            found[question.name].append(compare(full[question.name], question.ask(warehouse, cutoff)))


def _check(check: str, asked: str, cutoffs: Sequence[datetime], differences: Sequence[Difference]) -> Check:
    rows = sum(difference.rows for difference in differences)
    columns: dict[str, int] = {}
    for difference in differences:
        for name, count in difference.columns.items():
            columns[name] = columns.get(name, 0) + count
    only_one = sum(difference.only_one for difference in differences)
    examples = [example for difference in differences for example in difference.examples]
    found = {"asked": asked, "cutoffs": [f"{cutoff:%Y-%m-%d}" for cutoff in cutoffs], "columns": columns}
    if not rows:
        return Check(check, "skipped", 0, f"{asked}: no reader had a row at any cut-off", found)
    if not columns and not only_one:
        return Check(check, "pass", rows, f"{asked}: {rows} rows are the same with and without the future", found)
    seen = ", ".join(sorted(columns, key=lambda name: -columns[name])[:8])
    parts = [f"columns {seen}"] if columns else []
    parts += [f"{only_one} readers have a row in only one of the two"] if only_one else []
    example = f" ({examples[0]})" if examples else ""
    return Check(check, "fail", rows, f"{asked}: the future shows in {' and '.join(parts)}{example}", found)
