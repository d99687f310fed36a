"""Plots of an expected score: is it right on average, how far off is it, who is better, and what moves it."""

from collections.abc import Iterator
from typing import Any

import altair as alt

from readership.contracts import Evaluation
from readership.evaluation.reports import charts
from readership.evaluation.reports.charts import BLUE, GREY, HEIGHT, KIND_COLOURS, Plot, dots, interval, tip
from readership.evaluation.reports.words import comparison_rows


def plots(evaluation: Evaluation) -> Iterator[Plot]:
    """All plots of a score's report, in reading order."""
    yield by_group(evaluation["curves"]["by_group"])
    yield errors(evaluation["curves"]["errors"])
    yield candidates(evaluation)
    if any(part["metrics"] for part in evaluation["per_as_of"]):
        yield cutoffs(evaluation["per_as_of"])
    if evaluation["drivers"]:
        yield charts.drivers_in(
            evaluation["drivers"], "more of it, a higher score", "more of it, a lower score", "(points)"
        )
    if any(part["metrics"] for part in evaluation["slices"]):
        yield charts.slices(evaluation["slices"], "spearman", "rank correlation")


def by_group(groups: list[dict[str, Any]]) -> Plot:
    """Mean observed score against mean expected score, by tenths of the expected one."""
    rows = [{"group": g["group"], "expected": g["expected"], "n": g["n"], **interval(g["observed"])} for g in groups]
    ends = [row[name] for row in rows for name in ("expected", "low", "high") if row[name] is not None]
    even = [{"x": end, "y": end} for end in (min(ends), max(ends))]
    base = alt.Chart(alt.Data(values=rows))
    scale, axis = alt.Scale(zero=False, nice=True), alt.Axis(tickCount=6)
    x = alt.X("expected:Q", title="expected score (points)", scale=scale, axis=axis)
    seen = "observed score (points)"
    chart = alt.layer(
        alt.Chart(alt.Data(values=even))
        .mark_line(color=GREY, strokeDash=[4, 4], strokeWidth=1)
        .encode(x=alt.X("x:Q", title="expected score (points)", scale=scale), y=alt.Y("y:Q", title=seen, scale=scale)),
        base.mark_rule(color=BLUE, opacity=0.6).encode(x=x, y=alt.Y("low:Q", title=seen, scale=scale), y2="high:Q"),
        base.mark_circle(color=BLUE, opacity=1, size=80).encode(
            x=x,
            y=alt.Y("value:Q", title=seen, scale=scale, axis=axis),
            tooltip=[tip("expected", ".1f"), tip("value", ".1f", "observed"), tip("n", ",", "rows")],
        ),
    )
    return Plot(
        "by_group",
        "Is the expected score right on average?",
        "Readers in ten groups by the score expected of their next visit; each point shows the mean score observed, "
        "with its 95% interval. On the dashed line, what was expected is what came.",
        chart.properties(height=HEIGHT),
    )


def errors(steps: list[dict[str, float]]) -> Plot:
    """How far single visits lie from what was expected."""
    chart = alt.layer(
        alt.Chart(alt.Data(values=steps))
        .mark_bar(binSpacing=1, color=BLUE)
        .encode(
            x=alt.X("from:Q", bin="binned", title="observed less expected score (points)", axis=alt.Axis(tickCount=7)),
            x2="to:Q",
            y=alt.Y("share:Q", title="share of visits", axis=alt.Axis(format=".0%", tickCount=4)),
            tooltip=[tip("from", ".0f"), tip("to", ".0f"), tip("share", ".1%")],
        ),
        alt.Chart(alt.Data(values=[{"at": 0}]))
        .mark_rule(color=GREY, strokeDash=[4, 4])
        .encode(x=alt.X("at:Q", title="observed less expected score (points)")),
    )
    return Plot(
        "errors",
        "How far off is a single visit?",
        "Every test visit by how much more (right) or less (left) was read than expected. A single visit varies "
        "widely whoever reads; expected scores are for groups of readers.",
        chart.properties(height=HEIGHT),
    )


def candidates(evaluation: Evaluation) -> Plot:
    """RMSE of every model with its interval."""
    rows = [
        {"model": row["model"], "kind": row["kind"], **interval(row["metrics"]["rmse"])}
        for row in comparison_rows(evaluation, "rmse", oracle=None)
    ]
    kinds = {kind: colour for kind, colour in KIND_COLOURS.items() if any(row["kind"] == kind for row in rows)}
    return Plot(
        "candidates",
        "The champion beside the other candidates and the floors",
        "Root mean squared error on the test dates, with 95% intervals; further left is better. The champion was "
        "chosen on earlier dates, so another may be ahead here. Intervals may overlap although one is surely better: "
        "the table below has the paired differences.",
        dots(rows, "model", "RMSE (points)", "kind", kinds, ".2f"),
    )


def cutoffs(parts: list[dict[str, Any]]) -> Plot:
    """R² at every test cut-off."""
    rows = [{"as_of": p["as_of"][:10], **interval(p["metrics"]["r2"])} for p in parts if p["metrics"]]
    return Plot(
        "cutoffs_r2",
        "R² at each test date",
        "The same model at each date on its own, with 95% intervals; higher is better, 0 is one score for everybody. "
        "A pooled figure hides how dates differ.",
        dots(rows, "as_of", "R²", None, {}, ".3f", sort="ascending"),
    )
