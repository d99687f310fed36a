"""`readership doctor`: what a publisher can have from their data, judged before anything is built.

Everything is counted inside the engine by the statements of `sql/doctor`, which read one `source`: the events
of the warehouse, or a table somewhere else.
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from readership.contracts import Folds
from readership.datasets.folds import plan_folds
from readership.datasets.rules import LabelRule, label_rule
from readership.errors import BundleError, InputError, MissingExtra, NotEnoughData
from readership.evaluation.readiness import Cutoff, Diagnosis, Facts, Machine, Question
from readership.events.consent import bits
from readership.events.mapping import Mapping as SourceMapping
from readership.pipelines.clock import resolve_now
from readership.pipelines.ingest import ingest
from readership.pipelines.prerequisites import PACKAGES
from readership.pipelines.progress import Progress
from readership.registry.live import read_live
from readership.settings import Settings, redact
from readership.warehouse import Warehouse, read_sql

SQL = "readership.pipelines.sql.doctor"
GIB = 2**30
SERVING_PACKAGES = ("fastapi", "lmdb", "msgspec", "onnxruntime", "uvicorn")
ALWAYS_BUILT = frozenset({"exploration", "features", "baselines", "churn", "churn_subscribers"})
MADE_BY = {
    "segmentation": "models.segmentation",
    "recommendation": "models.recommendation",
    "conversion": "models.conversion",
    "click": "models.click",
    "engagement": "models.engagement",
    "ads": "models.ads",
    "serving": "serving",
    "experiments": "experiments",
}
"""The module whose presence says that this version has the step."""
TASKS = ("churn", "churn_subscribers", "conversion")
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
FIELD_NAMES = {"engaged_ms": "time_on_page", "ad_revenue_micros": "ad_revenue"}
Ask = Callable[..., list[dict[str, Any]]]


def agreeing(settings: Settings, consent: str | None) -> Settings:
    """The settings as if every reader who says nothing had agreed to these purposes ("analytics,personalisation")."""
    if consent is None:
        return settings
    purposes = tuple(part.strip() for part in consent.split(","))
    bits(purposes)
    return settings.model_copy(update={"default_consent": frozenset(purposes)})


def examine(warehouse: Warehouse, settings: Settings, as_of: datetime | None = None) -> Facts:
    """The facts of the configured warehouse; an empty one has no rows and nothing fails."""
    source = f"the warehouse {redact(settings.warehouse_dsn)} (database {warehouse.database!r})"
    try:
        now = resolve_now(warehouse, settings, as_of).at
    except NotEnoughData:
        return Facts(source, "events", as_of or datetime.now(UTC), **surroundings(settings))
    values = {"as_of": now, "default_consent": bits(settings.default_consent)}
    select = selecting(warehouse)
    ask = asking(select, read_sql(SQL, "source_events"), values)
    filled = select(read_sql("readership.pipelines.sql.explore", "filled"), **values)
    tables = warehouse.frame(read_sql(SQL, "tables")).row(0, named=True)
    counted = count(ask, ask("overview")[0], settings, now)
    counted["questions"]["churn_subscribers"] = _subscribers(warehouse, settings, counted["first"], now)
    return Facts(
        source,
        "events",
        now,
        **counted,
        fields=_filled(filled),
        types={row["event_type"]: row["events"] for row in filled},
        quarantined=tables["quarantined"],
        tables=tables,
        **surroundings(settings),
    )


def examine_files(
    warehouse: Warehouse, settings: Settings, files: Sequence[Path], mapping: SourceMapping, progress: Progress
) -> Facts:
    """The facts of files of events, loaded into a database that is dropped again; the warehouse itself is untouched."""
    agreed = mapping.consent if mapping.consent is not None else tuple(sorted(settings.default_consent))
    with warehouse.scratch() as scratch:
        ingest(scratch, files, mapping, settings=settings, consent=agreed, progress=progress)
        found = examine(scratch, settings)
    names = ", ".join(Path(file).name for file in files)
    return replace(found, source=f"{names} (mapping {mapping.name!r})", to_load=True)


def selecting(warehouse: Warehouse) -> Ask:
    """A function that runs a SELECT in the warehouse and returns its rows."""
    return lambda sql, **values: warehouse.frame(sql, **values).to_dicts()


def asking(select: Ask, source: str, values: Mapping[str, Any]) -> Ask:
    """A function that runs a statement of `sql/doctor` over `source`, a SELECT, and returns its rows."""

    def ask(name: str, **more: Any) -> list[dict[str, Any]]:
        statement = "\n".join(("WITH source AS (", source, ")", read_sql(SQL, name)))
        return select(statement, **values, **more)

    return ask


def count(ask: Ask, overview: dict[str, Any], settings: Settings, now: datetime) -> dict[str, Any]:
    """What every source can be asked: rows, readers, time, consent, brands, and who can be asked about when."""
    (readers,) = ask("readers")
    gap = ask("gap")
    found = {**overview, **readers, **(gap[0] if gap else {})}
    found["brands"] = tuple(row["brand"] for row in ask("brands"))
    rules = {name: label_rule(name, settings) for name in TASKS}
    asked = {name: _cutoffs(ask, name, rules[name], settings, found["first"], now) for name in ("churn", "conversion")}
    found["questions"] = {name: _question(rule, *asked.get(name, ((), 0))) for name, rule in rules.items()}
    return found


def report(facts: Facts, diagnosis: Diagnosis, path: Path) -> Path:
    """The diagnosis as one HTML page that needs nothing else."""
    try:
        from readership.evaluation.reports.doctor import write_doctor
    except ModuleNotFoundError as error:
        raise MissingExtra(f"a page needs {error.name}; `pip install 'readership[train]'`") from error
    try:
        return write_doctor(facts, diagnosis, path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error}; name another file with --html") from error


def _cutoffs(
    ask: Ask, name: str, rule: LabelRule, settings: Settings, first: datetime, now: datetime
) -> tuple[tuple[Cutoff, ...], int]:
    """Readers at the last cut-off of each fold and at every test cut-off, and how many cut-offs are planned."""
    folds = _folds(rule, first, now)
    if folds is None:
        return (), 0
    chosen = _chosen(folds)
    values = {
        "horizon_days": rule.horizon_days,
        "lookback_days": rule.lookback_days,
        "cutoffs": list(chosen),
        "only_brand": settings.brand or "",
    }
    rows = {row["as_of"]: row for row in ask(name, **values)}
    nobody = {"asked": 0, "positives": 0}
    counted = (Cutoff(at, fold, **_numbers(rows.get(at, nobody))) for at, fold in chosen.items())
    return tuple(counted), len(folds.all())


def _subscribers(warehouse: Warehouse, settings: Settings, first: datetime, now: datetime) -> Question:
    """Churn of subscribers by its own statement, which reads billing."""
    rule = label_rule("churn_subscribers", settings)
    folds = _folds(rule, first, now)
    if folds is None:
        return _question(rule, (), 0)
    statement = "\n".join(("WITH labelled AS (", rule.sql, ")", read_sql(SQL, "labels")))
    values = {
        "snapshot_at": datetime.now(UTC),
        "horizon_days": rule.horizon_days,
        "lookback_days": rule.lookback_days,
        "default_consent": bits(settings.default_consent),
        "brand": settings.brand or "",
    }
    counted = tuple(
        Cutoff(at, fold, **_numbers(warehouse.frame(statement, as_of=at, **values).row(0, named=True)))
        for at, fold in _chosen(folds).items()
    )
    return _question(rule, counted, len(folds.all()))


def _folds(rule: LabelRule, first: datetime, now: datetime) -> Folds | None:
    try:
        return plan_folds(first, now, horizon=rule.horizon, lookback=rule.lookback)
    except NotEnoughData:
        return None


def _chosen(folds: Folds) -> dict[datetime, str]:
    last = {folds.train[-1]: "train", folds.valid[-1]: "validation", folds.calibration[-1]: "calibration"}
    return {**last, **dict.fromkeys(folds.test, "test")}


def _numbers(row: Mapping[str, Any]) -> dict[str, int]:
    return {"asked": int(row["asked"]), "positives": int(row["positives"] or 0)}


def _question(rule: LabelRule, cutoffs: tuple[Cutoff, ...], planned: int) -> Question:
    return Question(rule.horizon_days, rule.lookback_days, cutoffs, planned)


def _filled(rows: list[dict[str, Any]]) -> dict[str, int]:
    """Rows that carry a field, over all types of events."""
    names = [name for name in rows[0] if name not in ("event_type", "events")] if rows else []
    return {FIELD_NAMES.get(name, name): sum(row[name] for row in rows) for name in names}


def surroundings(settings: Settings) -> dict[str, Any]:
    """What does not depend on the source: what this version has, missing packages, what is live, the machine."""
    wanted = {"train": PACKAGES, "serve": SERVING_PACKAGES}
    missing = {extra: tuple(name for name in names if find_spec(name) is None) for extra, names in wanted.items()}
    return {
        "built": ALWAYS_BUILT | {step for step, module in MADE_BY.items() if find_spec(f"readership.{module}")},
        "missing_packages": missing,
        "champions": tuple(task for task in TASKS if _champion(settings, task)),
        "machine": Machine(_memory_gib(settings), _free_gib(settings.root), os.cpu_count() or 1),
    }


def _champion(settings: Settings, task: str) -> bool:
    try:
        return read_live(settings.artifacts_dir / "models", task).champion is not None
    except BundleError:
        return False


def _memory_gib(settings: Settings) -> float:
    """Memory of this machine or container; what one query may take where the system does not say."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIB
    except (AttributeError, ValueError, OSError):
        return settings.query_memory_gib
    limit = CONTAINER_LIMIT.read_text().strip() if CONTAINER_LIMIT.is_file() else ""
    return min(total, int(limit) / GIB) if limit.isdigit() else total


def _free_gib(folder: Path) -> float:
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(there).free / GIB
