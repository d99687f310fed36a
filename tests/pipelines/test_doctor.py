"""The doctor on the warehouse and on files: it counts what is there, and agrees with what a run would do."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from readership.datasets.folds import plan_folds
from readership.datasets.rules import label_rule
from readership.errors import InputError, NotEnoughData
from readership.evaluation.readiness import Step, diagnose
from readership.events.mapping import load_mapping
from readership.pipelines.dataset import build_dataset, labels, newest_load
from readership.pipelines.doctor import agreeing, examine, examine_files
from readership.pipelines.ingest import ingest
from readership.pipelines.progress import Progress
from readership.settings import Settings
from readership.warehouse import Warehouse

FIRST = datetime(2026, 1, 5, 8, tzinfo=UTC)
AGREED = ("analytics", "personalisation")


def visit(reader: int, at: datetime, **more: Any) -> dict[str, Any]:
    return {
        "event_id": f"00000000-0000-4000-8000-{reader:04d}{int(at.timestamp()) % 100_000_000:08d}",
        "user_id": reader,
        "event_type": "article_view",
        "timestamp": at.isoformat(),
        "article_id": f"a{reader % 7}",
        "brand": ("Kurier", "Bote")[reader % 2],
        "subscription_tier": "free" if reader % 4 else "",
        **more,
    }


def log(days: int, readers: int = 60) -> list[dict[str, Any]]:
    """Each reader comes every (reader % 9 + 1) days; every fifth stays away after a while."""
    return [
        visit(reader, FIRST + timedelta(days=day, minutes=reader))
        for reader in range(1, readers + 1)
        for day in range(0, days if reader % 5 else min(days, 3 * reader), reader % 9 + 1)
    ]


def write(folder: Path, events: list[dict[str, Any]]) -> Path:
    file = folder / "events.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    return file


def load(warehouse: Warehouse, settings: Settings, folder: Path, events: list[dict[str, Any]]) -> None:
    ingest(warehouse, [write(folder, events)], load_mapping("native"), settings=settings, consent=AGREED)


def steps(warehouse: Warehouse, settings: Settings) -> dict[str, Step]:
    return {step.step: step for step in diagnose(examine(warehouse, settings)).steps}


def test_an_empty_warehouse(warehouse: Warehouse, settings: Settings) -> None:
    found = steps(warehouse, settings)
    assert {step.state for step in found.values()} == {"impossible"}
    assert "holds no rows" in found["churn"].reason
    assert "`readership demo`" in found["churn"].remedy


def test_one_event(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    load(warehouse, settings, tmp_path, [visit(1, FIRST)])
    found = steps(warehouse, settings)
    assert found["exploration"].state == "ready"
    assert "28 days ahead after 56 back need 168; no horizon fits" in found["churn"].reason


def test_what_it_counts(each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    later = FIRST + timedelta(days=12)
    load(
        each_warehouse,
        settings,
        tmp_path,
        [
            visit(1, FIRST, received_at=(FIRST + timedelta(days=2)).isoformat(), timezone="Europe/Vienna"),
            visit(2, FIRST, consent={"analytics": True, "personalisation": False}),
            visit(2, FIRST, event_id="11111111-1111-4111-8111-111111111111"),
            visit(4, later, event_type="login", engagement_metrics={"time_on_page": 3}),
            visit(4, later + timedelta(days=1), event_type="subscription_start"),
        ],
    )
    facts = examine(each_warehouse, settings)
    assert (facts.rows, facts.readers, facts.registered, facts.starts) == (5, 3, 3, 1)
    assert (facts.repeats, facts.late_rows, facts.zone_rows) == (1, 1, 1)
    assert facts.consenting == 2
    assert (facts.gap_days, str(facts.gap_from)) == (11, "2026-01-06")
    assert set(facts.brands) == {"Kurier", "Bote"}
    assert facts.fields["time_on_page"] == 1
    assert facts.types["subscription_start"] == 1


@pytest.mark.parametrize("brand", [None, "Kurier"])
def test_its_labels_are_those_of_the_dataset(
    warehouse: Warehouse, settings: Settings, tmp_path: Path, brand: str | None
) -> None:
    wander = [visit(reader, FIRST + timedelta(days=reader), brand="Bote") for reader in range(1, 60)]
    load(warehouse, settings, tmp_path, [*log(200), *wander])
    settings = settings.model_copy(update={"brand": brand})
    facts = examine(warehouse, settings)
    snapshot = newest_load(warehouse)
    for cutoff in facts.questions["churn"].cutoffs:
        found = labels(warehouse, "churn", cutoff.as_of, snapshot, settings)
        assert (cutoff.asked, cutoff.positives) == (found.height, found["label"].sum()), cutoff
    for cutoff in facts.questions["conversion"].cutoffs:
        assert cutoff.asked == labels(warehouse, "conversion", cutoff.as_of, snapshot, settings).height


@pytest.mark.parametrize(("days", "can"), [(200, True), (150, False)])
def test_it_agrees_with_what_a_run_would_do(
    warehouse: Warehouse, settings: Settings, tmp_path: Path, days: int, can: bool
) -> None:
    load(warehouse, settings, tmp_path, log(days))
    facts = examine(warehouse, settings)
    assert facts.first
    rule = label_rule("churn", settings)
    said = {step.step: step for step in diagnose(facts).steps}["churn"]
    assert (said.state != "impossible") == can, said
    try:
        folds = plan_folds(facts.first, facts.now, horizon=rule.horizon, lookback=rule.lookback)
        build_dataset(warehouse, settings, "churn", folds)
        done = True
    except NotEnoughData:
        done = False
    assert done == can


def test_files_are_judged_and_nothing_stays(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    file = write(tmp_path, [*log(20), {"user_id": 1, "event_type": "login", "timestamp": "n/a"}])
    databases = "SELECT name FROM system.databases ORDER BY name"
    before = warehouse.rows(databases)
    with Progress() as progress:
        facts = examine_files(
            warehouse, agreeing(settings, "analytics,personalisation"), [file], load_mapping("native"), progress
        )
    assert facts.source == "events.jsonl (mapping 'native')"
    assert (facts.rows, facts.quarantined, facts.consenting) == (len(log(20)), 1, 60)
    assert facts.to_load
    assert warehouse.rows(databases) == before
    assert warehouse.scalar("SELECT count() FROM events") == 0


def test_an_unknown_purpose_is_refused(settings: Settings) -> None:
    with pytest.raises(InputError, match="consent 'everything' is not a purpose"):
        agreeing(settings, "everything")


@pytest.mark.parametrize(
    "words", [["--from", "clickhouse://h"], ["--table", "a.b"], ["x.csv", "--from", "clickhouse://h", "--table", "a.b"]]
)
def test_bad_usage(words: list[str]) -> None:
    from readership.cli import app

    done = CliRunner().invoke(app, ["doctor", *words])
    assert done.exit_code == 2
    assert "name --from and --table together" in done.output
