"""`readership monitor` where readers change: what is found, when, and who is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from mail_server import Mailbox
from monitored_world import (
    World,
    a_champion,
    day,
    log,
    run,
    settings_in,
    silent,
    watched,
)
from receiver import Receiver

from readership.errors import DeliveryError
from readership.pipelines.monitor_models import Watch
from readership.settings import Settings
from readership.warehouse import Warehouse

SLOWER = 140
"""From this day on readers come a quarter as often."""


@pytest.fixture(scope="module")
def changed(warehouse_root: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Readers who change, and one day of outage long before; looked at for seven weeks."""
    events = silent(log(slower_from=SLOWER), day(125), day(126))
    yield from watched(warehouse_root, events, tmp_path_factory.mktemp("changed"), 49)


def test_readers_who_change_are_found_when_labels_tell_and_not_before(changed: World) -> None:
    came, due = changed.by_day("performance", "base_rate"), changed.by_day("estimate", "base_rate")
    assert came[119].state == "green"
    assert came[140].state == "red"  # they looked as ever, and came less often from that day on
    assert due[140].high < came[140].low  # the blind spot of what is expected
    assert came[140].reason.endswith("were expected")
    assert changed.by_day("inputs", "drifted")[140].state == "green"
    assert changed.by_day("inputs", "drifted")[147].state == "red"
    assert ("not-what-was-expected", "churn") in {(a["rule"], a["task"]) for a in changed.outcome["alerts"]}


def test_the_outage_of_old_is_in_the_history_and_nobody_is_woken_for_it(changed: World) -> None:
    events = changed.by_day("data", "events")
    assert (events[126].state, events[127].state) == ("red", "green")
    assert day(126).isoformat() not in {alert["since"] for alert in changed.outcome["told"]}
    page = Path(changed.outcome["report"]).read_text()
    assert "Alerts that are over" in page
    assert f"Since {day(126):%Y-%m-%d}, until {day(127):%Y-%m-%d}" in page


def test_run_again_nothing_is_measured_and_nobody_told_twice(changed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = changed.measures
    monkeypatch.setattr(Watch, "at", lambda *_: pytest.fail("it was measured already"))
    again = run(changed.warehouse, changed.home, 49)
    assert (again["told"], again["alerts"]) == ([], changed.outcome["alerts"])
    assert changed.measures == before


def test_metrics_and_page_stand_by_themselves(changed: World) -> None:
    text = Path(changed.outcome["metrics"]).read_text()
    assert 'readership_monitor_alerts{brand="",severity="warning"}' in text
    assert 'readership_monitor_value{brand="",task="churn",kind="performance",measure="base_rate",part=""}' in text
    page = Path(changed.outcome["report"])
    html = page.read_text()
    assert all(words in html for words in ("Is it still true?", "not-what-was-expected of churn", "cannot see"))
    assert 'href="monitoring.html"' in (page.parent / "index.html").read_text()
    assert {path.stem for path in page.with_suffix("").iterdir()} >= {"data_events", "churn_performance_base_rate"}


def test_receivers_that_are_away_hear_of_it_the_next_time(changed: World, tmp_path: Path) -> None:
    a_champion(changed.warehouse, settings_in(tmp_path))
    (tmp_path / "alerts.toml").write_text('[tell]\nemail = "warning"\n')
    with Receiver("/hook") as receiver, Mailbox() as mailbox:
        receiver.answers = [(404, {}, "gone")]
        told = Settings(
            **settings_in(tmp_path).model_dump(exclude_unset=True),
            alert_webhook=receiver.address,
            alert_smtp=mailbox.address,
            alert_email_from="readership@news.example",
            alert_email_to="desk@news.example",
        )
        with pytest.raises(DeliveryError, match=r"webhook: .*404 gone"):
            run(changed.warehouse, told, 7)
        metrics = (tmp_path / "artifacts" / "monitoring" / "readership.prom").read_text()
        assert 'readership_monitor_undelivered{brand=""} 0\n' not in metrics
        run(changed.warehouse, told, 7)
        run(changed.warehouse, told, 7)
    (body,) = receiver.taken
    assert "not-what-was-expected" in {alert["rule"] for alert in body["alerts"]}
    assert (len(mailbox.messages), mailbox.to) == (1, ["desk@news.example"])
