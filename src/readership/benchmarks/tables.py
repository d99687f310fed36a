"""Judging the product's candidates on one table of rows: as a question over features, without a warehouse."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.benchmarks.result import flat
from readership.contracts import Dataset, ModelSpec
from readership.evaluation.bootstrap import Draws, measure
from readership.evaluation.metrics import Floats
from readership.features.encoding import encode, vocabularies
from readership.features.selection import select
from readership.models._calibration import sigmoid
from readership.models._selection import choose_champion, fit_candidates
from readership.models._tabular import candidates

Rows = NDArray[np.intp]
CHAMPION = "champion"


class Split(NamedTuple):
    """Positions of rows: to fit candidates on, to compare them on, and (after a fit on both) to judge them on."""

    train: Rows
    valid: Rows
    test: Rows


class Judged(NamedTuple):
    """Log-loss champion of each split, and the figures of the champions and of every candidate on all test rows."""

    champions: tuple[str, ...]
    figures: dict[str, float]
    peers: dict[str, dict[str, float]]


def table(task: str, frame: pl.DataFrame, label: NDArray[np.bool_], *, in_time_order: bool = False) -> Dataset:
    """A dataset of a frame whose texts are categories; each row is a person of its own.

    Rows in time order are cut-offs of their own, so that columns which drift are noticed; others have no time.
    """
    words = [name for name, kind in frame.schema.items() if kind == pl.String]
    categories = vocabularies(frame, words)
    rows = frame.height
    return Dataset(
        task=task,
        features=encode(frame, frame.columns, categories),
        names=tuple(frame.columns),
        label=label.astype(np.float32),
        reader=np.arange(rows, dtype=np.uint64),
        as_of=np.arange(rows).astype("datetime64[ms]") if in_time_order else np.zeros(rows, dtype="datetime64[ms]"),
        weight=np.ones(rows),
        categories=categories,
    )


def judge(rows: Dataset, splits: Sequence[Split]) -> Judged:
    """Champions chosen inside each split's training rows, judged on the pooled test rows; intervals by person."""
    champions: list[str] = []
    given: dict[str, list[Floats]] = {}
    for split in splits:
        champion, found = _fitted(rows, split)
        champions.append(champion)
        for name, probability in {CHAMPION: found[champion], **found}.items():
            given.setdefault(name, []).append(probability)
    test = rows.take(np.concatenate([split.test for split in splits]))
    draws = Draws.of(test.reader)
    scores = {name: np.concatenate(parts) for name, parts in given.items()}
    metrics = {name: flat(measure(test.label, score, draws).metrics()) for name, score in scores.items()}
    return Judged(tuple(champions), metrics.pop(CHAMPION), metrics)


def _fitted(rows: Dataset, split: Split) -> tuple[str, Mapping[str, Floats]]:
    """The champion's name, and every candidate's probabilities on the split's test rows."""
    before = np.concatenate([split.train, split.valid])
    kept = rows.select(select(rows.take(before)).kept)
    valid, test = kept.take(split.valid), kept.take(split.test)
    inner = fit_candidates([ModelSpec("base_rate"), *candidates(rows.task)], kept.take(split.train), valid)
    choice = choose_champion({name: model for name, model in inner.items() if name != "base_rate"}, valid)
    final = fit_candidates([model.spec for model in inner.values()], kept.take(before), None)
    return choice.champion, {name: sigmoid(model.margin(test.features)) for name, model in final.items()}
