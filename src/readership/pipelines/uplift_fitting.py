"""Which learner of an effect to trust: each fitted on parts of the readers and judged on the others, several times."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.contracts import ModelSpec, Trial
from readership.datasets.assemble import lot
from readership.evaluation.bootstrap import Draws
from readership.evaluation.uplift import measure_uplift
from readership.models import uplift

REPETITIONS = 3
PARTS = 3
REPLICATES = 200
Floats = NDArray[np.float64]


class Rival(NamedTuple):
    """A learner on rows it was not fitted on: mean Qini per 1,000, how far behind the best, the error of that."""

    qini: float
    behind: float
    error: float


class ChosenLearner(NamedTuple):
    """The learner's name, why in words, and every learner as a rival."""

    name: str
    why: str
    rivals: Mapping[str, Rival]

    def told(self) -> dict[str, Any]:
        """The rivals for the evaluation file."""
        return {
            name: {field: round(value, 6) for field, value in r._asdict().items()} for name, r in self.rivals.items()
        }


def choose_learner(train: Trial, specs: list[ModelSpec], *, seed: int = 0) -> ChosenLearner:
    """The simplest learner whose Qini lies within one standard error of the best; `specs` come simplest first.

    `REPETITIONS` times the readers are dealt into `PARTS` parts; each part is scored by learners fitted on the others,
    and the Qini is that of all rows so scored. Repetitions share their outcomes, so the error is that of drawing
    readers, paired between learners, of the mean over the repetitions.
    """
    draws = Draws.of(train.rows.reader, train.rows.weight, replicates=REPLICATES, seed=seed)
    values: dict[str, list[float]] = {spec.name: [] for spec in specs}
    replicates: dict[str, list[Floats]] = {spec.name: [] for spec in specs}
    for repetition in range(REPETITIONS):
        part = deal(train, repetition)
        for spec in specs:
            found = measure_uplift(train, _scores_of_others(train, part, spec), draws)
            values[spec.name].append(found.values["qini"])
            replicates[spec.name].append(found.replicates["qini"])
    mean = {name: float(np.mean(found)) for name, found in values.items()}
    drawn = {name: np.mean(found, axis=0) for name, found in replicates.items()}
    best = max(mean, key=mean.__getitem__)
    rivals = {
        name: Rival(mean[name], mean[best] - mean[name], float(np.nanstd(drawn[best] - drawn[name]))) for name in mean
    }
    name = next(spec.name for spec in specs if rivals[spec.name].behind <= rivals[spec.name].error)
    return ChosenLearner(name, _why(name, best, rivals), rivals)


def deal(trial: Trial, repetition: int) -> NDArray[np.intp]:
    """Part of each row, 0 to PARTS - 1: readers are dealt out by lot, those with an outcome of each group evenly.

    A reader's rows stay together. Stratified, since a part without any outcome could not be learnt from.
    """
    readers, place = np.unique(trial.rows.reader, return_inverse=True)
    happened = trial.rows.label > 0
    kind = np.zeros(len(readers), dtype=np.intp)
    np.maximum.at(kind, place, np.where(happened, 1 + trial.treated, 0))
    order = np.lexsort((lot(readers + np.uint64(1_000_003 * (repetition + 1))), kind))
    part = np.empty(len(readers), dtype=np.intp)
    part[order] = np.arange(len(readers)) % PARTS
    return part[place]


def _scores_of_others(train: Trial, part: NDArray[np.intp], spec: ModelSpec) -> Floats:
    scores = np.empty(len(train))
    for each in range(PARTS):
        model = uplift.build(spec).fit(train.take(part != each))
        scores[part == each] = model.margin(train.rows.features[part == each])
    return scores


def _why(name: str, best: str, rivals: Mapping[str, Rival]) -> str:
    words = f"Qini {rivals[name].qini:.2f} per 1,000 readers on parts of the readers it was not fitted on"
    if name == best:
        return f"highest {words}, {REPETITIONS} repetitions"
    return (
        f"{words}, {REPETITIONS} repetitions; {best} has {rivals[best].qini:.2f}, which is within the noise "
        f"(standard error {rivals[name].error:.2f}), and the simpler is taken"
    )
