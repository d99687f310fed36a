"""From a dataset with folds to a chosen, calibrated, refitted model and everything it is compared with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, Folds, Model, ModelSpec
from readership.features.selection import Selection, select
from readership.models._calibration import Calibrator
from readership.models._selection import Choice, choose_calibrator, choose_champion, fit_candidates, refit

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """One experiment, ready to be judged.

    valid, test        rows with the selected columns; `valid` are those that thresholds are chosen on
    valid_probability  the champion's on `valid`, by a fit that has not seen these rows
    train_rows         rows the deployed champion was fitted on
    models             every candidate as judged on the test; the champion as it would be deployed
    candidates, rules  probabilities that each candidate, and each rule of thumb, gives the rows of `test`
    """

    selection: Selection
    choice: Choice
    calibrator: Calibrator
    train_rows: int
    valid: Dataset
    test: Dataset
    valid_probability: Floats
    models: Mapping[str, Model]
    candidates: Mapping[str, Floats]
    rules: Mapping[str, Floats]

    @property
    def champion(self) -> Model:
        """The chosen model, as it would be deployed."""
        return self.models[self.choice.champion]


class Chosen(Protocol):
    """A champion's name, and why it was chosen."""

    @property
    def champion(self) -> str: ...
    @property
    def why(self) -> str: ...


class Fitted(Protocol):
    """What every experiment leaves, whatever the kind of its answer: enough to write and describe its champion."""

    @property
    def selection(self) -> Selection: ...
    @property
    def choice(self) -> Chosen: ...
    @property
    def calibrator(self) -> Calibrator: ...
    @property
    def test(self) -> Dataset: ...
    @property
    def champion(self) -> Model: ...


class Calibrated(NamedTuple):
    """A champion fitted up to the calibration cut-offs, and what won on them; `model` is None where there are none."""

    calibrator: Calibrator
    model: Model | None
    rows: int


def fit(
    dataset: Dataset,
    folds: Folds,
    candidates: Sequence[ModelSpec],
    floors: Callable[[tuple[str, ...]], Sequence[ModelSpec]],
    progress: Callable[[str, float], None] = lambda name, seconds: None,
    known: Mapping[str, dict[str, Model]] | None = None,
) -> Fit:
    """Select columns, fit on `train`, choose on `valid`, calibrate on `calibration`, fit again, predict `test`.

    Columns are selected without looking at a label, on all rows before the test, so that one that came alive or began
    to drift lately is seen.
    A calibrator belongs to the fit it was made for, which ends before the calibration cut-offs. Where *none* wins,
    the champion is fitted again on all of `refit`, as every other candidate is. `floors` gives the rules of thumb
    that the dataset's columns allow, selected or not; they are no candidates. `known` (keys "train" and "refit")
    carries models from one call on this dataset to the next.
    """
    selection = select(dataset.at(folds.refit))
    kept = dataset.select(selection.kept)
    valid, test, final = kept.at(folds.valid), kept.at(folds.test), kept.at(folds.refit)
    fitted = known or {"train": {}, "refit": {}}
    inner = fit_candidates(candidates, kept.at(folds.train), valid, progress, fitted["train"])
    choice = choose_champion(inner, valid)
    chosen = _calibrated(kept, folds, inner[choice.champion])
    models = fit_candidates([model.spec for model in inner.values()], final, None, progress, fitted["refit"])
    rules = fit_candidates(floors(dataset.names), dataset.at(folds.refit), None)
    unseen, seer = kept.at(folds.valid + folds.calibration), inner[choice.champion]
    if chosen.model is not None and chosen.calibrator.name != "none":
        models[choice.champion] = seer = chosen.model
        unseen = kept.at(folds.calibration)
    none = Calibrator("none")
    return Fit(
        selection=selection,
        choice=choice,
        calibrator=chosen.calibrator,
        train_rows=chosen.rows if seer is chosen.model else len(final),
        valid=unseen,
        test=test,
        valid_probability=chosen.calibrator(seer.margin(unseen.features)),
        models=models,
        candidates={
            name: (chosen.calibrator if name == choice.champion else none)(model.margin(test.features))
            for name, model in models.items()
        },
        rules={name: none(rule.margin(dataset.at(folds.test).features)) for name, rule in rules.items()},
    )


def _calibrated(kept: Dataset, folds: Folds, champion: Model) -> Calibrated:
    if not folds.calibration:
        return Calibrated(Calibrator("none"), None, 0)
    closed = tuple(cutoff for cutoff in folds.refit if cutoff + folds.horizon <= folds.calibration[0])
    before = kept.at(closed)
    model = refit(champion, before)
    calibrator = choose_calibrator(champion, model, kept.at(folds.valid), kept.at(folds.calibration))
    return Calibrated(calibrator, model, len(before))
