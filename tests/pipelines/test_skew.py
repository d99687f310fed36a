"""`readership audit skew` on a publisher of three readers."""

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest
from campaign_world import NAMES, VERSION, make_live

from readership.errors import StoreError
from readership.evaluation.skew import SkewReport
from readership.events.identity import reader_key
from readership.events.segments import Record, SegmentLog
from readership.features.catalogue import categories, model_inputs
from readership.features.encoding import inputs_hash
from readership.features.online import OnlineFeatures, OnlineWriter
from readership.features.state import Doing, open_state
from readership.pipelines.features import materialise
from readership.pipelines.segments import ingest_segments
from readership.pipelines.skew import audit_skew
from readership.serving.predictions import Prediction
from readership.settings import Settings
from readership.warehouse import Warehouse

NOW = datetime(2026, 4, 1, tzinfo=UTC)
SESSION = """
INSERT INTO session_versions
    (row_id, known_at, loaded_at, session_id, user_id, session_start, session_end, local_day, total_events,
     article_views, device_type, consent, registered)
SELECT {row:UInt64}, {at:DateTime64(3, 'UTC')}, {loaded:DateTime64(3, 'UTC')}, toString({row:UInt64}), {reader:UInt64},
     {at:DateTime64(3, 'UTC')}, {at:DateTime64(3, 'UTC')}, toDate({at:DateTime64(3, 'UTC')}), 3, 2, 'app', 3, 1
"""
EVENT = """
INSERT INTO events (event_id, user_id, event_type, article_id, timestamp, received_at, loaded_at, consent)
SELECT generateUUIDv4(), {reader:UInt64}, 'article_view', {article:String}, {at:DateTime64(3, 'UTC')},
     {at:DateTime64(3, 'UTC')}, {loaded:DateTime64(3, 'UTC')}, 3
"""
READER = """
INSERT INTO readers (user_id, external_id, first_seen, received_at, loaded_at)
SELECT {reader:UInt64}, {external:String}, {at:DateTime64(3, 'UTC')}, {at:DateTime64(3, 'UTC')},
     {at:DateTime64(3, 'UTC')}
"""


def visit(warehouse: Warehouse, external: str, days_ago: float, loaded: datetime | None = None) -> int:
    reader, at = reader_key(external), NOW - timedelta(days=days_ago)
    row = int(reader + days_ago) % 2**64
    warehouse.command(SESSION, row=row, at=at, reader=reader, loaded=loaded or at)
    warehouse.command(EVENT, at=at, reader=reader, article=f"a{external}", loaded=loaded or at)
    return reader


@pytest.fixture
def publisher(warehouse: Warehouse, settings: Settings) -> Warehouse:
    for external, days in (("one", 3), ("two", 10), ("three", 40)):
        reader = visit(warehouse, external, days)
        warehouse.command(READER, reader=reader, external=external, at=NOW - timedelta(days=days))
    materialise(warehouse, settings, NOW)
    return warehouse


def results(report: SkewReport) -> dict[str, str]:
    return {check.name: check.result for check in report.checks}


def test_what_is_served_is_what_the_sql_gives(publisher: Warehouse, settings: Settings) -> None:
    report = audit_skew(publisher, settings)
    assert (report.verdict, report.max_abs_diff) == ("equal", 0.0)
    expected = {"readers": "pass", "features": "pass", "prediction_log": "skipped", "real_time/reads": "skipped"}
    assert results(report) == expected
    assert report.rows_compared == 6


def test_rows_that_were_loaded_after_the_features_were_made_are_no_skew(
    publisher: Warehouse, settings: Settings
) -> None:
    visit(publisher, "one", 2, loaded=datetime.now(UTC) + timedelta(seconds=1))  # happened before, loaded later
    assert audit_skew(publisher, settings).verdict == "equal"
    online = OnlineFeatures.open(settings.online)
    row = online.get(reader_key("one"))
    assert row is not None
    assert row.numbers[online.meta.numbers.index("days_since_last_session")] == 3


def test_another_number_in_the_store_is_skew_and_is_named(publisher: Warehouse, settings: Settings) -> None:
    write_again(settings, "sessions_7d", 0.5)
    report = audit_skew(publisher, settings)
    assert (report.verdict, report.max_abs_diff) == ("skew", 0.5)
    (features,) = [check for check in report.checks if check.name == "features"]
    assert features.detail == "stored features and those of the SQL differ in sessions_7d (3 readers)"


def write_again(settings: Settings, name: str, more: float, readers: int = 3) -> None:
    """Publish what is stored once more, with so much added to one feature."""
    online = OnlineFeatures.open(settings.online)
    meta, keys = online.meta, [reader_key(external) for external in ("one", "two", "three")[:readers]]
    rows = [row for row in map(online.get, keys) if row is not None]
    numbers = np.array([row.numbers for row in rows])
    numbers[:, meta.numbers.index(name)] += more
    with OnlineWriter(
        settings.online, meta.numbers, meta.words, as_of=meta.as_of, snapshot_at=meta.snapshot_at
    ) as writer:
        writer.put(np.array(keys, dtype=np.uint64), numbers, [row.words for row in rows])


def test_a_reader_who_is_not_stored_is_skew(publisher: Warehouse, settings: Settings) -> None:
    write_again(settings, "sessions_7d", 0.0, readers=2)
    report = audit_skew(publisher, settings)
    assert results(report)["readers"] == "fail"
    assert "2 readers are stored and SQL gives 3; 1 of 3 looked up are not stored" in report.checks[0].detail


def log(warehouse: Warehouse, settings: Settings, external: str, version: str, inputs: tuple[float, ...]) -> None:
    """One answer of the API about a reader, made from `inputs`, as ingest takes it."""
    hashed = inputs_hash(np.array(inputs, dtype=np.float32))
    told = Prediction(
        f"{external}{version}{inputs}", reader_key(external), "churn", version, NOW, hashed, 0.5, None, NOW
    )
    segments = SegmentLog(settings.path(settings.segments))
    segments.append([Record("decision", msgspec.json.encode(told))])
    segments.close()
    ingest_segments(warehouse, settings)


def test_answers_were_made_from_the_rows_that_the_sql_gives(publisher: Warehouse, settings: Settings) -> None:
    assert NAMES == ("sessions_28d", "sessions_ever")
    make_live(settings.artifacts_dir / "models", "churn")
    log(publisher, settings, "one", VERSION, (1, 1))  # one session, three days ago
    log(publisher, settings, "three", VERSION, (0, 1))  # one, forty days ago
    log(publisher, settings, "two", "gone", (9, 9))
    report = audit_skew(publisher, settings)
    (logged,) = [check for check in report.checks if check.name == "prediction_log"]
    assert (report.verdict, logged.rows_compared, logged.found["answers_of_bundles_gone"]) == ("equal", 2, 1)
    assert results(report)["model_input/churn"] == "pass"
    log(publisher, settings, "two", VERSION, (2, 1))
    report = audit_skew(publisher, settings)
    assert (report.verdict, results(report)["prediction_log"]) == ("skew", "fail")
    (logged,) = [check for check in report.checks if check.name == "prediction_log"]
    assert logged.detail == "of 3 logged answers, 1 were made from other rows than the SQL gives"


def test_reads_in_the_state_are_those_of_the_warehouse(publisher: Warehouse, settings: Settings) -> None:
    state = open_state(settings.online, settings.state_dir)
    at_ms = [int((NOW - timedelta(days=days)).timestamp() * 1000) for days in (3, 10)]
    one, two = reader_key("one"), reader_key("two")
    read = Doing(b"1" * 16, at_ms[0], one, article_id="aone")
    not_loaded = Doing(b"2" * 16, at_ms[0], one, article_id="later")
    state.take([read, not_loaded], lambda _: 15, at_ms[0])
    state.close()
    (check,) = [check for check in audit_skew(publisher, settings).checks if check.name == "real_time/reads"]
    assert (check.result, check.rows_compared, check.found["reads_not_loaded_yet"]) == ("pass", 1, 1)
    state = open_state(settings.online, settings.state_dir)
    state.take([Doing(b"3" * 16, at_ms[1] + 1, two, article_id="atwo")], lambda _: 15, at_ms[0])
    state.close()
    report = audit_skew(publisher, settings)
    assert (report.verdict, results(report)["real_time/reads"]) == ("skew", "fail")


def test_without_a_store_or_readers_nothing_was_compared(warehouse: Warehouse, settings: Settings) -> None:
    with pytest.raises(StoreError, match="run `readership features build`"):
        audit_skew(warehouse, settings)
    numbers = [name for name in model_inputs() if name not in categories()]
    with OnlineWriter(settings.online, numbers, categories(), as_of=NOW):
        pass
    assert audit_skew(warehouse, settings).verdict == "nothing_compared"
