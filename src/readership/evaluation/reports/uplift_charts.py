"""Plots of an uplift model: what contacts bring by share contacted, effects stated and observed, learners compared."""

from collections.abc import Iterator
from typing import Any

import altair as alt

from readership.contracts import Evaluation, Metric
from readership.evaluation.reports.charts import (
    BLUE,
    FEWER_WHEN_NARROW,
    GREY,
    HEIGHT,
    KIND_COLOURS,
    ORANGE,
    ROW_HEIGHT,
    Plot,
)
from readership.evaluation.reports.words import model_word

MODEL, LIKELY, LOT = "this model", "likeliest first", "by lot"


def uplift_plots(evaluation: Evaluation) -> Iterator[Plot]:
    """All plots of an uplift report, in reading order."""
    yield gains(evaluation)
    yield quantiles(evaluation)
    yield learners(evaluation)


def gains(evaluation: Evaluation) -> Plot:
    """The Qini curve, against the list by probability and a list drawn by lot."""
    outcome = evaluation["label"]["outcome"]
    curves, whole = evaluation["curves"], evaluation["metrics"]["ate"]["value"]
    rows = [
        {"share": point["share"], "gain": point["gain"], "order": word}
        for name, word in ((evaluation["champion"], MODEL), ("response", LIKELY))
        for point in curves[name]
    ] + [{"share": share, "gain": share * whole, "order": LOT} for share in (0, 1)]
    band = [
        {"share": point["share"], "low": point["ci95"][0], "high": point["ci95"][1]}
        for point in curves[evaluation["champion"]]
    ]
    x = alt.X(
        "share:Q", title="share of readers contacted", axis=alt.Axis(format=".0%", values=[0, 0.2, 0.4, 0.6, 0.8, 1])
    )
    title = f"extra {outcome} per 1,000 readers"
    chart = alt.layer(
        alt.Chart(alt.Data(values=band))
        .mark_area(color=BLUE, opacity=0.15)
        .encode(x=x, y=alt.Y("low:Q", title=title), y2="high:Q"),
        alt.Chart(alt.Data(values=rows))
        .mark_line()
        .encode(
            x=x,
            y=alt.Y("gain:Q", title=title, axis=alt.Axis(tickCount=5)),
            color=_colours("order", {MODEL: BLUE, LIKELY: ORANGE, LOT: GREY}),
            strokeDash=alt.condition(alt.datum.order == LOT, alt.value([4, 4]), alt.value([1, 0])),
            tooltip=[_tip("order"), _tip("share", ".0%"), _tip("gain", ".1f")],
        ),
    )
    return Plot(
        "gains",
        "What contacts bring",
        f"Readers are contacted from the left, in one of three orders; a line shows the {outcome} that would not have "
        "come otherwise. The area between the model's line and the dashed one is the Qini. All lines end where "
        "everybody is contacted. The band is the model's 95% interval.",
        chart.properties(height=HEIGHT),
    )


def quantiles(evaluation: Evaluation) -> Plot:
    """Stated and observed effect of each group of readers."""
    found = evaluation["quantiles"]
    rows = [
        {"group": row["quantile"], "stated": row["stated"], "n": row["n"], **_interval(row["observed"])}
        for row in found
    ]
    tenths = {10: "tenth", 5: "fifth"}.get(len(found), "part")
    x = alt.X("group:O", title=f"{tenths} of the readers, highest effect first", axis=alt.Axis(labelAngle=0))
    title = f"extra {evaluation['label']['outcome']} per 1,000 contacts"
    base = alt.Chart(alt.Data(values=rows))
    tips = [_tip("stated", ".1f"), _tip("value", ".1f", "observed"), _tip("n", ",", "decisions")]
    chart = alt.layer(
        alt.Chart(alt.Data(values=[{"y": 0}])).mark_rule(color=GREY, strokeDash=[4, 4]).encode(y="y:Q"),
        base.mark_rule(color=BLUE, opacity=0.6).encode(x=x, y=alt.Y("low:Q", title=title), y2="high:Q"),
        base.mark_circle(color=BLUE, size=70, opacity=1).encode(x=x, y=alt.Y("value:Q", title=title), tooltip=tips),
        base.mark_tick(color=ORANGE, thickness=3).encode(x=x, y=alt.Y("stated:Q", title=title), tooltip=tips),
    )
    return Plot(
        "quantiles",
        "Is the stated effect the observed one?",
        "Readers in groups by the effect stated for them (orange bar); the dot is the effect seen on later decisions, "
        "of readers contacted against those left alone, with its 95% interval. Below the dashed line contacts do harm.",
        chart.properties(height=HEIGHT),
    )


def learners(evaluation: Evaluation) -> Plot:
    """Qini of every learner and floor with its interval."""
    rows = [
        {"model": row["model"], "kind": row["kind"], **_interval(row["metrics"]["qini"])}
        for row in learner_rows(evaluation)
    ]
    kinds = {kind: colour for kind, colour in KIND_COLOURS.items() if any(row["kind"] == kind for row in rows)}
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("model:N", title=None, sort=None, axis=alt.Axis(labelLimit=190)), color=_colours("kind", kinds)
    )
    title = "Qini (extra outcomes per 1,000 readers)"
    chart = alt.layer(
        alt.Chart(alt.Data(values=[{"x": 0}])).mark_rule(color=GREY, strokeDash=[4, 4]).encode(x="x:Q"),
        base.mark_rule(strokeWidth=2, opacity=0.7).encode(x=alt.X("low:Q", title=title), x2="high:Q"),
        base.mark_circle(size=70, opacity=1).encode(
            x=alt.X("value:Q", title=title, axis=alt.Axis(tickCount=FEWER_WHEN_NARROW)),
            tooltip=[_tip("model"), _tip("value", ".2f"), _tip("low", ".2f"), _tip("high", ".2f")],
        ),
    ).properties(height=alt.Step(ROW_HEIGHT))
    return Plot(
        "learners",
        "The champion beside the other learners and the floors",
        "Qini on later decisions, with 95% intervals; further right is better, 0 is a list drawn by lot. The champion "
        "was chosen on earlier decisions.",
        chart,
    )


def learner_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Every learner, floor and the oracle, best Qini first."""
    champion = evaluation["champion"]
    found = [
        {"model": model_word(name), "kind": "champion" if name == champion else "candidate", "metrics": metrics}
        for name, metrics in evaluation["candidates"].items()
    ]
    found += [{"model": model_word(n), "kind": "floor", "metrics": m} for n, m in evaluation["floors"].items()]
    if evaluation["oracle"]:
        found.append({"model": "true effects", "kind": "oracle", "metrics": evaluation["oracle"]})
    return sorted(found, key=lambda row: -row["metrics"]["qini"]["value"])


def _interval(metric: Metric) -> dict[str, float | None]:
    value = metric["value"]
    low, high = (value if bound is None else bound for bound in metric["ci95"])
    return {"value": value, "low": low, "high": high}


def _colours(name: str, colours: dict[str, str]) -> alt.Color:
    return alt.Color(
        f"{name}:N",
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=alt.Legend(title=None, orient="top", columns=2),
    )


def _tip(name: str, fmt: str = "", title: str | None = None) -> alt.Tooltip:
    kind = "Q" if fmt else "N"
    return alt.Tooltip(f"{name}:{kind}", format=fmt, title=title or name)
