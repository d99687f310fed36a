"""What the API kept on disk, into the warehouse: every event once, checked like those of a file.

How far each segment was taken is written down after its rows are stored. Whatever interrupts it, the next round reads
the rest again, and what was stored counts as a repeat. A segment that nobody writes to any more is deleted once all of
it is stored.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from readership.errors import InputError
from readership.events.erased import Erased
from readership.events.mapping import load_mapping
from readership.events.record_mapping import NATIVE, RecordMapping
from readership.events.segments import Record, Segment, read_segment, segments
from readership.events.source import Source
from readership.events.taken import DAMAGED, Taken, taking
from readership.pipelines.ingest import EventRows
from readership.pipelines.make_way import make_way
from readership.pipelines.progress import Progress
from readership.pipelines.records import ingest_records
from readership.pipelines.segment_exposures import store_exposures
from readership.pipelines.sessions import build_sessions
from readership.pipelines.staging import staging
from readership.settings import Settings
from readership.warehouse import Warehouse, migrate, read_sql

_TIMES = ("features_as_of", "at")
_AT_ONCE = 10_000
_OF_A_LOG = ("event", "article")
"""Kinds of records before which a simulated world makes way; answers about its readers do not replace it."""
_PREDICTION = {
    "decision_id": pl.String,
    "user_id": pl.UInt64,
    "task": pl.String,
    "model_version": pl.String,
    "features_as_of": pl.String,
    "inputs_hash": pl.String,
    "score": pl.Float64,
    "propensity": pl.Float64,
    "at": pl.String,
}


@dataclass
class _Round:
    """What was done so far."""

    segments: int = 0
    finished: int = 0
    damaged: int = 0
    torn_bytes: int = 0
    articles: int = 0
    decisions: int = 0
    exposures: int = 0
    notes: list[str] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    reasons: list[dict[str, Any]] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)


def ingest_segments(
    warehouse: Warehouse, settings: Settings, folder: Path | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Take what lies in the segment log; `folder` by default as set. Returns the counts of `ingest`, and more.

    Raises InputError where there is no such folder, or where another process takes from it.
    """
    folder = folder or settings.path(settings.segments)
    if not folder.is_dir():
        raise InputError(f"there is no segment log in {folder}; `readership serve` writes one when it is sent events")
    migrate(warehouse)
    began, done = time.monotonic(), _Round()
    with taking(folder) as taken:
        if taken is None:
            raise InputError(f"another process takes what lies in {folder}; nothing was taken; run this again later")
        for segment in segments(folder):
            if segment.path.exists():  # else finished and renamed in this moment: the next round takes it
                _take(warehouse, settings, taken, segment, done)
    build_sessions(warehouse)
    if progress:
        for note in done.notes:
            progress.say(note)
    return {
        **{
            name: done.events[name]
            for name in ("events_loaded", "events_duplicate", "events_quarantined", "events_erased")
        },
        "reasons": done.reasons,
        "unknown_types": dict(done.unknown),
        "sessions": warehouse.scalar("SELECT count() FROM session_metrics"),
        "readers": warehouse.scalar("SELECT uniqExact(user_id) FROM readers"),
        "articles": done.articles,
        "decisions": done.decisions,
        "exposures": done.exposures,
        "segments": done.segments,
        "segments_finished": done.finished,
        "lines_damaged": done.damaged,
        "bytes_torn": done.torn_bytes,
        "seconds": {"all": round(time.monotonic() - began, 3)},
    }


def _take(warehouse: Warehouse, settings: Settings, taken: Taken, segment: Segment, done: _Round) -> None:
    """Store what is new of one segment; then write down how far it was taken."""
    name, begin = segment.path.stem, taken.end(segment)
    reading = read_segment(segment.path, begin)
    if any(record.kind in _OF_A_LOG for record in reading.records) and (said := make_way(warehouse, settings)):
        done.notes.append(said)
    with tempfile.TemporaryDirectory() as scratch:
        _events(warehouse, settings, reading.records, Path(scratch) / f"{name}+{begin}.jsonl", done)
        done.articles += _articles(warehouse, reading.records, Path(scratch) / f"{name}+{begin}.articles.jsonl")
    erased = Erased.of(settings)
    done.decisions += _decisions(warehouse, reading.records, erased)
    done.exposures += store_exposures(warehouse, reading.records, erased)
    done.segments += bool(reading.records)
    if reading.damaged:
        done.damaged += len(reading.damaged)
        taken.keep_damaged(reading.damaged)
        done.notes.append(
            f"{segment.path.name}: {len(reading.damaged)} lines are damaged; they lie in {taken.folder / DAMAGED}"
        )
    taken.until(segment, reading.end)
    if segment.finished:
        if reading.torn:
            done.torn_bytes += reading.torn
            done.notes.append(
                f"{segment.path.name}: its last {reading.torn:,} bytes were cut off: half a line, never acknowledged"
            )
        taken.finish(segment)
        done.finished += 1


def _events(warehouse: Warehouse, settings: Settings, records: Sequence[Record], path: Path, done: _Round) -> None:
    if not _write(records, "event", path):
        return
    native = load_mapping("native")
    with staging(warehouse) as stage:
        rows = EventRows(stage, native, settings, check=False, received="file", consent=None, arrived=True)
        rows.file(Source(path, "lines", gzipped=False))
    done.events.update(events_loaded=rows.loaded, events_duplicate=rows.duplicate, events_quarantined=rows.bad)
    done.events["events_erased"] += rows.left_out
    done.reasons += rows.reasons()
    done.unknown.update(rows.unknown)


def _articles(warehouse: Warehouse, records: Sequence[Record], path: Path) -> int:
    """Store articles that were put; returns how many versions are new."""
    if not _write(records, "article", path):
        return 0
    summary = ingest_records(warehouse, "articles", [path], RecordMapping(NATIVE))
    return summary.rows_loaded + summary.rows_changed


def _decisions(warehouse: Warehouse, records: Sequence[Record], erased: Erased) -> int:
    """Store answers as rows of `predictions`, none about a reader who was erased; returns how many are new."""
    told = [record.text for record in records if record.kind == "decision"]
    parts = (told[begin : begin + _AT_ONCE] for begin in range(0, len(told), _AT_ONCE))
    return sum(_predictions(warehouse, part, erased) for part in parts)


def _predictions(warehouse: Warehouse, told: Sequence[bytes], erased: Erased) -> int:
    rows = pl.read_ndjson(b"\n".join(told), schema=_PREDICTION).unique("decision_id", keep="last", maintain_order=True)
    times = [pl.col(name).str.to_datetime("%+", time_unit="ms", time_zone="UTC") for name in _TIMES]
    gone = erased.among(rows["user_id"].unique().to_list())
    frame = rows.filter(~pl.col("user_id").is_in(gone)).with_columns(times)
    if frame.is_empty():
        return 0
    stored = warehouse.frame(
        read_sql("readership.pipelines.sql.segments", "decided"),
        ids=frame["decision_id"].to_list(),
        tasks=frame["task"].unique().to_list(),
        first=frame["at"].min(),
        last=frame["at"].max(),
    )
    new = frame.join(stored, on="decision_id", how="anti").with_columns(
        received_at=pl.col("at"), loaded_at=pl.lit(time.time_ns() // 1_000_000).cast(pl.Datetime("ms", "UTC"))
    )
    if new.height:
        warehouse.insert("predictions", new.to_arrow())
    return new.height


def _write(records: Sequence[Record], kind: str, path: Path) -> int:
    """Write the records of one kind as JSON lines; returns how many there are."""
    lines = [record.text for record in records if record.kind == kind]
    if lines:
        path.write_bytes(b"\n".join(lines) + b"\n")
    return len(lines)
