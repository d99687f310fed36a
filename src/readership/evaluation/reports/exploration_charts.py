"""Plots of the exploration page, each from rows that the warehouse aggregated."""

from collections.abc import Iterator
from typing import Any

import altair as alt
import polars as pl

from readership.evaluation.reports.charts import BLUE, HEIGHT, ORANGE, Plot

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
BLUES = alt.Scale(scheme="blues")
SMALLER_WHEN_NARROW = {"expr": "width < 300 ? 8 : 12"}
VALUES = {
    "event type": "What readers do",
    "brand": "Brands",
    "category": "Categories",
    "article type": "Kinds of article",
    "tier": "Subscription tiers",
    "device": "Devices",
    "country": "Countries",
}


def plots(found: dict[str, Any], filled: list[dict[str, Any]], matrix: pl.DataFrame | None) -> Iterator[Plot]:
    """Every plot the log has data for, in reading order."""
    for what in ("readers", "events"):
        yield _days(found["days"], what)
    if found["hours"]:
        yield _hours(found["hours"])
    if len(found["returning"]) > 1:
        yield _returning(found["returning"])
    yield from _values(found["values"])
    if found["sessions_per_reader"]:
        yield _sessions_per_reader(found["sessions_per_reader"])
    if found["gaps_between_visits"]:
        yield _gaps(found["gaps_between_visits"])
    if found["reading_time"]:
        yield _reading_time(found["reading_time"])
    yield _filled(filled)
    if matrix is not None:
        yield _correlations(matrix)


def _days(rows: list[dict[str, Any]], what: str) -> Plot:
    data = [{"day": row["day"].isoformat(), "number": row[what]} for row in rows]
    base = alt.Chart(alt.Data(values=data)).encode(x=alt.X("day:T", title="day (UTC)", axis=_time_axis()))
    y = alt.Y("number:Q", title=f"{what} a day", axis=_count_axis())
    tips = [alt.Tooltip("day:T"), alt.Tooltip("number:Q", title=what, format=",")]
    chart = alt.layer(
        base.mark_line(color=BLUE, strokeWidth=1, opacity=0.45).encode(y=y, tooltip=tips),
        base.transform_window(mean="mean(number)", frame=[-3, 3])
        .mark_line(color=BLUE, strokeWidth=2.2)
        .encode(y=alt.Y("mean:Q", title=f"{what} a day")),
    )
    return Plot(
        f"activity_{what}",
        f"{what.capitalize()} over time",
        f"{'Different readers' if what == 'readers' else 'Events'} on each day, and the mean of seven days around it. "
        "A sudden hole is a tracking failure more often than a holiday.",
        chart.properties(height=HEIGHT),
    )


def _hours(rows: list[dict[str, Any]]) -> Plot:
    sessions = {(row["weekday"], row["hour"]): row["sessions"] for row in rows}
    data = [
        {"day": day, "hour": hour, "sessions": sessions.get((number, hour), 0)}
        for number, day in enumerate(WEEKDAYS, start=1)
        for hour in range(24)
    ]
    chart = (
        alt.Chart(alt.Data(values=data))
        .mark_rect()
        .encode(
            x=alt.X(
                "hour:O",
                title="hour of the day, readers' own clocks",
                axis=alt.Axis(values=[0, 6, 12, 18], labelAngle=0),
            ),
            y=alt.Y("day:O", title=None, sort=list(WEEKDAYS)),
            color=alt.Color("sessions:Q", scale=BLUES, legend=None),
            tooltip=[alt.Tooltip("day:N"), alt.Tooltip("hour:O"), alt.Tooltip("sessions:Q", format=",")],
        )
    )
    return Plot(
        "week",
        "When readers come",
        "Sessions begun in each hour of the week; darker is more. Hours are those of the reader's own timezone where "
        "it is known.",
        chart.properties(height=190),
    )


def _returning(rows: list[dict[str, Any]]) -> Plot:
    data = [{"month": row["month"].isoformat(), "share": row["returned"] / row["readers"]} for row in rows[:-1]]
    chart = (
        alt.Chart(alt.Data(values=data))
        .mark_line(color=BLUE, point=alt.OverlayMarkDef(color=BLUE, size=50))
        .encode(
            x=alt.X("month:T", title="month", axis=_time_axis()),
            y=alt.Y(
                "share:Q",
                title="share back the month after",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format=".0%"),
            ),
            tooltip=[alt.Tooltip("month:T", format="%b %Y"), alt.Tooltip("share:Q", format=".0%")],
        )
    )
    return Plot(
        "returning",
        "How many come back",
        "Of the readers of each calendar month, the share who also came the month after. The last months are not over "
        "and may stand too low.",
        chart.properties(height=HEIGHT),
    )


def _values(rows: list[dict[str, Any]]) -> Iterator[Plot]:
    for field, title in VALUES.items():
        data = [row for row in rows if row["field"] == field]
        if len(data) > 1:
            yield Plot(
                f"values_{field.replace(' ', '_')}",
                title,
                "Events by value, commonest first, at most twelve. The number of readers shows under the pointer.",
                _bars(data, "value", "events", "events", color=BLUE),
            )


def _sessions_per_reader(rows: list[dict[str, Any]]) -> Plot:
    data = [{"sessions": _steps(row["at_least"]), "readers": row["readers"]} for row in rows]
    return Plot(
        "sessions_per_reader",
        "How often readers come",
        "Readers by the number of their sessions in the whole log, in doubling steps.",
        _columns(data, "sessions", "readers", "sessions in all", "readers"),
    )


def _gaps(rows: list[dict[str, Any]]) -> Plot:
    total = sum(row["visits"] for row in rows)
    running, data = 0, []
    for row in rows:
        running += row["visits"]
        if row["days"] <= 90:
            data.append({"days": row["days"], "share": running / total})
    chart = (
        alt.Chart(alt.Data(values=data))
        .mark_line(color=BLUE)
        .encode(
            x=alt.X("days:Q", title="days until the next visit", axis=alt.Axis(values=[1, 7, 14, 28, 56, 90])),
            y=alt.Y("share:Q", title="share of returns", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%")),
            tooltip=[alt.Tooltip("days:Q"), alt.Tooltip("share:Q", format=".1%")],
        )
    )
    return Plot(
        "gaps",
        "How long until readers return",
        "Of all returns, the share that happened within so many days. If the line is still steep at the horizon of the "
        "churn label, many of those called lost will be back.",
        chart.properties(height=HEIGHT),
    )


def _reading_time(rows: list[dict[str, Any]]) -> Plot:
    data = [{"seconds": _steps(row["at_least_seconds"]), "events": row["events"]} for row in rows]
    return Plot(
        "reading_time",
        "How long articles are read",
        "Reading events by seconds of reading time, in doubling steps.",
        _columns(data, "seconds", "events", "reading time in seconds", "events"),
    )


def _filled(rows: list[dict[str, Any]]) -> Plot:
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_rect()
        .encode(
            x=alt.X(
                "event_type:N",
                title="event type, commonest first",
                sort=None,
                axis=alt.Axis(labelAngle=-60, labelLimit=160),
            ),
            y=alt.Y("field:N", title=None, sort=None, axis=alt.Axis(labelLimit=130)),
            color=alt.Color("share:Q", scale=alt.Scale(scheme="blues", domain=[0, 1]), legend=None),
            tooltip=[alt.Tooltip("field:N"), alt.Tooltip("event_type:N"), alt.Tooltip("share:Q", format=".1%")],
        )
    )
    return Plot(
        "filled",
        "What each event carries",
        "Share of events of each type that carry a field: dark is always, pale is never. Some fields belong to some "
        "types only.",
        chart.properties(height=alt.Step(18)),
    )


def _correlations(matrix: pl.DataFrame) -> Plot:
    names = matrix["one"].unique(maintain_order=True).to_list()
    numbered = {name: f"{name.replace('_', ' ')}  {place}" for place, name in enumerate(names, start=1)}
    rows = [
        {"one": numbered[row["one"]], "column": names.index(row["other"]) + 1, "with": row["other"], "rho": row["rho"]}
        for row in matrix.drop_nulls().iter_rows(named=True)
    ]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_rect()
        .encode(
            x=alt.X(
                "column:O", axis=alt.Axis(labelAngle=0, title=None, orient="top", labelFontSize=SMALLER_WHEN_NARROW)
            ),
            y=alt.Y("one:N", sort=list(numbered.values()), axis=alt.Axis(labelLimit=230, title=None)),
            color=alt.Color(
                "rho:Q",
                scale=alt.Scale(domain=[-1, 0, 1], range=[ORANGE, "#eceff1", BLUE], interpolate="rgb"),
                legend=alt.Legend(title="rank correlation", orient="bottom", gradientLength=120),
            ),
            tooltip=[alt.Tooltip("one:N"), alt.Tooltip("with:N"), alt.Tooltip("rho:Q", format="+.2f")],
        )
    )
    return Plot(
        "correlations",
        "Which features go together",
        "Spearman's rank correlation over the sample of readers: blue rise together, orange oppose each other. Columns "
        "carry the numbers of the rows.",
        chart.properties(height=alt.Step(20)),
    )


def _bars(data: list[dict[str, Any]], label: str, value: str, title: str, color: str) -> Any:
    return (
        alt.Chart(alt.Data(values=data))
        .mark_bar(color=color, height=12)
        .encode(
            x=alt.X(f"{value}:Q", title=title, axis=_count_axis()),
            y=alt.Y(f"{label}:N", title=None, sort=None, axis=alt.Axis(labelLimit=150)),
            tooltip=[
                alt.Tooltip(f"{label}:N"),
                alt.Tooltip("events:Q", format=","),
                alt.Tooltip("readers:Q", format=","),
            ],
        )
        .properties(height=alt.Step(22))
    )


def _columns(data: list[dict[str, Any]], step: str, value: str, x_title: str, y_title: str) -> Any:
    return (
        alt.Chart(alt.Data(values=data))
        .mark_bar(color=BLUE)
        .encode(
            x=alt.X(f"{step}:N", title=x_title, sort=None, axis=alt.Axis(labelAngle=-45)),
            y=alt.Y(f"{value}:Q", title=y_title, axis=_count_axis()),
            tooltip=[alt.Tooltip(f"{step}:N"), alt.Tooltip(f"{value}:Q", format=",")],
        )
        .properties(height=HEIGHT)
    )


def _count_axis() -> alt.Axis:
    short = "datum.value >= 1000 ? format(datum.value, '~s') : format(datum.value, ',')"
    return alt.Axis(labelExpr=short, tickCount={"expr": "width < 280 ? 3 : 5"})


def _time_axis() -> alt.Axis:
    return alt.Axis(format="%b %Y", labelOverlap=True, labelSeparation=12)


def _steps(at_least: int) -> str:
    """`0`, `1`, `2–3`, `4–7`, …"""
    return str(at_least) if at_least < 2 else f"{at_least:,}–{2 * at_least - 1:,}"
