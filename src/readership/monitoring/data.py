"""What arrives, day by day: how much, how late, how complete, and with which words, beside what is usual."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.monitoring.measure import AMBER, GREEN, GREY, RED, Measure
from readership.monitoring.usual import NOTICED, SURE, Usual, usual_days

Floats = NDArray[np.float64]
FIELDS = (
    "brand", "category", "article_id", "country", "city", "device_type", "device_os", "browser", "timezone",
    "subscription_tier", "referrer", "consent", "engaged_ms", "scroll_depth",
)  # fmt: skip
"""Columns whose share of empty values is followed, in the order of `sql/days.sql`."""
COUNTED = ("event_type", "brand")
"""Fields of which the volume of every word is followed."""
FEWER, FAR_FEWER = 0.8, 0.5
"""Of the usual volume: what is worth noticing below, and what cannot be a quiet day."""
SHARE_NOTICED, SHARE_SURE = 0.02, 0.10
"""Change of a share that is worth noticing, and one that must be looked at."""
NEW_NOTICED, NEW_SURE = 0.005, 0.05
"""Share of a day's events with a word that is new."""
NEW_DAYS = 7
"""A word is new until it has been seen for so many days."""
FEWEST_BEFORE = 14
"""Days that must be known before a word can be called new."""
FEWEST_EVENTS, FEWEST_READERS = 10, 3
"""Behind a new word before it is more than somebody's oddity."""
USUAL_EVENTS = 20
"""A word that fewer events a day carry has no volume to follow."""
STALE_HOURS, DEAD_HOURS = 6.0, 24.0
QUARANTINE_NOTICED, QUARANTINE_SURE = 0.01, 0.05


class Calendar:
    """The days that are looked at, oldest first; each ends one day after the one before, the last at `as_of`."""

    def __init__(self, as_of: datetime, days: int) -> None:
        self.ends = [as_of - timedelta(days=day) for day in reversed(range(days))]

    def column(self, frame: pl.DataFrame, name: str, empty: float = np.nan) -> Floats:
        """A column by `day` (0 is the newest) as one value a day, oldest first; `empty` where there is no row."""
        found = np.full(len(self.ends), empty)
        found[len(self.ends) - 1 - frame["day"].to_numpy().astype(np.intp)] = frame[name].cast(pl.Float64).to_numpy()
        return found


def volumes(calendar: Calendar, days: pl.DataFrame) -> Iterator[Measure]:
    """Events and readers a day."""
    begun = _begun(calendar.column(days, "events", 0.0))
    squares = calendar.column(days, "events_squared", 0.0)
    readers = calendar.column(days, "readers", 0.0)
    for name in ("events", "readers"):
        values = np.where(begun, calendar.column(days, name, 0.0), np.nan)
        noise = squares if name == "events" else readers
        yield from _volume(calendar, name, "", values, noise, readers)


def word_volumes(calendar: Calendar, days: pl.DataFrame, words: pl.DataFrame) -> Iterator[Measure]:
    """Events a day of every event type, and of every brand where there are several."""
    clumps = calendar.column(days, "events_squared", 0.0) / np.maximum(calendar.column(days, "events", 0.0), 1)
    for field in COUNTED:
        of_field = words.filter(pl.col("field") == field)
        found = of_field["word"].unique().sort().to_list()
        for word in found if field == "event_type" or len(found) > 1 else []:
            of_word = of_field.filter(pl.col("word") == word)
            counts = calendar.column(of_word, "events", 0.0)
            values = np.where(_begun(counts), counts, np.nan)
            readers = calendar.column(of_word, "readers", 0.0)
            for measure in _volume(calendar, f"events_of_{field}", word, values, counts * clumps, readers):
                if measure.usual_high is None or measure.usual_high >= USUAL_EVENTS:
                    yield measure


def shares(calendar: Calendar, days: pl.DataFrame) -> Iterator[Measure]:
    """Share of repeated events, and of empty values column by column."""
    yield from _share(calendar, days, "repeated", "", "repeats")
    for place, field in enumerate(FIELDS):
        columns = {part: pl.col(f"{whole}").list.get(place) for part, whole in _EMPTY.items()}
        yield from _share(calendar, days.with_columns(**columns), "empty", field, "empty")


def lateness(calendar: Calendar, arrivals: pl.DataFrame) -> Iterator[Measure]:
    """Share of what was received over an hour after it happened."""
    return _share(calendar, arrivals, "late", "", "late")


def freshness(calendar: Calendar, days: pl.DataFrame) -> Iterator[Measure]:
    """Hours since the newest event, at each day's end."""
    newest = dict(zip(days["day"].to_list(), days["newest"].to_list(), strict=True))
    last = None
    for day, end in zip(reversed(range(len(calendar.ends))), calendar.ends, strict=True):
        last = newest.get(day) or last
        if last is None:
            yield Measure(end, "data", "hours_since_newest", GREY, reason="no event is known yet")
            continue
        hours = (end - last).total_seconds() / 3600
        state = RED if hours > DEAD_HOURS else AMBER if hours > STALE_HOURS else GREEN
        yield Measure(end, "data", "hours_since_newest", state, value=hours, usual_high=STALE_HOURS)


def quarantined(calendar: Calendar, loads: pl.DataFrame) -> Iterator[Measure]:
    """Share of the rows read that could not be understood, on days when something was loaded."""
    good, bad = calendar.column(loads, "loaded", 0.0), calendar.column(loads, "quarantined", 0.0)
    for end, loaded, lost in zip(calendar.ends, good, bad, strict=True):
        if not loaded + lost:
            yield Measure(end, "data", "quarantined", GREY, reason="nothing was loaded on that day")
            continue
        share = lost / (loaded + lost)
        state = RED if share > QUARANTINE_SURE else AMBER if share > QUARANTINE_NOTICED else GREEN
        yield Measure(
            end, "data", "quarantined", state, value=share, usual_high=QUARANTINE_NOTICED, rows=int(loaded + lost)
        )


def new_words(calendar: Calendar, words: pl.DataFrame) -> Iterator[Measure]:
    """Share of each day's events that carry a word nobody had seen until a week before, field by field."""
    oldest = len(calendar.ends) - 1
    for (field,), rows in words.group_by("field", maintain_order=True):
        first = rows.group_by("word").agg(pl.col("day").max().alias("first"))
        begun = int(first["first"].to_numpy().max())
        known = rows.join(first, on="word").with_columns(new=pl.col("first") - pl.col("day") < NEW_DAYS)
        for (day,), today in known.group_by("day", maintain_order=True):
            end = calendar.ends[oldest - int(day)]
            if begun - int(day) < FEWEST_BEFORE:
                reason = f"{begun - int(day)} days are known before it; {FEWEST_BEFORE} are needed"
                yield Measure(end, "data", "new_words", GREY, part=str(field), reason=reason)
            else:
                yield _new(end, str(field), today)


_EMPTY = {"empty": "empties", "empty_squared": "empties_squared", "empty_by_events": "empties_by_events"}


def _new(end: datetime, field: str, today: pl.DataFrame) -> Measure:
    fresh = today.filter((pl.col("new")) & (pl.col("events") >= FEWEST_EVENTS) & (pl.col("readers") >= FEWEST_READERS))
    rows = int(today["events"].sum())
    share = float(fresh["events"].sum()) / rows
    named = ", ".join(fresh.sort("events", descending=True)["word"].head(3).to_list())
    state = RED if share > NEW_SURE else AMBER if share > NEW_NOTICED else GREEN
    reason = f"new: {named}" if share else ""
    return Measure(
        end, "data", "new_words", state, part=field, value=share, usual_high=NEW_NOTICED, rows=rows, reason=reason
    )


def _volume(
    calendar: Calendar, name: str, part: str, values: Floats, variance: Floats, readers: Floats
) -> Iterator[Measure]:
    """Counts on a logarithmic scale: weeks differ by factors. A day far below what is usual is red, one above amber."""
    logs = np.log(values + 0.5)
    noise = np.sqrt(variance + 0.25) / (values + 0.5)
    for end, value, people, usual in zip(calendar.ends, values, readers, usual_days(logs, noise), strict=True):
        if np.isnan(value):
            continue
        if usual is None:
            yield _too_early(end, name, part, value)
            continue
        away, ratio = usual.away(np.log(value + 0.5)), (value + 0.5) / np.exp(usual.expected)
        state = GREEN
        if away < -SURE and ratio < FAR_FEWER:
            state = RED
        elif (away < -NOTICED and ratio < FEWER) or (away > NOTICED and ratio > 1 / FEWER):
            state = AMBER
        low, high = (max(0.0, float(np.exp(bound) - 0.5)) for bound in _band(usual))
        yield Measure(
            end, "data", name, state, part=part, value=float(value), usual_low=low, usual_high=high,
            rows=int(value), readers=int(people), reason=f"{ratio:.0%} of what is usual" if state != GREEN else "",
        )  # fmt: skip


def _share(calendar: Calendar, frame: pl.DataFrame, name: str, part: str, column: str) -> Iterator[Measure]:
    """Shares of events, whose noise is that of readers: Σ (part − share · events)² over readers."""
    rows, hits = calendar.column(frame, "events"), calendar.column(frame, column)
    squared, crossed = calendar.column(frame, f"{column}_squared"), calendar.column(frame, f"{column}_by_events")
    readers = calendar.column(frame, "readers", 0.0)
    values = hits / rows
    spread = squared - 2 * values * crossed + values**2 * calendar.column(frame, "events_squared")
    noise = np.sqrt(np.maximum(spread, 0.25)) / rows
    never = bool(np.nanmin(values, initial=1.0) == 1.0)
    for end, value, n, people, usual in zip(
        calendar.ends, values, rows, readers, usual_days(values, noise), strict=True
    ):
        if np.isnan(value):
            yield Measure(end, "data", name, GREY, part=part, reason="there were no events on that day")
        elif never:
            yield Measure(end, "data", name, GREY, part=part, reason="this log has never carried it")
        elif usual is None:
            yield _too_early(end, name, part, float(value))
        else:
            low, high = (float(np.clip(bound, 0, 1)) for bound in _band(usual))
            state = _share_state(float(value), usual)
            yield Measure(
                end, "data", name, state, part=part, value=float(value), usual_low=low, usual_high=high,
                rows=int(n), readers=int(people),
            )  # fmt: skip


def _share_state(value: float, usual: Usual) -> str:
    away, change = usual.away(value), value - usual.expected
    if away > SURE and (change > SHARE_SURE or value == 1.0):
        return RED
    return AMBER if abs(away) > NOTICED and abs(change) > SHARE_NOTICED else GREEN


def _band(usual: Usual) -> Sequence[float]:
    return usual.expected - NOTICED * usual.stray, usual.expected + NOTICED * usual.stray


def _too_early(end: datetime, name: str, part: str, value: float) -> Measure:
    reason = "too few weeks are known to say what is usual"
    return Measure(end, "data", name, GREY, part=part, value=float(value), reason=reason)


def _begun(counts: Floats) -> NDArray[np.bool_]:
    """From the first day that had any."""
    return np.cumsum(counts) > 0
