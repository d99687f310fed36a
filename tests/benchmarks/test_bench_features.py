"""The features benchmark measures what it says: the same columns, the same results, the contract's figures."""

import re

import polars as pl
import pytest

from readership.benchmarks.features import AS_OF, GROUP, MONTHS, pandas_features, run
from readership.errors import InputError
from readership.features.catalogue import group_sql
from readership.warehouse import Warehouse, read_sql

FIGURES = {"ratio_to_raw_scan", "columns", "seconds", "peak_rss_gib", "growth_10x", "times_faster_than_pandas"}


@pytest.fixture
def generated(warehouse: Warehouse) -> Warehouse:
    for month in MONTHS:
        sql = read_sql("readership.benchmarks.sql", "feature_sessions")
        warehouse.command(sql, month=month, sessions=1000, readers=90)
    return warehouse


def test_the_raw_scan_reads_the_columns_of_the_features(warehouse: Warehouse) -> None:
    stored = {name for (name,) in warehouse.rows("SELECT name FROM system.columns WHERE table = 'session_versions'")}
    code = "\n".join(line.split("--")[0] for line in group_sql(GROUP).splitlines())
    read = set(re.findall(r"\w+", code)) & stored
    assert {"user_id", "session_end", "known_at", "engaged_ms"} < read
    for name in ("feature_raw_scan", "feature_peer_input"):
        sql = "\n".join(line.split("--")[0] for line in read_sql("readership.benchmarks.sql", name).splitlines())
        assert set(re.findall(r"\w+", sql)) & stored == read, name


def test_the_generated_sessions_fill_the_window(generated: Warehouse) -> None:
    rows, readers, first, last = generated.rows(
        "SELECT count(), uniqExact(user_id), min(session_end), max(session_end) FROM session_versions"
    )[0]
    assert (rows, readers) == (3000, 90)
    assert (AS_OF - first).days == 89
    assert (AS_OF - last).days == 0
    assert generated.scalar("SELECT uniqExact(row_id) FROM session_versions") == 3000


def test_the_peer_gives_the_same_columns_and_values(generated: Warehouse) -> None:
    generated.command(
        "INSERT INTO session_versions SELECT * REPLACE (row_id + 1 AS row_id, row_id AS replaces, 9 AS article_views) "
        "FROM session_versions WHERE session_versions.user_id % 7 = 0"
    )
    ours = generated.frame(group_sql(GROUP), as_of=AS_OF, snapshot_at=AS_OF).sort("user_id")
    sessions = generated.arrow(read_sql("readership.benchmarks.sql", "feature_peer_input")).to_pandas()
    peer = pl.from_pandas(pandas_features(sessions).reset_index()).sort("user_id")
    assert set(peer.columns) == set(ours.columns)
    for name in ours.columns:
        assert peer[name].cast(pl.Float64).to_list() == pytest.approx(
            ours[name].cast(pl.Float64).to_list(), rel=1e-9, nan_ok=True
        ), name


def test_figures_have_the_names_of_the_contract() -> None:
    answer = run(sessions=30_000, readers=1_000)
    assert set(answer["figures"]) >= FIGURES
    assert all(value > 0 for value in answer["figures"].values())
    assert answer["figures"]["columns"] >= 50
    assert set(answer["peers"]) >= {"pandas", "raw_scan"}
    assert "30,000 generated sessions" in answer["protocol"]


def test_a_world_too_small_to_measure_is_refused() -> None:
    with pytest.raises(InputError, match=r"10 sessions of 5 readers are too few to measure"):
        run(sessions=10, readers=5)
