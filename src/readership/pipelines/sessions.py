"""Sessions from events: each as it was known, append-only, built again only for readers with something new.

The rule of what was known when is in `readership.events.history`.
"""

import secrets
from datetime import datetime

import pyarrow as pa

from readership.events.history import GAP_MS, Seen, Span, spans
from readership.pipelines.staging import SQL, Staging, staging
from readership.pipelines.zones import fill_zone_offsets
from readership.warehouse import Warehouse, read_sql

BUCKET_EVENTS = 4_000_000
"""Events of readers built together: bounds the memory of a build."""

_SPANS = pa.schema(
    [
        ("row_id", pa.uint64()),
        ("replaces", pa.uint64()),
        ("tombstone", pa.uint8()),
        ("user_id", pa.uint64()),
        ("source_id", pa.string()),
        ("session_id", pa.string()),
        ("run_ms", pa.int64()),
        ("first_ms", pa.int64()),
        ("last_ms", pa.int64()),
        ("through_ms", pa.int64()),
        ("known_ms", pa.int64()),
    ]
)


def build_sessions(warehouse: Warehouse, since: datetime | None = None) -> int:
    """Bring `session_versions` up to date with `events`; returns how many rows were appended.

    Looks at readers whose events and sessions do not add up; with `since` only at those with an event
    stored since then. An interrupted build is completed by the next one.
    """
    batch = secrets.token_hex(8)
    with staging(warehouse) as stage:
        for table in ("scope", "runs", "spans"):
            stage.run(f"staging_{table}")
        fill_zone_offsets(warehouse)
        stage.run("scope", gap_ms=GAP_MS, bucket_events=BUCKET_EVENTS, since=since)
        for bucket, least, greatest in stage.rows("buckets"):
            _build(stage, batch, bucket, least, greatest)
        written: int = warehouse.scalar(read_sql(SQL, "count_batch"), batch=batch)
    return written


def _build(stage: Staging, batch: str, bucket: int, least: int, greatest: int) -> None:
    readers = {"least_reader": least, "greatest_reader": greatest}
    stage.run("runs", gap_ms=GAP_MS, bucket=bucket, **readers)
    stage.run("simple_spans", gap_ms=GAP_MS)
    _insert_late(stage)
    stage.run("retract_sessions", bucket=bucket, batch=batch, **readers)
    stage.run("insert_sessions", batch=batch, **readers)
    stage.run("tombstones", batch=batch, **readers)
    stage.empty("runs", "spans")


def _insert_late(stage: Staging) -> None:
    """Spans of the runs that were known in several states."""
    rows: list[tuple[int, str, int, Span]] = []
    for user_id, source_id, run in stage.rows("late_runs"):
        events = [Seen(*(event.values() if isinstance(event, dict) else event)) for event in run]
        rows += [(user_id, source_id, events[0].at, span) for span in spans(user_id, source_id, events)]
    if rows:
        columns = {
            "row_id": [span.row_id for _, _, _, span in rows],
            "replaces": [span.replaces for _, _, _, span in rows],
            "tombstone": [span.tombstone for _, _, _, span in rows],
            "user_id": [user_id for user_id, _, _, _ in rows],
            "source_id": [source_id for _, source_id, _, _ in rows],
            "session_id": [span.session_id for _, _, _, span in rows],
            "run_ms": [run_ms for _, _, run_ms, _ in rows],
            "first_ms": [span.first for _, _, _, span in rows],
            "last_ms": [span.last for _, _, _, span in rows],
            "through_ms": [span.through for _, _, _, span in rows],
            "known_ms": [span.known_at for _, _, _, span in rows],
        }
        stage.warehouse.insert(f"{stage.database}.spans", pa.table(columns, schema=_SPANS))
