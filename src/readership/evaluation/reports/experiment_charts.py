"""Plots of one experiment: effects, the first metric over time, the arms, and segments."""

from collections.abc import Iterator
from typing import Any

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
from readership.evaluation.reports.experiment_words import name

ROW = 34
COUNTS, OTHER = "the interval that counts now", "the other one"


def plots(measured: dict[str, Any]) -> Iterator[Plot]:
    """All plots of an experiment, in reading order; those that nothing is known for are left out."""
    for guardrail in (False, True):
        found = [
            f
            for f in measured["findings"]
            if f["guardrail"] == guardrail and f["difference"] is not None and f["relative"] is not None
        ]
        if found:
            yield effects(found, measured, guardrail)
    for variant in measured["verdicts"]:
        looks = [
            look for look in measured["over_time"] if look["variant"] == variant and look["difference"] is not None
        ]
        if looks:
            yield over_time(looks, variant, measured)
    yield arms(measured)
    for variant in measured["verdicts"]:
        parts = [p for p in measured["segments"] if p["variant"] == variant and p["difference"] is not None]
        if parts:
            yield segments(parts, variant, measured)


def effects(found: list[dict[str, Any]], measured: dict[str, Any], guardrail: bool) -> Plot:
    """Every metric of every variant: difference as a share of the control group's value, with both intervals."""
    several = len(measured["verdicts"]) > 1
    rows = []
    for finding in found:
        base = finding["control"]
        label = name(finding["metric"]) + (f" · {name(finding['variant'])}" if several else "")
        kinds = {"always valid": ("always_low", "always_high"), "at the end": ("low", "high")}
        for kind, (low, high) in kinds.items():
            if finding[low] is not None:
                rows.append(
                    {
                        "metric": label,
                        "interval": kind,
                        "value": finding["relative"],
                        "low": finding[low] / base,
                        "high": finding[high] / base,
                    }
                )
    chart = _dots(rows, "metric", "interval", {"always valid": BLUE, "at the end": ORANGE})
    if guardrail:
        return Plot(
            "guardrails",
            "What must not get worse",
            "The same for the guard-rails: metrics that the variant is not tried for, and that must not pay for its "
            "gain.",
            chart,
        )
    return Plot(
        "effects",
        "What the variant did",
        "The difference from the control group, as a share of its value, with two 95% intervals. Blue may be looked at "
        "on any day; orange is right once, when the experiment is complete. An interval that holds the dashed line "
        "cannot be told from no effect.",
        chart,
    )


def over_time(looks: list[dict[str, Any]], variant: str, measured: dict[str, Any]) -> Plot:
    """The first metric day by day, with the band that stays valid and the interval that does not."""
    first = measured["definition"]["metrics"][0]["name"]
    title = f"difference, {measured['units_of'][first]}"
    x = alt.X("day:Q", title="days since the start", axis=alt.Axis(tickMinStep=1, tickCount=FEWER_WHEN_NARROW))
    known = [look for look in looks if look["always_low"] is not None]
    shown = known or looks
    base = alt.Chart(alt.Data(values=shown))
    bands = [
        base.mark_area(opacity=0.22, color=BLUE).encode(x=x, y=alt.Y("always_low:Q", title=title), y2="always_high:Q")
    ]
    chart = alt.layer(
        alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(color=GREY, strokeDash=[4, 4]).encode(y="zero:Q"),
        *(bands if known else []),
        base.mark_line(color=ORANGE, strokeDash=[2, 3]).encode(x=x, y=alt.Y("low:Q", title=title)),
        base.mark_line(color=ORANGE, strokeDash=[2, 3]).encode(x=x, y=alt.Y("high:Q", title=title)),
        base.mark_line(color=BLUE, point=len(shown) == 1).encode(
            x=x,
            y=alt.Y("difference:Q", title=title, axis=alt.Axis(tickCount=5)),
            tooltip=[
                tip("day"),
                tip("units", ","),
                tip("difference", ".4g"),
                tip("always_low", ".4g"),
                tip("always_high", ".4g"),
            ],
        ),
    ).properties(height=HEIGHT)
    return Plot(
        f"over_time_{variant}",
        f"{name(first)[0].upper()}{name(first)[1:]} day by day: {name(variant)}",
        "The line is the difference from the control group among units whose outcome was complete by that day. The "
        "blue band is always valid: once it leaves the dashed line, the difference is real, whenever that is. The "
        "dotted lines are the fixed interval; watched day by day, it leaves 0 by chance far too often.",
        chart,
    )


def arms(measured: dict[str, Any]) -> Plot:
    """Units of each arm beside those its weight made expect."""
    expected = measured["split"]["expected"]
    rows = [
        {"variant": name(variant), "units": units, "expected": due, "who": "units exposed"}
        for (variant, units), due in zip(measured["variants"].items(), expected, strict=True)
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("variant:N", title=None, sort=[row["variant"] for row in rows], axis=alt.Axis(labelLimit=160))
    )
    axis = alt.Axis(tickCount=FEWER_WHEN_NARROW, format="~s")
    chart = alt.layer(
        base.mark_bar(height=14, color=BLUE, opacity=0.75).encode(
            x=alt.X("units:Q", title="units exposed", axis=axis),
            tooltip=[tip("variant"), tip("units", ","), tip("expected", ",.0f")],
        ),
        base.mark_tick(color=ORANGE, thickness=3, size=24).encode(x="expected:Q"),
    ).properties(height=alt.Step(ROW))
    return Plot(
        "arms",
        "Are the arms as they were drawn?",
        "Units exposed to each variant, and (orange) how many its weight made expect. Arms far from it mean that units "
        "are missing for a reason, and that reason may be the whole effect.",
        chart,
    )


def segments(parts: list[dict[str, Any]], variant: str, measured: dict[str, Any]) -> Plot:
    """The first metric within each segment, at a fixed horizon."""
    first = measured["definition"]["metrics"][0]["name"]
    rows = [
        {
            "part": f"{name(p['segment'])}: {p['value']}",
            "which": "segment",
            "value": p["difference"],
            "low": p["low"],
            "high": p["high"],
        }
        for p in parts
    ]
    chart = _dots(rows, "part", "which", {"segment": GREEN}, f"difference, {measured['units_of'][first]}", "+.3~g")
    return Plot(
        f"segments_{variant}",
        f"Is it the same for everybody? {name(variant)}",
        f"{name(first)[0].upper()}{name(first)[1:]}: the difference among the units of each segment, with its 95% "
        "interval at a fixed horizon. Of many segments, some look different by chance; the table says which "
        "differences go beyond it.",
        chart,
    )


def _dots(
    rows: list[dict[str, Any]],
    label: str,
    colour: str,
    colours: dict[str, str],
    title: str = "difference from the control group",
    fmt: str = "+.1%",
) -> Any:
    """Names down the side, a dot with its interval for each; two intervals of one name beside each other."""
    present = [word for word in colours if any(row[colour] == word for row in rows)]
    axis = alt.Axis(tickCount=FEWER_WHEN_NARROW, format=fmt)
    x = alt.X("low:Q", title=title, axis=axis)
    order = list(dict.fromkeys(row[label] for row in rows))
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y(f"{label}:N", title=None, sort=order, axis=alt.Axis(labelLimit=170)),
        yOffset=alt.YOffset(f"{colour}:N", sort=present),
        color=colours_of(colour, colours, present) if len(colours) > 1 else alt.value(next(iter(colours.values()))),
    )
    return alt.layer(
        alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(color=GREY, strokeDash=[4, 4]).encode(x="zero:Q"),
        base.mark_rule(strokeWidth=2).encode(x=x, x2="high:Q"),
        base.mark_circle(size=70, opacity=1).encode(
            x=alt.X("value:Q", title=title, axis=axis),
            tooltip=[tip(label), tip("value", fmt), tip("low", fmt), tip("high", fmt)],
        ),
    ).properties(height=alt.Step(ROW))
