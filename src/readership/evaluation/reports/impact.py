"""The page of `readership impact`: the roadmap's targets beside what was reached, at what cost, and by what else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np

from readership.evaluation.impact import FEWEST_EVENTS, OUTCOMES
from readership.evaluation.reports import impact_words as words
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
from readership.evaluation.reports.page import write_page

COLOURS = {"the product": BLUE, "the simple policy": ORANGE, "knowing the truth": GREEN}
LEVELS = {"reached": "high", "cannot be told": "fair", "not reached": "low"}
ROW = 30


def write_impact_report(measured: dict[str, Any], folder: Path) -> Path:
    """Write `impact.html` into `folder`; returns the page."""
    found = list(plots(measured))
    return write_page(
        folder / "impact.html",
        "impact.html",
        found,
        measured=measured,
        order=[plot.name for plot in found],
        outcomes=OUTCOMES,
        fewest=FEWEST_EVENTS,
        words=words,
        headline=words.headline(measured),
        said=list(words.sentences(measured)),
        level=min((LEVELS[t["verdict"]] for t in measured["targets"].values()), key=["low", "fair", "high"].index),
    )


def plots(measured: dict[str, Any]) -> Iterator[Plot]:
    """In reading order."""
    yield targets(measured)
    for group in words.GROUPS:
        if group != "all":
            yield decision(measured, group)
    yield curve(measured, "engaged_minutes", "extra hours read", 1 / 60, "Engaged time, day by day")
    yield curve(measured, "conversion", "extra subscriptions begun", 1.0, "Subscriptions begun, day by day")


def targets(measured: dict[str, Any]) -> Plot:
    """All decisions together beside the targets, and beside the simple policies."""
    rows, marks = [], []
    for name, target in measured["targets"].items():
        if target["events"] is not None and target["events"] < FEWEST_EVENTS:
            continue
        marks.append({"outcome": words.short(name), "target": target["roadmap"]})
        for policy, who in (("all_ours", "the product"), ("all_naive", "the simple policy")):
            lift = measured["policies"][policy]["outcomes"][name]["lift"]
            rows.append({"outcome": words.short(name), "who": who, **_ends(lift)})
    chart = alt.layer(
        *_dots([row for row in rows if row["value"] is not None], "outcome", "change"),
        alt.Chart(alt.Data(values=marks))
        .mark_tick(color=GREY, thickness=3, size=34)
        .encode(
            y=alt.Y("outcome:N", title=None, sort=[mark["outcome"] for mark in marks]),
            x="target:Q",
            tooltip=[tip("target", "+.0%")],
        ),
    ).properties(height=alt.Step(44))
    return Plot(
        "targets",
        "The roadmap's targets",
        "The change from the publisher as it stands, with 95% intervals; the grey mark is the target. Of readers and "
        "subscribers lost, less is better: to the left. Outcomes with too few readers behind them are left out.",
        chart,
    )


def decision(measured: dict[str, Any], group: str) -> Plot:
    """One decision on the outcome it is meant for, beside what else would have cost the same."""
    title, asked = words.GROUPS[group]
    main = asked[-1] if group == "retention" else asked[0]
    rows = []
    for policy, found in measured["policies"].items():
        of, _, way = policy.partition("_")
        if of == group and way != "half":
            who = {"ours": "the product", "alone": "the product", "oracle": "knowing the truth"}
            lift = _ends(found["outcomes"][main]["lift"])
            rows.append({"policy": words.WAYS[way], "who": who.get(way, "the simple policy"), **lift})
    rows = [row for row in rows if row["value"] is not None]
    chart = alt.layer(*_dots(rows, "policy", "change", offset=False))
    better = "more" if OUTCOMES[main].better > 0 else "less"
    return Plot(
        f"decision_{group}",
        f"{title[0].upper()}{title[1:]}: only this decision",
        f"The change of {words.short(main)} when this decision alone is made otherwise; {better} is better. "
        + words.READINGS[group],
        chart.properties(height=alt.Step(ROW)),
    )


def curve(measured: dict[str, Any], outcome: str, title: str, unit: float, heading: str) -> Plot:
    """The difference to date from the standing publisher, over the days."""
    found = measured["daily"][outcome]
    rows = [
        {"day": day + 1, "who": who, "extra": round(float(extra) * unit, 3)}
        for policy, who in (("all_ours", "the product"), ("all_naive", "the simple policy"))
        for day, extra in enumerate(np.cumsum(np.array(found[policy]) - np.array(found["standing"])))
    ]
    x = alt.X("day:Q", title="days since the decision", axis=alt.Axis(tickMinStep=1, tickCount=FEWER_WHEN_NARROW))
    chart = alt.layer(
        alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(color=GREY, strokeDash=[4, 4]).encode(y="zero:Q"),
        alt.Chart(alt.Data(values=rows))
        .mark_line()
        .encode(
            x=x,
            y=alt.Y("extra:Q", title=title, axis=alt.Axis(tickCount=5)),
            color=colours_of("who", COLOURS, [str(row["who"]) for row in rows], columns=1),
            tooltip=[tip("day"), tip("who"), tip("extra", "+,.1f")],
        ),
    ).properties(height=HEIGHT)
    return Plot(
        f"daily_{outcome}",
        heading,
        "All decisions together, summed from the day of decision on, less what the standing publisher reached by the "
        "same day. The dashed line is no difference.",
        chart,
    )


def _dots(rows: list[dict[str, Any]], label: str, title: str, *, offset: bool = True) -> list[Any]:
    """Names down the side, a dot with its interval for each policy."""
    order = list(dict.fromkeys(row[label] for row in rows))
    present = [word for word in COLOURS if any(row["who"] == word for row in rows)]
    axis = alt.Axis(format="+.1~%", tickCount={"expr": "width < 280 ? 3 : 6"})
    x = alt.X("low:Q", title=title, axis=axis)
    encoded: dict[str, Any] = {
        "y": alt.Y(f"{label}:N", title=None, sort=order, axis=alt.Axis(labelLimit=190)),
        "color": colours_of("who", COLOURS, present, columns=1),
    }
    if offset:
        encoded["yOffset"] = alt.YOffset("who:N", sort=present)
    base = alt.Chart(alt.Data(values=rows)).encode(**encoded)
    tips = [
        tip(label),
        tip("who"),
        *(tip(n, "+.1%") for n in ("value", "low", "high")),
    ]
    return [
        alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(color=GREY, strokeDash=[4, 4]).encode(x="zero:Q"),
        base.mark_rule(strokeWidth=2).encode(x=x, x2="high:Q"),
        base.mark_circle(size=70, opacity=1).encode(x=alt.X("value:Q", title=title, axis=axis), tooltip=tips),
    ]


def _ends(lift: dict[str, Any]) -> dict[str, float | None]:
    value, (low, high) = lift["value"], lift["ci95"]
    return {"value": value, "low": value if low is None else low, "high": value if high is None else high}
