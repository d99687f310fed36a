"""`readership monitor` where nothing changes: nobody is told, and what each time is measured by."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from monitored_world import (
    DAYS,
    HORIZON_DAYS,
    NOW,
    VERSION,
    World,
    day,
    log,
    settings_in,
    watched,
)
from typer.testing import CliRunner

from readership.cli import app, watching
from readership.monitoring.measure import Measure
from readership.monitoring.performance import NOT_MATURE
from readership.pipelines import monitor_models
from readership.pipelines.dataset import newest_load
from readership.pipelines.monitor_models import LEARNT_FROM, Watch
from readership.pipelines.monitor_store import read_measures, save_measures
from readership.pipelines.progress import Progress
from readership.settings import Settings
from readership.warehouse import Warehouse


@pytest.fixture(scope="module")
def quiet(warehouse_root: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Readers who act as ever; looked at for seven weeks."""
    yield from watched(warehouse_root, log(), tmp_path_factory.mktemp("quiet"), 49)


def test_a_quiet_publisher_is_told_nothing(quiet: World) -> None:
    assert (quiet.outcome["alerts"], quiet.outcome["told"]) == ([], [])
    assert quiet.outcome["states"]["red"] == 0
    came, due = quiet.by_day("performance", "roc_auc"), quiet.by_day("estimate", "roc_auc")
    assert [n for n, m in came.items() if m.value is not None] == list(range(DAYS - 49, DAYS - HORIZON_DAYS + 1, 7))
    assert "red" not in {m.state for m in came.values()}
    assert {n for n, m in due.items() if m.low < m.value < m.high} == set(range(DAYS - 49, DAYS + 1, 7))


def test_a_time_is_due_once_and_again_when_its_labels_are_known(quiet: World) -> None:
    model = Watch(quiet.warehouse, quiet.home, "churn", newest_load(quiet.warehouse))
    ripe, new, known = day(DAYS - HORIZON_DAYS), day(DAYS), day(DAYS - 2 * HORIZON_DAYS)
    waits = {"task": "churn", "model_version": VERSION, "reason": NOT_MATURE}
    stored = [
        Measure(ripe, "performance", "roc_auc", "grey", **waits),
        Measure(day(DAYS - 7), "performance", "roc_auc", "grey", **waits),
        Measure(known, "performance", "roc_auc", "green", task="churn", model_version="gone"),
    ]
    assert model.due([new, day(DAYS - 7), ripe, known], NOW, stored) == [(ripe, VERSION), (new, VERSION)]


def test_times_the_model_learnt_from_are_told_and_not_judged(quiet: World) -> None:
    model = Watch(quiet.warehouse, quiet.home, "churn", newest_load(quiet.warehouse))
    (only,) = model.at(day(56), VERSION, NOW)
    assert (only.measure, only.state, only.reason) == ("base_rate", "grey", LEARNT_FROM)
    assert 0.05 < only.value < 0.5


def test_an_outage_still_to_come_changes_nothing_of_what_is_asked_and_much_of_what_is_known(quiet: World) -> None:
    at, moment = day(DAYS - HORIZON_DAYS), pl.lit(day(DAYS - 5)).dt.cast_time_unit("ms")
    model = Watch(quiet.warehouse, quiet.home, "churn", newest_load(quiet.warehouse))
    before = model.at(at, VERSION, NOW)
    outage = pl.DataFrame({"brand": [""], "note": ["x"]}).with_columns(
        starts_at=moment, ends_at=moment + timedelta(hours=9), received_at=moment, loaded_at=moment
    )
    quiet.warehouse.insert("outages", outage.to_arrow())
    again = Watch(quiet.warehouse, quiet.home, "churn", newest_load(quiet.warehouse)).at(at, VERSION, NOW)
    quiet.warehouse.command("TRUNCATE TABLE outages")
    assert [m for m in again if m.kind != "performance"] == [m for m in before if m.kind != "performance"]
    assert {m.state for m in again if m.kind == "performance"} == {"grey"}


def test_what_was_said_is_judged_where_it_was_kept(quiet: World) -> None:
    at = day(DAYS - 2 * HORIZON_DAYS)
    moment = pl.lit(at - timedelta(hours=2)).dt.cast_time_unit("ms")
    asked = quiet.warehouse.frame("SELECT DISTINCT user_id FROM events ORDER BY user_id")
    said = asked.select(
        "user_id", decision_id=pl.format("d{}", "user_id"), task=pl.lit("churn"), model_version=pl.lit("v0"),
        features_as_of=moment, score=pl.lit(0.5), at=moment, received_at=moment, loaded_at=moment,
    )  # fmt: skip
    quiet.warehouse.insert("predictions", said.to_arrow())
    model = Watch(quiet.warehouse, quiet.home, "churn", newest_load(quiet.warehouse))
    found = {(m.kind, m.measure): m for m in model.at(at, VERSION, NOW) if not m.part}
    quiet.warehouse.command("TRUNCATE TABLE predictions")
    auc = found["performance", "roc_auc"]
    assert (auc.value, auc.model_version) == (0.5, "v0")  # one answer for all is a coin
    assert found["scores", "psi"].model_version == VERSION


def test_a_group_that_cannot_be_read_costs_its_own_columns(quiet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = monitor_models.feature_frame

    def broken(*args: Any, groups: list[str], **more: Any) -> pl.DataFrame:
        if "activity" in groups:
            quiet.warehouse.frame("SELECT no_such_column FROM events")
        return real(*args, groups=groups, **more)

    monkeypatch.setattr(monitor_models, "feature_frame", broken)
    model = Watch(quiet.warehouse, quiet.home, "churn", newest_load(quiet.warehouse))
    found = model.at(NOW, VERSION, NOW)
    column = {m.part: m for m in found if m.measure == "psi" and m.kind == "inputs"}
    assert (column["sessions_28d"].state, column["days_since_last_session"].state) == ("grey", "green")
    assert "its group 'activity' cannot be read" in column["sessions_28d"].reason
    assert {m.state for m in found if m.kind in ("scores", "estimate")} == {"grey"}


def test_measured_again_a_time_stands_as_measured_last(warehouse: Warehouse, tmp_path: Path) -> None:
    home = settings_in(tmp_path)
    first = [Measure(NOW, "data", "events", "green", value=1.0), Measure(NOW, "data", "gone", "red", value=2.0)]
    of_churn = Measure(NOW, "scores", "psi", "green", task="churn", value=0.1, model_version=VERSION)
    save_measures(warehouse, home, [*first, of_churn])
    save_measures(warehouse, home, [Measure(NOW, "data", "events", "red", value=float("nan"), reason="again")])
    found = read_measures(warehouse, home, NOW, NOW)
    assert found == [Measure(NOW, "data", "events", "red", reason="again"), of_churn]
    assert read_measures(warehouse, home.model_copy(update={"brand": "Kurier"}), NOW, NOW) == []


def test_the_command(quiet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened(brand: str | None = None) -> Iterator[tuple[Warehouse, Settings, Progress]]:
        with Progress() as progress:
            yield quiet.warehouse, quiet.home, progress

    monkeypatch.setattr(watching, "open_warehouse", opened)
    asked = ["monitor", "--as-of", f"{NOW:%Y-%m-%d}", "--days", "7"]
    found = json.loads(CliRunner().invoke(app, [*asked, "--json"], catch_exceptions=False).stdout)
    assert (found["as_of"], found["tasks"], found["alerts"]) == (NOW.isoformat(), ["churn"], [])
    plain = CliRunner().invoke(app, asked, catch_exceptions=False)
    assert "alerts that stand: 0; told now: 0" in plain.stdout
