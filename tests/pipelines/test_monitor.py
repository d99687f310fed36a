"""`readership monitor` on a planted world: what it saw, said and got right, and who is told."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import polars as pl
import pytest
from mail_server import Mailbox
from monitored_world import DAYS, HORIZON_DAYS, LEARNT, VERSION, a_champion, day, fill, log, settings_of, silent
from receiver import Receiver
from typer.testing import CliRunner

from readership.cli import app, watching
from readership.errors import DeliveryError
from readership.monitoring.measure import Measure
from readership.pipelines import monitor_models
from readership.pipelines.monitor import monitor
from readership.pipelines.monitor_models import Watch
from readership.pipelines.monitor_store import read_measures
from readership.pipelines.progress import Progress
from readership.settings import Settings
from readership.warehouse import Warehouse

NOW = day(DAYS)
SLOWER = 140
"""From this day on readers come a quarter as often."""


@pytest.fixture(scope="module")
def drifting(warehouse_root: Warehouse) -> Iterator[Warehouse]:
    """A log whose readers change, with one day of outage long before."""
    with warehouse_root.scratch() as scratch:
        fill(scratch, silent(log(slower_from=SLOWER), day(120), day(121)))
        yield scratch


@pytest.fixture(scope="module")
def quiet(warehouse_root: Warehouse) -> Iterator[Warehouse]:
    """The same log without either."""
    with warehouse_root.scratch() as scratch:
        fill(scratch, log())
        yield scratch


@pytest.fixture
def home(settings: Settings) -> Settings:
    return settings_of(settings)


def run(warehouse: Warehouse, home: Settings, days: int = 63, now=NOW) -> dict:
    if not (home.artifacts_dir / "models").is_dir():
        a_champion(warehouse, home)
    with Progress() as progress:
        return monitor(warehouse, home, now, days, progress)


def stored(warehouse: Warehouse, home: Settings) -> list[Measure]:
    return read_measures(warehouse, home, day(0), NOW)


def by_day(found: list[Measure], kind: str, measure: str) -> dict[int, Measure]:
    return {(m.as_of - day(0)).days: m for m in found if (m.kind, m.measure, m.part) == (kind, measure, "")}


@pytest.fixture
def empty_table(drifting: Warehouse, quiet: Warehouse) -> Iterator[None]:
    yield
    for warehouse in (drifting, quiet):
        warehouse.command("TRUNCATE TABLE measures")


pytestmark = pytest.mark.usefixtures("empty_table")


def test_a_quiet_publisher_is_told_nothing(quiet, home) -> None:
    outcome = run(quiet, home)
    assert (outcome["alerts"], outcome["told"]) == ([], [])
    assert outcome["states"]["red"] == 0
    found = stored(quiet, home)
    judged = by_day(found, "performance", "roc_auc")
    assert {judged[n].state for n in judged if n <= DAYS - HORIZON_DAYS} == {"green"}
    assert judged[DAYS].reason == "its labels are not known yet"
    expected, came = (by_day(found, kind, "roc_auc") for kind in ("estimate", "performance"))
    inside = [expected[n].low <= came[n].value <= expected[n].high for n in came if came[n].value is not None]
    assert sum(inside) >= 0.9 * len(inside) > 5


def test_readers_who_change_are_found_when_labels_tell_and_not_before(drifting, home) -> None:
    outcome = run(drifting, home)
    base_rate = by_day(stored(drifting, home), "performance", "base_rate")
    assert base_rate[133].state == "red"  # looked the same on day 133, and came less often from 140 on
    assert base_rate[119].state == "green"
    names = {(alert["rule"], alert["task"]) for alert in outcome["alerts"]}
    assert ("not-what-was-expected", "churn") in names
    early = run(drifting, home, now=day(139))
    assert "not-what-was-expected" not in {alert["rule"] for alert in early["alerts"]}


def test_the_outage_is_in_the_history_and_nobody_is_woken_for_it(drifting, home) -> None:
    outcome = run(drifting, home)
    assert "events-missing" not in {alert["rule"] for alert in outcome["told"]}
    assert "events-missing" in (home.artifacts_dir / "reports" / "monitoring.html").read_text()


def test_run_again_nothing_is_measured_and_nobody_told_twice(drifting, home, monkeypatch) -> None:
    first = run(drifting, home)
    before = stored(drifting, home)
    assert first["told"]
    monkeypatch.setattr(Watch, "at", lambda *_: pytest.fail("it was measured already"))
    second = run(drifting, home)
    assert second["told"] == []
    assert second["alerts"] == first["alerts"]
    assert stored(drifting, home) == before


def test_a_time_is_measured_again_once_its_labels_are_known(drifting, home) -> None:
    run(drifting, home, now=day(133))
    assert by_day(stored(drifting, home), "performance", "roc_auc")[126].state == "grey"
    run(drifting, home, now=day(140))
    again = by_day(stored(drifting, home), "performance", "roc_auc")
    assert again[126].value is not None
    assert again[133].state == "grey"


def test_times_the_model_learnt_from_are_told_and_not_judged(quiet, home) -> None:
    run(quiet, home, days=119)
    found = stored(quiet, home)
    learnt = [m for m in found if m.task == "churn" and m.as_of < LEARNT]
    assert {(m.measure, m.state) for m in learnt} == {("base_rate", "grey")}
    assert all(0 < m.value < 1 for m in learnt)


def test_what_was_said_is_judged_where_it_was_kept(quiet, home) -> None:
    at = day(DAYS - 2 * HORIZON_DAYS)
    a_champion(quiet, home)
    asked = quiet.frame("SELECT DISTINCT user_id FROM events ORDER BY user_id")
    moment = pl.lit(at - timedelta(hours=2)).dt.cast_time_unit("ms")
    said = asked.select(
        "user_id", decision_id=pl.format("d{}", "user_id"), task=pl.lit("churn"), model_version=pl.lit("v0"),
        features_as_of=moment, score=pl.lit(0.5), at=moment, received_at=moment, loaded_at=moment,
    )  # fmt: skip
    quiet.insert("predictions", said.to_arrow())
    run(quiet, home, days=35)
    quiet.command("TRUNCATE TABLE predictions")
    judged = by_day(stored(quiet, home), "performance", "roc_auc")
    assert (judged[140].value, judged[140].model_version) == (0.5, "v0")  # one answer for all is a coin
    assert judged[147].model_version == VERSION


def test_a_group_that_cannot_be_read_costs_its_own_columns(quiet, home, monkeypatch) -> None:
    real = monitor_models.feature_frame

    def broken(*args, groups, **more):
        if "activity" in groups:
            quiet.frame("SELECT no_such_column FROM events")
        return real(*args, groups=groups, **more)

    a_champion(quiet, home)
    monkeypatch.setattr(monitor_models, "feature_frame", broken)
    run(quiet, home, days=7)
    found = [m for m in stored(quiet, home) if m.as_of == NOW and m.kind != "data"]
    column = {m.part: m for m in found if m.measure == "psi" and m.kind == "inputs"}
    assert (column["sessions_28d"].state, column["days_since_last_session"].state) == ("grey", "green")
    assert "its group 'activity' cannot be read" in column["sessions_28d"].reason
    assert {m.state for m in found if m.kind in ("scores", "estimate")} == {"grey"}


def test_metrics_and_page_stand_by_themselves(drifting, home) -> None:
    outcome = run(drifting, home)
    text = (home.artifacts_dir / "monitoring" / "readership.prom").read_text()
    assert 'readership_monitor_alerts{brand="",severity="warning"}' in text
    assert 'readership_monitor_value{brand="",task="churn",kind="performance",measure="base_rate",part=""}' in text
    page = home.artifacts_dir / "reports" / "monitoring.html"
    assert outcome["report"] == str(page)
    html = page.read_text()
    assert all(words in html for words in ("Is it still true?", "not-what-was-expected of churn", "cannot see"))
    assert 'href="monitoring.html"' in (page.parent / "index.html").read_text()


def test_receivers_that_are_away_hear_of_it_the_next_time(drifting, home) -> None:
    with Receiver("/hook") as receiver, Mailbox() as mailbox:
        receiver.answers = [(404, {}, "gone")]
        told = home.model_copy(update={
            "alert_webhook": Settings(alert_webhook=receiver.address).alert_webhook,
            "alert_smtp": Settings(alert_smtp=mailbox.address).alert_smtp,
            "alert_email_from": "readership@news.example", "alert_email_to": "desk@news.example",
        })  # fmt: skip
        (home.root / "alerts.toml").write_text('[tell]\nemail = "warning"\n')
        with pytest.raises(DeliveryError, match=r"webhook: .*404 gone"):
            run(drifting, told)
        assert (
            'readership_monitor_undelivered{brand=""} 0'
            not in (home.artifacts_dir / "monitoring" / "readership.prom").read_text()
        )
        run(drifting, told)
        run(drifting, told)
    assert len(receiver.taken) == 1
    assert [alert["rule"] for alert in receiver.taken[0]["alerts"]]
    assert (len(mailbox.messages), mailbox.to) == (1, ["desk@news.example"])


def test_the_command(quiet, home, monkeypatch) -> None:
    @contextmanager
    def opened(brand: str | None = None):
        with Progress() as progress:
            yield quiet, home, progress

    monkeypatch.setattr(watching, "open_warehouse", opened)
    day_of = f"{NOW:%Y-%m-%d}"
    told = CliRunner().invoke(app, ["monitor", "--as-of", day_of, "--days", "7", "--json"], catch_exceptions=False)
    found = json.loads(told.stdout)
    assert (found["as_of"], found["tasks"], found["alerts"]) == (NOW.isoformat(), [], [])
    assert found["states"]["green"] > 0
    plain = CliRunner().invoke(app, ["monitor", "--as-of", day_of, "--days", "7"], catch_exceptions=False)
    assert "alerts that stand: 0; told now: 0" in plain.stdout
