"""A soiled world in the warehouse: what loading finds agrees with the truth, to the row; no feature sees too early."""

from collections.abc import Iterator
from datetime import timedelta

import polars as pl
import pytest

from readership.errors import InputError
from readership.events.mapping import load_mapping
from readership.pipelines.audit import audit_leakage
from readership.pipelines.ingest import ingest
from readership.pipelines.making import ask
from readership.pipelines.simulate import simulate
from readership.pipelines.simulate_files import simulate_files
from readership.settings import Settings
from readership.simulator import dirt
from readership.simulator import simulate as simulated_days
from readership.warehouse import Warehouse

SHOWN = ("late", "duplicates", "bots", "outage")
OF_THE_LISTED = (
    "FROM events AS e INNER JOIN {t:Identifier}.dirty_events AS d USING (event_id) WHERE d.kind = {kind:String}"
)
SIZE = {"readers": 120, "days": 45, "seed": 7}


@pytest.fixture
def truth(warehouse: Warehouse) -> Iterator[str]:
    name = f"{warehouse.database}_truth"
    yield name
    warehouse.command("DROP DATABASE IF EXISTS {db:Identifier} SYNC", db=name)


def sums(warehouse: Warehouse, truth: str) -> dict[str, int]:
    """Where the rows of the world went, by its truth."""
    names = ("added", "lost", "duplicated", "quarantined")
    query = "SELECT sum(added), sum(lost), sum(duplicated), sum(quarantined) FROM {t:Identifier}.dirt"
    return dict(zip(names, warehouse.rows(query, t=truth)[0], strict=True))


def clean_events() -> int:
    return sum(len(day.events) for day in simulated_days(ask(**SIZE).world))


def test_counts_agree_with_the_truth_and_the_audit_is_clean(
    warehouse: Warehouse, settings: Settings, truth: str
) -> None:
    summary = simulate(warehouse, settings, ask(**SIZE, dirty=SHOWN), truth=truth)
    went = sums(warehouse, truth)
    assert min(went["added"], went["lost"], went["duplicated"]) > 0
    assert summary["events_quarantined"] == went["quarantined"] == 0
    assert summary["events_duplicate"] == went["duplicated"]
    assert summary["events_loaded"] == clean_events() + went["added"] - went["lost"]
    assert warehouse.scalar("SELECT count() FROM events") == summary["events_loaded"]
    kept = f"SELECT countIf(e.received_at >= d.received_at) {OF_THE_LISTED}"
    assert warehouse.scalar(kept, t=truth, kind="duplicates") == went["duplicated"]
    bots = "SELECT sum(added) = (SELECT count() FROM events WHERE browser = 'Headless Chrome') FROM {t:Identifier}.dirt"
    assert warehouse.scalar(bots, t=truth)
    down = dirt.outage(ask(**SIZE).world, ("",))
    ((starts, ends, brand),) = warehouse.rows("SELECT starts_at, ends_at, brand FROM outages")
    assert (starts, ends) == (down.starts_at, down.ends_at)
    span = (
        "SELECT count() FROM events WHERE brand = {brand:String} "
        "AND timestamp >= {a:DateTime64(3, 'UTC')} AND timestamp < {b:DateTime64(3, 'UTC')}"
    )
    assert warehouse.scalar(span, brand=brand, a=starts, b=ends) == 0
    short = settings.model_copy(update={"churn_horizon_days": 5, "churn_lookback_days": 14})
    report = audit_leakage(warehouse, short)
    assert report.verdict == "clean"
    assert {check.name: check.rows_compared for check in report.checks}["time_travel"] > 100


def test_every_kind_at_once_agrees_too_and_quarantine_says_why(
    warehouse: Warehouse, settings: Settings, truth: str
) -> None:
    kinds = tuple(kind for kind in dirt.KINDS if kind != "drift")
    summary = simulate(warehouse, settings, ask(**SIZE, dirty=kinds), truth=truth)
    went = sums(warehouse, truth)
    assert summary["events_duplicate"] == went["duplicated"] > 0
    assert summary["events_quarantined"] == went["quarantined"] > 0
    assert summary["events_loaded"] == clean_events() + went["added"] - went["lost"] - went["quarantined"]
    why = dict(warehouse.rows("SELECT field, count() FROM quarantine GROUP BY field"))
    said = dict(
        warehouse.rows(
            "SELECT what, sum(quarantined) FROM {t:Identifier}.dirt WHERE quarantined > 0 GROUP BY what", t=truth
        )
    )
    future, text = said.pop("from the future", 0), said.pop("results_count is a text", 0)
    said |= {"timestamp": said.get("timestamp", 0) + future, "results_count": text}
    assert why == {field: rows for field, rows in said.items() if rows}
    late = f"SELECT countIf(e.received_at > d.received_at) = count() {OF_THE_LISTED}"
    assert warehouse.scalar(late, t=truth, kind="late")
    again = simulate(warehouse, settings, ask(**SIZE, dirty=kinds), truth=truth)
    assert again["events_loaded"] == 0
    with pytest.raises(
        InputError, match=r"holds another simulated world \(.*, dirt late, .*\); two would mix.*nothing was changed"
    ):
        simulate(warehouse, settings, ask(**SIZE), truth=truth)


@pytest.mark.parametrize("format", ["parquet", "jsonl"])
def test_files_of_it_load_to_the_same_counts(warehouse: Warehouse, settings: Settings, tmp_path, format: str) -> None:
    asked = ask(40, 20, 3, dirty=("duplicates", "malformed", "schema", "skew", "outage", "late"))
    made = simulate_files(asked, tmp_path / "world", format=format)
    events = sorted((tmp_path / "world").glob("events*"), key=lambda file: len(file.stem))
    assert [file.name for file in events] == [f"events.{format}", f"events-2.{format}"]
    assert {"outages.parquet", "articles.parquet"} < {file.name for file in (tmp_path / "world").iterdir()}
    summary = ingest(warehouse, events, load_mapping("native"), settings=settings)

    went = pl.read_parquet(tmp_path / "world" / "truth" / "dirt.parquet").select(pl.sum("duplicated", "quarantined"))
    assert (summary.events_duplicate, summary.events_quarantined) == went.row(0)
    assert summary.events_loaded == made["events"] - sum(went.row(0))


def test_an_unknown_kind_of_dirt_is_refused() -> None:
    with pytest.raises(InputError, match=r"'rust' is no kind of dirt; there are late, .*, drift; nothing was changed"):
        ask(10, 5, 1, dirty=("rust",))


def test_drift_changes_the_world_from_its_middle_day_on_and_is_written_down() -> None:
    asked, plain = ask(60, 10, 3, dirty=("drift",)), ask(60, 10, 3)
    pairs = zip(simulated_days(asked.world), simulated_days(plain.world), strict=True)
    assert [drifted.events.equals(day.events) for drifted, day in pairs][:5] == [True] * 5
    assert asked.world.drift_day == 5
    (row,) = asked.planned().to_pylist()
    assert (row["kind"], row["what"], row["rows"]) == ("drift", "from day 5", 0)
    assert row["day"] == (plain.world.start + timedelta(days=5)).date()
