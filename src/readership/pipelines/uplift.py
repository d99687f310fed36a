"""Whom an offer moves: from decisions made by lot to a learner that is chosen, judged on later ones, and registered."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.contracts import Evaluation, Manifest, ModelSpec, Trial
from readership.datasets.rules import LabelRule, label_rule
from readership.datasets.store import content_hash
from readership.datasets.trial import Parts, split
from readership.errors import BundleError
from readership.evaluation.files import write_evaluation
from readership.evaluation.leakage import AuditReport
from readership.evaluation.reports.report import write_report
from readership.evaluation.uplift_evaluation import Effects, UpliftFacts, evaluate_uplift
from readership.features.encoding import encode
from readership.features.selection import Selection, select
from readership.models import uplift
from readership.models._calibration import Calibrator
from readership.pipelines.audit import audit_leakage
from readership.pipelines.brands import check_brand
from readership.pipelines.log import describe_log
from readership.pipelines.progress import Progress
from readership.pipelines.train import LIBRARIES, PARITY, Trained, npz, promoted, timed
from readership.pipelines.uplift_fitting import ChosenLearner, choose_learner
from readership.pipelines.uplift_groups import groups
from readership.pipelines.uplift_oracle import true_effects
from readership.pipelines.uplift_rows import Decisions, decisions
from readership.registry.bundles import Bundle, write_bundle
from readership.registry.live import read_live
from readership.registry.promotion import register
from readership.settings import Settings
from readership.warehouse import Warehouse

WHO_ACTS = "the subscriptions team: contact the readers whom it moves, spare those who would come anyway or be put off"
Floats = NDArray[np.float64]


class Uplift(NamedTuple):
    """What contacting adds to each reader's probability of what the publisher wants, and which version says so."""

    version: str
    effect: Floats


class Fitted(NamedTuple):
    """Learners and floors fitted on the earlier decisions, and how one was chosen."""

    parts: Parts
    selection: Selection
    choice: ChosenLearner
    learners: Mapping[str, Any]
    floors: Mapping[str, Any]

    @property
    def champion(self) -> Any:
        """The chosen learner."""
        return self.learners[self.choice.name]


def uplift_scores(
    warehouse: Warehouse, settings: Settings, now: datetime, task: str, population: str, frame: pl.DataFrame
) -> Uplift | None:
    """Effects in the order of `frame` (features at `now`) by the live model; None where there is none."""
    name = label_rule(task, settings, population).name + uplift.SUFFIX
    models = settings.artifacts_dir / "models"
    version = read_live(models, name).champion
    if version is None:
        return None
    bundle = Bundle.load(models / name / version)
    matrix = encode(frame, bundle.manifest.features, bundle.manifest.categories)
    return Uplift(version, bundle.score(matrix))


def train_uplift(
    warehouse: Warehouse,
    settings: Settings,
    now: datetime,
    question: str,
    audit: AuditReport | None,
    progress: Progress,
) -> Trained:
    """The uplift model of a question (`conversion`, `churn_subscribers`): bundle, version, evaluation, report.

    Raises NotEnoughData where too few decisions were made by lot, or too few outcomes came of them.
    """
    check_brand(warehouse, settings)
    rule = label_rule(question, settings)
    timings: dict[str, float] = {}
    first, data = describe_log(warehouse, settings)
    with progress.step(f"decisions made by lot: {rule.name}"), timed(timings, "dataset"):
        found = decisions(warehouse, settings, rule, now, first)
        parts = split(found.trial, rule.horizon)
        progress.say(f"{len(parts.train):,} decisions to learn from, {len(parts.test):,} later ones to judge by")
    if audit is None:
        with progress.step("leakage audit"), timed(timings, "audit"):
            audit = audit_leakage(warehouse, settings, progress=progress)
    with progress.step(f"learners: {rule.name}{uplift.SUFFIX}"), timed(timings, "models"):
        fitted = fit_uplift(parts)
        progress.say(f"champion {fitted.choice.name}: {fitted.choice.why}")
    with progress.step("evaluation on later decisions"), timed(timings, "evaluation"):
        oracle = true_effects(warehouse, rule, fitted.parts.test) if settings.brand is None else None
        evaluation = _judge(rule, found, fitted, oracle, data, audit, timings)
    with progress.step("bundle, registry, report"):
        path = write_evaluation(evaluation, settings.artifacts_dir / "evaluation")
        version = register(settings, _export(rule, found, fitted, evaluation, settings), evaluation)
        promotion = promoted(settings, evaluation["task"], version)
        progress.say(promotion)
        report = write_report(evaluation, settings.artifacts_dir / "reports")
    return Trained(evaluation, path, report, version, promotion, audit)


def fit_uplift(parts: Parts) -> Fitted:
    """Columns selected, a learner chosen and everything fitted on the earlier decisions alone."""
    selection = select(parts.train.rows)
    kept = Parts(*(part.select(selection.kept) for part in parts))
    choice = choose_learner(kept.train, uplift.specs())
    learners = {spec.name: uplift.build(spec).fit(kept.train) for spec in uplift.specs()}
    floors = {name: uplift.build(ModelSpec(name)).fit(kept.train) for name in uplift.FLOORS}
    return Fitted(kept, selection, choice, learners, floors)


def _judge(
    rule: LabelRule,
    found: Decisions,
    fitted: Fitted,
    oracle: Floats | None,
    data: Mapping[str, Any],
    audit: AuditReport,
    timings: Mapping[str, float],
) -> Evaluation:
    train, test = fitted.parts
    asked = uplift.QUESTIONS[rule.name]
    said = {name: model.margin(test.rows.features) for name, model in fitted.learners.items()}
    return evaluate_uplift(
        test,
        Effects(
            fitted.choice.name,
            said,
            {name: model.margin(test.rows.features) for name, model in fitted.floors.items()},
            oracle,
        ),
        UpliftFacts(
            question=asked.text,
            who_acts=WHO_ACTS,
            definition=_definition(rule),
            outcome=asked.outcome,
            contact=asked.contact,
            n_train=len(train),
            outcomes_train=int(train.rows.label.sum()),
            data=data,
            protocol=_protocol(rule, found, fitted),
            chosen=fitted.choice.told(),
            delay=found.delay,
            groups=groups(test, said[fitted.choice.name]),
            leakage=audit.summary(),
            timings=timings,
        ),
    )


def _definition(rule: LabelRule) -> str:
    asked = uplift.QUESTIONS[rule.name]
    return (
        f"decisions made by lot to contact a reader ({asked.contact}) or to leave the reader alone; outcome: "
        f"{asked.outcome} by the rule of {rule.name} ({rule.definition}), counted from the decision; a decision whose "
        f"{rule.horizon_days} days have not passed is left out"
    )


def _protocol(rule: LabelRule, found: Decisions, fitted: Fitted) -> dict[str, Any]:
    train, test = fitted.parts
    return {
        "split": "temporal",
        **{f"{name}_decided": list(_span(part)) for name, part in (("train", train), ("test", test))},
        "horizon_days": rule.horizon_days,
        "population": rule.population,
        "experiment": uplift.QUESTIONS[rule.name].experiment,
        "decisions": len(found.trial),
        "not_used": len(found.trial) - len(train) - len(test),
        "enough_history_since": found.since.isoformat(),
        "features_as_of": "the last Monday's midnight (UTC) before each decision",
        "champion_chosen_by": fitted.choice.why,
        "features_kept": len(fitted.selection.kept),
        "features_dropped": dict(fitted.selection.dropped),
        "dataset_hash": content_hash(found.trial.rows),
    }


def _span(part: Trial) -> Iterator[str]:
    for moment in (part.decided_at.min(), part.decided_at.max()):
        yield f"{moment.astype('datetime64[s]')}+00:00"


def _export(rule: LabelRule, found: Decisions, fitted: Fitted, evaluation: Evaluation, settings: Settings) -> Path:
    """The champion as a bundle, read back and compared with the model it came from on every test row."""
    model, test = fitted.champion, fitted.parts.test
    native_name, native = model.native()
    created, digest = datetime.now(UTC), content_hash(found.trial.rows)
    trained_until = (fitted.parts.train.decided_at.max() + np.timedelta64(rule.horizon)).astype("datetime64[s]")
    manifest = Manifest(
        task=evaluation["task"],
        version=f"{created:%Y%m%dT%H%M%S}-{digest[:6]}",
        model=ModelSpec(model.spec.name, dict(model.spec.parameters), model.spec.seed),
        features=test.rows.names,
        categories=dict(test.rows.categories),
        calibration="none",
        horizon_days=rule.horizon_days,
        lookback_days=rule.lookback_days,
        population=rule.population,
        dataset_hash=digest,
        sql_hashes=found.sql_hashes,
        data_from=evaluation["data"]["from"],
        data_to=evaluation["data"]["to"],
        trained_until=f"{trained_until}+00:00",
        created_at=created.isoformat(),
        libraries={name: library_version(name) for name in LIBRARIES},
        metrics=evaluation["metrics"],
        operating_points={},
        files={},
        answer="uplift",
    )
    files = {"model.onnx": model.to_onnx(), "calibrator.npz": npz(Calibrator("none").to_arrays()), native_name: native}
    folder = write_bundle(settings.artifacts_dir / "models", manifest, files)
    apart = float(np.max(np.abs(Bundle.load(folder).score(test.rows.features) - model.margin(test.rows.features))))
    if apart > PARITY:
        raise BundleError(f"{folder}: its ONNX form differs from the model by {apart:.2g}; it was not registered")
    return folder
