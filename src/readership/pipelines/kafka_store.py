"""One round of messages into the warehouse: checked like the rows of a file, each event once."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import polars as pl

from readership.events.source import Source
from readership.pipelines.ingest import EventRows
from readership.pipelines.kafka_messages import Lines, Message, Reading, Refused
from readership.pipelines.staging import staging
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

SQL = "readership.pipelines.sql.kafka"


@dataclass
class Stored:
    """What became of messages."""

    loaded: int = 0
    duplicate: int = 0
    refused: list[Refused] = field(default_factory=list)
    reasons: list[dict[str, Any]] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)


def store_messages(
    warehouse: Warehouse,
    settings: Settings,
    topic: str,
    reading: Reading,
    messages: Sequence[Message],
    consent: Sequence[str] | None = None,
) -> Stored:
    """Store events of messages that came in the order of their offsets; what is none lies in quarantine afterwards.

    There the source is `topic-partition` and the line is the offset.
    """
    done = Stored()
    by_partition = sorted(messages, key=attrgetter("partition", "offset"))
    with tempfile.TemporaryDirectory() as scratch, staging(warehouse) as stage:
        rows = EventRows(stage, reading.mapping, settings, check=False, received="now", consent=consent, arrived=True)
        for partition, group in groupby(by_partition, attrgetter("partition")):
            own = list(group)
            for lines in reading.lines(own):
                path = Path(scratch) / f"{topic}-{partition}"
                done.refused += _stored(warehouse, rows, path, lines, own)
        done.loaded, done.duplicate = rows.loaded, rows.duplicate
        done.reasons, done.unknown = rows.reasons(), rows.unknown
    return done


def _stored(
    warehouse: Warehouse, rows: EventRows, path: Path, lines: Lines, messages: Sequence[Message]
) -> list[Refused]:
    """Store one piece; returns those of its messages that are no events."""
    before = rows.bad
    if lines.text.strip():
        path.write_bytes(lines.text)
        rows.file(Source(path, "lines", gzipped=False), first_line=lines.first)
    found = _quarantined(warehouse, path.name, lines) if lines.refused or rows.bad > before else {}
    _quarantine(warehouse, path.name, [one for one in lines.refused if one.message.offset not in found])
    by_offset = {message.offset: message for message in messages}
    told = {one.message.offset: one for one in lines.refused}
    engine = {offset: Refused(by_offset[offset], *why) for offset, why in found.items() if offset in by_offset}
    return list({**engine, **told}.values())


def _quarantined(warehouse: Warehouse, source: str, lines: Lines) -> dict[int, tuple[str, str]]:
    """Field and reason of each message of a piece that is in quarantine, by offset."""
    found = warehouse.rows(read_sql(SQL, "quarantined"), source=source, first=lines.first, last=lines.last)
    return {line: (field, reason) for line, field, reason in found}


def _quarantine(warehouse: Warehouse, source: str, refused: Sequence[Refused]) -> None:
    """Keep messages that did not even become a line."""
    if not refused:
        return
    frame = pl.DataFrame(
        {
            "source": [source] * len(refused),
            "line": pl.Series([one.message.offset for one in refused], dtype=pl.UInt64),
            "field": [one.field for one in refused],
            "reason": [one.reason for one in refused],
            "raw": [one.message.value.hex() for one in refused],
            "at": pl.Series([datetime.now(UTC)] * len(refused), dtype=pl.Datetime("ms", "UTC")),
        }
    )
    warehouse.insert("quarantine", frame.to_arrow())
