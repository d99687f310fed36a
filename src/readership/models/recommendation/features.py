"""What the ranker sees of each candidate: nothing of the page that is asked for, all of it known before the request."""

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.candidates import Candidates, Moment
from readership.models.recommendation.catalogue import Catalogue
from readership.models.recommendation.live import POPULAR
from readership.models.recommendation.memory import Memory
from readership.models.recommendation.neighbours import STRANGER, Crowd, crowd, of_rows
from readership.models.recommendation.parameters import HOUR_MS, Parameters
from readership.models.recommendation.ranks import rank, share
from readership.models.recommendation.shown_columns import NAMES as SHOWN
from readership.models.recommendation.shown_columns import shown_columns

Columns = dict[str, NDArray[np.floating] | float]
HALVES = 4
"""Half-lives of `Parameters.half_lives_hours`; features are named by their number, 1 the shortest."""
_FEW = 1e-3
_SHRINK = 2.0
_LAG_READS = 20
_VISIT_MS = HOUR_MS // 2
_RARE_STRANGER = 0.01


def features(
    catalogue: Catalogue, memory: Memory, parameters: Parameters, moment: Moment, found: Candidates
) -> NDArray[np.float32]:
    """Features float32 [k, p] of the candidates, columns as `NAMES`."""
    at_ms = moment.asker.at_ms
    seen = crowd(memory, found.place, found.alike, parameters, at_ms)
    heat = memory.heat_at(at_ms, found.place)
    columns: Columns = {
        **_popularity(heat),
        **shown_columns(memory, moment, found, heat),
        **_age(catalogue, memory, moment, found),
        **_readers(memory, moment, seen, found),
        **_affinity(catalogue, moment, found),
        **_asker(catalogue, memory, moment, found),
    }
    table = np.empty((len(found.place), len(NAMES)), dtype=np.float32)
    for number, name in enumerate(NAMES):
        table[:, number] = columns[name]
    return table


def _popularity(heat: NDArray[np.float64]) -> Columns:
    columns: Columns = {"popular": heat[:, POPULAR], "popular_rank": rank(heat[:, POPULAR])}
    for half in range(1, HALVES + 1):
        columns[f"heat_share_{half}"] = share(heat[:, half])
        columns[f"heat_rank_{half}"] = rank(heat[:, half])
        faster = heat[:, half - 1] if half > 1 else heat[:, POPULAR]
        columns[f"slope_{half}"] = np.log((faster + _FEW) / (heat[:, half] + _FEW))
    return columns


def _age(catalogue: Catalogue, memory: Memory, moment: Moment, found: Candidates) -> Columns:
    at_ms, published = moment.asker.at_ms, catalogue.published[found.place]
    newer = len(moment.live.published) - np.searchsorted(moment.live.published, published, side="right")
    read_published = np.sort(catalogue.published[moment.history.place])
    newer_read = len(read_published) - np.searchsorted(read_published, published, side="right")
    read_since = len(moment.history.at) - np.searchsorted(moment.history.at, published, side="right")
    last_at = memory.last_at[found.place]
    every = moment.live.published
    history = moment.history
    position = np.searchsorted(every, published)
    read_position = np.searchsorted(every, catalogue.published[history.place])
    behind = np.searchsorted(every, history.at) - read_position
    habit = float(np.median(np.log1p(np.maximum(behind[-_LAG_READS:], 0)))) if len(behind) else np.nan
    step = position - read_position[-1] if len(read_position) else np.full(len(position), np.nan)
    minutes = (at_ms - history.at[-1]) / 60_000 if len(history.at) else np.inf
    nearest = np.abs(position[:, None] - read_position[None, -5:]).min(axis=1, initial=1000)
    starts = np.diff(history.at, prepend=-_VISIT_MS * 2) > _VISIT_MS
    visit_at = history.at[starts]
    ongoing = len(visit_at) > 0 and at_ms - history.at[-1] <= _VISIT_MS
    before_visit = history.at[history.at < visit_at[-1]] if ongoing else history.at
    left_at = before_visit[-1] if len(before_visit) else np.nan
    visits_since = len(visit_at) - np.searchsorted(visit_at, published, side="right")
    return {
        "visits_since": visits_since.astype(np.float64),
        "since_visit": (published > left_at).astype(np.float64) if np.isfinite(left_at) else np.nan,
        "ongoing": float(ongoing),
        "reads_per_hour": memory.reads[found.place] / ((at_ms - published) / HOUR_MS + 1),
        "step": step if minutes < 60 else np.full(len(position), np.nan),
        "step_any": step,
        "step_nearest": nearest.astype(float),
        "habit": habit,
        "habit_difference": np.log1p(newer) - habit,
        "hours_old": (at_ms - published) / HOUR_MS,
        "newer": newer.astype(np.float64),
        "newer_unread": (newer - newer_read).astype(np.float64),
        "newest_rank": rank(published.astype(np.float64)),
        "reads_since": read_since.astype(np.float64),
        "read_share_since": (newer_read + 0.5) / (newer + 5.0),
        "hours_since_read": np.where(last_at > 0, np.maximum(at_ms - last_at, 0) / HOUR_MS, np.nan),
        "reads": np.log1p(memory.reads[found.place]),
    }


def _readers(memory: Memory, moment: Moment, seen: Crowd, found: Candidates) -> Columns:
    power = seen.decay.sum(axis=1)
    neighbours = (seen.decay * (STRANGER + seen.likeness)).sum(axis=1)
    alike = seen.likeness.sum(axis=1)
    rare = (seen.decay * (_RARE_STRANGER + seen.rare)).sum(axis=1)
    alike_decay = (seen.decay * seen.likeness).sum(axis=1)
    several = (seen.row >= 0).sum(axis=1)
    first = memory.first_reader[found.place]
    first_of_read = memory.first_reader[moment.history.place]
    taken = (first[:, None] == first_of_read[None, :]).sum(axis=1)
    taken_last = (first[:, None] == first_of_read[None, -_LAG_READS:]).sum(axis=1)
    opened = memory.opened[np.maximum(first, 0)] if memory.opened.size else np.zeros(len(first))
    return {
        **_followed(memory, moment, seen, found),
        "rare_share": share(rare),
        "rare_rank": rank(rare),
        "first_reader_taken_last": taken_last / _LAG_READS,
        "first_reader_alike": of_rows(found.alike, first)[1],
        "first_reader_again": (first == (first_of_read[-1] if len(first_of_read) else -2)).astype(np.float64),
        "alike_share": share(alike_decay),
        "alike_rank": rank(alike_decay),
        "power_share": share(power),
        "power_rank": rank(power),
        "neighbours": neighbours,
        "neighbours_share": share(neighbours),
        "neighbours_rank": rank(neighbours),
        "likeness": alike,
        "likeness_share": share(alike),
        "likeness_most": seen.likeness.max(axis=1, initial=0.0),
        "readers_alike": (seen.overlap > 0).sum(axis=1) / np.maximum(several, 1),
        "first_reader_taken": np.where(first >= 0, (taken + 0.2) / (opened + _SHRINK), np.nan),
        "first_reader_opened": np.where(first >= 0, np.log1p(opened), np.nan),
        "together": found.together,
        "together_share": share(found.together),
        "together_rank": rank(found.together),
    }


def _followed(memory: Memory, moment: Moment, seen: Crowd, found: Candidates) -> Columns:
    """How many readers of the asker's last article went on to each candidate, Σ 2^(-minutes between / 10)."""
    followed = np.zeros(len(found.place))
    if len(moment.history.place):
        last = int(moment.history.place[-1])
        row, at = memory.readers.of(last)
        order = np.argsort(row, kind="stable")
        row, at = row[order], at[order]
        if row.size:
            where = np.minimum(np.searchsorted(row, seen.row), len(row) - 1)
            minutes = (seen.at - at[where]) / 60_000
            there = (row[where] == seen.row) & (seen.row >= 0) & (minutes >= 0)
            followed = np.where(there, np.exp2(-np.maximum(minutes, 0) / 10), 0.0).sum(axis=1)
    return {"followed": followed, "followed_share": share(followed), "followed_rank": rank(followed)}


def _affinity(catalogue: Catalogue, moment: Moment, found: Candidates) -> Columns:
    history = moment.history.place
    codes, read = catalogue.codes[found.place], catalogue.codes[history]
    brand, category, author = (_times(read[:, kind], codes[:, kind]) / (len(history) + _SHRINK) for kind in range(3))
    topics, read_topics = catalogue.topics[found.place], catalogue.topics[history].ravel()
    shared = np.isin(topics, read_topics[read_topics >= 0]) & (topics >= 0)
    vectors = catalogue.vectors[found.place]
    last = catalogue.vectors[history[-1]] if len(history) else np.zeros(vectors.shape[1], dtype=np.float32)
    asked = catalogue.number("brand", moment.asker.brand)
    if len(history):
        category_last = (codes[:, 1] == read[-1, 1]).astype(np.float64)
        topics_last = (np.isin(topics, catalogue.topics[history[-1]]) & (topics >= 0)).sum(axis=1).astype(np.float64)
    else:
        category_last = topics_last = np.full(len(codes), np.nan)
    return {
        "category_last": category_last,
        "topics_last": topics_last,
        "brand": brand,
        "category": category,
        "author": author,
        "topics": shared.sum(axis=1) / np.maximum((topics >= 0).sum(axis=1), 1),
        "asked_brand": (codes[:, 0] == asked).astype(np.float64) if asked >= 0 else np.nan,
        "content": vectors @ found.taste,
        "content_last": vectors @ last,
    }


def _times(read: NDArray[np.int32], wanted: NDArray[np.int32]) -> NDArray[np.int64]:
    """How often each number was read; -1 is no number."""
    counts = np.bincount(read + 1, minlength=int(wanted.max(initial=-1)) + 2)
    counts[0] = 0
    return counts[wanted + 1]


def _asker(catalogue: Catalogue, memory: Memory, moment: Moment, found: Candidates) -> Columns:
    at_ms, history = moment.asker.at_ms, moment.history
    known = len(history.at) > 0
    lags = np.log1p(np.maximum(history.at - catalogue.published[history.place], 0)[-_LAG_READS:] / HOUR_MS)
    lag = float(np.median(lags)) if known else np.nan
    hours_old = np.log1p(np.maximum(at_ms - catalogue.published[found.place], 0) / HOUR_MS)
    return {
        "reads_of_asker": float(max(len(history.at), memory.read_count[moment.row] if moment.row >= 0 else 0)),
        "hours_since_last": (at_ms - history.at[-1]) / HOUR_MS if known else np.nan,
        "reads_last_hour": float((history.at > at_ms - HOUR_MS).sum()),
        "lag": lag,
        "lag_difference": hours_old - lag,
        "since_last_read": (catalogue.published[found.place] > history.at[-1]).astype(np.float64) if known else np.nan,
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
