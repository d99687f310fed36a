"""What every candidate asks of the rows it is fitted on."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset
from readership.errors import NotEnoughData

Vocabularies = Mapping[str, tuple[str, ...]]
"""The words of each categorical feature, in the order of their codes."""


def usable(train: Dataset, name: str) -> Dataset:
    """`train` without rows whose label does not apply; NotEnoughData where only one answer is left."""
    rows = labelled(train)
    answers = np.unique(rows.label)
    if len(answers) < 2:
        held = f"only the answer {answers[0]:g}" if len(answers) else "no answers"
        raise NotEnoughData(
            f"{name} cannot be fitted for {train.task!r}: its {len(rows):,} training rows hold {held}; "
            "use a longer log or another horizon, nothing was changed"
        )
    return rows


def labelled(rows: Dataset) -> Dataset:
    """The rows whose label applies."""
    known = ~np.isnan(rows.label)
    return rows if known.all() else rows.take(known)


def in_name_order(names: tuple[str, ...]) -> NDArray[np.int64]:
    """Positions that sort the columns by name, so that the order they come in changes nothing.

    >>> in_name_order(("b", "a")).tolist()
    [1, 0]
    """
    return np.array(sorted(range(len(names)), key=names.__getitem__), dtype=np.int64)


def log_loss(label: NDArray[np.float32], margin: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Mean of -log(probability given to what happened), from log-odds, weighted.

    >>> round(log_loss(np.array([1.0, 0.0]), np.array([0.0, 0.0]), np.ones(2)), 4)    # log 2
    0.6931
    """
    return float(np.average(row_losses(label, margin), weights=weight))


def spread_loss(label: NDArray[np.float32], margin: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Log loss when one number is added to every margin so that the loss is least: how well readers are told apart.

    The share who leave drifts between training and validation; left in, that drift would favour timid models,
    because they are wrong less loudly. Fitting again on newer rows, and calibration, see to the level.

    >>> round(spread_loss(np.array([1.0, 0.0]), np.array([5.0, 5.0]), np.ones(2)), 4)    # as if both were 0
    0.6931
    """
    return log_loss(label, level(label, margin, weight), weight)


def level(label: NDArray[np.float32], margin: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """The margins moved by one number to the level of least log loss on these labels, by Newton's steps."""
    shift, wanted = 0.0, float(label @ weight)
    for _ in range(50):
        share = 1 / (1 + np.exp(np.clip(-margin - shift, -500, 500)))
        spread = float((share * (1 - share)) @ weight)
        step = min(max((wanted - float(share @ weight)) / max(spread, 1e-9), -2.0), 2.0)
        shift += step
        if abs(step) < 1e-7:
            break
    return margin + shift


def row_losses(label: NDArray[np.float32], margin: NDArray[np.float64]) -> NDArray[np.float64]:
    """-log(probability given to what happened) of each row [n], from log-odds."""
    return np.logaddexp(0.0, margin) - label * margin


def squared_error(label: NDArray[np.float32], margin: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Mean squared distance of a margin, which is a score, from what happened, weighted.

    >>> squared_error(np.array([10.0, 20.0]), np.array([12.0, 20.0]), np.ones(2))    # (4 + 0) / 2
    2.0
    """
    return float(np.average((label - margin) ** 2, weights=weight))
