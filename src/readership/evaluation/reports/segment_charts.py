"""Plots of segments: how many readers each has, what sets it apart, where it lies, and where its readers go."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

import altair as alt

from readership.contracts import Evaluation, Metric
from readership.evaluation.reports.charts import BLUE, GREEN, GREY, HEIGHT, ORANGE, Plot

COLOURS = ("#4a86c5", "#d9803f", "#4fa37a", "#9b6fb5", "#c2575f", "#8b959e", "#b3963a", "#4aa5ad")
NAME_WIDTH = 26
MOST_NAME_LINES = 3
LINES = {"expr": "split(datum.label, '\\n')"}
NO_LONGER = "not back"
SILHOUETTE_WORDS = {
    "gaussian_mixture": "Gaussian mixture",
    "dbscan": "DBSCAN",
    "rfv_bands": "RFV bands",
    "random": "by lot",
}


def plots(evaluation: Evaluation) -> Iterator[Plot]:
    """All plots of the report, in reading order."""
    labels = labels_of(evaluation["segments"])
    yield sizes(evaluation, labels)
    yield differences(evaluation["segments"], labels)
    yield scatter(evaluation["map"], labels)
    yield flows(evaluation["flows"], labels)
    yield over_dates(evaluation["sizes"], labels)
    yield how_many(evaluation)
    yield compared(evaluation)


def labels_of(segments: list[dict[str, Any]]) -> dict[int, str]:
    """`1 frequent readers, …` on lines short enough for a phone, by id.

    >>> labels_of([{"id": 2, "name": "occasional readers, by search, mobile"}])
    {2: '2 occasional readers, by\\nsearch, mobile'}
    """
    wrapped = {one["id"]: wrap(f"{one['id']} {one['name']}", NAME_WIDTH) for one in segments}
    return {id_: "\n".join(lines[:MOST_NAME_LINES]) for id_, lines in wrapped.items()}


def sizes(evaluation: Evaluation, labels: dict[int, str]) -> Plot:
    """Share of readers in each segment."""
    rows = [
        {"segment": labels[one["id"]], "share": one["share"], "readers": one["readers"]}
        for one in evaluation["segments"]
    ]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(color=BLUE, height=16)
        .encode(
            y=_names(rows),
            x=alt.X("share:Q", title="share of readers", axis=alt.Axis(format=".0%", tickCount=4)),
            tooltip=[
                alt.Tooltip("segment:N"),
                alt.Tooltip("readers:Q", format=","),
                alt.Tooltip("share:Q", format=".1%"),
            ],
        )
    )
    return Plot(
        "sizes",
        "How large each segment is",
        "Readers of the newest date. Segments of very different size are no fault; a tiny one is worth a product of "
        "its own only if it pays.",
        chart.properties(height=alt.Step(54)),
    )


def differences(segments: list[dict[str, Any]], labels: dict[int, str]) -> Plot:
    """Standardised difference of every trait from everyone's mean."""
    rows = [
        {"trait": trait["label"], "id": str(one["id"]), "segment": labels[one["id"]].replace("\n", " ")}
        | {"difference": round(trait["difference"], 1) + 0.0, "value": trait["value"], "everyone": trait["everyone"]}
        for one in segments
        for trait in one["traits"].values()
    ]
    order = [trait["label"] for trait in segments[0]["traits"].values()]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("id:N", title="segment", sort=[str(one["id"]) for one in segments], axis=_flat()),
        y=alt.Y("trait:N", title=None, sort=order, axis=alt.Axis(labelLimit=170)),
        tooltip=[
            alt.Tooltip("segment:N"),
            alt.Tooltip("trait:N"),
            alt.Tooltip("difference:Q", format="+.2f", title="standard deviations from everyone"),
            alt.Tooltip("value:Q", format=",.2f", title="this segment"),
            alt.Tooltip("everyone:Q", format=",.2f"),
        ],
    )
    most = max(1.0, *(abs(row["difference"]) for row in rows))
    scale = alt.Scale(domain=[-most, 0, most], range=[ORANGE, "#eeeeec", BLUE], interpolate="rgb")
    chart = alt.layer(
        base.mark_rect().encode(
            color=alt.Color("difference:Q", scale=scale, legend=alt.Legend(title="less … more", orient="top"))
        ),
        base.mark_text(color="#23282d", fontSize=11).encode(text=alt.Text("difference:Q", format="+.1f")),
    )
    return Plot(
        "differences",
        "What sets each segment apart",
        "How far a segment's mean lies from everyone's, in standard deviations: blue is more, orange less. Names and "
        "advice are made from the strongest ones.",
        chart.properties(height=alt.Step(26)),
    )


def scatter(found: dict[str, Any], labels: dict[int, str]) -> Plot:
    """Readers along the two directions in which they differ most."""
    colours = dict(zip(sorted(labels), COLOURS, strict=False))
    rows = [{**point, "segment": str(point["id"])} for point in found["points"]]
    domain = [str(id_) for id_ in sorted(labels)]
    x, y = (_lines(f"{way}: {words}", 44) for way, words in zip(("right", "up"), found["about"], strict=False))
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_circle(size=22, opacity=0.55)
        .encode(
            x=alt.X("x:Q", title=x, axis=alt.Axis(tickCount=5)),
            y=alt.Y("y:Q", title=y, axis=alt.Axis(tickCount=5)),
            color=alt.Color(
                "segment:N",
                scale=alt.Scale(domain=domain, range=[colours[int(id_)] for id_ in domain]),
                legend=alt.Legend(title="segment", orient="top", columns=8),
            ),
            tooltip=[alt.Tooltip("segment:N")],
        )
    )
    return Plot(
        "map",
        "How far apart the segments lie",
        "Each point is a reader; along the two axes, mixtures of traits without a unit, readers differ most. Where "
        "colours mix, a reader could stand in either segment; further directions, not drawn, part some of them.",
        chart.properties(height=380),
    )


def flows(found: list[dict[str, Any]], labels: dict[int, str]) -> Plot:
    """Where the readers of each segment stood at the next date."""
    newest = max(cell["to_as_of"] for cell in found)
    cells = [cell for cell in found if cell["to_as_of"] == newest]
    rows = [
        {
            "from": labels[cell["from"]],
            "to": NO_LONGER if cell["to"] is None else str(cell["to"]),
            "share": cell["share"],
            "readers": cell["readers"],
            "dark": cell["share"] > 0.5,
        }
        for cell in cells
    ]
    to = [*(str(id_) for id_ in labels), NO_LONGER]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("to:N", title=f"segment on {newest}", sort=to, axis=_flat()),
        y=_names([{"segment": label} for label in labels.values()], "from"),
        tooltip=[
            alt.Tooltip("from:N"),
            alt.Tooltip("to:N"),
            alt.Tooltip("share:Q", format=".0%"),
            alt.Tooltip("readers:Q", format=","),
        ],
    )
    chart = alt.layer(
        base.mark_rect().encode(
            color=alt.Color(
                "share:Q", scale=alt.Scale(domain=[0, 1], range=["#eeeeec", BLUE], interpolate="rgb"), legend=None
            )
        ),
        base.mark_text(fontSize=11, color="#23282d").encode(text=alt.Text("share:Q", format=".0%")),
    )
    return Plot(
        "flows",
        "Where readers go from one date to the next",
        f"Of the readers of each segment on {cells[0]['from_as_of']}, the share in each segment on {newest}; "
        f"“{NO_LONGER}” are those without two visits in 56 days any more. A strong diagonal means that a segment is a "
        "habit, not a moment.",
        chart.properties(height=alt.Step(54)),
    )


def over_dates(found: list[dict[str, Any]], labels: dict[int, str]) -> Plot:
    """Share of each segment at each date."""
    colours = dict(zip(sorted(labels), COLOURS, strict=False))
    rows = [{"as_of": row["as_of"], "share": row["share"], "segment": str(row["id"])} for row in found]
    domain = [str(id_) for id_ in sorted(labels)]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(point=True)
        .encode(
            x=alt.X("as_of:N", title="date", axis=_flat()),
            y=alt.Y("share:Q", title="share of readers", axis=alt.Axis(format=".0%", tickCount=4)),
            color=alt.Color(
                "segment:N",
                scale=alt.Scale(domain=domain, range=[colours[int(id_)] for id_ in domain]),
                legend=alt.Legend(title="segment", orient="top", columns=8),
            ),
            tooltip=[alt.Tooltip("as_of:N"), alt.Tooltip("segment:N"), alt.Tooltip("share:Q", format=".1%")],
        )
    )
    return Plot(
        "over_dates",
        "How the segments grow and shrink",
        "The same segments at the newest dates. A line that climbs or falls says that habits are changing.",
        chart.properties(height=220),
    )


def how_many(evaluation: Evaluation) -> Plot:
    """Stability and silhouette by the number of segments, on the dates the number was chosen on."""
    words = {
        "bootstrap": "same segments on other readers",
        "over_time": "same segments at the next date",
        "silhouette": "silhouette",
    }
    colours = dict(zip(words.values(), (BLUE, GREEN, ORANGE), strict=True))
    rows = [
        {"count": row["segments"], "value": row[key], "measure": word}
        for row in evaluation["choice"]
        for key, word in words.items()
    ]
    chosen = evaluation["protocol"]["count"]
    chart = alt.layer(
        alt.Chart(alt.Data(values=[{"y": 0.8}])).mark_rule(color=GREY, strokeDash=[4, 4]).encode(y="y:Q"),
        alt.Chart(alt.Data(values=[{"count": chosen}])).mark_rule(color=GREY, strokeWidth=1).encode(x="count:O"),
        alt.Chart(alt.Data(values=rows))
        .mark_line(point=True)
        .encode(
            x=alt.X("count:O", title="number of segments", axis=_flat()),
            y=alt.Y("value:Q", title="index, at most 1", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=5)),
            color=alt.Color(
                "measure:N",
                scale=alt.Scale(domain=list(colours), range=list(colours.values())),
                legend=alt.Legend(title=None, orient="top", columns=1),
            ),
            tooltip=[alt.Tooltip("count:O"), alt.Tooltip("measure:N"), alt.Tooltip("value:Q", format=".3f")],
        ),
    )
    return Plot(
        "how_many",
        "Why so many segments and no other number",
        f"Measured on the earlier dates. A number is stable where both upper lines reach 0.8 (dashed); {chosen} was "
        "chosen (upright line) by the rule under “How it was measured”.",
        chart.properties(height=HEIGHT),
    )


def compared(evaluation: Evaluation) -> Plot:
    """Silhouette of every way to part readers, with its interval."""
    chosen = f"kmeans_{evaluation['protocol']['count']}"
    found = {**evaluation["candidates"], **evaluation["floors"]}
    rows = [
        {"way": way_word(name), **_interval(one["silhouette"]), "kind": "chosen" if name == chosen else "other"}
        for name, one in found.items()
        if one["silhouette"]["value"] is not None
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("way:N", title=None, sort=[str(row["way"]) for row in rows], axis=alt.Axis(labelLimit=170)),
        color=alt.Color("kind:N", scale=alt.Scale(domain=["chosen", "other"], range=[BLUE, GREY]), legend=None),
    )
    title = "silhouette (1 is best, 0 is chance)"
    x = alt.X("value:Q", title=title, axis=alt.Axis(tickCount=5))
    tips = [alt.Tooltip("way:N"), *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("value", "low", "high"))]
    chart = alt.layer(
        base.mark_rule(strokeWidth=2, opacity=0.7).encode(x=alt.X("low:Q", title=title), x2="high:Q"),
        base.mark_circle(size=70, opacity=1).encode(x=x, tooltip=tips),
    )
    return Plot(
        "compared",
        "The segments beside other ways to part readers",
        "How much nearer readers are to their own segment than to the next one, at later dates, with 95% intervals. "
        "Few segments are easily compact, which is why the number was chosen by stability first.",
        chart.properties(height=alt.Step(26)),
    )


def way_word(name: str) -> str:
    """A candidate's or floor's name for people.

    >>> way_word("kmeans_5"), way_word("rfv_bands")
    ('K-Means, 5', 'RFV bands')
    """
    method, _, number = name.rpartition("_")
    return f"K-Means, {number}" if method == "kmeans" else SILHOUETTE_WORDS[name]


def _interval(metric: Metric) -> dict[str, float | None]:
    low, high = metric["ci95"]
    value = metric["value"]
    return {"value": value, "low": value if low is None else low, "high": value if high is None else high}


def _names(rows: list[dict[str, Any]], field: str = "segment") -> alt.Y:
    order = [row["segment"] for row in rows]
    axis = alt.Axis(labelLimit=190, labelExpr=LINES["expr"], labelLineHeight=13)
    return alt.Y(f"{field}:N", title=None, sort=order, axis=axis)


def _flat() -> alt.Axis:
    return alt.Axis(labelAngle=0, domain=False, ticks=False)


def _lines(text: str, width: int) -> Any:
    lines = wrap(text, width)
    return lines if len(lines) > 1 else text
