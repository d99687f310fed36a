"""The leakage audit: clean on honest features, and it catches features that peek."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from readership.datasets.rules import label_rule
from readership.errors import InputError
from readership.evaluation.brute_force.log import DAY, START, random_log, rounds
from readership.evaluation.leakage import AuditReport
from readership.pipelines.audit import audit_cutoffs, audit_leakage
from readership.pipelines.brute_force import deliver
from readership.pipelines.time_travel import span_of
from readership.settings import Settings
from readership.warehouse import Warehouse

HONEST = """
-- One row per reader: article views in the 28 days before as_of.
SELECT user_id, count() AS views_28d, max(timestamp) AS last_view
FROM events
WHERE event_type = 'article_view'
    AND timestamp < {as_of:DateTime64(3, 'UTC')}
    AND timestamp >= {as_of:DateTime64(3, 'UTC')} - INTERVAL 28 DAY
    AND received_at <= {as_of:DateTime64(3, 'UTC')}
GROUP BY user_id
"""
IGNORES_ARRIVAL = HONEST.replace("AND received_at <= {as_of:DateTime64(3, 'UTC')}", "")
PEEKING = IGNORES_ARRIVAL.replace("timestamp < {as_of", "timestamp < INTERVAL 7 DAY + {as_of")
CLOCK_SKEW = HONEST.replace("timestamp < {as_of", "timestamp < INTERVAL 7 DAY + {as_of")
INCLUDES_THE_CUTOFF = HONEST.replace("timestamp < {as_of", "timestamp <= {as_of")
NEWEST_VERSION = "SELECT user_id, sum(article_views) AS views FROM session_metrics GROUP BY user_id"


@pytest.fixture(scope="module")
def full(warehouse_root: Warehouse) -> Iterator[Warehouse]:
    """A warehouse with a small log that arrived in two deliveries, with rows that arrived late; not to be changed."""
    with warehouse_root.scratch() as scratch:
        for delivery in rounds(random_log(seed=11, readers=40), 2):
            deliver(scratch, delivery, Settings())
        yield scratch


def audit(warehouse: Warehouse, settings: Settings, folder: Path, **files: str) -> AuditReport:
    folder.mkdir(exist_ok=True)
    for name, sql in files.items():
        (folder / f"{name}.sql").write_text(sql, encoding="utf-8")
    return audit_leakage(warehouse, settings, features_dir=folder)


def failing(report: AuditReport) -> set[str]:
    return {check.name for check in report.checks if check.result == "fail"}


def test_our_own_features_and_labels_are_clean(full: Warehouse, settings: Settings) -> None:
    short = settings.model_copy(update={"churn_horizon_days": 5, "churn_lookback_days": 14})
    report = audit_leakage(full, short)
    assert [check.detail for check in report.checks if check.result != "pass"] == []
    assert report.verdict == "clean"
    printed = json.loads(json.dumps(report.as_dict()))
    assert {check["name"] for check in printed["checks"]} == {
        "time_travel",
        "edge_rows",
        "brute_force",
        "label_window",
        "shuffled_labels",
        "strongest_single_feature",
    }
    assert all(check["rows_compared"] > 0 for check in printed["checks"])
    assert printed["features_checked"] > 100


def test_a_peeking_feature_is_caught_and_named(full: Warehouse, settings: Settings, tmp_path: Path) -> None:
    report = audit(full, settings, tmp_path / "sql", honest=HONEST, peeking=PEEKING)
    assert report.verdict == "leak"
    assert report.features_checked == 4
    caught = {check.found["asked"] for check in report.checks if check.result == "fail"}
    assert caught == {"peeking.sql"}
    (first, *_) = [check for check in report.checks if check.result == "fail"]
    assert "views_28d" in first.found["columns"]
    assert "peeking.sql: the future shows in columns" in first.detail
    assert "with the future" in first.detail


def test_an_honest_feature_passes(full: Warehouse, settings: Settings, tmp_path: Path) -> None:
    report = audit(full, settings, tmp_path / "sql", honest=HONEST)
    assert report.verdict == "clean"
    assert all(check.rows_compared > 0 for check in report.checks)


@pytest.mark.parametrize(
    "sql",
    [IGNORES_ARRIVAL, INCLUDES_THE_CUTOFF, CLOCK_SKEW, NEWEST_VERSION],
    ids=["late rows", "row at as_of", "clock ahead", "newest version"],
)
def test_subtler_leaks_are_caught(full: Warehouse, settings: Settings, tmp_path: Path, sql: str) -> None:
    assert audit(full, settings, tmp_path / "sql", leaky=sql).verdict == "leak"


@pytest.mark.parametrize(
    "sql", [IGNORES_ARRIVAL, INCLUDES_THE_CUTOFF, CLOCK_SKEW], ids=["late rows", "row at as_of", "clock ahead"]
)
def test_a_leak_shows_even_where_the_log_has_no_late_row(
    warehouse: Warehouse, settings: Settings, tmp_path: Path, sql: str
) -> None:
    punctual = [{**event, "received_at": event["timestamp"]} for event in random_log(seed=3, readers=20)]
    deliver(warehouse, sorted(punctual, key=lambda event: event["received_at"]), settings)
    report = audit(warehouse, settings, tmp_path / "sql", leaky=sql)
    assert failing(report) == {"edge_rows"}


def test_a_server_behind_http_is_audited_alike(server_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    deliver(server_warehouse, random_log(seed=3, readers=8), settings)
    report = audit(server_warehouse, settings, tmp_path / "sql", honest=HONEST, leaky=IGNORES_ARRIVAL)
    assert {check.found["asked"] for check in report.checks if check.result == "fail"} == {"leaky.sql"}
    assert server_warehouse.frame(label_rule("churn", settings).sql, **label_values(settings)).height > 0


def label_values(settings: Settings) -> dict[str, Any]:
    rule = label_rule("churn", settings)
    return {
        "as_of": START + 60 * DAY,
        "snapshot_at": START + 5000 * DAY,
        "horizon_days": rule.horizon_days,
        "lookback_days": rule.lookback_days,
        "default_consent": 3,
        "brand": "",
    }


def test_the_warehouse_is_left_as_it_was(full: Warehouse, settings: Settings, tmp_path: Path) -> None:
    before = (span_of(full), full.scalar("SELECT count() FROM session_versions"), full.database)
    audit(full, settings, tmp_path / "sql", honest=HONEST)
    assert (span_of(full), full.scalar("SELECT count() FROM session_versions"), full.database) == before


def test_nothing_compared_is_not_clean(full: Warehouse, settings: Settings, tmp_path: Path) -> None:
    nobody = HONEST.replace("article_view'", "nothing_like_this'")
    assert audit(full, settings, tmp_path / "sql", honest=HONEST, nobody=nobody).verdict == "nothing_compared"


def test_an_empty_folder_and_an_empty_warehouse_compare_nothing(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    report = audit_leakage(warehouse, settings)
    assert report.verdict == "nothing_compared"
    assert "readership ingest" in report.checks[0].detail
    assert audit(warehouse, settings, tmp_path / "sql").verdict == "nothing_compared"


def test_a_folder_without_sql_compares_nothing(full: Warehouse, settings: Settings, tmp_path: Path) -> None:
    report = audit(full, settings, tmp_path / "sql")
    assert report.verdict == "nothing_compared"
    assert report.checks[0].detail == "the folder holds no .sql file"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1 AS views", "a feature file returns user_id and its columns"),
        ("SELECT user_id FROM events GROUP BY user_id", "returns user_id alone"),
        ("SELECT user_id, timestamp FROM events", "returns more than one row for reader"),
        ("SELECT user_id, oops FROM events", "mine.sql cannot be run: .*oops"),
        ("DROP TABLE events", "does not begin with SELECT or WITH; .*nothing was run"),
        ("-- SELECT\nINSERT INTO events SELECT * FROM events", "does not begin with SELECT or WITH"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    full: Warehouse, settings: Settings, tmp_path: Path, sql: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        audit(full, settings, tmp_path / "sql", mine=sql)


def test_a_missing_folder_is_named(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        audit_leakage(warehouse, settings, features_dir=tmp_path / "nowhere")


def test_cutoffs_are_midnights_inside_the_log(full: Warehouse) -> None:
    span = span_of(full)
    cutoffs = audit_cutoffs(span)
    assert len(cutoffs) == 3
    assert all(cutoff - START > timedelta(0) and (cutoff - START) % DAY == timedelta(0) for cutoff in cutoffs)
    assert cutoffs[-1] < span.last_at


def test_a_log_of_one_day_is_audited_after_its_end(warehouse: Warehouse, settings: Settings) -> None:
    day = [event for event in random_log(seed=5, readers=60) if event["timestamp"] < START + DAY / 2]
    deliver(warehouse, day, settings)
    assert audit_cutoffs(span_of(warehouse)) == (START + DAY,)
