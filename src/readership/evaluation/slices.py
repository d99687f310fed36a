"""The same metrics for parts of the readers: a good average may hide a part it fails."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset
from readership.evaluation.bootstrap import Draws, measure, ratio
from readership.evaluation.metrics import Floats

MOST_VALUES = 8
FEWEST_OF_A_CLASS = 20


Part = Callable[[Dataset, Floats, Draws, NDArray[np.bool_]], dict[str, Any]]
"""What is measured of some rows."""


def slices(test: Dataset, probability: Floats, draws: Draws, of: Part | None = None) -> list[dict[str, Any]]:
    """Metrics for the commonest values of every slicing column that has more than one, largest first.

    `of` says what is measured of some rows; by default `part`. The rest of a column with more than `MOST_VALUES` of
    them comes last, together, as "<how many> others".
    """
    found = []
    for column, values in test.slices.items():
        text = np.asarray(values).astype(str)
        names, counts = np.unique(text, return_counts=True)
        if len(names) == 1:
            continue
        shown = names[np.argsort(-counts, kind="stable")[:MOST_VALUES]]
        parts = [(str(name) or "(none)", text == name) for name in shown]
        if len(names) > len(shown):
            parts.append((f"{len(names) - len(shown)} others", ~np.isin(text, shown)))
        found += [
            {"slice": column, "value": name, **(of or part)(test, probability, draws, rows)} for name, rows in parts
        ]
    return found


def per_as_of(test: Dataset, probability: Floats, draws: Draws, of: Part | None = None) -> list[dict[str, Any]]:
    """Metrics for every test cut-off on its own: a pooled figure hides how they differ."""
    return [
        {"as_of": iso(cutoff), **(of or part)(test, probability, draws, test.as_of == cutoff)}
        for cutoff in np.unique(test.as_of)
    ]


def part(test: Dataset, probability: Floats, draws: Draws, rows: NDArray[np.bool_]) -> dict[str, Any]:
    """Rows, readers, base rate and metrics of some rows; metrics are None below 20 rows of either class."""
    label, chosen = test.label[rows], draws.take(rows)
    positive = int(label.sum())
    enough = min(positive, len(label) - positive) >= FEWEST_OF_A_CLASS
    return {
        "n": len(label),
        "readers": chosen.readers,
        "base_rate": ratio(label, np.ones(len(label)), chosen),
        "metrics": measure(label, probability[rows], chosen).metrics() if enough else None,
    }


def iso(moment: np.datetime64) -> str:
    """A UTC time of a dataset as text, e.g. 2026-01-31T00:00:00Z."""
    return f"{np.datetime_as_string(moment.astype('datetime64[s]'))}Z"
