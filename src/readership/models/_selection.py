"""Fit the candidates, choose the champion on validation, choose its calibrator on later rows still, fit it again."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from readership.contracts import Dataset, Model, ModelSpec
from readership.models._blend import Blend
from readership.models._calibration import Calibrator, Rows, choose, clustered_mean, fit
from readership.models._ensemble import Ensemble
from readership.models._rows import labelled, level, log_loss, row_losses
from readership.models._tabular import build

REASONS_WORTH = 0.001
"""Log loss by which a candidate without exact contributions must beat one that has them."""
DECIMALS = 4
"""Log losses equal to so many places are a tie, which the simpler candidate wins."""


class Rival(NamedTuple):
    """A candidate on the validation rows.

    log_loss       as it stands
    spread_loss    with its level moved to that of the validation rows; what the champion is chosen by
    behind         how much its spread loss lies above the champion's; low, high: the 95 % interval of that
    """

    log_loss: float
    spread_loss: float
    behind: float
    low: float
    high: float


class Choice(NamedTuple):
    """The champion's name, why in words, and every candidate as a rival, the champion included."""

    champion: str
    why: str
    rivals: Mapping[str, Rival]


def fit_candidates(
    specs: Iterable[ModelSpec],
    train: Dataset,
    valid: Dataset | None,
    progress: Callable[[str, float], None] = lambda name, seconds: None,
    known: dict[str, Model] | None = None,
) -> dict[str, Model]:
    """Every spec fitted on `train` and stopped on `valid`, by name; `progress` hears the name and seconds of each.

    What a blend or an ensemble is made of is fitted once, also where it is a candidate itself. `known` carries what
    was fitted on these very rows from one call to the next.
    """
    known = {} if known is None else known

    def fitted(spec: ModelSpec) -> Model:
        if repr(spec) not in known:
            began = time.perf_counter()
            model = build(spec)
            if isinstance(model, Blend | Ensemble):
                model = model.join([fitted(part) for part in model.parts()])
            else:
                model = model.fit(train, valid)
            known[repr(spec)] = model
            progress(spec.name, time.perf_counter() - began)
        return known[repr(spec)]

    return {spec.name: fitted(spec) for spec in specs}


def choose_champion(fitted: Mapping[str, Model], valid: Dataset) -> Choice:
    """The candidate of least log loss on `valid` at the level of `valid`; `fitted` is in order, simplest first.

    The level (the mean log-odds) drifts with the share who leave. It is fitted again on newer rows and may be
    calibrated, so every candidate is compared at its best level (see `spread_loss`); else the timid would win. A
    candidate without exact contributions, hence without reasons, must be better by `REASONS_WORTH`; a tie goes to the
    simpler. Intervals of the differences are paired by row and clustered by reader.
    """
    rows = labelled(valid)
    margins = {name: model.margin(rows.features) for name, model in fitted.items()}
    losses = {name: row_losses(rows.label, level(rows.label, margin, rows.weight)) for name, margin in margins.items()}
    means = {name: float(np.average(loss, weights=rows.weight)) for name, loss in losses.items()}
    worth = {
        name: round(mean + (0.0 if _explains(fitted[name], rows) else REASONS_WORTH), DECIMALS)
        for name, mean in means.items()
    }
    champion = min(fitted, key=worth.__getitem__)
    rivals = {}
    for name, margin in margins.items():
        behind, error = clustered_mean(losses[name] - losses[champion], rows.reader, rows.weight)
        plain = log_loss(rows.label, margin, rows.weight)
        rivals[name] = Rival(plain, means[name], behind, behind - 1.96 * error, behind + 1.96 * error)
    return Choice(champion, _why(champion, rivals), rivals)


def choose_calibrator(early: Model, late: Model, valid: Dataset, calibration: Dataset) -> Calibrator:
    """The calibrator of `late`, fitted on `calibration`; *none* unless its kind has proved itself one step before.

    `early` saw neither `valid` nor `calibration`, `late` saw `valid`. A kind of calibrator is fitted to `early` on
    `valid`; it must beat, on `calibration`, what needs no calibrator: `late` as it is. So the trial is the choice at
    hand, one step earlier, and a level that merely drifts is left to the newer fit.
    """
    before, after = labelled(valid), labelled(calibration)
    if not (len(before) and len(after)):
        return Calibrator("none")
    newest = _margins(late, after)
    return fit(choose(_margins(early, before), _margins(early, after), newest), newest)


def refit(model: Model, rows: Dataset) -> Model:
    """The same candidate at the size it has found, fitted on more rows."""
    return build(model.spec).fit(rows, None)


def _margins(model: Model, rows: Dataset) -> Rows:
    return Rows(model.margin(rows.features), rows.label, rows.reader, rows.weight)


def _explains(model: Model, rows: Dataset) -> bool:
    return model.contributions(rows.features[:1]) is not None


def _why(champion: str, rivals: Mapping[str, Rival]) -> str:
    words = f"least log loss on validation ({rivals[champion].spread_loss:.4f} at the level of these rows)"
    if better := [name for name, rival in rivals.items() if round(rival.behind, DECIMALS) < 0]:
        words = (
            f"log loss {rivals[champion].spread_loss:.4f} on validation at the level of these rows, and unlike "
            f"{', '.join(better)} (less by at most {REASONS_WORTH}) it can give its reasons"
        )
    near = [name for name, rival in rivals.items() if name != champion and rival.low <= 0]
    return f"{words}; not clearly ahead of {', '.join(near)}" if near else f"{words}; clearly ahead of all others"
