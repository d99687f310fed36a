"""Files of events into the warehouse: checked, each event once, with sessions and readers kept up to date.

A file goes in by chunks. A chunk is read into staging, every row is typed and checked there in one pass of the
engine, rows not understood go to quarantine, and of the rest what is not stored yet is appended. Whenever it is
interrupted, running the same command again completes it.
"""

import errno
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from readership.errors import InputError, WarehouseError
from readership.events import columns as tabular
from readership.events.consent import PURPOSES, bits
from readership.events.erased import Erased
from readership.events.fields import EVENT_TYPES
from readership.events.lines import LONGEST_LINE, Lines, Numbering, read_lines
from readership.events.mapping import Mapping
from readership.events.source import Source, inspect
from readership.events.unfold import unfolded
from readership.pipelines.progress import Progress
from readership.pipelines.sessions import build_sessions
from readership.pipelines.staging import SQL, Staging, staging
from readership.settings import Settings
from readership.warehouse import Warehouse, migrate, read_sql

_ONE_STREAM = {"max_insert_threads": 1, "min_insert_block_size_rows": 65_536, "min_insert_block_size_bytes": 32 << 20}
"""So that lines keep their numbers, and later steps find blocks small enough to share between threads."""

_Part = TypeVar("_Part")
_NOTHING = "\\x00\\x00"
"""A pattern that no line of text matches."""
_PER_CHUNK = ("records", "rows", "marks", "identified", "reasons", "bad", "skip")


@dataclass(frozen=True)
class IngestSummary:
    """What one load did.

    events_loaded       events that were not stored before (with `check`: that would be)
    events_duplicate    rows whose event is stored already, or that repeat another row of the load
    events_quarantined  rows that could not be understood
    events_erased       rows about readers who were erased; nothing of them is kept
    sessions, readers   how many the warehouse holds now
    reasons             the fields that could not be understood, with how often, the first place and its reason
    unknown_types       event types that are none of the contract's, with how often; they are loaded
    not_loaded          columns that hold what the mapping does not load: in how many rows, and why
    """

    events_loaded: int
    events_duplicate: int
    events_quarantined: int
    sessions: int
    readers: int
    events_erased: int = 0
    reasons: list[dict[str, Any]] = field(default_factory=list)
    unknown_types: dict[str, int] = field(default_factory=dict)
    not_loaded: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


class _Chunk(NamedTuple):
    """A part of a file in staging; a row's line is `first()` + n. `parse` names the statement that reads it.

    Where rows hold several events, `lines` says for the n of each event which n its row has.
    """

    source: Source
    parse: str
    first: Callable[[], int]
    rows: tabular.Rows | None
    lines: NDArray[np.uint64] | None = None

    @property
    def refused(self) -> list[tuple[int, str, str]]:
        """Rows that did not even have columns."""
        return self.rows.refused if self.rows else []

    def bad(self, found: Sequence[tuple[int, str, str]]) -> list[tuple[int, str, str, str]]:
        """What could not be understood of rows that have columns: n, field, reason, and the row itself, each once."""
        if self.rows is None:
            return []
        named = [(n if self.lines is None else int(self.lines[n]), field, reason) for n, field, reason in found]
        raw = dict(tabular.raw_rows(self.rows, {n for n, _, _ in named}))
        bad = [(n, field, reason, raw[n]) for n, field, reason in dict.fromkeys(named)]
        return bad + [(n, "line", reason, text) for n, reason, text in self.refused]


class _Counts(NamedTuple):
    good: int
    bad: int
    distinct_events: int
    without_id: int
    with_consent: int
    unexpected: int


def ingest(
    warehouse: Warehouse,
    files: Sequence[Path],
    mapping: Mapping,
    *,
    settings: Settings,
    check: bool = False,
    received: Literal["file", "now"] = "file",
    consent: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> IngestSummary:
    """Load files of events; with `check` only say what loading them would do.

    `received` says what `received_at` is where a row has none: its own time (an imported history), or now.
    `consent` are the purposes that readers of these files agreed to where a row says nothing.
    Raises InputError naming the file and the next step; chunks stored before that stay, and count as
    duplicates when the corrected file is loaded.
    """
    if mapping.kind != "events":
        raise InputError(f"mapping {mapping.name} is one of {mapping.kind}; `readership ingest` reads them as such")
    migrate(warehouse)
    sources = [inspect(Path(file), delimited=mapping.form.stated) for file in files]
    with staging(warehouse) as stage:
        load = EventRows(stage, mapping, settings, check=check, received=received, consent=consent)
        began = time.monotonic()
        for source in sources:
            load.file(source)
            if progress:
                progress.say(f"{source.path.name}: {load.loaded:,} events new, {load.bad:,} rows in quarantine so far")
        loading = time.monotonic() - began
    began = time.monotonic()
    if not check:
        build_sessions(warehouse)
    sessions = warehouse.scalar("SELECT count() FROM session_metrics")
    return IngestSummary(
        events_loaded=load.loaded,
        events_duplicate=load.duplicate,
        events_quarantined=load.bad,
        sessions=sessions,
        readers=warehouse.scalar("SELECT uniqExact(user_id) FROM readers"),
        events_erased=load.left_out,
        reasons=load.reasons(),
        unknown_types=dict(load.unknown),
        not_loaded=load.not_loaded(),
        seconds={"events": round(loading, 3), "sessions": round(time.monotonic() - began, 3)},
    )


class EventRows:
    """One load: its staging tables, what every statement is bound to, and the counts so far.

    With `arrived` the events came one by one, and nobody waits for a corrected file: whatever is wrong with them goes
    to quarantine, and where they say nothing of consent the default holds.
    """

    def __init__(
        self,
        stage: Staging,
        mapping: Mapping,
        settings: Settings,
        *,
        check: bool,
        received: str,
        consent: Sequence[str] | None,
        label: str = "",
        arrived: bool = False,
    ) -> None:
        self.stage = stage
        self.label = label
        self.mapping = mapping
        self.check = check
        agreed = consent if consent is not None else mapping.consent
        self.arrived = arrived
        self.consent_told = arrived or agreed is not None or "personalisation" in settings.default_consent
        self.loaded = self.duplicate = self.bad = self.left_out = 0
        self._erased = Erased.of(settings)
        self.unknown: Counter[str] = Counter()
        self._reasons: dict[str, dict[str, Any]] = {}
        self._not_loaded: Counter[str] = Counter()
        self.values: dict[str, Any] = {
            "lines": "lines",
            "longest_line": LONGEST_LINE,
            "now_ms": time.time_ns() // 1_000_000,
            "received_now": int(received == "now"),
            "default_consent": None if agreed is None else bits(agreed),
            **mapping.values(),
        }
        for table in ("contents", "records", "marks", "reasons", "bad", "skip"):
            stage.run(f"staging_{table}")
        self._lines_file = _lines_file(stage)
        self._expected: set[str] = set()
        for table in ("rows", "identified"):
            stage.run("staging_rows", table=table)

    def file(self, source: Source, first_line: int = 1) -> None:
        """Load one file; lines of JSON are numbered from `first_line`."""
        if not self._take(self._chunks(source, first_line)):
            raise InputError(f"{source.path} holds no rows; nothing was loaded; check the export that wrote it")

    def take(self, batches: Iterator[tabular.Rows]) -> None:
        """Load rows of the table `label`, read in batches; repeats of a row are counted within one call."""
        source = Source(Path(self.label), "table", gzipped=False)
        self._take(chunk for rows in batches for chunk in self._laid(source, rows))

    def _take(self, chunks: Iterator[_Chunk]) -> int:
        """Load one chunk after the other; returns how many rows there were."""
        self.stage.empty("contents")
        seen = 0
        for chunk in chunks:
            before = self.left_out
            counts = self._typed(chunk)
            if not seen:
                self._refuse_wrong_mapping(chunk, counts)
            self._refuse_untold_consent(chunk, counts)
            seen += counts.good + counts.bad + len(chunk.refused) + self.left_out - before
            self._store(chunk, counts)
            self.stage.empty(*_PER_CHUNK)
        return seen

    def as_dict(self) -> dict[str, Any]:
        """What was done so far, for `--json`."""
        return {
            "events_loaded": self.loaded,
            "events_duplicate": self.duplicate,
            "events_quarantined": self.bad,
            "events_erased": self.left_out,
            "reasons": self.reasons(),
            "unknown_types": dict(self.unknown),
        }

    def reasons(self) -> list[dict[str, Any]]:
        """What was not understood, the most frequent first."""
        return sorted(self._reasons.values(), key=lambda reason: -reason["rows"])

    def not_loaded(self) -> dict[str, dict[str, Any]]:
        """What the mapping leaves out: in how many rows, and why."""
        return {name: {"rows": self._not_loaded[name], "reason": why} for name, why in self.mapping.not_loaded.items()}

    def _chunks(self, source: Source, first_line: int) -> Iterator[_Chunk]:
        """Each chunk of the file, once it lies in staging."""
        if source.kind == "lines" and self.mapping.tabular:
            raise InputError(
                f"{source.path} is JSON lines, and mapping {self.mapping.name!r} is for files with columns (CSV, "
                "Parquet); nothing was loaded; choose another --mapping or write one"
            )
        if source.kind == "lines":
            numbering = Numbering(first_line)
            for lines in _ahead(read_lines(source)):
                self._put(lines)
                yield _Chunk(source, "parse_lines", partial(numbering.first, lines), None)
                numbering.passed(lines)
                self._forget_lines()
            return
        for number, rows in enumerate(tabular.read_rows(source, self.mapping.form)):
            if number == 0:
                tabular.check_columns(source.path, rows.columns.column_names, self.mapping)
            yield from self._laid(source, rows)

    def _laid(self, source: Source, rows: tabular.Rows) -> Iterator[_Chunk]:
        """Rows that have columns, once they lie before the engine: as they are, or as the events they hold."""
        chunk = _Chunk(source, "parse_records", lambda: 1, rows)
        self._not_loaded.update(tabular.filled(rows, self.mapping.not_loaded))
        if not rows.columns.num_rows:
            yield chunk
        elif not self.mapping.unfold:
            self.stage.warehouse.insert(f"{self.stage.database}.records", tabular.records(rows, self.mapping))
            yield chunk
        else:
            for events in unfolded(rows, self.mapping):
                self.stage.warehouse.insert(f"{self.stage.database}.records", events.records)
                yield chunk._replace(rows=rows, lines=events.lines)
                rows = rows._replace(refused=[])

    def _typed(self, chunk: _Chunk) -> _Counts:
        """Type and check the chunk's rows in staging, with the reasons of those that could not be understood."""
        if chunk.rows is None and not self._expected:
            self._expect_first_names()
        self.stage.layered("insert_rows", chunk.parse, "rows", "all_columns_at_once", **self.values)
        counts = self._count("rows")
        if counts.unexpected:
            self._expect_further_names()
            self.stage.empty("rows")
            self.stage.layered("insert_rows", chunk.parse, "rows", "all_columns_at_once", **self.values)
            counts = self._count("rows")
        if self._leave_out_erased():
            counts = self._count("rows")
        if counts.bad:
            self.stage.layered("insert_reasons", chunk.parse, "reasons", **self.values | {"lines": "rows"})
        if self.arrived and self.stage.rows("colliding_readers"):
            self.stage.run("insert_colliding")
            self.stage.run("refuse_colliding")
            counts = self._count("rows")
        return counts

    def _leave_out_erased(self) -> int:
        """Drop the chunk's rows about readers who were erased, understood or not; returns how many."""
        if not self._erased:
            return 0
        gone = self._erased.among(reader for (reader,) in self.stage.rows("readers_of", table="rows"))
        if not gone:
            return 0
        ((rows,),) = self.stage.rows("count_of_readers", table="rows", readers=gone)
        self.stage.run("leave_out_readers", table="rows", readers=gone)
        self.left_out += rows
        return rows

    def _put(self, lines: Lines) -> None:
        """Lay lines before the engine: in a file of its own where it runs in this process, else over the network."""
        if self._lines_file:
            try:
                lines.copy(self._lines_file)
            except OSError as error:
                what = "the disk is full" if error.errno == errno.ENOSPC else f"{self._lines_file} cannot be written"
                raise WarehouseError(f"{what}: free some space and run the same command again ({error})") from error
        else:
            table = f"{self.stage.database}.lines"
            self.stage.warehouse.raw_insert(table, ["line"], lines.read(), "LineAsString", _ONE_STREAM)

    def _forget_lines(self) -> None:
        if self._lines_file:
            self._lines_file.unlink()
        else:
            self.stage.empty("lines")

    def _expect_first_names(self) -> None:
        """Read from the chunk only the names that occur in its first lines (and those that may be escaped)."""
        names = self.mapping.json_names()
        patterns = [f'"{re.escape(name)}"' for name in names]
        ((found,),) = self.stage.rows("first_names", names=patterns)
        self._expect({names[index - 1] for index in found} | {name for name in names if not name.isascii()})

    def _expect_further_names(self) -> None:
        """Read also the names of lines that hold one which the first lines do not."""
        names = self.mapping.json_names()
        patterns = [f'"{re.escape(name)}"' for name in names]
        ((found,),) = self.stage.rows("further_names", names=patterns, absent=self.values["absent"])
        self._expect(self._expected | {names[index - 1] for index in found})

    def _expect(self, names: set[str]) -> None:
        self._expected = names
        absent = [f'"{re.escape(name)}"' for name in self.mapping.json_names() if name not in names]
        self.values |= self.mapping.json_shape(names)._asdict()
        self.values["absent"] = absent or [_NOTHING]

    def _count(self, table: str) -> _Counts:
        return _Counts(*self.stage.rows("count_rows", rows=table)[0])

    def _store(self, chunk: _Chunk, counts: _Counts) -> None:
        """Keep what is new of the chunk, and what is wrong with the rest."""
        table = "rows"
        if counts.without_id:
            table = "identified"
            self.stage.layered("insert_marks", chunk.parse, "marks", **self.values)
            self.stage.run("hashed_ids")
            self.stage.run("remember_contents")
            counts = self._count(table)
        self.stage.run("skip_stored", rows=table)
        if counts.distinct_events < counts.good:
            self.stage.run("skip_repeats", rows=table)
        ((skipped,),) = self.stage.rows("count_skipped")
        self.loaded += counts.good - skipped
        self.duplicate += skipped
        self._collect_bad(chunk, counts)
        self.unknown.update(dict(self.stage.rows("count_unknown_types", known=list(EVENT_TYPES))))
        if self.check:
            return
        self._refuse_collision(chunk)
        self.stage.run("insert_readers", rows=table)
        if counts.good > skipped:
            self.stage.run("insert_events", rows=table)
        if counts.bad or chunk.refused:
            into = "adopt/insert_quarantine" if chunk.source.kind == "table" else "insert_quarantine"
            self.stage.run(into, source=chunk.source.path.name, first_line=chunk.first())

    def _collect_bad(self, chunk: _Chunk, counts: _Counts) -> None:
        """Fill the staging table `bad`, and note the reasons."""
        if not counts.bad and not chunk.refused:
            return
        if chunk.rows is None:
            self.stage.run("bad_lines")
        else:
            bad = chunk.bad(self.stage.rows("bad_rows"))
            columns = {name: [row[i] for row in bad] for i, name in enumerate(("n", "field", "reason", "raw"))}
            schema = pa.schema({"n": pa.uint64(), "field": pa.string(), "reason": pa.string(), "raw": pa.string()})
            self.stage.warehouse.insert(f"{self.stage.database}.bad", pa.table(columns, schema=schema))
        self.left_out += leave_out_bad(self.stage, self._erased)
        ((kept,),) = self.stage.rows("count_bad")
        self.bad += kept
        for name, rows, first, example in self.stage.rows("count_reasons"):
            known = self._reasons.setdefault(
                name,
                {
                    "field": name,
                    "rows": 0,
                    "file": chunk.source.path.name,
                    "line": first + chunk.first(),
                    "reason": example,
                },
            )
            known["rows"] += rows

    def _refuse_wrong_mapping(self, chunk: _Chunk, counts: _Counts) -> None:
        """Stop where every row of a file lacks the same field: the mapping is for another file."""
        if self.arrived or counts.good or not counts.bad:
            return
        for name, rows in self.stage.rows("count_missing"):
            if rows == counts.bad:
                names = (
                    [key for (key,) in self.stage.rows("json_keys")]
                    if chunk.rows is None
                    else chunk.rows.columns.column_names
                )
                raise InputError(
                    f"{chunk.source.path}: mapping {self.mapping.name!r} reads {name!r} from "
                    f"{self.mapping.column(name)!r}, which no row of the file has; its columns are {', '.join(names)}; "
                    "nothing was loaded; choose another --mapping or write one"
                )

    def _refuse_untold_consent(self, chunk: _Chunk, counts: _Counts) -> None:
        """Stop where nobody says what readers agreed to: they could be counted, and none could be scored."""
        if self.consent_told or counts.with_consent or not counts.good:
            return
        if self.stage.warehouse.scalar(read_sql(SQL, "consent_known")):
            return
        raise InputError(
            f"{chunk.source.path} says nothing about consent, and neither does the mapping {self.mapping.name!r}: "
            "with analytics alone readers are counted but none can be scored; nothing was loaded; say what they agreed "
            f"to, e.g. `--consent {','.join(PURPOSES)}`, or `--consent analytics` if that is all"
        )

    def _refuse_collision(self, chunk: _Chunk) -> None:
        for number, ids in self.stage.rows("colliding_readers"):
            raise InputError(
                f"{chunk.source.path}: the reader ids {ids[0]!r} and {ids[1]!r} share the number {number}; "
                "this part of the file was not loaded; change one of the ids (a prefix is enough) and load it again"
            )


def leave_out_bad(stage: Staging, erased: Erased) -> int:
    """Drop rows that could not be understood and speak of somebody who was erased; returns how many."""
    if not erased:
        return 0
    gone = sorted({n for n, raw in stage.rows("bad_unnamed") if erased.speaks_of(raw)})
    if gone:
        stage.run("leave_out_bad", rows=gone)
    return len(gone)


def _lines_file(stage: Staging) -> Path | None:
    """Make the table of lines; the file it reads, where the engine runs in this process."""
    if not stage.warehouse.embedded:
        stage.run("staging_lines")
        return None
    stage.run("staging_lines_file")
    with stage.warehouse.using(stage.database):
        stage.warehouse.command(read_sql(SQL, "staging_lines_view"))
    ((path,),) = stage.rows("lines_file_path")
    return Path(path)


def _ahead(parts: Iterator[_Part]) -> Iterator[_Part]:
    """The same parts, the next one being read while the engine works on this one."""
    with ThreadPoolExecutor(1) as reader:
        following = reader.submit(next, parts, None)
        while (part := following.result()) is not None:
            following = reader.submit(next, parts, None)
            yield part
