"""Step 09: the engagement score of a reader's next session, fitted, weighed, chosen, judged, registered, reported."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readership.contracts import ANSWERS, Dataset, Evaluation, Folds, Model, ModelSpec
from readership.evaluation.evaluate import Facts, Scores
from readership.evaluation.files import write_evaluation
from readership.evaluation.reports.report import write_report
from readership.evaluation.scores import Bands, evaluate_scores
from readership.features.selection import Selection, select
from readership.models import engagement
from readership.models._calibration import Calibrator
from readership.models._ensemble import Ensemble
from readership.models._rows import squared_error
from readership.models._score_selection import Choice, choose_champion
from readership.models._selection import fit_candidates
from readership.pipelines.progress import Progress
from readership.pipelines.train import (
    Prepared,
    Trained,
    asked_rows,
    drivers_of,
    export,
    journal_of,
    promoted,
    protocol_of,
    said,
    timed,
)
from readership.pipelines.tuning import tuned
from readership.registry.promotion import register
from readership.settings import Settings

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoreFit:
    """One experiment, ready to be judged.

    models              every candidate fitted again on all rows before the test, as it would be deployed
    candidates, floors  expected scores that each candidate, and each rule of thumb, gives the rows of `test`
    valid_mean          mean label of the validation rows
    """

    selection: Selection
    choice: Choice
    train_rows: int
    valid_mean: float
    test: Dataset
    models: Mapping[str, Model]
    candidates: Mapping[str, Floats]
    floors: Mapping[str, Floats]

    @property
    def champion(self) -> Model:
        """The chosen model, as it would be deployed."""
        return self.models[self.choice.champion]

    @property
    def calibrator(self) -> Calibrator:
        """None: a score stands as it is, held between 0 and 100."""
        return Calibrator("none")


def train_score_baselines(prepared: Prepared, settings: Settings, *, progress: Progress) -> Trained:
    """Step 03: the straight line and the rules of thumb on the same split, in `artifacts/evaluation/baselines/`."""
    with progress.step(f"03 baselines: {engagement.TASK}"):
        result = fit_scores(prepared.dataset, prepared.folds, engagement.baselines(), said(progress))
        evaluation = judge_scores(prepared, result)
    path = write_evaluation(evaluation, settings.artifacts_dir / "evaluation" / "baselines")
    return Trained(evaluation, path, None, None, "baselines are for comparison and are not registered", prepared.audit)


def train_engagement(prepared: Prepared, settings: Settings, *, tune: int = 0, progress: Progress) -> Trained:
    """Every candidate on the same rows; the champion becomes a bundle, a version and a report.

    tune  how many settings to try first, on validation rows alone
    """
    with progress.step("models: engagement"), timed(prepared.timings, "models"):
        dataset, folds, journal = prepared.dataset, prepared.folds, journal_of(prepared, settings)
        searched = tuned(engagement.specs(), dataset, folds, journal, tune, progress, loss=squared_error)
        result = fit_scores(dataset, folds, searched.specs, said(progress))
        for reason in engagement.left_out().values():
            progress.say(reason)
        progress.say(f"champion {result.choice.champion}: {result.choice.why}")
    with progress.step("evaluation on held-out time"), timed(prepared.timings, "evaluation"):
        evaluation = judge_scores(prepared, result)
        evaluation["protocol"] |= searched.protocol
    with progress.step("bundle, registry, report"):
        path = write_evaluation(evaluation, settings.artifacts_dir / "evaluation")
        version = register(settings, export(prepared, result, evaluation, settings, "score"), evaluation)
        promotion = promoted(settings, engagement.TASK, version)
        progress.say(promotion)
        report = write_report(evaluation, settings.artifacts_dir / "reports")
    return Trained(evaluation, path, report, version, promotion, prepared.audit)


def fit_scores(
    dataset: Dataset,
    folds: Folds,
    candidates: Sequence[ModelSpec],
    progress: Callable[[str, float], None] = lambda name, seconds: None,
) -> ScoreFit:
    """Select columns, fit on `train`, weigh the ensemble on `calibration`, choose on `valid`, fit again on `refit`.

    No row both weighs the ensemble and judges it. The rules of thumb read the columns they need, selected or not.
    """
    selection = select(dataset.at(folds.refit))
    kept = dataset.select(selection.kept)
    valid, test, final = kept.at(folds.valid), kept.at(folds.test), kept.at(folds.refit)
    inner = fit_candidates(candidates, kept.at(folds.train), valid, progress)
    for model in inner.values():
        if isinstance(model, Ensemble):
            model.weigh(kept.at(folds.calibration))
    choice = choose_champion(inner, valid)
    models = fit_candidates([model.spec for model in inner.values()], final, None, progress)
    floors = fit_candidates(engagement.floors(), dataset.at(folds.refit), None)
    whole = dataset.at(folds.test)
    return ScoreFit(
        selection=selection,
        choice=choice,
        train_rows=len(final),
        valid_mean=float(np.average(valid.label, weights=valid.weight)),
        test=test,
        models=models,
        candidates={name: _held(model.margin(test.features)) for name, model in models.items()},
        floors={name: _held(model.margin(whole.features)) for name, model in floors.items()},
    )


def judge_scores(prepared: Prepared, result: ScoreFit) -> Evaluation:
    """The evaluation of a fit on its test rows."""
    asked = engagement.question(prepared.rule.horizon_days)
    oracle, noise = _oracle(prepared, result.test)
    ensemble = result.models["ensemble"].spec.parameters["weights"] if "ensemble" in result.models else {}
    return evaluate_scores(
        result.test,
        Scores(result.choice.champion, result.candidates, result.floors, oracle),
        Facts(
            question=asked.text,
            who_acts=asked.who_acts,
            outcome=asked.outcome,
            definition=prepared.rule.definition,
            n_train=result.train_rows,
            data=prepared.data,
            protocol={**protocol_of(prepared, result), "ensemble_weights": dict(ensemble)},
            leakage=prepared.audit.summary(),
            drivers=drivers_of(result),
            timings=prepared.timings,
        ),
        bands=Bands(engagement.BANDS, engagement.band),
        left_out=engagement.left_out(),
        valid_mean=result.valid_mean,
        oracle_noise=noise,
    )


def _oracle(prepared: Prepared, test: Dataset) -> tuple[Floats | None, float]:
    """What the oracle expects of each row, and the mean variance of its own Monte-Carlo error."""
    if prepared.oracle is None:
        return None, 0.0
    joined = asked_rows(test).join(prepared.oracle, on=["user_id", "as_of"], how="left", maintain_order="left")
    noise = float(np.nanmean(joined["error"].fill_null(float("nan")).to_numpy() ** 2))
    return joined["score"].fill_null(float("nan")).to_numpy(), noise


def _held(score: Floats) -> Floats:
    return np.clip(score, *ANSWERS["score"])
