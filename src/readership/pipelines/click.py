"""Step 08: whether what is shown will be clicked; fitted, chosen, judged on later days, registered, published."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from readership.contracts import Evaluation
from readership.datasets.clicks.folds import plan_days
from readership.datasets.rules import LabelRule
from readership.datasets.store import save
from readership.evaluation.click_evaluation import PositionFree, evaluate_clicks
from readership.evaluation.evaluate import Facts, Scores
from readership.evaluation.files import write_evaluation
from readership.evaluation.leakage import AuditReport
from readership.evaluation.reports.report import write_report
from readership.features.clicks.meanings import meanings
from readership.features.clicks.subject import LOOKBACK_DAYS, SUBJECTS, Subject
from readership.models import click
from readership.pipelines.audit import audit_leakage
from readership.pipelines.brands import check_brand
from readership.pipelines.click_dataset import ClickDataset, build_click_dataset, definition
from readership.pipelines.click_fitting import ClickFit, Floats, fit_clicks
from readership.pipelines.click_table import CURVE
from readership.pipelines.log import describe_log
from readership.pipelines.oracle import ad_oracle, click_oracle
from readership.pipelines.progress import Progress
from readership.pipelines.train import Prepared, Trained, drivers_of, export, promoted, protocol_of, said, timed
from readership.registry.promotion import register
from readership.settings import Settings
from readership.warehouse import Warehouse

DAY = timedelta(days=1)


def train_clicks(
    warehouse: Warehouse, settings: Settings, now: datetime, task: str, audit: AuditReport | None, progress: Progress
) -> Trained:
    """Every candidate on the same impressions; the champion becomes a bundle, a version and a report.

    Raises NotEnoughData where the log holds too few days, impressions or clicks.
    """
    check_brand(warehouse, settings)
    subject, timings = SUBJECTS[task], dict[str, float]()
    first, data = describe_log(warehouse, settings)
    folds = plan_days(first, now)
    with progress.step(f"dataset: {definition(subject)}"), timed(timings, "dataset"):
        built = build_click_dataset(warehouse, settings, subject, folds, first)
        save(built.rows, built.manifest, settings.artifacts_dir / "datasets" / task / built.manifest.content_hash[:12])
        progress.say(f"{len(built.rows):,} impressions of {built.manifest.readers:,} readers")
    if audit is None:
        with progress.step("leakage audit"), timed(timings, "audit"):
            audit = audit_leakage(warehouse, settings, progress=progress)
    prepared = Prepared(_rule(subject), folds, built.rows, built.manifest, data, audit, None, timings)
    with progress.step(f"models: {task}"), timed(timings, "models"):
        result = fit_clicks(built.rows, folds, click.specs(), said(progress))
        progress.say(f"champion {result.choice.champion}: {result.choice.why}")
    with progress.step("evaluation on held-out days"), timed(timings, "evaluation"):
        evaluation = _judge(warehouse, settings, subject, prepared, built, result)
    with progress.step("bundle, registry, report"):
        path = write_evaluation(evaluation, settings.artifacts_dir / "evaluation")
        folder = export(prepared, result, evaluation, settings, more={CURVE: built.curve.to_json()})
        version = register(settings, folder, evaluation)
        promotion = promoted(settings, task, version)
        progress.say(promotion)
        report = write_report(evaluation, settings.artifacts_dir / "reports")
    return Trained(evaluation, path, report, version, promotion, audit)


def _judge(
    warehouse: Warehouse,
    settings: Settings,
    subject: Subject,
    prepared: Prepared,
    built: ClickDataset,
    result: ClickFit,
) -> Evaluation:
    asked = click.question(subject.task)
    truth = _truth(warehouse, subject, prepared, built) if settings.brand is None else None
    return evaluate_clicks(
        result.test,
        Scores(result.choice.champion, result.candidates, result.floors, None if truth is None else truth[0]),
        PositionFree(result.without_position, None if truth is None else truth[1]),
        Facts(
            question=asked.text,
            who_acts=asked.who_acts,
            outcome=asked.outcome,
            definition=prepared.rule.definition,
            n_train=result.train_rows,
            data=prepared.data,
            protocol=_protocol(prepared, built, result),
            leakage=prepared.audit.summary(),
            drivers=drivers_of(result, meanings(subject)),
            timings=prepared.timings,
        ),
        left_out=click.left_out(),
        valid_rate=result.valid_rate,
    )


def _protocol(prepared: Prepared, built: ClickDataset, result: ClickFit) -> dict[str, Any]:
    return {
        **protocol_of(prepared, result),
        "unclicked_training_rows_kept": round(built.keep, 6),
        "correction": "none needed: every unclicked training row was kept"
        if built.keep == 1
        else f"an unclicked training row counts {1 / built.keep:.3f} times, as if all had been kept",
        "counts_known_up_to": "the last full ten minutes before the impression",
        "validation_log_loss": {name: round(rival.log_loss, 6) for name, rival in result.choice.rivals.items()},
    }


def _truth(
    warehouse: Warehouse, subject: Subject, prepared: Prepared, built: ClickDataset
) -> tuple[Floats, Floats] | None:
    """True probabilities of the test rows, with the position known and without; None where no truth is held."""
    test = np.isin(built.rows.as_of, [np.datetime64(day.replace(tzinfo=None), "ms") for day in prepared.folds.test])
    shown = built.shown.filter(pl.Series(test))
    since, until = prepared.folds.test[0], prepared.folds.test[-1] + DAY
    if subject.thing == "ad":
        found = ad_oracle(warehouse, shown.select(decision_id="shown_in"), since, until)
        names = ("click_probability", "click_probability")
    else:
        found = click_oracle(warehouse, shown.select("position", slate_id="shown_in"), since, until)
        names = ("probability", "position_free")
    if found is None:
        return None
    known, free = (found[name].fill_null(float("nan")).to_numpy() for name in names)
    return known, free


def _rule(subject: Subject) -> LabelRule:
    return LabelRule(
        name=subject.task,
        task=subject.task,
        population="shown",
        lookback_days=LOOKBACK_DAYS,
        horizon_days=1,
        definition=definition(subject),
    )
