"""The ingest benchmark measures the product's own ingest and counts what it loaded."""

import json
from pathlib import Path

import pytest

from readership.benchmarks.ingest import BROKEN_EVERY, run, write_events
from readership.errors import InputError


def test_a_small_run_reports_the_contract_s_figures() -> None:
    report = run(events=10_000)
    assert report["bench"] == "ingest"
    figures = report["figures"]
    assert figures["events_per_second"] > 0
    assert figures["peak_rss_gib"] > 0
    assert figures["events_loaded"] + figures["events_duplicate"] + figures["events_quarantined"] == 10_000
    assert figures["events_quarantined"] == 10_000 / BROKEN_EVERY
    assert figures["loaded_again"] == 0
    assert report["peers"]["python_json"]["events_per_second"] > 0
    json.dumps(report)


def test_the_log_is_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_events(tmp_path / name, 2_000)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_too_few_events_say_so() -> None:
    with pytest.raises(InputError, match="9 events are too few to measure; give at least 10000"):
        run(events=9)
