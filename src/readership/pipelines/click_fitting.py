"""From a dataset of clicks to a chosen, calibrated, refitted model and everything it is compared with."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, Folds, Model, ModelSpec
from readership.features.clicks.subject import POSITION
from readership.features.selection import Selection
from readership.models import click
from readership.models._calibration import Calibrator, clustered_mean
from readership.models._rows import log_loss, row_losses
from readership.models._selection import Choice, Rival, choose_calibrator
from readership.models._tabular import build as build_rule

DECIMALS = 5
"""Log losses equal to so many places are a tie, which the simpler candidate wins."""
Floats = NDArray[np.float64]
Said = Callable[[str, float], None]


@dataclass(frozen=True)
class ClickFit:
    """One experiment, ready to be judged; see `fitting.Fitted`.

    candidates, floors  probabilities for the rows of `test`, told the logged position
    without_position    the champion's, not told it
    """

    selection: Selection
    choice: Choice
    calibrator: Calibrator
    train_rows: int
    valid_rate: float
    test: Dataset
    models: Mapping[str, Model]
    candidates: Mapping[str, Floats]
    floors: Mapping[str, Floats]
    without_position: Floats

    @property
    def champion(self) -> Model:
        """The chosen model, as it would be deployed."""
        return self.models[self.choice.champion]


def fit_clicks(dataset: Dataset, folds: Folds, specs: Sequence[ModelSpec], said: Said) -> ClickFit:
    """Fit on `train`, choose on `valid` by log loss, calibrate on `calibration`, fit again, predict `test`.

    A calibrator must prove itself one step before it is used (see `choose_calibrator`); where none wins, the champion
    is fitted again on all days before the test, as every other candidate is.
    """
    train, valid, calibration = dataset.at(folds.train), dataset.at(folds.valid), dataset.at(folds.calibration)
    final, test = dataset.at(folds.refit), dataset.at(folds.test)
    early = {spec.name: _fitted(spec, train, valid, said) for spec in specs}
    choice = choose(early, valid)
    champion = early[choice.champion]
    before = dataset.at(folds.train + folds.valid)
    late = _fitted(champion.spec, before, None, said)
    calibrator = choose_calibrator(champion, late, valid, calibration)
    models = {
        name: late if name == choice.champion and calibrator.name != "none" else _fitted(m.spec, final, None, said)
        for name, m in early.items()
    }
    none = Calibrator("none")
    floors: dict[str, Model] = {name: click.build(ModelSpec(name)).fit(final, None) for name in click.FLOORS}
    floors["base_rate"] = build_rule(ModelSpec("base_rate")).fit(final, None)
    return ClickFit(
        selection=Selection(dataset.names, {}),
        choice=choice,
        calibrator=calibrator,
        train_rows=len(final) if calibrator.name == "none" else len(before),
        valid_rate=float(np.average(valid.label, weights=valid.weight)),
        test=test,
        models=models,
        candidates={
            name: (calibrator if name == choice.champion else none)(model.margin(test.features))
            for name, model in models.items()
        },
        floors={name: none(model.margin(test.features)) for name, model in floors.items()},
        without_position=calibrator(models[choice.champion].margin(_unplaced(test))),
    )


def choose(fitted: Mapping[str, Model], valid: Dataset) -> Choice:
    """The candidate of least log loss on `valid`; `fitted` is in order, simplest first.

    Intervals of the differences are paired by impression and clustered by reader.
    """
    margins = {name: model.margin(valid.features) for name, model in fitted.items()}
    losses = {name: row_losses(valid.label, margin) for name, margin in margins.items()}
    means = {name: log_loss(valid.label, margin, valid.weight) for name, margin in margins.items()}
    champion = min(fitted, key=lambda name: round(means[name], DECIMALS))
    rivals = {}
    for name, mean in means.items():
        behind, error = clustered_mean(losses[name] - losses[champion], valid.reader, valid.weight)
        rivals[name] = Rival(mean, mean, behind, behind - 1.96 * error, behind + 1.96 * error)
    near = [name for name, rival in rivals.items() if name != champion and rival.low <= 0]
    ahead = f"not clearly ahead of {', '.join(near)}" if near else "clearly ahead of all others"
    return Choice(champion, f"least log loss on validation ({means[champion]:.4f}); {ahead}", rivals)


def _fitted(spec: ModelSpec, rows: Dataset, valid: Dataset | None, said: Said) -> Model:
    began = time.perf_counter()
    model = click.build(spec).fit(rows, valid)
    said(spec.name, time.perf_counter() - began)
    return model


def _unplaced(rows: Dataset) -> NDArray[np.float32]:
    """The rows as whoever asks before anything is shown has them: position 0."""
    found = rows.features.copy()
    found[:, rows.names.index(POSITION)] = 0.0
    return found
