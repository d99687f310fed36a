"""Plots of a policy: beside its rivals, day by day, campaigns against their plan, and what floor prices would do."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import altair as alt

from readership.contracts import Evaluation
from readership.evaluation.reports.charts import (
    BLUE,
    FEWER_WHEN_NARROW,
    GREEN,
    GREY,
    HEIGHT,
    ORANGE,
    ROW_HEIGHT,
    Plot,
    colours_of,
    dots,
    interval,
    tip,
)
from readership.evaluation.reports.words import model_word

ECPM = "euros for a thousand places"


def plots(evaluation: Evaluation) -> Iterator[Plot]:
    """All plots of a report on ads, in reading order."""
    yield policies(evaluation)
    revenue = evaluation["revenue"]
    if len(revenue["per_day"]) > 1:
        yield per_day(revenue["per_day"])
    planned = [row for row in revenue["campaigns"] if row["of_plan"] is not None]
    if planned:
        yield against_plan(planned)
    if revenue["floor_prices"]:
        yield floors(revenue["floor_prices"])


def policy_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Every policy beside the champion, the dearest first; those the log cannot tell of last."""
    kinds = dict.fromkeys(evaluation["candidates"], "candidate") | dict.fromkeys(evaluation["floors"], "compared")
    kinds[evaluation["champion"]] = "champion"
    found = {**evaluation["candidates"], **evaluation["floors"]}
    rows = [{"model": model_word(name), "kind": kinds[name], "metrics": metrics} for name, metrics in found.items()]
    return sorted(rows, key=lambda row: -(row["metrics"]["ecpm"]["value"] or 0.0))


def policies(evaluation: Evaluation) -> Plot:
    """eCPM of each, with intervals."""
    colours = {"champion": BLUE, "candidate": GREY, "compared": ORANGE, "as it was": GREEN}
    rows = [
        {"policy": row["model"], "kind": row["kind"], **interval(row["metrics"]["ecpm"])}
        for row in policy_rows(evaluation)
        if row["metrics"]["ecpm"]["value"] is not None
    ]
    rows.append({"policy": "the ads that were shown", "kind": "as it was", **interval(evaluation["ran"]["ecpm"])})
    return Plot(
        "policies",
        "What each policy would have earned",
        "Expected revenue of a thousand places on later days, with 95% intervals, estimated from the chances with "
        "which the ads shown were drawn. Each policy decides by what was known when these days began.",
        dots(rows, "policy", ECPM, "kind", colours, ".2f", sort=[row["policy"] for row in rows]),
    )


def per_day(days: list[dict[str, Any]]) -> Plot:
    """Revenue of each day, in euros."""
    rows = [{**day, "day": datetime.fromtimestamp(day["day_ms"] / 1000, UTC).strftime("%Y-%m-%d")} for day in days]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(color=BLUE)
        .encode(
            x=alt.X("day:T", title="day (UTC)", axis=alt.Axis(format="%-d %b", tickCount=FEWER_WHEN_NARROW)),
            y=alt.Y("euros:Q", title="revenue, euros", axis=alt.Axis(tickCount=5)),
            tooltip=[tip("day"), tip("euros", ".2f"), tip("shown", ","), tip("clicked", ",")],
        )
    )
    return Plot("per_day", "Revenue day by day", "What impressions and clicks of each day earned.",
                chart.properties(height=HEIGHT))  # fmt: skip


def against_plan(campaigns: list[dict[str, Any]]) -> Plot:
    """Spending as a share of the plan so far; 100 % is on plan."""
    rows = [{**row, "share": row["of_plan"]} for row in sorted(campaigns, key=lambda row: -row["of_plan"])]
    names = alt.Y("campaign:N", title=None, sort=[row["campaign"] for row in rows], axis=alt.Axis(labelLimit=190))
    chart = alt.layer(
        alt.Chart(alt.Data(values=rows))
        .mark_bar(color=BLUE)
        .encode(
            y=names,
            x=alt.X("share:Q", title="spent, of the plan so far",
                    axis=alt.Axis(format=".0%", tickCount=FEWER_WHEN_NARROW)),
            tooltip=[tip("campaign"), tip("spent_eur", ".2f"), tip("plan_eur", ".2f"), tip("budget_eur", ".2f")],
        ),
        alt.Chart(alt.Data(values=[{"on": 1}]))
        .mark_rule(color=GREY, strokeDash=[4, 4], strokeWidth=2)
        .encode(x="on:Q"),
    )  # fmt: skip
    return Plot(
        "against_plan",
        "Campaigns against their plan",
        "What each campaign has spent since its start, over the part of its budget whose time has passed. On the "
        "dashed line it will have spent its budget when it ends; left of it, money stays unspent.",
        chart.properties(height=alt.Step(ROW_HEIGHT)),
    )


def floors(prices: list[dict[str, float]]) -> Plot:
    """Revenue of a thousand places, and the share of them sold, by floor price."""
    colours = {"revenue": BLUE, "if every place were sold": ORANGE}
    rows = [
        {"floor": row["floor_eur"], "euros": row[key], "what": word, "filled": row["filled"]}
        for row in prices
        for key, word in (("revenue_eur", "revenue"), ("ecpm_eur", "if every place were sold"))
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("floor:Q", title="floor price, euros for a thousand", axis=alt.Axis(tickCount=FEWER_WHEN_NARROW)),
        y=alt.Y("euros:Q", title=ECPM, axis=alt.Axis(tickCount=5)),
        color=colours_of("what", colours, columns=1),
        tooltip=[tip("floor", ".2f"), tip("euros", ".2f"), tip("filled", ".0%"), tip("what")],
    )
    return Plot(
        "floors",
        "If floor prices were higher",
        "By what is believed of each ad while bids stay as they are. A floor takes away the cheaper ads: places where "
        "an ad at or above it is booked earn more, the others stay empty.",
        alt.layer(base.mark_line(), base.mark_circle(size=45, opacity=1)).properties(height=HEIGHT),
    )
