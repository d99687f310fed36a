"""Randomised decisions joined to what was known before each become a Trial; where in time they are judged."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.contracts import Dataset, Trial
from readership.errors import NotEnoughData
from readership.features.catalogue import Feature
from readership.features.encoding import encode, vocabularies

JUDGED = (0.3, 0.4)
"""Least and largest share of the decisions that judge."""
FEWEST_DECISIONS = 100
FEWEST_OUTCOMES = 5


class Parts(NamedTuple):
    """Decisions to learn from, and later ones to judge by; all outcomes of the first were known when these began."""

    train: Trial
    test: Trial


def assemble_trial(
    task: str,
    decisions: pl.DataFrame,
    features: Mapping[datetime, pl.DataFrame],
    columns: Sequence[Feature],
    *,
    wanted: int,
) -> Trial:
    """One row a decision, in order of time, of readers of whom something was known at its cut-off.

    decisions  user_id, decided_at, as_of, treated, propensity (of the variant drawn), label
    features   by cut-off: user_id and these columns
    wanted     the value of `label` that the publisher wants; it becomes 1
    """
    names = tuple(feature.name for feature in columns)
    words = [feature.name for feature in columns if feature.kind == "category"]
    parts = [
        decisions.filter(pl.col("as_of") == as_of).join(frame, on="user_id", how="inner")
        for as_of, frame in sorted(features.items())
    ]
    found = pl.concat(parts).sort("decided_at", "user_id")
    categories = vocabularies(found, words)
    return trial_of(task, found, encode(found, names, categories), names, categories, wanted=wanted)


def trial_of(
    task: str,
    found: pl.DataFrame,
    features: NDArray[np.float32],
    names: tuple[str, ...],
    categories: Mapping[str, tuple[str, ...]],
    *,
    wanted: int,
) -> Trial:
    """The trial of these decisions and their features [n, p], row by row."""
    rows = Dataset(
        task=task,
        features=features,
        names=names,
        label=(found["label"].to_numpy() == wanted).astype(np.float32),
        reader=found["user_id"].to_numpy(),
        as_of=_ms(found["as_of"]),
        weight=1 / found["propensity"].to_numpy(),
        categories=categories,
    )
    return Trial(rows, found["treated"].to_numpy().astype(bool), _ms(found["decided_at"]))


def split(trial: Trial, horizon: timedelta) -> Parts:
    """The latest decisions judge; those whose horizon had closed when these began teach; those between do neither.

    Of the borders that leave `JUDGED` of the decisions to judge by, the one that leaves most to learn from is taken, so
    that a campaign, whose decisions all fall on one moment, is not lost to the gap. Raises NotEnoughData where either
    side is too small to say anything.
    """
    opens = _border(trial, horizon)
    closed = trial.decided_at + np.timedelta64(horizon) <= opens
    parts = Parts(trial.take(closed), trial.take(trial.decided_at >= opens))
    for word, part in zip(("to learn from", "to judge by"), parts, strict=True):
        _check(part, word, len(trial))
    return parts


def _border(trial: Trial, horizon: timedelta) -> np.datetime64:
    """The moment of decision at which judging begins; where none leaves a share within `JUDGED`, the nearest to it."""
    if not len(trial):
        return np.datetime64(0, "ms")
    moments, counts = np.unique(trial.decided_at, return_counts=True)
    judged = np.cumsum(counts[::-1])[::-1] / len(trial)
    taught = np.concatenate([[0], np.cumsum(counts)])[
        np.searchsorted(moments, moments - np.timedelta64(horizon), side="right")
    ]
    outside = np.maximum(JUDGED[0] - judged, 0) + np.maximum(judged - JUDGED[1], 0)
    return moments[np.lexsort((-taught, outside))[0]]


def _check(part: Trial, word: str, decisions: int) -> None:
    happened = [int(part.rows.label[part.treated == arm].sum()) for arm in (True, False)]
    missed = [int((part.treated == arm).sum()) - n for arm, n in zip((True, False), happened, strict=True)]
    if len(part) < FEWEST_DECISIONS or min(*happened, *missed) < FEWEST_OUTCOMES:
        raise NotEnoughData(
            f"{part.rows.task}: of {decisions:,} randomised decisions with a known answer {len(part):,} are there "
            f"{word}, with {happened[0]} outcomes among readers contacted and {happened[1]} among those left alone; at "
            f"least {FEWEST_DECISIONS} decisions and {FEWEST_OUTCOMES} readers of either outcome in each group are "
            "needed; let the arm run longer, widen it, or run a campaign with a control group"
        )


def _ms(times: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return times.dt.replace_time_zone(None).to_numpy().astype("datetime64[ms]")
