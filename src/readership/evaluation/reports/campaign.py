"""The page of one measured campaign."""

from pathlib import Path
from typing import Any

import altair as alt

from readership.evaluation.reports.campaign_words import HELPED, cautions, headline, helped_range, outcome_of, sentences
from readership.evaluation.reports.charts import BLUE, FEWER_WHEN_NARROW, GREY, ORANGE, Plot
from readership.evaluation.reports.page import write_page
from readership.evaluation.reports.words import task_word

FUNNEL_WORDS = {
    "asked_about": "readers the model is asked about",
    "agree_to_marketing": "of them agree to marketing",
    "not_suppressed": "and are not in the list of suppressed ids",
    "rested": "and were in no campaign lately",
    "worth_a_contact": "and may be worth what a contact costs",
    "chosen": "chosen, best first",
    "treatment": "of these contacted",
    "control": "and left alone, by lot",
}


def write_campaign_report(measured: dict[str, Any], folder: Path) -> Path:
    """Write `campaign-<id>.html` into `folder`; returns the page."""
    outcome = outcome_of(measured["task"])
    return write_page(
        folder / f"campaign-{measured['campaign']}.html",
        "campaign.html",
        [rates(measured), difference(measured)],
        measured=measured,
        task=task_word(measured["task"]).lower(),
        headline=headline(measured),
        said=sentences(measured)[1:3],
        cautions=cautions(measured),
        outcome=outcome,
        helped_word=HELPED[outcome],
        helped=helped_range(measured),
        funnel_words=FUNNEL_WORDS,
        level="low" if measured["split"]["broken"] else "high" if measured["sure"] else "fair",
    )


def rates(measured: dict[str, Any]) -> Plot:
    """Both arms with their intervals."""
    outcome = outcome_of(measured["task"])
    words = {"treatment": ("contacted", BLUE), "control": ("left alone", ORANGE)}
    rows = [
        {"arm": words[arm][0], "rate": found["rate"]["value"], **_ends(found["rate"]["ci95"])}
        for arm, found in measured["arms"].items()
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("arm:N", title=None, sort=[row["arm"] for row in rows]),
        color=alt.Color(
            "arm:N",
            scale=alt.Scale(domain=[word for word, _ in words.values()], range=[tint for _, tint in words.values()]),
            legend=None,
        ),
    )
    title = f"share of readers who {outcome}"
    scale, axis = alt.Scale(zero=True), alt.Axis(format=".0%" if _far(rows) else ".1%", tickCount=FEWER_WHEN_NARROW)
    chart = alt.layer(
        base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title, scale=scale, axis=axis), x2="high:Q"),
        base.mark_circle(size=90, opacity=1).encode(x=alt.X("rate:Q", title=title, scale=scale, axis=axis)),
    ).properties(height=alt.Step(36))
    return Plot(
        "rates",
        "The two arms",
        f"Which share of each arm did {outcome}, with its 95% interval. Who is in which arm was drawn by lot, so what "
        "differs is the contact, and chance.",
        chart,
    )


def difference(measured: dict[str, Any]) -> Plot:
    """Both estimates beside no effect, and beside what pays."""
    sign = 1 if outcome_of(measured["task"]) == "subscribe" else -1
    names = {"difference_unadjusted": "plain difference"}
    if measured["method"] == "adjusted":
        names["difference"] = "using the scores"
    rows = []
    for key, name in names.items():
        low, high = sorted(sign * bound for bound in measured[key]["ci95"])
        rows.append({"estimate": name, "value": sign * measured[key]["value"], "low": low, "high": high})
    marks = [{"x": 0, "line": "no effect"}, {"x": measured["pays_from"], "line": "pays for itself"}]
    title = "share of readers helped"
    axis = alt.Axis(format="+.0%" if _far(rows) else "+.1%", tickCount=FEWER_WHEN_NARROW)
    base = alt.Chart(alt.Data(values=rows)).encode(y=alt.Y("estimate:N", title=None, sort=list(names.values())))
    lines = (
        alt.Chart(alt.Data(values=marks))
        .mark_rule(strokeDash=[4, 4])
        .encode(
            x=alt.X("x:Q", title=title),
            color=alt.Color(
                "line:N",
                scale=alt.Scale(domain=[mark["line"] for mark in marks], range=[GREY, ORANGE]),
                legend=alt.Legend(title=None, orient="top", symbolType="stroke"),
            ),
        )
    )
    chart = alt.layer(
        lines,
        base.mark_rule(strokeWidth=2, color=BLUE).encode(x=alt.X("low:Q", title=title, axis=axis), x2="high:Q"),
        base.mark_circle(size=90, opacity=1, color=BLUE).encode(x=alt.X("value:Q", title=title, axis=axis)),
    ).properties(height=alt.Step(36))
    return Plot(
        "difference",
        "What the contact did",
        "The estimate and its 95% interval; to the right: it helped. An interval that holds the grey line cannot be "
        "told from no effect; one that lies beyond the orange line paid for itself. The estimate that uses the scores "
        "takes out by how much the arms differed beforehand.",
        chart,
    )


def _ends(interval: list[float]) -> dict[str, float]:
    return {"low": interval[0], "high": interval[1]}


def _far(rows: list[dict[str, Any]]) -> bool:
    return max(row["high"] for row in rows) - min(row["low"] for row in rows) > 0.1
