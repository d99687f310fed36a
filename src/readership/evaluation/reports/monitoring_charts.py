"""Timelines of what is watched: each value in its colour, what is usual as a band."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import altair as alt

from readership.evaluation.reports.charts import (
    BLUE,
    FEWER_WHEN_NARROW,
    GREEN,
    GREY,
    HEIGHT,
    ORANGE,
    Plot,
    colours_of,
    tip,
)

RED = "#c4554a"
STATE_COLOURS = {"as usual": GREEN, "look at it": ORANGE, "act": RED, "not judged": GREY}
STATE_WORDS = {"green": "as usual", "amber": "look at it", "red": "act", "grey": "not judged"}
BAND = 0.2
FROM_ZERO = ("inputs", "scores")
"""Kinds whose measures are shares or distances."""
ROOM = 1.5
"""How far above the highest volume a band is drawn: on a logarithmic scale it may reach far."""
LONG_DAYS = 240
"""Of more days, the axis names months."""


class Timeline(NamedTuple):
    """What a plot is made of.

    title    of its axis, with the unit
    format   of its numbers
    reading  how to read it
    second   kind and name of the measure drawn beside it as a dashed line, if any
    """

    kind: str
    measure: str
    title: str
    axis: str
    format: str
    reading: str
    second: tuple[str, str] | None = None


OF_DATA = (
    Timeline(
        "data", "events", "Events a day", "events a day", "~s",
        "Each point is a day. The band is what is usual for that weekday, by the eight weeks before it; a day far "
        "below it is an outage until somebody says otherwise.",
    ),
    Timeline(
        "data", "readers", "Readers a day", "readers a day", "~s",
        "The same for the readers who were seen.",
    ),
)  # fmt: skip
OF_MODELS = (
    Timeline(
        "performance", "base_rate", "What happened, and what was expected", "share to whom it happened", ".0%",
        "Each point is the share of the readers asked about on that day to whom the outcome then happened. The band is "
        "what the model's own probabilities made expect of these very readers: a point outside it means that readers "
        "who look the same act differently than they used to. Grey points are days the model learnt from.",
    ),
    Timeline(
        "performance", "roc_auc", "How well readers are ordered", "ROC AUC", ".2f",
        "Points are the ROC AUC that came out, once the labels were known; bars are their 95% intervals. "
        "The dashed line is what the model's probabilities made expect before that. Below the shaded field it is worse "
        "than its evaluation promised.",
        ("estimate", "roc_auc"),
    ),
    Timeline(
        "performance", "log_loss", "How far probabilities are from what happened", "log loss, nats", ".2f",
        "The same for log loss, where less is better: it also shows when probabilities are too high or too low.",
        ("estimate", "log_loss"),
    ),
    Timeline(
        "performance", "rmse", "How far scores are from what happened", "RMSE, points", ".1f",
        "Each point is the typical distance between the expected and the observed score of the readers of that day, "
        "with its 95% interval; above the shaded field it is worse than its evaluation promised.",
    ),
    Timeline(
        "inputs", "drifted", "How much of what it reads has changed", "share of columns", ".0%",
        "The share of the model's columns that are spread otherwise than on the same weekday four to seven weeks "
        "before, by more than chance and by enough to matter.",
    ),
    Timeline(
        "scores", "psi", "How much its answers have changed", "PSI", ".2f",
        "The distance between the answers of that day and those of four to seven weeks before. The field ends where a "
        "distance both matters and is more than chance.",
    ),
)  # fmt: skip


def plots(rows: Sequence[Mapping[str, Any]], tasks: Sequence[str]) -> Iterator[Plot]:
    """Every timeline of which anything is known, of the data first; names carry the task."""
    for task in ("", *tasks):
        for timeline in OF_MODELS if task else OF_DATA:
            found = _rows(rows, task, timeline.kind, timeline.measure)
            if sum(row["value"] is not None for row in found) > 1:
                yield _plot(timeline, task, found, rows)


def _plot(timeline: Timeline, task: str, found: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> Plot:
    points = [row for row in found if row["value"] is not None]
    months = "%b %Y" if _days(points) > LONG_DAYS else "%-d %b"
    x = alt.X("day:T", title=None, axis=alt.Axis(tickCount=FEWER_WHEN_NARROW, format=months, labelOverlap=True))
    axis = alt.Axis(tickCount=5, format=timeline.format)
    y = alt.Y("value:Q", title=timeline.axis, axis=axis, scale=alt.Scale(zero=False))
    base = alt.Chart(alt.Data(values=[_shown(row) for row in points]))
    present = [STATE_WORDS[state] for state in STATE_WORDS if any(row["state"] == state for row in points)]
    layers = [
        *_band(points, x, timeline),
        base.mark_line(color=GREY, opacity=0.5, strokeWidth=1).encode(x=x, y=y),
        *_intervals(points, x, timeline),
        *_second(_rows(rows, task, *timeline.second) if timeline.second else [], x, timeline),
        base.mark_circle(size=40, opacity=1).encode(
            x=x,
            y=y,
            color=colours_of("state", STATE_COLOURS, present),
            tooltip=[
                tip("date"), tip("value", timeline.format), tip("usual_low", timeline.format),
                tip("usual_high", timeline.format), tip("state"), tip("why"),
            ],
        ),
    ]  # fmt: skip
    name = "_".join(part for part in (task, timeline.kind, timeline.measure) if part)
    return Plot(name, timeline.title, timeline.reading, alt.layer(*layers).properties(height=HEIGHT))


def _band(points: Sequence[Mapping[str, Any]], x: alt.X, timeline: Timeline) -> Iterator[Any]:
    """What is usual: between two bounds, or from one bound to the edge of what was seen."""
    bounded = [row for row in points if row["usual_low"] is not None or row["usual_high"] is not None]
    if not bounded:
        return
    values = [row[name] for row in points for name in ("value", "low", "high", "usual_low", "usual_high")]
    seen = [value for value in values if value is not None]
    least, most = (0.0 if timeline.kind in FROM_ZERO else min(seen)), max(seen)
    edge = ROOM * max(row["value"] for row in points) if timeline.kind == "data" else math.inf
    shown = [
        {
            "day": row["day"],
            "from": least if row["usual_low"] is None else row["usual_low"],
            "to": min(most if row["usual_high"] is None else row["usual_high"], edge),
        }
        for row in bounded
    ]
    scale = alt.Scale(zero=False)
    axis = alt.Axis(tickCount=5, format=timeline.format)
    yield (
        alt.Chart(alt.Data(values=shown))
        .mark_area(color=BLUE, opacity=BAND)
        .encode(x=x, y=alt.Y("from:Q", title=timeline.axis, axis=axis, scale=scale), y2="to:Q")
    )


def _intervals(points: Sequence[Mapping[str, Any]], x: alt.X, timeline: Timeline) -> Iterator[Any]:
    known = [dict(row) for row in points if row["low"] is not None and row["high"] is not None]
    if known:
        yield (
            alt.Chart(alt.Data(values=known))
            .mark_rule(color=GREY, opacity=0.7)
            .encode(x=x, y=alt.Y("low:Q", title=timeline.axis), y2="high:Q")
        )


def _second(rows: Sequence[Mapping[str, Any]], x: alt.X, timeline: Timeline) -> Iterator[Any]:
    known = [dict(row) for row in rows if row["value"] is not None]
    if known:
        yield (
            alt.Chart(alt.Data(values=known))
            .mark_line(color=BLUE, strokeDash=[5, 4])
            .encode(x=x, y=alt.Y("value:Q", title=timeline.axis))
        )


def _days(points: Sequence[Mapping[str, Any]]) -> int:
    first, last = (datetime.fromisoformat(row["day"]) for row in (points[0], points[-1]))
    return (last - first).days


def _rows(rows: Sequence[Mapping[str, Any]], task: str, kind: str, measure: str) -> list[Mapping[str, Any]]:
    wanted = {"task": task, "kind": kind, "measure": measure, "part": ""}
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "state": STATE_WORDS[row["state"]], "date": row["day"][:10], "why": row["reason"] or "–"}
