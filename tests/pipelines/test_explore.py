"""Step 01: it counts what is there, says what is not, and runs on any log."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from readership.errors import NotEnoughData
from readership.events.mapping import load_mapping
from readership.pipelines.explore import SAMPLE_READERS, ask, explore
from readership.pipelines.ingest import ingest
from readership.settings import Settings
from readership.warehouse import Warehouse

FIRST = datetime(2026, 1, 5, 8, tzinfo=UTC)
AGREED = {"analytics": True, "personalisation": True}
Load = Callable[..., None]


@pytest.fixture
def load(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> Load:
    """Ingest events given as dicts."""

    def run(events: list[dict[str, Any]]) -> None:
        file = tmp_path / "events.jsonl"
        file.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
        ingest(warehouse, [file], load_mapping("native"), settings=settings, consent=("analytics", "personalisation"))

    return run


def view(reader: int, at: datetime, **more: Any) -> dict[str, Any]:
    """An article view with nothing but the necessary."""
    return {
        "event_id": f"00000000-0000-4000-8000-{reader:06d}{int(at.timestamp()) % 1_000_000:06d}",
        "user_id": reader,
        "event_type": "article_view",
        "timestamp": at.isoformat(),
        "article_id": f"a{reader % 7}",
        "consent": AGREED,
        **more,
    }


def bare_log(readers: int = 40, days: int = 130) -> list[dict[str, Any]]:
    """Each reader comes every (reader % 9 + 1) days."""
    return [
        view(reader, FIRST + timedelta(days=day, minutes=reader))
        for reader in range(1, readers + 1)
        for day in range(0, days, reader % 9 + 1)
    ]


def test_a_log_with_nothing_but_the_necessary(load: Load, warehouse: Warehouse, settings: Settings) -> None:
    events = bare_log()
    load(events)
    now = FIRST + timedelta(days=131)
    page = explore(warehouse, settings, now)
    html = page.read_text(encoding="utf-8")
    assert page == settings.artifacts_dir / "reports" / "exploration.html"
    for words in ("No reading time", "No countries", "No devices", "Late arrivals unknown", "Too short to learn"):
        assert words in html
    assert f"{len(events):,} events of 40 readers" in html
    pictures = {path.stem for path in (page.parent / "exploration").iterdir()}
    assert pictures >= {"activity_events", "week", "returning", "gaps", "filled", "sessions_per_reader"}
    assert "reading_time" not in pictures
    assert "values_country" not in pictures


def test_the_sample_holds_readers_by_their_own_ids(load: Load, warehouse: Warehouse, settings: Settings) -> None:
    load(bare_log())
    explore(warehouse, settings, FIRST + timedelta(days=130))
    with (settings.root / "user_features_sample.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40 <= SAMPLE_READERS
    assert {row["user_id"] for row in rows} == {str(reader) for reader in range(1, 41)}
    daily = next(row for row in rows if row["user_id"] == "9")
    assert float(daily["active_days_28d"]) == 28
    assert daily["engaged_seconds_28d"] == ""


def test_what_it_counts(load: Load, warehouse: Warehouse, settings: Settings) -> None:
    """Three readers: one late row, one repeat under another id, one impossible value, ten silent days."""
    later = FIRST + timedelta(days=11)
    load(
        [
            view(1, FIRST, received_at=(FIRST + timedelta(days=2)).isoformat()),
            view(2, FIRST, country="DE", received_at=FIRST.isoformat()),
            view(2, FIRST, event_id="11111111-1111-4111-8111-111111111111", received_at=FIRST.isoformat()),
            view(3, later, engagement_metrics={"time_on_page": 5 * 3600}, received_at=later.isoformat()),
        ]
    )
    found = ask(warehouse, settings, later + timedelta(days=1))
    assert found["overview"]["events"] == 4
    assert found["overview"]["readers"] == 3
    assert found["lateness"] == {
        "with_own_time": 1, "over_a_minute": 1, "over_an_hour": 1, "over_a_day": 1, "over_a_week": 0,
        "latest_seconds": 2 * 86_400,
    }  # fmt: skip
    assert found["repeats"]["events"] == 1
    assert found["impossible"]["read_one_page_for_more_than_four_hours"] == 1
    assert sum(found["impossible"].values()) == 1
    assert found["silences"][0]["silent_hours"] == 11 * 24 - 1
    assert found["silences"][0]["begins"] == FIRST
    assert [(row["day"].isoformat(), row["events"]) for row in found["days"]] == [("2026-01-05", 3), ("2026-01-16", 1)]
    assert found["filled"][0]["country"] == 1
    assert found["filled"][0]["engaged_ms"] == 1


def test_nothing_later_than_as_of_is_read(load: Load, warehouse: Warehouse, settings: Settings) -> None:
    late = (FIRST + timedelta(days=30)).isoformat()
    load([view(1, FIRST), view(2, FIRST, received_at=late), view(3, FIRST + timedelta(days=20))])
    found = ask(warehouse, settings, FIRST + timedelta(days=10))
    assert found["overview"]["events"] == 1
    assert found["sessions"]["sessions"] == 1


def test_a_reader_who_refuses_analytics_is_left_out(load: Load, warehouse: Warehouse, settings: Settings) -> None:
    refuses = {"analytics": False, "personalisation": False}
    load([*bare_log(), *(view(99, FIRST + timedelta(days=day), consent=refuses) for day in range(5))])
    found = ask(warehouse, settings, FIRST + timedelta(days=131))
    assert found["refused"]["readers"] == 1
    assert found["overview"]["readers"] == 40
    assert sum(row["readers"] for row in found["sessions_per_reader"]) == 40


def test_nobody_agrees_to_personalisation(load: Load, warehouse: Warehouse, settings: Settings) -> None:
    """Aggregates are shown; no reader is described one by one; the sample holds its header alone."""
    load([{**event, "consent": {"analytics": True, "personalisation": False}} for event in bare_log()])
    page = explore(warehouse, settings, FIRST + timedelta(days=131))
    assert "No reader agrees to personalisation" in page.read_text(encoding="utf-8")
    assert len((settings.root / "user_features_sample.csv").read_text(encoding="utf-8").splitlines()) == 1
    assert not (page.parent / "exploration" / "correlations.png").exists()


def test_one_event_is_enough(load: Load, warehouse: Warehouse, settings: Settings) -> None:
    load([view(1, FIRST)])
    page = explore(warehouse, settings, FIRST + timedelta(days=1))
    assert "1 events of 1 readers" not in page.read_text(encoding="utf-8")
    assert "1 event of 1 reader," in page.read_text(encoding="utf-8")


def test_nothing_known_yet(load: Load, warehouse: Warehouse, settings: Settings) -> None:
    load([view(1, FIRST)])
    with pytest.raises(NotEnoughData, match=r"no event was known at 2026-01-04 08:00 UTC .* `readership ingest FILE`"):
        explore(warehouse, settings, FIRST - timedelta(days=1))
    assert not settings.artifacts_dir.exists()
