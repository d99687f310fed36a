"""The segment log into the warehouse: each event once, whatever interrupts it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from readership.errors import InputError
from readership.events.identity import reader_key
from readership.events.segments import Record, SegmentLog, line
from readership.events.taken import DAMAGED, TAKEN, Taken, taking
from readership.pipelines import segments as module
from readership.pipelines.segments import ingest_segments
from readership.settings import Settings
from readership.warehouse import Warehouse

AT = 1_767_225_600_000


def event(n: int, **more: object) -> Record:
    told = {"event_id": f"e{n}", "user_id": "42", "event_type": "article_view", "timestamp": AT + n, "article_id": "a1"}
    return Record("event", json.dumps({**told, "received_at": AT + n, **more}).encode())


@pytest.fixture
def log(settings: Settings) -> Iterator[SegmentLog]:
    log = SegmentLog(settings.path(settings.segments))
    yield log
    log.close()


def test_events_of_a_growing_segment_are_stored_once(warehouse: Warehouse, settings: Settings, log: SegmentLog) -> None:
    log.append([event(1), event(2)])
    first = ingest_segments(warehouse, settings)
    assert (first["events_loaded"], first["readers"], first["segments_finished"]) == (2, 1, 0)
    log.append([event(2), event(3)])  # 2 was sent again
    second = ingest_segments(warehouse, settings)
    assert (second["events_loaded"], second["events_duplicate"]) == (1, 1)
    assert (
        warehouse.scalar("SELECT uniqExact(event_id) FROM events")
        == warehouse.scalar("SELECT count() FROM events")
        == 3
    )
    log.close()
    third = ingest_segments(warehouse, settings)
    assert (third["events_loaded"], third["events_duplicate"], third["segments_finished"]) == (0, 0, 1)
    assert not list(log.folder.glob("*.done"))
    assert json.loads((log.folder / TAKEN).read_text()) == {}


def test_what_was_stored_before_an_interruption_counts_as_a_repeat(
    warehouse: Warehouse, settings: Settings, log: SegmentLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append([event(1), event(2)])
    log.close()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Taken, "until", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ingest_segments(warehouse, settings)
    done = ingest_segments(warehouse, settings)
    assert (done["events_loaded"], done["events_duplicate"], done["segments_finished"]) == (0, 2, 1)
    assert (warehouse.scalar("SELECT count() FROM events"), done["sessions"]) == (2, 1)


def test_what_is_no_event_goes_to_quarantine_in_every_round(
    warehouse: Warehouse, settings: Settings, log: SegmentLog
) -> None:
    for _ in range(2):
        log.append([Record("event", b'{"user_id":"42","timestamp":%d}' % AT), Record("event", b"5")])
        done = ingest_segments(warehouse, settings)
        assert (done["events_loaded"], done["events_quarantined"]) == (0, 2)
    found = warehouse.rows("SELECT field, reason FROM quarantine ORDER BY field, reason")
    assert found == [("event_type", "is empty"), ("event_type", "is empty")] + 2 * [
        ("line", "line is not a JSON object")
    ]


def test_a_reader_made_to_share_anothers_number_stops_nobody(
    warehouse: Warehouse, settings: Settings, log: SegmentLog
) -> None:
    twin = str(reader_key("anna"))  # a number is its own number, and this one is known
    log.append(
        [event(1, user_id="anna"), event(2, user_id=twin, consent=15), event(3, user_id="bob"), Record("event", b"5")]
    )
    done = ingest_segments(warehouse, settings)
    assert (done["events_loaded"], done["events_quarantined"], done["readers"]) == (2, 2, 2)
    log.append([event(4, user_id=twin), event(5, user_id="anna")])
    done = ingest_segments(warehouse, settings)
    assert (done["events_loaded"], done["events_quarantined"]) == (1, 1)
    found = warehouse.rows(
        "SELECT reason, JSONExtractString(raw, 'event_id') FROM quarantine WHERE field = 'user_id' ORDER BY 2"
    )
    assert found == [(f"'{twin}' shares its number with another reader's id", name) for name in ("e2", "e4")]
    assert warehouse.rows("SELECT external_id, consent FROM readers FINAL ORDER BY 1") == [
        ("anna", None),
        ("bob", None),
    ]


def test_silence_about_consent_is_stored_as_silence(warehouse: Warehouse, settings: Settings, log: SegmentLog) -> None:
    log.append([event(1), event(2, consent={"analytics": True, "personalisation": True})])
    ingest_segments(warehouse, settings)
    assert warehouse.rows("SELECT consent FROM events ORDER BY timestamp") == [(None,), (3,)]


def test_a_simulated_world_makes_way_for_events_but_not_for_answers(
    warehouse: Warehouse, settings: Settings, log: SegmentLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = ["a world"]
    monkeypatch.setattr(module, "make_way", lambda *_: held.pop() if held else None)
    told = {"decision_id": "d1", "user_id": 42, "task": "churn", "model_version": "v1", "inputs_hash": "abc"}
    times = {"features_as_of": "2026-01-01T00:00:00Z", "at": "2026-01-01T00:00:01Z"}
    log.append([Record("decision", json.dumps({**told, **times, "score": 0.5, "propensity": None}).encode())])
    assert (ingest_segments(warehouse, settings)["decisions"], held) == (1, ["a world"])
    log.append([event(1)])
    assert (ingest_segments(warehouse, settings)["events_loaded"], held) == (1, [])


def test_articles_become_versions(warehouse: Warehouse, settings: Settings, log: SegmentLog) -> None:
    told = {"article_id": "a1", "title": "First", "published_at": AT, "received_at": AT + 1, "topics": ["cup"]}
    log.append([Record("article", json.dumps(told).encode())])
    log.append([Record("article", json.dumps({**told, "withdrawn_at": AT + 9, "received_at": AT + 9}).encode())])
    assert ingest_segments(warehouse, settings)["articles"] == 2
    found = warehouse.rows("SELECT title, topics, withdrawn_at IS NULL FROM articles ORDER BY received_at")
    assert found == [("First", ["cup"], 1), ("First", ["cup"], 0)]


def test_decisions_are_stored_once(warehouse: Warehouse, settings: Settings, log: SegmentLog) -> None:
    told = {
        "decision_id": "d1",
        "user_id": 42,
        "task": "recommendation",
        "model_version": "v1",
        "features_as_of": "2026-01-01T00:00:00Z",
        "inputs_hash": "abc",
        "score": 0.5,
        "propensity": 0.125,
        "at": "2026-01-01T00:00:01.5Z",
    }
    log.append(2 * [Record("decision", json.dumps(told).encode())])
    assert ingest_segments(warehouse, settings)["decisions"] == 1
    log.append([Record("decision", json.dumps(told).encode())])
    assert ingest_segments(warehouse, settings)["decisions"] == 0
    found = warehouse.rows("SELECT decision_id, user_id, propensity, toUnixTimestamp64Milli(at) FROM predictions")
    assert found == [("d1", 42, 0.125, AT + 1500)]


def test_a_torn_tail_and_damage_are_told(warehouse: Warehouse, settings: Settings, log: SegmentLog) -> None:
    log.folder.mkdir(parents=True)
    wrong = line(event(2)).replace(b"a1", b"a2")
    (log.folder / "x.done").write_bytes(line(event(1)) + wrong + line(event(3))[:-5])
    done = ingest_segments(warehouse, settings)
    assert (done["events_loaded"], done["lines_damaged"], done["bytes_torn"]) == (1, 1, len(line(event(3))) - 5)
    assert (log.folder / DAMAGED).read_bytes() == wrong


def test_no_log_is_a_message(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no segment log in .*; `readership serve` writes one"):
        ingest_segments(warehouse, settings, tmp_path / "none")


def test_two_never_take_from_one_folder(warehouse: Warehouse, settings: Settings, log: SegmentLog) -> None:
    log.append([event(1)])
    told = r"another process takes what lies in .*; nothing was taken"
    with taking(log.folder), pytest.raises(InputError, match=told):
        ingest_segments(warehouse, settings)
    assert ingest_segments(warehouse, settings)["events_loaded"] == 1
