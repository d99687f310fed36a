"""A simulated world enters by the one way in, once, alone, and its truth stays apart."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from readership.cli import main
from readership.errors import InputError
from readership.pipelines import simulate as pipeline
from readership.pipelines.making import ask
from readership.pipelines.oracle import churn_oracle
from readership.pipelines.simulate_files import Files, simulate_files
from readership.pipelines.truth import TABLES, held_world
from readership.settings import Settings
from readership.simulator import World
from readership.simulator import simulate as simulated_days
from readership.warehouse import Warehouse

WORLD = {"readers": 120, "days": 75, "seed": 5}


@pytest.fixture
def truth(warehouse: Warehouse) -> Iterator[str]:
    """A database of this test's own for the hidden state."""
    name = f"{warehouse.database}_truth"
    yield name
    warehouse.command("DROP DATABASE IF EXISTS {db:Identifier} SYNC", db=name)


def _events(warehouse: Warehouse) -> int:
    return warehouse.scalar("SELECT count() FROM events")


def test_a_world_is_loaded_whole_and_once(warehouse: Warehouse, settings: Settings, truth: str) -> None:
    made = sum(len(day.events) for day in simulated_days(World(**WORLD)))
    summary = pipeline.simulate(warehouse, settings, ask(**WORLD), truth=truth)
    assert summary["events"] == summary["events_loaded"] == _events(warehouse) == made
    assert summary["events_quarantined"] == summary["events_duplicate"] == 0
    assert summary["sessions"] == warehouse.scalar("SELECT uniqExact(session_id) FROM events")
    assert warehouse.scalar("SELECT count() FROM session_versions WHERE replaces != 0 OR tombstone = 1") == 0
    assert warehouse.scalar("SELECT count() FROM articles") == summary["articles"]
    assert warehouse.scalar("SELECT countIf(loaded_at < received_at - 1) FROM subscriptions") == 0
    again = pipeline.simulate(warehouse, settings, ask(**WORLD), truth=truth)
    assert again["events_loaded"] == 0
    assert _events(warehouse) == made


def test_another_world_is_refused(warehouse: Warehouse, settings: Settings, truth: str) -> None:
    pipeline.simulate(warehouse, settings, ask(readers=20, days=3, seed=5), truth=truth)
    before = _events(warehouse)
    with pytest.raises(
        InputError,
        match=r"holds another simulated world \(20 readers, 3 days from 2025-01-06, seed 5\).*"
        "READERSHIP_WAREHOUSE.*nothing was changed",
    ):
        pipeline.simulate(warehouse, settings, ask(readers=20, days=3, seed=6), truth=truth)
    assert _events(warehouse) == before


def test_a_warehouse_with_other_data_is_refused(warehouse: Warehouse, settings: Settings, truth: str) -> None:
    warehouse.command("INSERT INTO events (event_id, user_id) VALUES (generateUUIDv4(), 1)")
    with pytest.raises(InputError, match=r"data from another source \(1 events\).*nothing was changed"):
        pipeline.simulate(warehouse, settings, ask(**WORLD), truth=truth)
    assert held_world(warehouse, truth) is None


def test_outages_and_quarantine_of_others_are_not_emptied(warehouse: Warehouse, settings: Settings, truth: str) -> None:
    warehouse.command("INSERT INTO outages (brand) VALUES ('Herald')")
    warehouse.command("INSERT INTO quarantine (source) VALUES ('a.csv'), ('b.csv')")
    with pytest.raises(InputError, match=r"data from another source \(1 outages, 2 rows in quarantine\)"):
        pipeline.simulate(warehouse, settings, ask(**WORLD), truth=truth)
    assert warehouse.scalar("SELECT count() FROM quarantine") == 2


def test_an_interrupted_run_is_completed_by_the_same_command(
    warehouse: Warehouse, settings: Settings, truth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = pipeline.ingest, []

    def interrupted(*args: object, **options: object) -> object:
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*args, **options)

    monkeypatch.setattr(pipeline, "EVENTS_PER_FILE", 6000)
    monkeypatch.setattr(pipeline, "ingest", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pipeline.simulate(warehouse, settings, ask(**WORLD), truth=truth)
    assert _events(warehouse) > 0
    assert churn_oracle(warehouse, pl.DataFrame({"user_id": [1], "as_of": [datetime.now(UTC)]}), 28, truth) is None
    summary = pipeline.simulate(warehouse, settings, ask(**WORLD), truth=truth)
    assert summary["events_duplicate"] > 0
    assert _events(warehouse) == summary["events"]
    assert warehouse.scalar("SELECT count() FROM articles") == summary["articles"]
    assert warehouse.scalar("SELECT count() = uniqExact(day, user_id) FROM {t:Identifier}.reader_days", t=truth)
    assert warehouse.scalar("SELECT count() = uniqExact(user_id) FROM {t:Identifier}.readers", t=truth)


def test_a_world_that_ends_in_the_future_is_refused(warehouse: Warehouse, settings: Settings, truth: str) -> None:
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=5)
    with pytest.raises(InputError, match=r"a world of 10 days .* lies in the future; choose an earlier --start"):
        pipeline.simulate(warehouse, settings, ask(readers=5, days=10, seed=1, start=start), truth=truth)


def test_a_world_into_files(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "world"
    summary = simulate_files(ask(readers=20, days=4, seed=5), out)
    written = pq.read_metadata(out / "events.parquet")
    assert (written.num_rows, written.num_row_groups) == (summary["events"], 1)
    assert pq.read_metadata(out / "articles.parquet").num_rows == summary["articles"]
    assert {file.stem for file in (out / "truth").iterdir()} == set(TABLES) - {"dirt", "dirty_events"}
    assert _events(warehouse) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["world"]
    with pytest.raises(InputError, match="is not an empty folder; choose another --out; nothing was changed"):
        simulate_files(ask(readers=20, days=4, seed=5), out)


def test_the_command_writes_files_without_a_warehouse(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "world"
    options = ["--readers", "20", "--days", "3", "--dirt", "late, outage", "--format", "jsonl", "--out", str(out)]
    monkeypatch.setattr("sys.argv", ["readership", "simulate", *options, "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    summary = json.loads(capsys.readouterr().out)
    lines = (out / "events.jsonl").read_text().splitlines()
    assert summary["events"] == len(lines) == len({json.loads(line)["event_id"] for line in lines})
    assert summary["world"].endswith("dirt late, outage")
    assert not (tmp_path / "var").exists()


def test_a_stop_leaves_no_files_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def stopped(self: Files, day: object) -> None:
        calls.append(day)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Files, "add_rest", stopped)
    with pytest.raises(KeyboardInterrupt):
        simulate_files(ask(readers=20, days=4, seed=5), tmp_path / "world", format="jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_world_by_other_rules_is_not_completed(
    warehouse: Warehouse, settings: Settings, truth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask(readers=20, days=3, seed=5)
    pipeline.simulate(warehouse, settings, asked, truth=truth)
    monkeypatch.setattr(pipeline, "VERSION", 99)
    with pytest.raises(
        InputError, match=r"made by the rules of version \d+, now 99\); two would mix.*nothing was changed"
    ):
        pipeline.simulate(warehouse, settings, asked, truth=truth)


def test_the_oracle_answers_for_the_readers_and_times_asked(
    warehouse: Warehouse, settings: Settings, truth: str
) -> None:
    pipeline.simulate(warehouse, settings, ask(**WORLD), truth=truth)
    start = World(**WORLD).start
    registered = warehouse.frame("SELECT DISTINCT user_id FROM events WHERE subscription_tier != '' ORDER BY user_id")
    asked = pl.concat(
        [
            registered.with_columns(pl.lit(start + timedelta(days=days), pl.Datetime("ms", "UTC")).alias("as_of"))
            for days in (56.5, 70)
        ]
    ).sort("user_id", descending=True)
    found = churn_oracle(warehouse, asked, 28, truth)
    assert found is not None
    assert found.columns == ["user_id", "as_of", "probability"]
    assert found["probability"].is_between(0, 1).all()
    assert found.select("user_id", "as_of").equals(asked.join(found, on=["user_id", "as_of"], how="semi"))
    assert len(found) > 60
    after = churn_oracle(warehouse, asked.with_columns(pl.col("as_of") + timedelta(days=400)), 28, truth)
    assert after is not None
    assert after.is_empty()


def test_no_oracle_without_a_truth(warehouse: Warehouse) -> None:
    asked = pl.DataFrame({"user_id": [1], "as_of": [datetime(2025, 3, 1, tzinfo=UTC)]})
    assert churn_oracle(warehouse, asked, 28, f"{warehouse.database}_truth") is None


def test_no_feature_and_no_label_names_the_truth() -> None:
    """Neither the database nor a table of it; SQL and the Python around it."""
    hidden = (
        "truth|reader_days|news_level|fickleness|leave_probability|click_probability|attraction|expected_dwell_seconds|"
        "start_when_asked|cancel_wish|offer_type|offer_effect|retention_type|retention_effect|if_offered|if_not|"
        "value_eur|best_value_eur|even_value_eur|expected_engaged_seconds"
    )
    named = re.compile(rf"\b({hidden})\b", re.IGNORECASE)
    root = files("readership")
    texts = [
        path
        for package in ("events", "features", "datasets", "models")
        for path in Path(str(root.joinpath(package))).rglob("*")
        if path.suffix in {".sql", ".py", ".toml"}
    ]
    assert len(texts) > 20
    assert [str(path) for path in texts if named.search(path.read_text(encoding="utf-8"))] == []
