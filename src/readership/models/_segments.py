"""Fitted groups become segments: ids that last, names, profiles and advice; what `segments.json` of a bundle holds."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset
from readership.models import rfv
from readership.models._behaviour import Floats
from readership.models._clusters import Grouping, Labels
from readership.models._matching import match
from readership.models._segment_words import WORDS, Seen, advice, favourite, measured, names, strongest_first

FAVOURITE = "favourite_category"
BREADTH = "category_entropy"
PROFILE_TRAITS = 5


class Segments(NamedTuple):
    """Segments of one training.

    ids      by group of the grouping
    content  what `segments.json` holds: `segments`, `next_id`
    """

    ids: tuple[int, ...]
    content: dict[str, Any]


def described(rows: Dataset, grouping: Grouping, before: Mapping[str, Any] | None) -> Segments:
    """Ids matched to those of `before` (the champion's `segments.json`), and everything said of each segment.

    `rows` are of one cut-off: sizes, means and shares are theirs. Segments stand in order of size.
    """
    groups = grouping.groups(rows)
    standardised = grouping.space.standardised(rows)
    count = int(groups.max(initial=0)) + 1
    means = _means(standardised, groups, count)
    readers = np.bincount(groups, minlength=count)
    ids, next_id = _ids(grouping, means, readers, before)
    seen = _seen(rows, grouping, groups, standardised, means)
    marks = _favourites(rows, groups, count)
    values, worth = grouping.space.value(means), _means(rfv.of_rows(rows)[0][:, None], groups, count)[:, 0]
    told = zip(ids, names(seen, marks), seen, marks, values, readers, worth, strict=True)
    segments = [
        {
            "id": id_,
            "name": name,
            "readers": int(many),
            "share": round(float(many) / max(1, len(rows)), 4),
            "rfv": round(float(score), 1),
            "profile": [measured(one) for one in strongest_first(traits)[:PROFILE_TRAITS]],
            "advice": advice(traits),
            "favourite": mark,
            "traits": {
                one.feature: {
                    "label": WORDS[one.feature].label,
                    "difference": round(one.difference, 4),
                    "value": round(one.value, 4),
                    "everyone": round(one.everyone, 4),
                }
                for one in traits
            },
            "centroid": {
                trait.name: round(float(value), 6) for trait, value in zip(grouping.space.traits, centre, strict=True)
            },
        }
        for id_, name, traits, mark, centre, many, score in told
    ]
    segments.sort(key=lambda segment: (-segment["readers"], segment["id"]))
    return Segments(ids, {"segments": segments, "next_id": next_id})


def named(groups: Labels, ids: Sequence[int]) -> NDArray[np.int64]:
    """Segment ids [n] of groups [n]."""
    return np.asarray(ids, dtype=np.int64)[groups]


def _ids(
    grouping: Grouping, means: Floats, readers: NDArray[np.int64], before: Mapping[str, Any] | None
) -> tuple[tuple[int, ...], int]:
    """Ids by the traits that both trainings know (the first time by size), and the next id that nobody had."""
    if not before:
        rank = np.argsort(np.argsort(-readers, kind="stable"), kind="stable")
        return tuple(int(at) + 1 for at in rank), len(means) + 1
    space, old = grouping.space, before["segments"]
    shared = [at for at, trait in enumerate(space.traits) if all(trait.name in one["centroid"] for one in old)]
    centroids = np.array([[one["centroid"][space.traits[at].name] for at in shared] for one in old])
    then = (centroids - space.usual[shared]) / space.scale[shared]
    ids = match(means[:, shared], then, [one["id"] for one in old], before["next_id"])
    return ids, max(before["next_id"], *(one + 1 for one in ids))


def _means(values: Floats, groups: Labels, count: int) -> Floats:
    """Mean of each group [count, columns]; 0, the usual reader, for a group without anybody."""
    size = np.bincount(groups, minlength=count).clip(min=1)
    return np.stack([np.bincount(groups, column, minlength=count) / size for column in values.T], axis=1)


def _seen(rows: Dataset, grouping: Grouping, groups: Labels, standardised: Floats, means: Floats) -> list[list[Seen]]:
    traits = grouping.space.traits
    spread = standardised.std(axis=0)
    difference = (means - standardised.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    raw = _raw(rows, grouping)
    kinds = [trait.kind for trait in traits]
    everyone = _typical(raw, kinds, np.zeros(raw.shape[1]))
    values = [_typical(raw[groups == group], kinds, everyone) for group in range(len(means))]
    return [
        [
            Seen(trait.name, trait.side, float(difference[group, at]), float(value[at]), float(everyone[at]))
            for at, trait in enumerate(traits)
        ]
        for group, value in enumerate(values)
    ]


def _typical(raw: Floats, kinds: Sequence[str], otherwise: Floats) -> Floats:
    """What is told of each column's known values: the median of amounts, which have long tails, else the mean."""
    found = []
    for column, kind, fallback in zip(raw.T, kinds, otherwise, strict=True):
        known = column[~np.isnan(column)]
        told = np.median if kind == "amount" else np.mean
        found.append(float(told(known)) if len(known) else float(fallback))
    return np.array(found)


def _raw(rows: Dataset, grouping: Grouping) -> Floats:
    """Traits as they are told: flags as 0 and 1, an entropy as the topics that would have it if evenly read."""
    columns, features = [], rows.select(grouping.space.names).features
    for place, trait in enumerate(grouping.space.traits):
        value = features[:, grouping.space.column[place]].astype(np.float64)
        if trait.kind == "flag":
            value = np.isin(value, grouping.space.codes[place]).astype(np.float64)
        columns.append(np.exp(value) if trait.name.startswith(BREADTH) else value)
    return np.stack(columns, axis=1)


def _favourites(rows: Dataset, groups: Labels, count: int) -> list[str]:
    """The category that marks each group, by the favourite of each reader; "" where none does."""
    words = rows.categories.get(FAVOURITE, ())
    if FAVOURITE not in rows.names or not words:
        return [""] * count
    code = rows.features[:, rows.names.index(FAVOURITE)]

    def shares(of: NDArray[np.float32]) -> dict[str, float]:
        return {word: float(np.mean(of == at)) for at, word in enumerate(words)} if len(of) else {}

    return [favourite(shares(code[groups == group]), shares(code)) for group in range(count)]
