"""Settings of the candidates, searched before they are fitted: `readership train TASK --tune N`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from readership.contracts import Dataset, Folds, Model, ModelSpec
from readership.features.selection import select
from readership.models._rows import spread_loss
from readership.models._search import SPACES, Found, Loss, search
from readership.models._tabular import build
from readership.pipelines.progress import Progress


class Tuned(NamedTuple):
    """The candidates with the best settings found, and what the evaluation says of the search."""

    specs: list[ModelSpec]
    protocol: dict[str, Any]


def tuned(
    specs: Sequence[ModelSpec],
    dataset: Dataset,
    folds: Folds,
    journal: Path,
    trials: int,
    progress: Progress,
    build: Callable[[ModelSpec], Model] = build,
    loss: Loss = spread_loss,
) -> Tuned:
    """Search on `train` and `valid` until `trials` were made; with 0 trials the candidates stay as they come.

    journal  keeps the trials of one dataset; the same call goes on with them
    """
    if not trials:
        return Tuned(list(specs), {})
    kept = dataset.select(select(dataset.at(folds.refit)).kept)
    found = search(
        specs,
        kept.at(folds.train),
        kept.at(folds.valid),
        build,
        loss,
        journal,
        trials,
        lambda numbers: progress.each(numbers, "searching settings"),
    )
    for one in found.values():
        progress.say(f"{one.spec.name}: {one.usual_loss:.4f} as it comes, {one.loss:.4f} at best")
    losses = {name: {"as_it_comes": one.usual_loss, "best": one.loss} for name, one in found.items()}
    return Tuned([_with(spec, found) for spec in specs], {"tuning": {"trials": trials, "validation_loss": losses}})


def _with(spec: ModelSpec, found: Mapping[str, Found]) -> ModelSpec:
    """The settings found of this candidate; one made of others takes its parts'."""
    if spec.name in SPACES:
        return found[spec.name].spec if spec.name in found else spec
    return ModelSpec(spec.name, {name: one.spec.parameters for name, one in found.items()}, spec.seed)
