"""`readership ingest --kafka`: a topic into the warehouse, in rounds, each event once.

A round reads a batch, stores it, hands on what is no event, and commits the offsets last: whatever interrupts it, the
same messages come again and count as repeats. Between rounds the embedded warehouse is free for others; where another
process holds it, the batch waits.
"""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from readership.errors import InputError, WarehouseLocked
from readership.events.avro import avro_reader
from readership.events.mapping import Mapping
from readership.pipelines.dead_letters import DeadLetters
from readership.pipelines.kafka_messages import Message, Reading
from readership.pipelines.kafka_store import Stored, store_messages
from readership.pipelines.kafka_subscription import ROUND_SECONDS, Subscription
from readership.pipelines.make_way import make_way
from readership.pipelines.progress import Progress
from readership.pipelines.retention import enforce_retention, limit_of
from readership.pipelines.sessions import build_sessions
from readership.settings import Settings
from readership.warehouse import Warehouse, migrate

HELD_SECONDS = 2.0
"""How often a warehouse that another process holds is tried again."""
CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass
class Totals:
    """What was done so far."""

    messages: int = 0
    rounds: int = 0
    loaded: int = 0
    duplicate: int = 0
    refused: int = 0
    uncommitted: int = 0
    lag: dict[int, int] = field(default_factory=dict)
    reasons: dict[str, dict[str, Any]] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)

    def add(self, messages: int, stored: Stored) -> None:
        """Count a round."""
        self.messages += messages
        self.rounds += 1
        self.loaded += stored.loaded
        self.duplicate += stored.duplicate
        self.refused += len(stored.refused)
        self.unknown.update(stored.unknown)
        for reason in stored.reasons:
            self.reasons.setdefault(reason["field"], {**reason, "rows": 0})["rows"] += reason["rows"]


def ingest_kafka(
    settings: Settings,
    topic: str,
    mapping: Mapping,
    *,
    once: bool,
    avro: bool = False,
    consent: Sequence[str] | None = None,
    metrics: Path | None = None,
    progress: Progress,
    stop: threading.Event,
) -> dict[str, Any]:
    """Take a topic until `stop` is set, or `once` what is there now. Returns the counts of `ingest`, and the lag.

    Raises DeliveryError where Kafka, the topic of dead letters or the schema registry is away, and with `once`
    WarehouseLocked.
    """
    if mapping.kind != "events" or mapping.tabular:
        raise InputError(f"mapping {mapping.name!r} is not one of events in JSON, which messages are; nothing was read")
    began, totals = time.monotonic(), Totals()
    reading = Reading(topic, mapping, avro_reader(settings) if avro else None)
    dead = DeadLetters(settings, topic)
    with Subscription(settings, topic) as subscription:
        dead.prepare()
        rounds = _Rounds(settings, reading, subscription, dead, consent, progress, totals)
        while not stop.is_set() and not (once and subscription.at_end):
            if _gather(subscription, stop, once):
                rounds.take(once, stop)
            totals.lag = subscription.lag
            if metrics:
                write_metrics(metrics, topic, settings.kafka_group, totals)
    return _summary(settings, totals, began)


def _gather(subscription: Subscription, stop: threading.Event, once: bool) -> bool:
    """Read until there is enough for a round, or as long as a round waits; whether there is anything."""
    until = time.monotonic() + ROUND_SECONDS
    while not stop.is_set() and not subscription.hear() and time.monotonic() < until:
        if once and subscription.at_end:
            break
    return bool(subscription.batch) and not stop.is_set()


@dataclass
class _Rounds:
    """What every round of one run needs."""

    settings: Settings
    reading: Reading
    subscription: Subscription
    dead: DeadLetters
    consent: Sequence[str] | None
    progress: Progress
    totals: Totals
    kept_since: datetime | None = None

    def take(self, once: bool, stop: threading.Event) -> None:
        """Store what was read, hand on what is no event, and commit."""
        opened = self._opened(once, stop)
        if opened is None:
            return
        with opened as warehouse:
            batch = self.subscription.batch  # less than was read, where partitions went to another member meanwhile
            stored = self._stored(warehouse, batch)
        self.dead.send(stored.refused)
        problem = self.subscription.commit(batch)
        self.totals.add(len(batch), stored)
        if problem:
            self.totals.uncommitted += 1
            self.progress.say(f"offsets were not committed ({problem}); the messages come again and count once")
        self.progress.say(
            f"{self.subscription.topic}: {stored.loaded:,} events new, {stored.duplicate:,} known, "
            f"{len(stored.refused):,} in quarantine, {sum(self.subscription.lag.values()):,} messages behind"
        )

    def _stored(self, warehouse: Warehouse, batch: Sequence[Message]) -> Stored:
        began = datetime.now(UTC) - CLOCKS_DIFFER
        migrate(warehouse)
        first = self.totals.rounds == 0
        if first and (said := make_way(warehouse, self.settings)):
            self.progress.say(said)
        stored = store_messages(warehouse, self.settings, self.subscription.topic, self.reading, batch, self.consent)
        build_sessions(warehouse, since=None if first else began)
        self._tidy(warehouse)
        return stored

    def _tidy(self, warehouse: Warehouse) -> None:
        """Carry out erasures that wait; once a day, delete what is older than is kept."""
        if self.settings.erasures_dir.is_dir():
            from readership.pipelines.erasure import erase_waiting

            for receipt in erase_waiting(warehouse, self.settings):
                self.progress.say(f"erasure {receipt.id} is done")
        limit = limit_of(self.settings)
        if limit != self.kept_since:
            gone = enforce_retention(warehouse, self.settings)
            self.progress.say(f"rows before {limit:%Y-%m-%d} that were deleted: {sum(gone.values()):,}")
            self.kept_since = limit

    def _opened(self, once: bool, stop: threading.Event) -> Warehouse | None:
        """The warehouse, as soon as no other process holds it; None when told to stop before."""
        said = False
        while not stop.is_set():
            try:
                return Warehouse.open(self.settings)
            except WarehouseLocked as error:
                if once:
                    raise
                if not said:
                    self.progress.say(f"waiting: {error}")
                said = True
                self.subscription.hold(HELD_SECONDS)
        return None


@contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """Set by SIGINT and SIGTERM, for the length of a block: the round under way is finished first."""
    stop = threading.Event()
    before: dict[signal.Signals, Any] = {}

    def told(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever asks twice does not wait

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, told)
    try:
        yield stop
    finally:
        for restored, handler in before.items():
            signal.signal(restored, handler)


def write_metrics(path: Path, topic: str, group: str, totals: Totals) -> None:
    """The figures as Prometheus text, whole or not at all, for a collector of text files."""
    labels = f'topic="{topic}",group="{group}"'
    results = {"loaded": totals.loaded, "duplicate": totals.duplicate, "quarantined": totals.refused}
    lines = [
        "# HELP readership_kafka_lag Messages that are not read yet.",
        "# TYPE readership_kafka_lag gauge",
        *(f'readership_kafka_lag{{{labels},partition="{name}"}} {lag}' for name, lag in sorted(totals.lag.items())),
        "# HELP readership_kafka_events_total Events since the start, by what became of them.",
        "# TYPE readership_kafka_events_total counter",
        *(f'readership_kafka_events_total{{{labels},result="{name}"}} {n}' for name, n in results.items()),
        "# HELP readership_kafka_written_seconds When this was written, in epoch seconds.",
        "# TYPE readership_kafka_written_seconds gauge",
        f"readership_kafka_written_seconds{{{labels}}} {time.time():.0f}",
    ]
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error}; name another file with --metrics") from error


def _summary(settings: Settings, totals: Totals, began: float) -> dict[str, Any]:
    sessions, readers = _held(settings)
    return {
        "events_loaded": totals.loaded,
        "events_duplicate": totals.duplicate,
        "events_quarantined": totals.refused,
        "reasons": sorted(totals.reasons.values(), key=lambda reason: -reason["rows"]),
        "unknown_types": dict(totals.unknown),
        "sessions": sessions,
        "readers": readers,
        "messages": totals.messages,
        "rounds": totals.rounds,
        "rounds_uncommitted": totals.uncommitted,
        "lag": sum(totals.lag.values()),
        "seconds": {"all": round(time.monotonic() - began, 3)},
    }


def _held(settings: Settings) -> tuple[int | None, int | None]:
    """How many sessions and readers the warehouse holds now; None where another process has it."""
    try:
        with Warehouse.open(settings) as warehouse:
            migrate(warehouse)
            sessions = warehouse.scalar("SELECT count() FROM session_metrics")
            return sessions, warehouse.scalar("SELECT uniqExact(user_id) FROM readers")
    except WarehouseLocked:
        return None, None
