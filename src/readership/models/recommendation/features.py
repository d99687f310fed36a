"""What the ranker sees of each candidate: nothing of the page that is asked for, all of it known before the request."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.candidates import Candidates, Moment
from readership.models.recommendation.catalogue import Catalogue
from readership.models.recommendation.memory import History, Memory
from readership.models.recommendation.neighbours import STRANGER, Crowd, crowd, likeness_of
from readership.models.recommendation.parameters import HOUR_MS, Parameters
from readership.models.recommendation.ranks import ranks, shares
from readership.models.recommendation.shown_columns import NAMES as SHOWN
from readership.models.recommendation.shown_columns import SEEN as SHOWN_AS_THEY_ARE
from readership.models.recommendation.shown_columns import STANDING as STANDING_SHOWN
from readership.models.recommendation.shown_columns import shown_columns
from readership.models.recommendation.standing import HALVES, SEEN, SHRINK, Standing
from readership.models.recommendation.standing import NUMBER as STANDS

Columns = dict[str, NDArray[np.number] | NDArray[np.bool_] | float]
_LAG_READS = 20
_VISIT_MS = HOUR_MS // 2
_RARE_STRANGER = 0.01
_RANKED = {
    "popular": "popular_rank",
    "published": "newest_rank",
    "read_rate_1": "read_rate_rank_1",
    "read_rate_2": "read_rate_rank_2",
    "shown_newest": "shown_minutes_rank",
    **{f"heat_{half}": f"heat_rank_{half}" for half in range(1, HALVES + 1)},
    "shown_count_1": "shown_rank_1",
    "shown_count_2": "shown_rank_2",
    "power": "power_rank",
}
"""Standing columns that are compared by place from the top, and the feature that tells it."""
_SHARED = {
    **{f"heat_{half}": f"heat_share_{half}" for half in range(1, HALVES + 1)},
    "shown_count_1": "shown_share_1",
    "shown_count_2": "shown_share_2",
    "power": "power_share",
}
"""Standing columns that are compared as a share of the largest: the last ones of `_RANKED`."""
_OF_ASKER = ("rare", "alike", "neighbours", "together", "followed")
"""Columns of the asker that are compared in both ways; `likeness` is compared as a share alone."""


def features(
    standing: Standing, catalogue: Catalogue, memory: Memory, parameters: Parameters, moment: Moment, found: Candidates
) -> NDArray[np.float32]:
    """Features float32 [k, p] of the candidates, columns as `NAMES`."""
    at_ms, live = moment.asker.at_ms, moment.live
    stands = standing.of(found.place, at_ms, live)
    if moment.asker.visit:
        _leave_out_visit(stands, memory, moment, found)
    seen = crowd(memory, found.place, found.alike, moment.row, parameters, at_ms)
    summed = _summed(seen, stands[STANDS["power"]], len(found.place))
    summed |= {"together": found.together, "followed": _followed(memory, moment, seen, len(found.place))}
    columns: Columns = {
        **_age(catalogue, moment, found, stands),
        **_readers(memory, moment, seen, found, stands),
        **_affinity(catalogue, moment, found, stands),
        **_asker(catalogue, memory, moment, found, stands),
        **{name: summed[name] for name in ("neighbours", "likeness", "together", "followed")},
    }
    table = np.empty((len(NAMES), len(found.place)), dtype=np.float32)
    table[_SEEN_TO] = stands[_SEEN_FROM]
    compared = np.concatenate([stands[_COMPARED_FROM], [summed[name] for name in (*_OF_ASKER, "likeness")]])
    table[_RANKS_TO] = ranks(compared[:-1])
    table[_SHARES_TO] = shares(compared[len(_RANKED) - len(_SHARED) :])
    for name, column in columns.items():
        table[_NUMBER[name]] = column
    if not memory.exposures.known:
        table[_SHOWN_TO] = np.nan
    return np.ascontiguousarray(table.T)


def _leave_out_visit(stands: NDArray[np.float64], memory: Memory, moment: Moment, found: Candidates) -> None:
    """What was shown in the asker's own visit does not count."""
    at_ms = moment.asker.at_ms
    heat = memory.heat_at(at_ms, found.place)
    shown = shown_columns(memory.exposures, at_ms, found.place, heat, moment.asker.visit)
    for name in STANDING_SHOWN:
        stands[STANDS[name]] = shown[name]


def _age(catalogue: Catalogue, moment: Moment, found: Candidates, stands: NDArray[np.float64]) -> Columns:
    at_ms, history, every = moment.asker.at_ms, moment.history, moment.live.published
    published, newer = catalogue.published[found.place], stands[STANDS["newer"]]
    position = stands[STANDS["position"]]
    read_published = catalogue.published[history.place]
    newer_read = len(read_published) - np.sort(read_published).searchsorted(published, side="right")
    read_position = every.searchsorted(read_published)
    behind = every.searchsorted(history.at[-_LAG_READS:]) - read_position[-_LAG_READS:]
    habit = _middle(np.log1p(np.maximum(behind, 0)))
    nothing = np.full(len(position), np.nan)
    step = position - read_position[-1] if len(read_position) else nothing
    soon = len(read_position) > 0 and (at_ms - history.at[-1]) / 60_000 < 60
    nearest = np.abs(position - read_position[-5:, None]).min(axis=0, initial=1000)
    return {
        **_visits(history, at_ms, published),
        "step": step if soon else nothing,
        "step_any": step,
        "step_nearest": nearest,
        "habit": habit,
        "habit_difference": stands[STANDS["log_newer"]] - habit,
        "newer_unread": newer - newer_read,
        "reads_since": len(history.at) - history.at.searchsorted(published, side="right"),
        "read_share_since": (newer_read + 0.5) / (newer + 5.0),
    }


def _visits(history: History, at_ms: int, published: NDArray[np.int64]) -> Columns:
    """How many visits began since each was published, and whether that was since the last visit but the ongoing one."""
    starts = np.ones(len(history.at), dtype=np.bool_)
    np.greater(history.at[1:] - history.at[:-1], _VISIT_MS, out=starts[1:])
    visit_at = history.at[starts]
    ongoing = len(visit_at) > 0 and at_ms - history.at[-1] <= _VISIT_MS
    before_visit = history.at[history.at < visit_at[-1]] if ongoing else history.at
    return {
        "visits_since": len(visit_at) - visit_at.searchsorted(published, side="right"),
        "since_visit": published > before_visit[-1] if len(before_visit) else np.nan,
        "ongoing": float(ongoing),
    }


def _middle(values: NDArray[np.float64]) -> float:
    """The median; nan of nothing.

    >>> _middle(np.array([3.0, 1.0, 2.0, 9.0]))
    2.5
    """
    rising = np.sort(values)
    return float((rising[(len(rising) - 1) // 2] + rising[len(rising) // 2]) / 2) if len(rising) else np.nan


def _summed(seen: Crowd, power: NDArray[np.float64], k: int) -> dict[str, NDArray[Any]]:
    """What the readers of each candidate count for the asker [k]; strangers a little, too."""
    liked = np.bincount(seen.which, seen.decay * seen.likeness, minlength=k)
    return {
        "neighbours": STRANGER * power + liked,
        "rare": _RARE_STRANGER * power + np.bincount(seen.which, seen.decay * seen.rare, minlength=k),
        "alike": liked,
        "likeness": np.bincount(seen.which, seen.likeness, minlength=k),
    }


def _readers(memory: Memory, moment: Moment, seen: Crowd, found: Candidates, stands: NDArray[np.float64]) -> Columns:
    first, first_of_read = memory.first_reader[found.place], memory.first_reader[moment.history.place]
    same = first == first_of_read[:, None]
    taken_last = same[-_LAG_READS:].sum(axis=0)
    taken = taken_last + same[:-_LAG_READS].sum(axis=0)
    most = np.zeros(len(first))
    np.maximum.at(most, seen.which, seen.likeness)
    alike = np.bincount(seen.which[seen.overlap > 0], minlength=len(first))
    return {
        "first_reader_taken_last": taken_last / _LAG_READS,
        "first_reader_alike": likeness_of(memory, found.alike, first),
        "first_reader_again": first == (first_of_read[-1] if len(first_of_read) else -2),
        "likeness_most": most,
        "readers_alike": alike / np.maximum(stands[STANDS["readers"]], 1),
        "first_reader_taken": (taken + 0.2) / (stands[STANDS["opened"]] + SHRINK),
    }


def _followed(memory: Memory, moment: Moment, seen: Crowd, k: int) -> NDArray[np.float64]:
    """How many readers of the asker's last article went on to each candidate, Σ 2^(-minutes between / 10)."""
    if not len(moment.history.place) or not len(seen.which):
        return np.zeros(k)
    row, at = memory.readers.of(int(moment.history.place[-1]))
    seat, at = memory.reader_seats.of(seen.row, row[::-1]), at[::-1]
    minutes = (seen.at - at[seat]) / 60_000 if len(at) else np.full(len(seat), -1.0)
    there = (seat >= 0) & (minutes >= 0)
    return np.bincount(seen.which[there], np.exp2(-minutes[there] / 10), minlength=k).astype(np.float64)


def _affinity(catalogue: Catalogue, moment: Moment, found: Candidates, stands: NDArray[np.float64]) -> Columns:
    history = moment.history.place
    codes, read = catalogue.codes[found.place], catalogue.codes[history]
    brand, category, author = (_times(read[:, kind], codes[:, kind]) / (len(history) + SHRINK) for kind in range(3))
    topics, read_topics = catalogue.topics[found.place], catalogue.topics[history]
    vectors = catalogue.vectors[found.place]
    last = catalogue.vectors[history[-1]] if len(history) else np.zeros(vectors.shape[1], dtype=np.float32)
    asked = catalogue.number("brand", moment.asker.brand)
    return {
        "category_last": codes[:, 1] == read[-1, 1] if len(history) else np.nan,
        "topics_last": _shared(topics, read_topics[-1]) if len(history) else np.nan,
        "brand": brand,
        "category": category,
        "author": author,
        "topics": _shared(topics, read_topics) / np.maximum(stands[STANDS["topics"]], 1),
        "asked_brand": codes[:, 0] == asked if asked >= 0 else np.nan,
        "content": vectors @ found.taste,
        "content_last": vectors @ last,
    }


def _shared(topics: NDArray[np.int32], read: NDArray[np.int32]) -> NDArray[np.int64]:
    """How many of the topics [k, t] of each article are among those read; -1 is none."""
    held = np.zeros(int(max(topics.max(initial=-1), read.max(initial=-1))) + 2, dtype=np.bool_)
    held[read] = True
    held[-1] = False
    return held[topics].sum(axis=1)


def _times(read: NDArray[np.int32], wanted: NDArray[np.int32]) -> NDArray[np.int64]:
    """How often each number was read; -1 is no number."""
    counts = np.bincount(read + 1, minlength=int(wanted.max(initial=-1)) + 2)
    counts[0] = 0
    return counts[wanted + 1]


def _asker(
    catalogue: Catalogue, memory: Memory, moment: Moment, found: Candidates, stands: NDArray[np.float64]
) -> Columns:
    at_ms, history = moment.asker.at_ms, moment.history
    known = len(history.at) > 0
    newest = history.place[-_LAG_READS:]
    lag = _middle(np.log1p(np.maximum(history.at[-_LAG_READS:] - catalogue.published[newest], 0) / HOUR_MS))
    return {
        "reads_of_asker": float(max(len(history.at), memory.read_count[moment.row] if moment.row >= 0 else 0)),
        "hours_since_last": (at_ms - history.at[-1]) / HOUR_MS if known else np.nan,
        "reads_last_hour": float((history.at > at_ms - HOUR_MS).sum()),
        "lag": lag,
        "lag_difference": stands[STANDS["log_hours_old"]] - lag,
        "since_last_read": catalogue.published[found.place] > history.at[-1] if known else np.nan,
        "hour": at_ms / HOUR_MS % 24 if moment.asker.hour < 0 else float(moment.asker.hour),
        "weekday": float((at_ms // (24 * HOUR_MS) + 3) % 7),
        "candidates": float(len(found.place)),
    }


NAMES: tuple[str, ...] = (
    "popular",
    "popular_rank",
    *(f"{name}_{half}" for half in range(1, HALVES + 1) for name in ("heat_share", "heat_rank", "slope")),
    *SHOWN,
    "visits_since",
    "since_visit",
    "ongoing",
    "reads_per_hour",
    "rare_share",
    "rare_rank",
    "first_reader_taken_last",
    "step",
    "step_any",
    "step_nearest",
    "habit",
    "habit_difference",
    "followed",
    "followed_share",
    "followed_rank",
    "first_reader_alike",
    "first_reader_again",
    "alike_share",
    "alike_rank",
    "hours_old",
    "newer",
    "newer_unread",
    "newest_rank",
    "reads_since",
    "read_share_since",
    "hours_since_read",
    "reads",
    "power_share",
    "power_rank",
    "neighbours",
    "neighbours_share",
    "neighbours_rank",
    "likeness",
    "likeness_share",
    "likeness_most",
    "readers_alike",
    "first_reader_taken",
    "first_reader_opened",
    "together",
    "together_share",
    "together_rank",
    "category_last",
    "topics_last",
    "brand",
    "category",
    "author",
    "topics",
    "asked_brand",
    "content",
    "content_last",
    "reads_of_asker",
    "hours_since_last",
    "reads_last_hour",
    "lag",
    "lag_difference",
    "since_last_read",
    "hour",
    "weekday",
    "candidates",
)
_NUMBER = {name: number for number, name in enumerate(NAMES)}
_AS_THEY_ARE = (*SEEN, *SHOWN_AS_THEY_ARE)
_SEEN_FROM, _SEEN_TO = [STANDS[name] for name in _AS_THEY_ARE], [_NUMBER[name] for name in _AS_THEY_ARE]
_COMPARED_FROM = [STANDS[name] for name in _RANKED]
_RANKS_TO = [_NUMBER[name] for name in (*_RANKED.values(), *(f"{name}_rank" for name in _OF_ASKER))]
_SHARES_TO = [_NUMBER[name] for name in (*_SHARED.values(), *(f"{name}_share" for name in (*_OF_ASKER, "likeness")))]
_SHOWN_TO = [_NUMBER[name] for name in SHOWN]
