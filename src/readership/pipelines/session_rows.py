"""Rows of a publisher's own table of sessions into the warehouse: checked, each version once, with what they tell.

A batch is typed and checked in staging in one pass of the engine. Of what is new there, readers go in first, then
events read off the sessions, then the sessions; so whatever stops a batch, reading it again completes it.
"""

import secrets
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from readership.errors import InputError
from readership.events import columns as tabular
from readership.events.consent import PURPOSES, bits
from readership.events.erased import Erased
from readership.events.mapping import Mapping
from readership.events.tiers import FREE, NO_ACCOUNT
from readership.pipelines.ingest import leave_out_bad
from readership.pipelines.staging import SQL, Staging
from readership.pipelines.zones import store_offsets
from readership.settings import Settings
from readership.warehouse import read_sql

_PER_BATCH = ("session_records", "sessions", "fresh", "doings", "told", "bad")
_BAD = pa.schema({"n": pa.uint64(), "field": pa.string(), "reason": pa.string(), "raw": pa.string()})


@dataclass
class SessionCounts:
    """What was read of a table of sessions so far.

    sessions_loaded     sessions that were not stored before
    sessions_changed    rows that say something else of a stored session: a new version each
    sessions_known      rows that say what is stored already
    sessions_left_out   sessions from a time from which events are stored: they are built from these
    events_loaded       events read off the sessions
    starts, cancels     subscriptions that started or ended, by a change of tier
    quarantined         rows that could not be understood
    erased              rows about readers who were erased; nothing of them is kept
    created_before_end  rows written over ten minutes before their session ended: a sign of two time zones in one table
    """

    sessions_loaded: int = 0
    sessions_changed: int = 0
    sessions_known: int = 0
    sessions_left_out: int = 0
    events_loaded: int = 0
    starts: int = 0
    cancels: int = 0
    quarantined: int = 0
    erased: int = 0
    created_before_end: int = 0
    reasons: dict[str, dict[str, Any]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        reasons = sorted(self.reasons.values(), key=lambda reason: -reason["rows"])
        names = {"quarantined": "events_quarantined", "erased": "events_erased", "reasons": "reasons"}
        counts = {names.get(name, name): value for name, value in asdict(self).items()}
        return counts | {"events_duplicate": 0, "reasons": reasons}


class _Batch(NamedTuple):
    good: int
    bad: int
    with_consent: int
    left_out: int
    created_before_end: int
    least_ms: int
    greatest_ms: int


class SessionRows:
    """The load of one source of sessions: staging tables, what every statement is bound to, and the counts so far.

    `origin` names the source in our tables; `label` is what messages call it.
    """

    def __init__(
        self,
        stage: Staging,
        mapping: Mapping,
        settings: Settings,
        *,
        origin: str,
        label: str,
        check: bool = False,
        consent: Sequence[str] | None = None,
    ) -> None:
        self.stage = stage
        self.mapping = mapping
        self.check = check
        self.label = label
        self.counts = SessionCounts()
        self._erased = Erased.of(settings)
        agreed = consent if consent is not None else mapping.consent
        self._told = agreed is not None or "personalisation" in settings.default_consent
        for name in ("records", "sessions", "fresh", "doings", "told"):
            stage.run(f"adopt/staging_{name}")
        stage.run("staging_bad")
        with stage.warehouse.using(stage.database):
            stage.warehouse.command(read_sql(SQL, "adopt/rows_view"))
        self.values = _values(mapping) | {
            "default_consent": None if agreed is None else bits(agreed),
            "origin": origin,
            "batch": secrets.token_hex(8),
            "events_from_ms": stage.warehouse.scalar(read_sql(SQL, "adopt/events_from")),
        }

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return self.counts.as_dict()

    def take(self, batches: Iterator[tabular.Rows]) -> None:
        """Load rows of a table, read in batches."""
        for rows in batches:
            self.load(rows)

    def load(self, rows: tabular.Rows) -> None:
        """Store what is new in a batch of rows.

        Raises InputError where consent is told nowhere, or where two readers' ids share a number.
        """
        stage, values = self.stage, self.values
        if rows.columns.num_rows:
            table = f"{stage.database}.session_records"
            stage.warehouse.insert(table, tabular.records(rows, self.mapping))
        stage.run("adopt/sessions", **values)
        self._leave_out_erased()
        batch = _Batch(*stage.rows("adopt/count", **values)[0])
        self._refuse_untold_consent(batch)
        self._collect_bad(rows, batch)
        values |= {"least_ms": batch.least_ms, "greatest_ms": batch.greatest_ms}
        stage.run("adopt/fresh", **values)
        ((new, changed, starts, cancels),) = stage.rows("adopt/count_fresh")
        self._refuse_collision()
        stage.run("adopt/doings", **values)
        stage.run("adopt/told", **values)
        ((events,),) = stage.rows("adopt/count_doings")
        if not self.check:
            self._store(new + changed, batch, rows)
        self._count(batch, new, changed, starts, cancels, events)
        stage.empty(*_PER_BATCH)

    def _store(self, fresh: int, batch: _Batch, rows: tabular.Rows) -> None:
        stage, values = self.stage, self.values
        if fresh:
            stage.run("insert_readers", rows="rows")
            stage.run("adopt/insert_events", **values)
            store_offsets(stage.warehouse, [zone for (zone,) in stage.rows("adopt/zones")])
            stage.run("adopt/insert_sessions", **values)
        if batch.bad or rows.refused:
            stage.run("adopt/insert_quarantine", source=self.label)

    def _count(self, batch: _Batch, new: int, changed: int, starts: int, cancels: int, events: int) -> None:
        counts = self.counts
        counts.sessions_loaded += new
        counts.sessions_changed += changed
        counts.sessions_left_out += batch.left_out
        counts.sessions_known += batch.good - batch.left_out - new - changed
        counts.events_loaded += events
        counts.starts += starts
        counts.cancels += cancels
        counts.created_before_end += batch.created_before_end

    def _collect_bad(self, rows: tabular.Rows, batch: _Batch) -> None:
        """Fill the staging table `bad`, and note the reasons."""
        if not batch.bad and not rows.refused:
            return
        found = self.stage.rows("adopt/wrong")
        raw = dict(tabular.raw_rows(rows, {n for n, _, _ in found}))
        bad = [(n, name, reason, raw[n]) for n, name, reason in found]
        bad += [(n, "line", reason, text) for n, reason, text in rows.refused]
        columns = {name: [row[i] for row in bad] for i, name in enumerate(_BAD.names)}
        self.stage.warehouse.insert(f"{self.stage.database}.bad", pa.table(columns, schema=_BAD))
        left_out = leave_out_bad(self.stage, self._erased)
        self.counts.erased += left_out
        self.counts.quarantined += len(bad) - left_out
        for name, count in Counter(name for _, name, _, _ in bad).items():
            example = next(reason for _, other, reason, _ in bad if other == name)
            known = self.counts.reasons.setdefault(
                name, {"field": name, "column": self.mapping.column(name), "rows": 0, "reason": example}
            )
            known["rows"] += count

    def _leave_out_erased(self) -> None:
        if not self._erased:
            return
        gone = self._erased.among(reader for (reader,) in self.stage.rows("readers_of", table="sessions"))
        if gone:
            self.counts.erased += self.stage.rows("count_of_readers", table="sessions", readers=gone)[0][0]
            self.stage.run("leave_out_readers", table="sessions", readers=gone)

    def _refuse_untold_consent(self, batch: _Batch) -> None:
        if self._told or batch.with_consent or not batch.good:
            return
        if self.stage.warehouse.scalar(read_sql(SQL, "consent_known")):
            return
        raise InputError(
            f"{self.label} says nothing about consent, and neither does the mapping {self.mapping.name!r}: with "
            "analytics alone readers are counted but none can be scored; nothing was loaded; say what they agreed to, "
            f"e.g. `--consent {','.join(PURPOSES)}`, or `--consent analytics` if that is all"
        )

    def _refuse_collision(self) -> None:
        for number, ids in self.stage.rows("colliding_readers"):
            raise InputError(
                f"{self.label}: the reader ids {ids[0]!r} and {ids[1]!r} share the number {number}; these rows were "
                "not loaded, what was read before stays; change one of the ids (a prefix is enough) and run again"
            )


def _values(mapping: Mapping) -> dict[str, Any]:
    """What a mapping says, as the statements' parameters."""
    return {
        "now_ms": time.time_ns() // 1_000_000,
        **mapping.values(),
        "tier_from": list(mapping.tiers),
        "tier_to": list(mapping.tiers.values()),
        "no_account": list(NO_ACCOUNT),
        "free_tiers": list(FREE),
    }
