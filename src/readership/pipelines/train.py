"""Steps 03, 04 and 07: build the dataset, fit, choose, calibrate, judge on held-out time, register, report."""

import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from readership.contracts import ANSWERS, Dataset, Evaluation, Folds, Manifest, Model, ModelSpec
from readership.datasets.folds import plan_folds
from readership.datasets.rules import LabelRule, label_rule
from readership.datasets.store import DatasetManifest, fold_dates, save
from readership.errors import BundleError, PromotionRefused
from readership.evaluation.evaluate import Facts, Scores, evaluate_binary
from readership.evaluation.files import write_evaluation
from readership.evaluation.leakage import AuditReport
from readership.evaluation.reports.report import write_report
from readership.features.catalogue import by_name
from readership.models import baselines, churn, conversion
from readership.models._reasons import Described, drivers
from readership.pipelines.audit import audit_leakage
from readership.pipelines.brands import check_brand
from readership.pipelines.dataset import build_dataset
from readership.pipelines.fitting import Fit, Fitted, fit
from readership.pipelines.log import describe_log
from readership.pipelines.oracle import READER_ORACLES
from readership.pipelines.progress import Progress
from readership.pipelines.tuning import tuned
from readership.registry.bundles import Bundle, write_bundle
from readership.registry.promotion import promote, register
from readership.settings import Settings
from readership.warehouse import Warehouse

QUESTIONS = {churn.TASK: churn, conversion.TASK: conversion}
PARITY = 1e-5
DRIVER_ROWS = 5_000
LIBRARIES = ("lightgbm", "numpy", "onnxruntime", "readership", "scikit-learn", "xgboost-cpu")


@dataclass(frozen=True)
class Prepared:
    """A question, its dataset, and what is known about the log; shared by the steps that use the same rows."""

    rule: LabelRule
    folds: Folds
    dataset: Dataset
    manifest: DatasetManifest
    data: Mapping[str, Any]
    audit: AuditReport
    oracle: pl.DataFrame | None
    timings: dict[str, float] = field(default_factory=dict)
    fitted: Mapping[str, dict[str, Model]] = field(default_factory=lambda: {"train": {}, "refit": {}})


@dataclass(frozen=True)
class Trained:
    """What a training left behind; `audit` is None where it used none of the features that are audited."""

    evaluation: Evaluation
    evaluation_file: Path
    report: Path | None
    version: str | None
    promotion: str
    audit: AuditReport | None

    def as_dict(self) -> dict[str, Any]:
        """The few facts a script needs."""
        return {
            "task": self.evaluation["task"],
            "champion": self.evaluation["champion"],
            "metrics": self.evaluation["metrics"],
            "version": self.version,
            "promotion": self.promotion,
            "evaluation": str(self.evaluation_file),
            "report": str(self.report) if self.report else None,
        }


def prepare(
    warehouse: Warehouse,
    settings: Settings,
    now: datetime,
    *,
    task: str = churn.TASK,
    population: str = "registered",
    audit: AuditReport | None = None,
    progress: Progress,
) -> Prepared:
    """The dataset of a question, saved with its manifest, and the audit of what it was built from.

    Raises NotEnoughData where the log is too short or too one-sided for honest folds.
    """
    check_brand(warehouse, settings)
    rule = label_rule(task, settings, population)
    first, data = describe_log(warehouse, settings)
    folds = plan_folds(first, now, horizon=rule.horizon, lookback=rule.lookback)
    timings: dict[str, float] = {}
    with progress.step(f"dataset: {rule.definition}"), timed(timings, "dataset"):
        dataset, manifest = build_dataset(warehouse, settings, rule.task, folds, population=population)
        save(dataset, manifest, settings.artifacts_dir / "datasets" / rule.name / manifest.content_hash[:12])
        progress.say(f"{len(dataset):,} rows of {manifest.readers:,} readers at {len(manifest.row_counts)} cut-offs")
    if audit is None:
        with progress.step("leakage audit"), timed(timings, "audit"):
            audit = audit_leakage(warehouse, settings, progress=progress)
    oracle = None
    if rule.name in READER_ORACLES and settings.brand is None:
        with progress.step("oracle"), timed(timings, "oracle"):
            oracle = READER_ORACLES[rule.name](warehouse, asked_rows(dataset.at(folds.test)), rule.horizon_days)
    return Prepared(rule, folds, dataset, manifest, data, audit, oracle, timings)


def train_baselines(prepared: Prepared, settings: Settings, *, progress: Progress) -> Trained:
    """Step 03: the simple models on the same split, in `artifacts/evaluation/baselines/`."""
    with progress.step(f"03 baselines: {prepared.rule.name}"):
        simple = [spec for spec in baselines.specs(prepared.dataset.names) if spec.name not in ("base_rate", "recency")]
        floors = QUESTIONS[prepared.rule.task].floors
        result = fit(prepared.dataset, prepared.folds, simple, floors, said(progress), prepared.fitted)
        evaluation = judge(prepared, result, floors=())
    path = write_evaluation(evaluation, settings.artifacts_dir / "evaluation" / "baselines")
    return Trained(evaluation, path, None, None, "baselines are for comparison and are not registered", prepared.audit)


def train_task(prepared: Prepared, settings: Settings, *, tune: int = 0, progress: Progress) -> Trained:
    """Steps 04 and 07: every candidate on the same rows; the champion becomes a bundle, a version and a report.

    tune  how many settings to try first, on validation rows alone
    """
    asked, dataset, folds = QUESTIONS[prepared.rule.task], prepared.dataset, prepared.folds
    with progress.step(f"models: {prepared.rule.name}"), timed(prepared.timings, "models"):
        searched = tuned(asked.specs(), dataset, folds, journal_of(prepared, settings), tune, progress)
        result = fit(dataset, folds, searched.specs, asked.floors, said(progress), prepared.fitted)
        progress.say(f"champion {result.choice.champion}: {result.choice.why}")
    with progress.step("evaluation on held-out time"), timed(prepared.timings, "evaluation"):
        evaluation = judge(prepared, result, floors=baselines.NAMES)
        evaluation["protocol"] |= searched.protocol
    with progress.step("bundle, registry, report"):
        folder = settings.artifacts_dir / "evaluation"
        path = write_evaluation(evaluation, folder)
        bundle = export(prepared, result, evaluation, settings)
        version = register(settings, bundle, evaluation)
        promotion = promoted(settings, prepared.rule.name, version)
        progress.say(promotion)
        report = write_report(evaluation, settings.artifacts_dir / "reports")
    return Trained(evaluation, path, report, version, promotion, prepared.audit)


def judge(prepared: Prepared, result: Fit, floors: Sequence[str]) -> Evaluation:
    """The evaluation of a fit on its test rows; `floors` names the models shown as floors besides rules of thumb."""
    rule = prepared.rule
    asked = QUESTIONS[rule.task].question(rule.population, rule.horizon_days)
    shown = {name: result.candidates[name] for name in floors if name in result.candidates}
    evaluation = evaluate_binary(
        result.test,
        Scores(result.choice.champion, result.candidates, {**result.rules, **shown}, _oracle(prepared, result.test)),
        Facts(
            question=asked.text,
            who_acts=asked.who_acts,
            outcome=asked.outcome,
            definition=rule.definition,
            n_train=result.train_rows,
            data=prepared.data,
            protocol=protocol_of(prepared, result),
            leakage=prepared.audit.summary(),
            drivers=drivers_of(result),
            timings=prepared.timings,
        ),
        valid=result.valid,
        valid_probability=result.valid_probability,
    )
    if prepared.manifest.outcomes:
        evaluation["label"]["reasons"] = dict(prepared.manifest.outcomes)
    return evaluation


def export(
    prepared: Prepared,
    result: Fitted,
    evaluation: Evaluation,
    settings: Settings,
    answer: str = "probability",
    more: Mapping[str, bytes] | None = None,
) -> Path:
    """The champion as a bundle, read back and compared with the model it came from on every test row.

    `more` are further files of the bundle, by name.

    Raises BundleError when the two differ by more than `PARITY` in log-odds, or of the whole scale of a score.
    """
    model, test = result.champion, result.test
    native_name, native = model.native()
    arrays = result.calibrator.to_arrays()
    created = datetime.now(UTC)
    manifest = Manifest(
        task=prepared.rule.name,
        version=f"{created:%Y%m%dT%H%M%S}-{prepared.manifest.content_hash[:6]}",
        model=ModelSpec(model.spec.name, dict(model.spec.parameters), model.spec.seed),
        features=test.names,
        categories=dict(test.categories),
        calibration=result.calibrator.name,
        horizon_days=prepared.rule.horizon_days,
        lookback_days=prepared.rule.lookback_days,
        population=prepared.rule.population,
        dataset_hash=prepared.manifest.content_hash,
        sql_hashes=prepared.manifest.sql_hashes,
        data_from=prepared.data["from"],
        data_to=prepared.data["to"],
        trained_until=(max(prepared.folds.refit) + prepared.folds.horizon).isoformat(),
        created_at=created.isoformat(),
        libraries={name: library_version(name) for name in LIBRARIES},
        metrics=evaluation["metrics"],
        operating_points={n: point["threshold"] for n, point in evaluation.get("operating_points", {}).items()},
        files={},
        answer=answer,
    )
    files = {"model.onnx": model.to_onnx(), "calibrator.npz": npz(arrays), native_name: native, **(more or {})}
    folder = write_bundle(settings.artifacts_dir / "models", manifest, files)
    apart = float(np.max(np.abs(Bundle.load(folder).margin(test.features) - model.margin(test.features))))
    if apart > PARITY * ANSWERS[answer][1]:
        raise BundleError(f"{folder}: its ONNX form differs from the model by {apart:.2g}; it was not registered")
    return folder


def journal_of(prepared: Prepared, settings: Settings) -> Path:
    """Where the search for settings on this dataset keeps its trials."""
    return settings.artifacts_dir / "tuning" / f"{prepared.rule.name}-{prepared.manifest.content_hash[:12]}.jsonl"


def promoted(settings: Settings, task: str, version: str) -> str:
    """Promote the version if the rule allows it; what came of it, in words."""
    try:
        return f"{task} {version} is champion: {promote(settings, task, version, by='readership train').reason}"
    except PromotionRefused as refusal:
        return str(refusal)


def asked_rows(rows: Dataset) -> pl.DataFrame:
    """Readers and cut-offs of these rows, as an oracle is asked about them."""
    times = pl.Series("as_of", rows.as_of.astype("datetime64[ms]")).dt.replace_time_zone("UTC")
    return pl.DataFrame({"user_id": rows.reader}).with_columns(times)


def _oracle(prepared: Prepared, test: Dataset) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    if prepared.oracle is None:
        return None
    joined = asked_rows(test).join(prepared.oracle, on=["user_id", "as_of"], how="left", maintain_order="left")
    return joined["probability"].fill_null(float("nan")).to_numpy()


def protocol_of(prepared: Prepared, result: Fitted) -> dict[str, Any]:
    """How a model was fitted and chosen, for its evaluation."""
    dates = {f"{name}_as_of": list(cutoffs) for name, cutoffs in fold_dates(prepared.folds).items()}
    return {
        "split": "temporal",
        **dates,
        "horizon_days": prepared.rule.horizon_days,
        "lookback_days": prepared.rule.lookback_days,
        "population": prepared.rule.population,
        "champion_chosen_by": result.choice.why,
        "calibration": result.calibrator.name,
        "features_kept": len(result.selection.kept),
        "features_dropped": dict(result.selection.dropped),
        "dataset_hash": prepared.manifest.content_hash,
        "snapshot_at": prepared.manifest.snapshot_at,
    }


def drivers_of(result: Fitted, described: Mapping[str, Described] | None = None) -> list[dict[str, Any]]:
    """The features that move the champion's answers most on the test rows; none where it has no exact parts.

    `described` says what they mean, by default the catalogue of features of readers.
    """
    rows = result.test.take(np.linspace(0, len(result.test) - 1, min(len(result.test), DRIVER_ROWS)).astype(np.intp))
    parts = result.champion.contributions(rows.features)
    if parts is None:
        return []
    return [
        {"name": driver.feature, **{k: v for k, v in driver._asdict().items() if k != "feature"}}
        for driver in drivers(rows.names, parts, rows.features, described or by_name(), rows.categories)
    ]


def npz(arrays: Mapping[str, Any]) -> bytes:
    """Arrays as the content of an `.npz` file."""
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def said(progress: Progress) -> Callable[[str, float], None]:
    """Tells of each model fitted and its seconds."""
    return lambda name, seconds: progress.say(f"{name}: {seconds:.1f} s")


@contextmanager
def timed(timings: dict[str, float], name: str) -> Iterator[None]:
    """Write into `timings` how many seconds the block took."""
    began = time.monotonic()
    yield
    timings[name] = time.monotonic() - began
