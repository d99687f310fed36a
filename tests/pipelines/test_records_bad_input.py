"""Bad rows end in quarantine, bad files in a message that names the thing and the next step; the rest loads."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from readership.errors import InputError
from readership.events.record_mapping import RecordMapping, load_record_mapping
from readership.events.records import SUBSCRIPTIONS
from readership.pipelines.records import RecordSummary, ingest_records, load_records
from readership.warehouse import Warehouse

NATIVE = RecordMapping("native")
GOOD = {"user_id": "1", "period_start": "2026-01-01", "period_end": "2026-02-01", "price_eur": 9.9}
ARTICLE = {"article_id": "a", "published_at": "2026-01-01"}
AD = {"ad_id": "1", "starts_at": "2026-01-01"}


def load(warehouse: Warehouse, path: Path, *rows: Any, table: str = "subscriptions", **options: Any) -> RecordSummary:
    file = path / "rows.jsonl"
    lines = (row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    return ingest_records(warehouse, table, [file], options.pop("mapping", NATIVE), **options)


FUTURE = "2100-01-01T00:00:00+00:00"
BROKEN: list[tuple[str, Any, str, str]] = [
    ("subscriptions", b"not json", "line", "line is not JSON"),
    ("subscriptions", b"[1]", "line", "line is not a JSON object"),
    ("subscriptions", b'{"user_id": "caf\xe9"}', "line", "line is not UTF-8 text"),
    ("subscriptions", GOOD | {"user_id": ""}, "user_id", "is empty"),
    ("subscriptions", GOOD | {"period_end": None}, "period_end", "is empty"),
    ("subscriptions", GOOD | {"period_start": "n/a"}, "period_start", "'n/a' is not a time"),
    ("subscriptions", GOOD | {"period_start": -5}, "period_start", "'-5' is before 1970"),
    ("subscriptions", GOOD | {"price_eur": -9.9}, "price_eur", "'-9.9' is below 0"),
    ("subscriptions", GOOD | {"price_eur": "9,90"}, "price_eur", "'9,90' is not an amount; write it as 9.90"),
    ("subscriptions", GOOD | {"price_eur": "nan"}, "price_eur", "'nan' is not an amount; write it as 9.90"),
    (
        "subscriptions",
        GOOD | {"period_end": "2025-12-31"},
        "period_end",
        "'2025-12-31' is not after period_start ('2026-01-01')",
    ),
    ("subscriptions", GOOD | {"received_at": FUTURE}, "received_at", f"'{FUTURE}' lies in the future"),
    ("subscriptions", GOOD | {"cancelled_at": "soon"}, "cancelled_at", "'soon' is not a time"),
    ("articles", ARTICLE | {"paywalled": "perhaps"}, "paywalled", "'perhaps' is neither true nor false"),
    (
        "articles",
        ARTICLE | {"withdrawn_at": "2025-01-01"},
        "withdrawn_at",
        "'2025-01-01' is before published_at ('2026-01-01')",
    ),
    ("ads", AD | {"ends_at": "2026-01-01"}, "ends_at", "'2026-01-01' is not after starts_at ('2026-01-01')"),
    ("ads", AD | {"targeting": "everyone"}, "targeting", "is not a JSON object"),
    ("ads", AD | {"budget_eur": "lots"}, "budget_eur", "'lots' is not an amount; write it as 9.90"),
]


@pytest.mark.parametrize(("table", "row", "field", "reason"), BROKEN, ids=[f"{b[0]} {b[3][:24]}" for b in BROKEN])
def test_a_bad_row_goes_to_quarantine_whole_and_the_rest_loads(
    warehouse: Warehouse, tmp_path: Path, table: str, row: Any, field: str, reason: str
) -> None:
    good = {
        "subscriptions": GOOD | {"user_id": "2"},
        "articles": {**ARTICLE, "article_id": "b"},
        "ads": AD | {"ad_id": "2"},
    }
    for _ in range(2):
        summary = load(warehouse, tmp_path, good[table], row, table=table)
        assert summary.rows_quarantined == 1
        assert summary.reasons == [{"field": field, "rows": 1, "file": "rows.jsonl", "line": 2, "reason": reason}]
    ((source, line, found, why, raw),) = warehouse.rows("SELECT source, line, field, reason, raw FROM quarantine")
    assert (source, line, found, why) == ("rows.jsonl", 2, field, reason)
    if isinstance(row, dict):
        assert json.loads(raw).keys() == row.keys()
    else:
        assert json.loads(raw)["line"]
    assert summary.rows_held == 1


def test_duplicate_ids_at_odds_leave_the_first_and_say_where_it_is(each_warehouse: Warehouse, tmp_path: Path) -> None:
    rows = [ARTICLE | {"title": "one"}, ARTICLE | {"title": "one"}, ARTICLE | {"title": "two"}]
    summary = load(each_warehouse, tmp_path, *rows, table="articles")
    assert (summary.rows_loaded, summary.rows_duplicate, summary.rows_quarantined) == (1, 1, 1)
    assert summary.reasons[0]["line"] == 3
    assert summary.reasons[0]["reason"] == (
        "article_id 'a' stands in line 1 already, with other values at the same time; "
        "state valid_from or received_at of each version"
    )
    assert each_warehouse.rows("SELECT title FROM articles") == [("one",)]


def test_a_column_called_otherwise_is_refused_with_the_mapping_to_write(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("customer,Period Start,expires\n1,2026-01-01,2026-02-01\n")
    mapping = RecordMapping("own.toml", {"user_id": "customer"})
    with pytest.raises(InputError) as refused:
        ingest_records(warehouse, "subscriptions", [tmp_path / "rows.csv"], mapping)
    assert str(refused.value) == (
        f"{tmp_path / 'rows.csv'}: mapping 'own.toml' reads 'period_start' of subscriptions from column "
        "'period_start', which the source does not have; its columns are customer, Period Start, expires; "
        'nothing was loaded; write a TOML file with [columns] period_start = "Period Start" and give it as --mapping'
    )
    with pytest.raises(InputError, match=r"its columns are no, from.*\[columns\] user_id = \"…\""):
        load(warehouse, tmp_path, {"no": 1, "from": "2026-01-01"})


def test_one_row_is_enough_and_none_is_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    assert load(warehouse, tmp_path, GOOD).rows_loaded == 1
    (tmp_path / "header.csv").write_text("user_id,period_start,period_end\n")
    with pytest.raises(InputError, match=r"header\.csv holds no rows; nothing was loaded"):
        ingest_records(warehouse, "subscriptions", [tmp_path / "header.csv"], NATIVE)
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(InputError, match=r"empty\.csv is empty; nothing was loaded"):
        ingest_records(warehouse, "subscriptions", [tmp_path / "empty.csv"], NATIVE)
    with pytest.raises(InputError, match=r"there\.csv does not exist"):
        ingest_records(warehouse, "subscriptions", [tmp_path / "there.csv"], NATIVE)
    with pytest.raises(InputError, match="nothing holds no rows"):
        load_records(warehouse, "subscriptions", [], source="nothing")


def test_a_row_of_csv_with_too_many_values_is_kept(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(
        "user_id,period_start,period_end\n1,2026-01-01,2026-02-01\n2,2026-01-01,2026-02-01,x\n"
    )
    summary = ingest_records(warehouse, "subscriptions", [tmp_path / "rows.csv"], NATIVE)
    assert (summary.rows_loaded, summary.rows_quarantined) == (1, 1)
    assert summary.reasons[0]["line"] == 3


def test_times_without_a_zone_need_one_in_the_mapping(warehouse: Warehouse, tmp_path: Path) -> None:
    summary = load(
        warehouse,
        tmp_path,
        GOOD,
        GOOD | {"period_start": "2026-01-01T00:00:00Z"},
        mapping=RecordMapping("own.toml", zone=""),
    )
    assert summary.rows_quarantined == 2
    assert [(r["field"], r["reason"]) for r in summary.reasons] == [
        ("period_end", "'2026-02-01' states no zone, and neither does the mapping; write `zone` under [time]"),
        ("period_start", "'2026-01-01' states no zone, and neither does the mapping; write `zone` under [time]"),
    ]
    frame = pa.table(
        {
            "user_id": ["1"],
            "period_start": pa.array([0], pa.timestamp("ms")),
            "period_end": pa.array([1], pa.timestamp("ms")),
        }
    )
    with pytest.raises(
        InputError, match=r"own\.toml: a time column of the source has no zone; state `zone` under \[time\]"
    ):
        load_records(warehouse, "subscriptions", [frame], RecordMapping("own.toml", zone=""), source="billing")


def test_two_readers_whose_ids_share_a_number_are_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    from readership.events.identity import half_md5

    with pytest.raises(InputError, match=r"the reader ids '\d+' and 'reader' share the number"):
        load(warehouse, tmp_path, GOOD | {"user_id": "reader"}, GOOD | {"user_id": str(half_md5("reader"))})
    assert warehouse.scalar("SELECT count() FROM subscriptions") == 0


MAPPINGS = [
    ("table = 'ads'\n", "own.toml is for table 'ads', not subscriptions"),
    ("[columns]\nuser = 'a'\n", r"own.toml: \[columns\] has the unknown key 'user'; known are"),
    ("[values.why]\na = 'b'\n", r"own.toml: \[values\] has the unknown key 'why'"),
    ("[time]\nformat = 'days'\n", r"\[time\] format is 'days'; choose among auto"),
    ("[time]\nzone = 'Mars'\n", "'Mars' is not a time zone"),
    ("[columns\n", "own.toml is not TOML"),
]


@pytest.mark.parametrize(("text", "message"), MAPPINGS)
def test_a_mapping_that_cannot_be_used_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(InputError, match=message):
        load_record_mapping(tmp_path / "own.toml", SUBSCRIPTIONS)


def test_a_mapping_that_is_not_there_is_refused() -> None:
    told = r"mapping 'deskdrop' of subscriptions is neither one that ships \(adressa, .*\) nor a file"
    with pytest.raises(InputError, match=told):
        load_record_mapping("deskdrop", SUBSCRIPTIONS)
