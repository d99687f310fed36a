"""Which model of a score becomes champion: least squared error on later rows, the simplest one of those that tie."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from readership.contracts import Dataset, Model
from readership.models._calibration import clustered_mean
from readership.models._rows import labelled

REASONS_WORTH = 0.002
"""Share of the variance by which a candidate without exact contributions must beat one that has them."""
DECIMALS = 3
"""Shares of the variance equal to so many places are a tie, which the simpler candidate wins."""


class Rival(NamedTuple):
    """A candidate on the validation rows.

    rmse        root of the mean squared error, in points
    explained   R², the share of the variance it explains
    behind      how much less it explains than the champion; low, high: the 95 % interval of that
    """

    rmse: float
    explained: float
    behind: float
    low: float
    high: float


class Choice(NamedTuple):
    """The champion's name, why in words, and every candidate as a rival, the champion included."""

    champion: str
    why: str
    rivals: Mapping[str, Rival]


def choose_champion(fitted: Mapping[str, Model], valid: Dataset) -> Choice:
    """The candidate of least squared error on `valid`; `fitted` is in order, simplest first.

    A candidate without exact contributions, hence without reasons, must be better by `REASONS_WORTH`. Intervals of
    the differences are paired by row and clustered by reader.
    """
    rows = labelled(valid)
    losses = {name: (model.margin(rows.features) - rows.label) ** 2 for name, model in fitted.items()}
    level = float(np.average(rows.label, weights=rows.weight))
    variance = float(np.average((rows.label - level) ** 2, weights=rows.weight)) or 1.0
    means = {name: float(np.average(loss, weights=rows.weight)) for name, loss in losses.items()}
    reasons = {name: model.contributions(rows.features[:1]) is not None for name, model in fitted.items()}
    worth = {
        name: round(mean / variance + (0.0 if reasons[name] else REASONS_WORTH), DECIMALS)
        for name, mean in means.items()
    }
    champion = min(fitted, key=worth.__getitem__)
    rivals = {}
    for name, loss in losses.items():
        behind, error = clustered_mean((loss - losses[champion]) / variance, rows.reader, rows.weight)
        explained = 1 - means[name] / variance
        rivals[name] = Rival(means[name] ** 0.5, explained, behind, behind - 1.96 * error, behind + 1.96 * error)
    return Choice(champion, _why(champion, rivals), rivals)


def _why(champion: str, rivals: Mapping[str, Rival]) -> str:
    best = rivals[champion]
    words = f"least squared error on validation (RMSE {best.rmse:.2f} points, R² {best.explained:.3f})"
    if better := [name for name, rival in rivals.items() if round(rival.behind, DECIMALS) < 0]:
        words = (
            f"RMSE {best.rmse:.2f} points on validation (R² {best.explained:.3f}), and unlike {', '.join(better)} "
            f"(R² more by at most {REASONS_WORTH}) it can give its reasons"
        )
    near = [name for name, rival in rivals.items() if name != champion and rival.low <= 0]
    return f"{words}; not clearly ahead of {', '.join(near)}" if near else f"{words}; clearly ahead of all others"
