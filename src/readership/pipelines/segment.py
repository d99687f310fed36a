"""Step 05: which kinds of readers there are: chosen on earlier dates, judged on later ones, named and registered."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

import numpy as np

from readership.contracts import Evaluation, Manifest, ModelSpec
from readership.datasets.store import fold_dates, save
from readership.errors import BundleError
from readership.evaluation.files import write_evaluation
from readership.evaluation.leakage import AuditReport
from readership.evaluation.reports.report import write_report
from readership.evaluation.segment_evaluation import Deployed, Facts, evaluate_segments
from readership.models import segmentation
from readership.models._behaviour import USUAL_SESSIONS, Space
from readership.models._calibration import Calibrator
from readership.models._clusters import group, kmeans, to_onnx
from readership.models._how_many import Choice, Tried, choose, try_count
from readership.models._segments import described
from readership.pipelines.audit import audit_leakage
from readership.pipelines.brands import check_brand
from readership.pipelines.log import describe_log
from readership.pipelines.progress import Progress
from readership.pipelines.segment_files import SEGMENTS, live_segments, write_segments
from readership.pipelines.segment_rows import DEFINITION, Rows, build_rows, plan_cutoffs
from readership.pipelines.train import Trained, npz, promoted, timed
from readership.registry.bundles import Bundle, write_bundle
from readership.registry.promotion import register
from readership.settings import Settings
from readership.warehouse import Warehouse

REFITS = 20
LIBRARIES = ("numpy", "onnxruntime", "readership", "scikit-learn", "scipy")


def train_segments(
    warehouse: Warehouse, settings: Settings, now: datetime, *, audit: AuditReport | None = None, progress: Progress
) -> Trained:
    """Segments of the readers who come back: bundle, version, evaluation, report, and the two files of segments.

    Raises NotEnoughData where the log is too short or has too few such readers; nothing is written then.
    """
    check_brand(warehouse, settings)
    first, data = describe_log(warehouse, settings)
    timings: dict[str, float] = {}
    with progress.step(f"dataset: {DEFINITION}"), timed(timings, "dataset"):
        rows = build_rows(warehouse, settings, plan_cutoffs(first, now))
        save(rows.dataset, rows.manifest, _dataset_folder(settings, rows))
        progress.say(
            f"{len(rows.dataset):,} rows of {rows.manifest.readers:,} readers at {len(rows.folds.all())} dates"
        )
    if audit is None:
        with progress.step("leakage audit"), timed(timings, "audit"):
            audit = audit_leakage(warehouse, settings, progress=progress)
    with progress.step("how many segments"), timed(timings, "models"):
        tried = [_tried(rows, count) for count in segmentation.COUNTS]
        choice = choose(tried)
        progress.say(choice.why)
        deployed = _deployed(rows, choice, live_segments(settings))
    with progress.step("evaluation on held-out time"), timed(timings, "evaluation"):
        evaluation = _evaluation(rows, choice, tried, deployed, data, audit, timings)
    with progress.step("bundle, registry, report"):
        path = write_evaluation(evaluation, settings.artifacts_dir / "evaluation")
        bundle = _export(rows, choice, deployed, evaluation, settings)
        version = register(settings, bundle, evaluation)
        promotion = promoted(settings, segmentation.TASK, version)
        progress.say(promotion)
        write_segments(warehouse, settings, rows.everyone, deployed)
        report = write_report(evaluation, settings.artifacts_dir / "reports")
    return Trained(evaluation, path, report, version, promotion, audit)


def _tried(rows: Rows, count: int) -> Tried:
    return try_count(count, rows.dataset, rows.folds.train, segmentation.POOL, segmentation.TRAITS, REFITS)


def _deployed(rows: Rows, choice: Choice, before: dict[str, Any] | None) -> Deployed:
    """The segments that go live: fitted on the newest dates, their ids those of the champion where they are alike."""
    fitted_on = rows.dataset.at(rows.folds.refit)
    grouping = group(fitted_on, segmentation.TRAITS, kmeans(choice.segments))
    return Deployed(grouping, described(rows.everyone, grouping, before), fitted_on)


def _evaluation(
    rows: Rows,
    choice: Choice,
    tried: Sequence[Tried],
    deployed: Deployed,
    data: dict[str, Any],
    audit: AuditReport,
    timings: dict[str, float],
) -> Evaluation:
    asked = segmentation.question()
    early = rows.dataset.at(rows.folds.train[-segmentation.POOL :])
    return evaluate_segments(
        early,
        rows.dataset.at(rows.folds.test),
        segmentation.TRAITS,
        choice,
        tried,
        deployed,
        Facts(
            question=asked.text,
            who_acts=asked.who_acts,
            definition=DEFINITION,
            data=data,
            protocol=_protocol(rows, deployed.grouping.space),
            leakage=audit.summary(),
            timings=timings,
        ),
        refits=REFITS,
    )


def _protocol(rows: Rows, space: Space) -> dict[str, Any]:
    dates = {f"{name}_as_of": list(cutoffs) for name, cutoffs in fold_dates(rows.folds).items() if cutoffs}
    return {
        "split": "temporal",
        **dates,
        "lookback_days": segmentation.LOOKBACK_DAYS,
        "population": segmentation.POPULATION,
        "traits": [trait.name for trait in space.traits],
        "traits_left_out": space.left_out,
        "usual_sessions": USUAL_SESSIONS,
        "directions": len(space.axes),
        "dataset_hash": rows.manifest.content_hash,
        "snapshot_at": rows.manifest.snapshot_at,
    }


def _export(rows: Rows, choice: Choice, deployed: Deployed, evaluation: Evaluation, settings: Settings) -> Path:
    """The bundle, read back and compared with the segments it came from on every reader."""
    created, dataset = datetime.now(UTC), rows.dataset.select(segmentation.inputs())
    newest = max(rows.folds.refit)
    manifest = Manifest(
        task=segmentation.TASK,
        version=f"{created:%Y%m%dT%H%M%S}-{rows.manifest.content_hash[:6]}",
        model=ModelSpec(segmentation.CHAMPION, {"count": choice.segments}),
        features=dataset.names,
        categories=dict(dataset.categories),
        calibration="none",
        horizon_days=0,
        lookback_days=segmentation.LOOKBACK_DAYS,
        population=segmentation.POPULATION,
        dataset_hash=rows.manifest.content_hash,
        sql_hashes=rows.manifest.sql_hashes,
        data_from=evaluation["data"]["from"],
        data_to=evaluation["data"]["to"],
        trained_until=newest.isoformat(),
        created_at=created.isoformat(),
        libraries={name: library_version(name) for name in LIBRARIES},
        metrics=evaluation["metrics"],
        operating_points={},
        files={},
        answer="segment",
    )
    content = {"as_of": newest.isoformat(), **deployed.segments.content}
    files = {
        "model.onnx": to_onnx(deployed.grouping, deployed.segments.ids),
        "calibrator.npz": npz(Calibrator("none").to_arrays()),
        SEGMENTS: json.dumps(content, indent=1, ensure_ascii=False).encode(),
    }
    folder = write_bundle(settings.artifacts_dir / "models", manifest, files)
    _check_parity(folder, rows, deployed)
    return folder


def _check_parity(folder: Path, rows: Rows, deployed: Deployed) -> None:
    readers = rows.everyone.select(segmentation.inputs())
    served = Bundle.load(folder).score(readers.features)
    ids = np.array(deployed.segments.ids)[deployed.grouping.groups(readers)]
    if apart := int((served != ids).sum()):
        raise BundleError(
            f"{folder}: its ONNX form puts {apart} of {len(ids)} readers in another segment; it was not registered"
        )


def _dataset_folder(settings: Settings, rows: Rows) -> Path:
    return settings.artifacts_dir / "datasets" / segmentation.TASK / rows.manifest.content_hash[:12]
