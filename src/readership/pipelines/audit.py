"""`readership audit leakage`: did any feature or label know what could not have been known?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from readership.evaluation.leakage import AuditReport, Check, verdict
from readership.events.consent import bits
from readership.features.catalogue import catalogue, input_groups
from readership.pipelines.brute_force import brute_force
from readership.pipelines.dataset import newest_load
from readership.pipelines.features import feature_frame
from readership.pipelines.label_audit import dataset_checks, label_window
from readership.pipelines.progress import Progress
from readership.pipelines.time_travel import (
    ALL_READERS,
    FAR,
    Question,
    Span,
    copy_of,
    edge_rows,
    span_of,
    time_travel,
)
from readership.pipelines.user_features import columns, read_questions
from readership.settings import Settings
from readership.warehouse import Warehouse

MOST_EVENTS = 100_000
PLACES = (0.4, 0.65, 0.9)
RANDOM_LOGS = (1,)
NEEDED = ("time_travel", "edge_rows", "brute_force")
EMPTY = "the warehouse holds no events; `readership demo`, `readership simulate` or `readership ingest` first"


def audit_leakage(
    warehouse: Warehouse,
    settings: Settings,
    *,
    features_dir: Path | None = None,
    progress: Progress | None = None,
) -> AuditReport:
    """Every check of features and labels on the warehouse's own log, or of the SQL files in `features_dir` alone.

    Nothing in the warehouse changes. The verdict is `clean`, `leak`, or `nothing_compared` where the log, or
    what the user's files returned, holds no row to compare.
    """
    span = span_of(warehouse)
    consent = bits(settings.default_consent)
    own = None if features_dir is None else read_questions(features_dir, consent, settings)
    if not span.events:
        return _report([Check("time_travel", "skipped", 0, EMPTY)], 0)
    said = progress or Progress()
    if own is not None:
        with copy_of(warehouse, newest_load(warehouse), _share(span)):
            return _audit_files(warehouse, span, own, said)
    return _audit_all(warehouse, settings, span, said)


def audit_cutoffs(span: Span) -> tuple[datetime, ...]:
    """Midnights (UTC) spread over the log, each with events before it."""
    length = span.last_at - span.first_at
    midnights = {_midnight(span.first_at + length * place) for place in PLACES}
    usable = sorted(midnight for midnight in midnights if midnight > span.first_at)
    return tuple(usable) or (_midnight(span.last_at) + timedelta(days=1),)


def _audit_all(warehouse: Warehouse, settings: Settings, span: Span, said: Progress) -> AuditReport:
    cutoffs = audit_cutoffs(span)

    def ask(asked: Warehouse, as_of: datetime) -> pl.DataFrame:
        return feature_frame(asked, as_of, FAR, settings=settings, groups=input_groups())

    questions = [Question("the feature catalogue", ask)]
    with copy_of(warehouse, newest_load(warehouse), _share(span)):
        with said.step("features with and without the future"):
            checks = time_travel(warehouse, questions, cutoffs)
        with said.step("features beside rows that must not count"):
            checks += edge_rows(warehouse, questions, cutoffs[-1:])
        with said.step("labels and their windows"):
            checks.append(label_window(warehouse, settings, span))
    with said.step("features of random logs, by SQL and by plain Python"):
        checks.append(brute_force(warehouse, settings, RANDOM_LOGS))
    with said.step("labels dealt at random, and the strongest feature"):
        checks += dataset_checks(warehouse, settings, span)
    return _report(checks, sum(feature.model_input for feature in catalogue()))


def _audit_files(warehouse: Warehouse, span: Span, questions: Sequence[Question], said: Progress) -> AuditReport:
    if not questions:
        return _report([Check("time_travel", "skipped", 0, "the folder holds no .sql file")], 0)
    cutoffs = audit_cutoffs(span)
    with said.step(f"{len(questions)} files with and without the future"):
        checks = time_travel(warehouse, questions, cutoffs)
    with said.step("the same beside rows that must not count"):
        checks += edge_rows(warehouse, questions, cutoffs[-1:])
    silent = [check for check in checks if check.name == "time_travel" and not check.rows_compared]
    report = _report(checks, columns(questions, warehouse, cutoffs[-1]), ("time_travel",))
    if silent and report.verdict == "clean":
        return AuditReport(report.checks, report.features_checked, "nothing_compared")
    return report


def _report(checks: Sequence[Check], features_checked: int, needed: Sequence[str] = NEEDED) -> AuditReport:
    return AuditReport(tuple(checks), features_checked, verdict(checks, needed))


def _share(span: Span) -> int:
    """How many readers in a million are looked at, so that about MOST_EVENTS events are copied."""
    return min(ALL_READERS, max(1, ALL_READERS * MOST_EVENTS // span.events))


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
