"""Subscriptions, articles and ads: each version once, and known when the publisher knew it."""

import csv
import gzip
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from readership.events.identity import reader_key
from readership.events.record_mapping import RecordMapping, load_record_mapping
from readership.events.records import ADS, ARTICLES, SUBSCRIPTIONS
from readership.pipelines.records import RecordSummary, ingest_records, load_records
from readership.warehouse import Warehouse

NATIVE = RecordMapping("native")
JAN, FEB, MAR = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3))
MS = timedelta(milliseconds=1)
DAY = timedelta(days=1)


def period(reader: str, **fields: Any) -> dict[str, Any]:
    """January of one reader, at 9.90 a month."""
    row = {"user_id": reader, "plan": "digital", "price_eur": 9.9, "period_start": JAN, "period_end": FEB}
    return {name: value for name, value in (row | fields).items() if value is not None}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, default=datetime.isoformat) + "\n" for row in rows), encoding="utf-8")
    return path


def load(warehouse: Warehouse, path: Path, *rows: dict[str, Any], table: str = "subscriptions", **options: Any) -> Any:
    """Rows through a file of JSON lines."""
    mapping = options.pop("mapping", NATIVE)
    return ingest_records(warehouse, table, [write(path / "rows.jsonl", list(rows))], mapping, **options)


def counts(summary: RecordSummary) -> tuple[int, int, int, int]:
    return summary.rows_loaded, summary.rows_changed, summary.rows_duplicate, summary.rows_quarantined


def stored(warehouse: Warehouse, columns: str, table: str = "subscriptions") -> list[tuple[Any, ...]]:
    return warehouse.rows(f"SELECT {columns} FROM {table} ORDER BY ALL")  # noqa: S608


def titles_at(warehouse: Warehouse, as_of: datetime) -> dict[str, str]:
    """The newest title of each article that was known at a moment."""
    rows = warehouse.rows(
        "SELECT article_id, argMax(title, (received_at, loaded_at)) FROM articles "
        "WHERE received_at <= {as_of:DateTime64(3,'UTC')} GROUP BY article_id",
        as_of=as_of,
    )
    return dict(rows)


def test_paid_periods_are_stored_with_readers_and_whole_amounts(each_warehouse: Warehouse, tmp_path: Path) -> None:
    summary = load(each_warehouse, tmp_path, period("42"), period("reader-7", price_eur="0.1", brand="Kurier"))
    assert counts(summary) == (2, 0, 0, 0)
    assert stored(each_warehouse, "user_id, price_micros, price_eur, brand, period_start, valid_from, received_at") == [
        (42, 9_900_000, 9.9, "", JAN, JAN, JAN),
        (reader_key("reader-7"), 100_000, 0.1, "Kurier", JAN, JAN, JAN),
    ]
    assert stored(each_warehouse, "external_id", "readers") == [("42",), ("reader-7",)]


def test_a_row_is_known_exactly_from_its_received_at_on(each_warehouse: Warehouse, tmp_path: Path) -> None:
    article = {"article_id": "a", "published_at": JAN}
    load(
        each_warehouse,
        tmp_path,
        article | {"title": "first", "received_at": JAN},
        article | {"title": "corrected", "received_at": FEB},
        {"article_id": "late", "published_at": JAN, "title": "known late", "received_at": MAR},
        table="articles",
    )
    assert titles_at(each_warehouse, JAN - MS) == {}
    assert titles_at(each_warehouse, JAN) == {"a": "first"}
    assert titles_at(each_warehouse, FEB - MS) == {"a": "first"}
    assert titles_at(each_warehouse, FEB) == {"a": "corrected"}
    assert titles_at(each_warehouse, MAR) == {"a": "corrected", "late": "known late"}


def test_how_a_period_ended_is_not_known_before_it_did(each_warehouse: Warehouse, tmp_path: Path) -> None:
    load(
        each_warehouse,
        tmp_path,
        period("1", cancelled_at=JAN + 10 * DAY),
        period("2", reason="payment"),  # known when the period was over
        period("3", cancelled_at=JAN + 10 * DAY, received_at=JAN + 11 * DAY),  # as the source says
    )
    assert stored(each_warehouse, "user_id, received_at, cancelled_at, reason") == [
        (1, JAN, None, ""),
        (1, JAN + 10 * DAY, JAN + 10 * DAY, ""),
        (2, JAN, None, ""),
        (2, FEB, None, "payment"),
        (3, JAN + 11 * DAY, JAN + 10 * DAY, ""),
    ]


def test_the_same_file_twice_adds_nothing_in_any_form(each_warehouse: Warehouse, tmp_path: Path) -> None:
    rows = [period("1", cancelled_at=JAN + DAY, reason="voluntary"), period("2"), period("2")]
    texts = [
        {name: value.isoformat() if isinstance(value, datetime) else str(value) for name, value in r.items()}
        for r in rows
    ]
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(texts[0]))
        table.writeheader()
        table.writerows(texts)
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress((tmp_path / "rows.csv").read_bytes()))
    pq.write_table(pl.DataFrame(rows).to_arrow(), tmp_path / "rows.parquet")
    assert counts(load(each_warehouse, tmp_path, *rows)) == (2, 0, 1, 0)
    held = stored(each_warehouse, "*")
    assert len(held) == 3
    for name in ("rows.jsonl", "rows.csv", "rows.csv.gz", "rows.parquet"):
        summary = ingest_records(each_warehouse, "subscriptions", [tmp_path / name], NATIVE)
        assert counts(summary) == (0, 0, 3, 0), name
    assert stored(each_warehouse, "*") == held


def test_a_changed_row_is_a_new_version_that_rewrites_no_past(each_warehouse: Warehouse, tmp_path: Path) -> None:
    load(each_warehouse, tmp_path, period("1"))
    before = datetime.now(UTC) - DAY
    assert counts(load(each_warehouse, tmp_path, period("1", price_eur=12.9))) == (0, 1, 0, 0)
    (first, second) = stored(each_warehouse, "received_at, price_micros")
    assert first == (JAN, 9_900_000)
    assert second[1] == 12_900_000
    assert second[0] > before  # nobody knew it in January
    assert counts(load(each_warehouse, tmp_path, period("1"))) == (0, 0, 1, 0)


def test_a_later_export_that_tells_the_end_is_known_from_the_end_on(each_warehouse: Warehouse, tmp_path: Path) -> None:
    load(each_warehouse, tmp_path, period("1"))
    assert counts(load(each_warehouse, tmp_path, period("1", cancelled_at=JAN + 9 * DAY))) == (0, 1, 0, 0)
    assert stored(each_warehouse, "received_at, cancelled_at") == [(JAN, None), (JAN + 9 * DAY, JAN + 9 * DAY)]


def test_versions_with_their_own_valid_from_keep_it(each_warehouse: Warehouse, tmp_path: Path) -> None:
    ad = {"ad_id": "1", "starts_at": JAN, "bid_eur": 1.5, "targeting": {"country": "DE", "min": 3}}
    summary = load(
        each_warehouse, tmp_path, ad, ad | {"bid_eur": 2, "valid_from": FEB}, ad | {"valid_from": MAR}, table="ads"
    )
    assert counts(summary) == (3, 0, 0, 0)
    assert stored(each_warehouse, "received_at, bid_eur, targeting['country']", "ads") == [
        (JAN, 1.5, "DE"),
        (FEB, 2.0, "DE"),
        (MAR, 1.5, "DE"),
    ]


def test_versions_announced_for_later_are_known_now_and_once(each_warehouse: Warehouse, tmp_path: Path) -> None:
    soon, later = (datetime.now(UTC).replace(microsecond=0) + n * DAY for n in (30, 60))
    ads = [{"ad_id": "1", "starts_at": JAN, "bid_eur": bid, "valid_from": at} for bid, at in ((2, soon), (3, later))]
    rows = [{"ad_id": "1", "starts_at": JAN, "bid_eur": 1}, *ads]
    assert counts(load(each_warehouse, tmp_path, *rows, table="ads")) == (3, 0, 0, 0)
    assert counts(load(each_warehouse, tmp_path, *rows, table="ads")) == (0, 0, 3, 0)
    held = stored(each_warehouse, "valid_from, bid_eur, received_at", "ads")
    assert [row[:2] for row in held] == [(JAN, 1.0), (soon, 2.0), (later, 3.0)]
    assert all(received < soon for _, _, received in held)
    further = {**ads[0], "bid_eur": 4, "valid_from": later + DAY}
    assert counts(load(each_warehouse, tmp_path, *rows, further, table="ads")) == (0, 1, 3, 0)


def test_received_now_makes_every_row_news(each_warehouse: Warehouse, tmp_path: Path) -> None:
    before = datetime.now(UTC) - DAY
    load(each_warehouse, tmp_path, period("1", cancelled_at=JAN + DAY), received="now")
    ((received, valid),) = stored(each_warehouse, "received_at, valid_from")
    assert received > before
    assert valid == JAN


def test_check_says_what_would_be_loaded_and_loads_nothing(each_warehouse: Warehouse, tmp_path: Path) -> None:
    summary = load(each_warehouse, tmp_path, period("1"), period("2", price_eur=-1), check=True)
    assert counts(summary) == (1, 0, 0, 1)
    assert summary.rows_held == 0
    assert stored(each_warehouse, "line", "quarantine") == stored(each_warehouse, "user_id", "readers") == []


def test_times_without_end_and_times_to_come(warehouse: Warehouse, tmp_path: Path) -> None:
    begins = datetime.now(UTC).replace(microsecond=0) + 30 * DAY
    load(
        warehouse,
        tmp_path,
        period("1", period_end="9999-12-31"),
        period("2", period_start=begins, period_end="2999-01-01"),
    )
    ((_, end, _), (start, _, received)) = stored(warehouse, "period_start, period_end, received_at")
    assert end == datetime(2200, 1, 1, tzinfo=UTC)
    assert start == begins
    assert received < begins  # a period paid in advance is known now


def test_columns_of_arrow_types_are_read_as_what_they_are(each_warehouse: Warehouse) -> None:
    frame = pa.table(
        {
            "article_id": pa.array([1.0, 2.0], pa.float64()),  # a column of integers with gaps, from pandas
            "published_at": pa.array([date(2026, 1, 1), None], pa.date32()),
            "received_at": pa.array([JAN, FEB], pa.timestamp("us", "UTC")),
            "title": pa.array(["café", None]).dictionary_encode(),
            "topics": pa.array([["a", "b, c"], []]),
            "paywalled": pa.array([True, None]),
        }
    )
    summary = load_records(each_warehouse, "articles", [frame, pl.from_arrow(frame)], source="cms.articles")
    assert counts(summary) == (1, 0, 1, 2)
    assert stored(each_warehouse, "article_id, title, topics, paywalled, published_at", "articles") == [
        ("1", "café", ["a", "b, c"], 1, JAN)
    ]
    assert stored(each_warehouse, "source, line, field", "quarantine") == [
        ("cms.articles", 2, "published_at"),
        ("cms.articles", 4, "published_at"),
    ]


MAPPED = """
table = "subscriptions"
[columns]
user_id = "customer.no"
period_start = "paid_from"
period_end = "paid_until"
reason = "why"
[constants]
brand = "Kurier"
plan = "digital"
[values.reason]
DUNNING = "payment"
[time]
format = "%d.%m.%Y"
zone = "Europe/Vienna"
"""


def test_a_mapping_renames_translates_and_places_times_in_their_zone(each_warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(MAPPED)
    mapping = load_record_mapping(tmp_path / "own.toml", SUBSCRIPTIONS)
    row = {"customer": {"no": 5}, "paid_from": "01.03.2026", "paid_until": "01.04.2026", "why": "DUNNING"}
    load(each_warehouse, tmp_path, row, mapping=mapping)
    assert stored(each_warehouse, "user_id, plan, brand, period_start, period_end, reason")[-1] == (
        5,
        "digital",
        "Kurier",
        datetime(2026, 2, 28, 23, tzinfo=UTC),  # winter time
        datetime(2026, 3, 31, 22, tzinfo=UTC),  # summer time
        "payment",
    )


def test_many_rows_in_several_chunks_are_one_load(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("readership.events.record_rows.CHUNK_ROWS", 7)
    frame = pl.DataFrame(
        {"ad_id": [str(n % 20) for n in range(40)], "starts_at": [JAN] * 40, "bid_eur": [1.0] * 39 + [2.0]}
    )
    summary = load_records(warehouse, "ads", [frame], source="ads")
    assert counts(summary) == (20, 0, 19, 1)
    assert summary.reasons[0]["line"] == 40
    assert "ad_id '19' stands in line 20 already" in summary.reasons[0]["reason"]


def test_an_interrupted_load_is_completed_by_the_next(warehouse: Warehouse, tmp_path: Path) -> None:
    rows = [period("1", cancelled_at=JAN + DAY), period("2")]
    load(warehouse, tmp_path, *rows)
    held = stored(warehouse, "user_id, received_at, cancelled_at")
    warehouse.command("DELETE FROM subscriptions WHERE user_id = 2 OR isNotNull(cancelled_at)")
    summary = load(warehouse, tmp_path, *rows)
    assert (summary.rows_loaded, summary.rows_changed) == (1, 1)
    assert stored(warehouse, "user_id, received_at, cancelled_at") == held


@pytest.mark.parametrize("table", [SUBSCRIPTIONS, ARTICLES, ADS], ids=lambda table: table.name)
def test_every_field_of_a_table_is_stored(warehouse: Warehouse, table: Any) -> None:
    columns = {
        name
        for (name,) in warehouse.rows(
            "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {t:String}", t=table.name
        )
    }
    assert set(table.fields) <= columns
